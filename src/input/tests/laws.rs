use super::{gzip, read_with, trail};
use crate::input::{DateOrder, Options};
use proptest::prelude::*;

/// One change to a line that keeps it one line.
#[derive(Clone, Debug)]
enum Damage {
    CutAt(usize),
    Remove(usize),
    Insert(usize, u8),
    Replace(usize, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    let byte = prop::sample::select(b"{}[]\",:\\ x7\0\xff".to_vec());
    prop_oneof![
        (0..400_usize).prop_map(Damage::CutAt),
        (0..400_usize).prop_map(Damage::Remove),
        (0..400_usize, byte.clone()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        (0..400_usize, byte).prop_map(|(at, byte)| Damage::Replace(at, byte)),
    ]
}

fn damaged(line: &str, damage: &Damage) -> Vec<u8> {
    let mut line = line.as_bytes().to_vec();
    match *damage {
        Damage::CutAt(at) => line.truncate(at % line.len()),
        Damage::Remove(at) => drop(line.remove(at % line.len())),
        Damage::Insert(at, byte) => line.insert(at % line.len(), byte),
        Damage::Replace(at, byte) => {
            let at = at % line.len();
            line[at] = byte;
        }
    }
    line
}

fn nested(id: &str) -> String {
    trail(id).replace('}', r#","requestParameters":{"a":[{"b":"}{\"]["},[1]],"c":null}}"#)
}

/// The ways to put a record on a line.
fn on_a_line(layout: usize, id: &str) -> String {
    match layout {
        0 => nested(id),
        1 => format!("{{\"Records\":[{}]}}", nested(id)),
        2 => format!(
            "{{\"NextToken\":\"x\",\"Records\":[{}],\"y\":{{\"z\":[1]}}}}",
            nested(id)
        ),
        _ => format!("[{}]", nested(id)),
    }
}

fn ids(content: &[u8]) -> (Vec<String>, u64) {
    let (report, events) = read_with(content, &Options::default());
    (
        events.iter().map(|event| event.id.to_string()).collect(),
        report.unwrap().rejected,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_line_costs_no_other_line(layout in 0..4_usize, damages in prop::collection::vec(damage(), 1..3)) {
        let bad = damages.iter().fold(on_a_line(layout, "bad"), |line, damage| {
            String::from_utf8_lossy(&damaged(&line, damage)).into_owned() + " "
        });
        let lines: Vec<String> = ["a", "b", "c"].iter().map(|id| on_a_line(layout, id)).collect();
        let content = format!("{}\n{bad}\n{}\n{}\n", lines[0], lines[1], lines[2]);
        let (found, rejected) = ids(content.as_bytes());
        for id in ["a", "b", "c"] {
            prop_assert!(found.iter().any(|found| found == id), "{id} lost: {found:?}, {rejected} rejected\n{content}");
        }
        let content = format!("{bad}\n{}\n{}\n{}\n", lines[0], lines[1], lines[2]);
        let (found, rejected) = ids(content.as_bytes());
        for id in ["b", "c"] {
            prop_assert!(found.iter().any(|found| found == id), "{id} lost: {found:?}, {rejected} rejected\n{content}");
        }
    }

    #[test]
    fn whatever_is_read_every_record_is_counted_and_nothing_panics(
        bytes in prop::collection::vec(prop::sample::select(b"{}[]\",:\\ x1\n\r\0\xef\xbb\xbf;/TimeGenerated".to_vec()), 0..200),
        start in prop::sample::select(vec!["", "{", "[", "TimeGenerated,EventName,EventSource\n\"", "$table,Type\n"]),
    ) {
        let content = [start.as_bytes(), &bytes].concat();
        for options in [Options::default(), super::ordered(DateOrder::MonthFirst)] {
            let (report, events) = read_with(&content, &options);
            if let Ok(report) = report {
                prop_assert_eq!(report.read, events.len() as u64);
            }
        }
        let _ = read_with(&gzip(&content)[..content.len().min(20)], &Options::default());
    }

    #[test]
    fn times_never_panic(text in "[0-9TZ:/. ,+APM\u{e9}-]{0,40}") {
        let _ = crate::source::parse_time(&text, None);
        let _ = crate::source::parse_time(&text, Some(DateOrder::DayFirst));
    }
}
