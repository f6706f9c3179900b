use super::{gzip, outcome, read_bytes, read_with, trail};
use crate::input::{InputError, Options, discover};
use crate::value::Json;
use std::path::PathBuf;

fn assert_two(content: impl AsRef<[u8]>) {
    assert_eq!(outcome(content), (vec!["a".to_owned(), "b".to_owned()], Vec::new()));
}

#[test]
fn a_log_is_recognised_by_its_content() {
    let (a, b) = (trail("a"), trail("b"));
    let lines = format!("{a}\n{b}\n");
    let pretty = |text: &str| {
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        serde_json::to_string_pretty(&json).unwrap()
    };
    assert_two(&lines);
    assert_two(format!("\u{feff}{a}\r\n\r\n{b}"));
    assert_two(format!("{a}{b}"));
    assert_two(format!("[{a},{b}]"));
    assert_two(format!("{{\"Records\":[{a},{b}]}}"));
    assert_two(format!("{{\"Records\":[\n{a},\n{b}\n]}}"));
    assert_two(format!("{{\"Records\":[{a}]}}\n{{\"Records\":[{b}]}}\n"));
    assert_two(pretty(&format!("{{\"Records\":[{a},{b}]}}")));
    assert_two(pretty(&format!("[{a},{b}]")));
    assert_two(format!("{}\n{}\n", pretty(&a), pretty(&b)));
    assert_two(format!(
        "{{\"$metadata\":{{}},\"NextToken\":\"t\",\"Events\":[{a},{b}],\"x\":1}}"
    ));
    assert_two(gzip(lines.as_bytes()));
    assert_two([gzip(format!("{a}\n").as_bytes()), gzip(b.as_bytes())].concat());
}

#[test]
fn a_record_may_be_text_inside_another() {
    let text = |id: &str| serde_json::to_string(&trail(id)).unwrap();
    let (a, b) = (text("a"), text("b"));
    let lookup =
        |text: &str| format!(r#"{{"EventId":"x","EventName":"N","EventSource":"s","CloudTrailEvent":{text}}}"#);
    assert_two(format!(r#"{{"Events":[{},{}]}}"#, lookup(&a), lookup(&b)));
    assert_two(format!(
        "[{{\"_raw\":{a},\"_time\":1}},{{\"_raw\":{b},\"eventName\":\"x\",\"eventSource\":\"y\"}}]"
    ));
    assert_two(format!(
        "{{\"logEvents\":[{{\"id\":\"1\",\"message\":{a}}},{{\"message\":{b}}}]}}"
    ));
    let (ids, rejects) = outcome(r#"{"_raw":"{\"a\":"}"#);
    assert!(ids.is_empty());
    assert_eq!(
        rejects,
        ["1: the text in `_raw` is not JSON: EOF while parsing a value at line 1 column 5"]
    );
}

#[test]
fn dotted_keys_are_nested() {
    let line = r#"{"eventSource":"s","eventName":"n","eventTime":"2025-01-01T00:00:00Z","eventID":"a",
        "userIdentity.type":"IAMUser","requestParameters.name":"n"}"#;
    let (_, events) = read_bytes(line.replace('\n', ""));
    let body = &events[0].body;
    assert_eq!(
        body.get("userIdentity").unwrap().get("type"),
        Some(&Json::Text("IAMUser".into()))
    );
    assert_eq!(
        body.get("requestParameters").unwrap().get("name"),
        Some(&Json::Text("n".into()))
    );
}

#[test]
fn places_and_counts() {
    let content = format!(
        "\n{}\n{{\"x\":1}}\n{}\n",
        trail("a"),
        trail("b").replace("\"eventName\"", "\"eventName\":\"x\",\"eventName\"")
    );
    let (report, events) = read_bytes(content);
    assert_eq!(
        (report.read, report.rejected, report.unrecognised, report.repeated_keys),
        (2, 1, 1, 1)
    );
    assert_eq!(
        (events[1].place.file, events[1].place.record, events[1].place.line),
        (7, 3, 4)
    );
    assert_eq!(report.first_rejects[0].reason, "not a record of a known source");
    let (report, _) = read_bytes(trail("a").replace('}', ",\"readOnly\":\"perhaps\",\"awsRegion\":[1]}"));
    assert_eq!(report.unconverted, 2);
}

#[test]
fn an_event_without_identifier_gets_one_from_its_content() {
    let record = |keys: &str| format!("{{{keys},\"eventTime\":\"2025-01-01T00:00:00Z\"}}");
    let one = record(r#""eventSource":"s","eventName":"n""#);
    let same = record(r#""eventName":"n","eventSource":"s""#);
    let other = record(r#""eventName":"m","eventSource":"s""#);
    let (ids, _) = outcome(format!("{one}\n{same}\n{other}"));
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
    assert_eq!(ids[0].len(), 36);
}

#[test]
fn progress_counts_bytes_of_the_disk() {
    let progress = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let options = Options {
        progress: Some(std::sync::Arc::clone(&progress)),
        ..Options::default()
    };
    let packed = gzip(trail("a").as_bytes());
    read_with(&packed, &options).0.unwrap();
    assert_eq!(progress.load(std::sync::atomic::Ordering::Relaxed), packed.len() as u64);
}

#[test]
fn files_folders_and_patterns() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("logs/deep")).unwrap();
    std::fs::create_dir(at("empty")).unwrap();
    std::fs::create_dir(at("logs/.git")).unwrap();
    for name in [
        "logs/b.json",
        "logs/a.json",
        "logs/deep/c.gz",
        "logs/.hidden",
        "logs/.git/x",
        "logs/we[i]rd*.json",
    ] {
        std::fs::write(at(name), "").unwrap();
    }
    let names = |paths: &[&str]| -> Result<Vec<String>, InputError> {
        let paths: Vec<PathBuf> = paths.iter().map(|path| at(path)).collect();
        let files = discover(&paths)?;
        assert!(files.iter().zip(0..).all(|(file, number)| file.number == number));
        let root = folder.path();
        Ok(files
            .iter()
            .map(|file| file.path.strip_prefix(root).unwrap().to_str().unwrap().to_owned())
            .collect())
    };
    assert_eq!(
        names(&["logs"]).unwrap(),
        ["logs/a.json", "logs/b.json", "logs/deep/c.gz", "logs/we[i]rd*.json"]
    );
    assert_eq!(
        names(&["logs/b.json", "logs/./b.json", "logs/[ab].json"]).unwrap(),
        ["logs/b.json", "logs/a.json"]
    );
    assert_eq!(names(&["logs/we[i]rd*.json"]).unwrap(), ["logs/we[i]rd*.json"]);
    assert_eq!(names(&["**/*.gz"]).unwrap(), ["logs/deep/c.gz"]);
    assert_eq!(names(&["*"]).unwrap().len(), 4);
    let message = |path: &str| names(&[path]).unwrap_err().message;
    assert_eq!(message("nothing.json"), "there is no such file or folder");
    assert_eq!(message("empty"), "the folder holds no file");
    assert_eq!(message("*.json"), "no file matches the pattern");
    assert!(message("a***").starts_with("is no pattern"));
    assert!(discover(&["-".into()]).unwrap()[0].is_stdin());
    assert!(discover(&[]).unwrap().is_empty());
}
