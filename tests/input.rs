//! The readers on files: our own fixtures, and the public logs of the shared folder where `TRIPLINE_SHARED` names it.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};
use tripline::input::{Event, Options, Report, discover, read};
use tripline::source::Catalog;

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
const SHARED: [(&str, u64, u64); 6] = [
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
    assert_eq!((total.rejected, total.without_time, total.unrecognised), (0, 0, 0));
}
