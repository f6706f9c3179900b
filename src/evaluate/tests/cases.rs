use super::support::*;
use crate::evaluate::Asked;
use crate::source::Catalog;
use crate::value::{Json, Time};
use std::path::Path;

#[test]
fn show_cases() {
    let catalog = Catalog::builtin().unwrap();
    let mut folders: Vec<_> = std::fs::read_dir(Path::new("tests/cases"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir())
        .collect();
    folders.sort();
    for folder in folders {
        let text = std::fs::read_to_string(folder.join("rule.trip")).unwrap();
        let args = std::fs::read_to_string(folder.join("args")).unwrap_or_default();
        println!("== {} {}", folder.display(), args.trim());
        for line in text.lines().take_while(|l| l.starts_with('#')) {
            println!("{line}");
        }
        let mut events = Vec::new();
        for line in std::fs::read_to_string(folder.join("events.jsonl")).unwrap().lines() {
            let body = Json::parse(line).unwrap();
            let (source, shape) = catalog.recognise(&body).unwrap();
            let of = catalog.get(source);
            let crate::value::Value::Time(time) = of.read(shape, of.time, &body).value else {
                println!("no time {line}");
                continue;
            };
            let id = of
                .id
                .and_then(|id| of.read(shape, id, &body).value.as_text().map(|t| t.to_string()))
                .unwrap_or_default();
            events.push(Given {
                source,
                shape,
                time,
                id: id.as_str().into(),
                body,
            });
        }
        let words: Vec<&str> = args.split_whitespace().collect();
        let get = |name: &str| {
            words
                .iter()
                .position(|w| *w == name)
                .map(|i| Time::parse(words[i + 1]).unwrap())
        };
        let asked = if let Some(now) = get("--now") {
            Asked::Now(now)
        } else {
            Asked::Between {
                from: get("--from"),
                to: get("--to"),
            }
        };
        for plan in plans(&catalog, &text) {
            let outcome = outcome(&catalog, &plan, asked, None, &events);
            println!("-- {}", plan.rule.name);
            for found in &outcome.alerts {
                println!("   {}", found.alert.to_line().unwrap());
            }
            println!(
                "   {:?} left {:?} short {}",
                outcome.matched, outcome.left_out, outcome.short_baselines
            );
        }
    }
}
