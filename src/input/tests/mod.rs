mod bad;
mod laws;
mod layouts;
mod split;
mod tables;

use super::{DateOrder, Event, InputError, InputFile, Options, Report, read};
use crate::source::Catalog;
use std::io::Write;
use std::path::Path;
use std::sync::LazyLock;

/// A record of CloudTrail with that identifier.
fn trail(id: &str) -> String {
    format!(
        r#"{{"eventSource":"iam.amazonaws.com","eventName":"N","eventTime":"2025-08-15T10:00:00Z","eventID":"{id}"}}"#
    )
}

fn file(path: &Path) -> InputFile {
    InputFile {
        path: path.to_owned(),
        number: 7,
        size: None,
    }
}

fn read_with(content: &[u8], options: &Options) -> (Result<Report, InputError>, Vec<Event>) {
    let mut temporary = tempfile::NamedTempFile::new().unwrap();
    temporary.write_all(content).unwrap();
    temporary.flush().unwrap();
    static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::builtin().unwrap());
    let mut events = Vec::new();
    let report = read(&file(temporary.path()), &CATALOG, options, &mut |event| {
        events.push(event)
    });
    (report, events)
}

fn read_bytes(content: impl AsRef<[u8]>) -> (Report, Vec<Event>) {
    let (report, events) = read_with(content.as_ref(), &Options::default());
    let report = report.unwrap();
    assert_eq!(report.read, events.len() as u64);
    assert_eq!(report.read, report.events.values().sum::<u64>());
    assert!(
        report.bytes == content.as_ref().len() as u64 || report.first_rejects.iter().any(|reject| reject.line == 0)
    );
    (report, events)
}

/// The identifiers of the events, and the rejects as `line: reason`.
fn outcome(content: impl AsRef<[u8]>) -> (Vec<String>, Vec<String>) {
    let (report, events) = read_bytes(content);
    let rejects: Vec<String> = report
        .first_rejects
        .iter()
        .map(|r| format!("{}: {}", r.line, r.reason))
        .collect();
    assert_eq!(rejects.len() as u64, report.rejected.min(10));
    (events.iter().map(|event| event.id.to_string()).collect(), rejects)
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(content).unwrap();
    packed.finish().unwrap()
}

fn ordered(order: DateOrder) -> Options {
    Options {
        date_order: Some(order),
        ..Options::default()
    }
}
