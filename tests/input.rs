//! The readers on files: our own fixtures, and the public logs of the shared folder where `TRIPLINE_SHARED` names it.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use tripline::input::{Event, Options, Report, discover, read};
use tripline::source::{Catalog, FieldId};
use tripline::value::Value;

fn run(paths: &[PathBuf]) -> (Vec<(PathBuf, Report)>, Vec<Event>) {
    let catalog = Catalog::builtin().unwrap();
    let mut events = Vec::new();
    let mut reports = Vec::new();
    for file in discover(paths).unwrap() {
        let report = read(&file, &catalog, &Options::default(), &mut |event| events.push(event)).unwrap();
        reports.push((file.path, report));
    }
    (reports, events)
}

/// Records of each public file, read and rejected. Nothing in them is bad.
const SHARED: [(&str, u64, u64); 7] = [
    ("sentinel-tables/AWSCloudTrail_ConsoleLogin_excerpt.csv", 4, 0),
    ("cloudtrail/cribl-pack-sample.json", 44, 0),
    ("cloudtrail/opensearch-catalog-samples-large.ndjson.gz", 840, 0),
    ("cloudtrail/otrf-ec2_proxy_s3_exfiltration.ndjson.gz", 103, 0),
    ("cloudtrail/plaso-lookup-events.jsonl", 6, 0),
    ("azure-activity/AzureActivity_adele.csv", 23, 0),
    ("azure-activity/plaso-azure_activity_log.jsonl", 4, 0),
];

#[test]
fn public_logs_are_read_in_full() {
    let Some(shared) = std::env::var_os("TRIPLINE_SHARED") else {
        println!("not run: TRIPLINE_SHARED is not set");
        return;
    };
    let data = Path::new(&shared).join("data");
    let folders = ["cloudtrail", "azure-activity", "sentinel-tables"].map(|folder| data.join(folder));
    let (reports, _) = run(&folders);
    for (name, ..) in SHARED {
        assert!(
            reports.iter().any(|(path, _)| path.ends_with(name)),
            "{name} is not there"
        );
    }
    let mut total = Report::default();
    for (path, report) in reports {
        println!("{}: read {}, rejected {}", path.display(), report.read, report.rejected);
        let known = SHARED.iter().find(|(name, ..)| path.ends_with(name));
        if let Some((_, read, rejected)) = known {
            assert_eq!((report.read, report.rejected), (*read, *rejected), "{}", path.display());
        }
        assert!(
            report.read > 0 && report.rejected == 0,
            "{}: {report:?}",
            path.display()
        );
        total.merge(report);
    }
    println!("{total:?}");
    assert!(total.read >= 1166, "a file is not there");
    assert_eq!((total.rejected, total.without_time, total.unrecognised), (0, 0, 0));
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/input")
}

/// An event with its source and some of its fields, as a line.
fn line(catalog: &Catalog, event: &Event) -> String {
    let source = catalog.get(event.source);
    let field = |name: &str| -> String {
        let id: Option<FieldId> = source.field(name);
        let value = id.map_or(Value::Missing, |id| source.read(event.shape, id, &event.body).value);
        value.to_json().map_or_else(|| "-".to_owned(), |json| json.to_string())
    };
    let names = match source.name.as_str() {
        "aws.cloudtrail" => ["eventName", "userIdentity.userName", "requestParameters", "readOnly"],
        "azure.activity" => ["operationNameValue", "caller", "resourceGroup", "callerIpAddress"],
        _ => ["fileName", "folderPath", "processId", "additionalFields"],
    };
    let shape = source.shape_name(event.shape);
    let time = event.time.map(|time| time.to_string()).unwrap_or_default();
    format!(
        "{time} {} {shape} {} {}",
        source.name,
        event.id,
        names.map(field).join(" ")
    )
}

#[test]
fn fixtures_of_every_layout() {
    let catalog = Catalog::builtin().unwrap();
    let (reports, events) = run(&[fixtures()]);
    let mut lines: Vec<String> = events.iter().map(|event| line(&catalog, event)).collect();
    lines.sort();
    let mut total = Report::default();
    for (path, mut report) in reports {
        for reject in &mut report.first_rejects {
            reject.path = reject.path.file_name().unwrap().into();
        }
        lines.push(format!(
            "{}: {} read, {} rejected",
            path.file_name().unwrap().display(),
            report.read,
            report.rejected
        ));
        total.merge(report);
    }
    total.bytes = 0;
    insta::assert_snapshot!(format!("{}\n{total:#?}", lines.join("\n")));
}

#[test]
fn files_can_be_read_at_the_same_time() {
    let catalog = Catalog::builtin().unwrap();
    let files = discover(&[fixtures()]).unwrap();
    let one = |file| {
        let mut ids = Vec::new();
        read(file, &catalog, &Options::default(), &mut |event: Event| {
            ids.push(event.id.to_string())
        })
        .unwrap();
        ids
    };
    let alone: Vec<Vec<String>> = files.iter().map(one).collect();
    let together: Vec<Vec<String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = files.iter().map(|file| scope.spawn(move || one(file))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(alone, together);
}
