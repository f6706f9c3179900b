//! Random events: those of the rule's own tests, their fields exchanged, spelled differently, taken away, their times
//! moved to the edges of the rule's windows.

use super::subject::{Subject, test_events};
use std::sync::Arc;
use tripline::input::{Event, Place};
use tripline::source::{Catalog, FIELDS, FieldType, SourceId};
use tripline::value::{Json, Span, Time, Value};

/// A simple generator of numbers (splitmix64).
pub(crate) struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n.max(1)).unwrap()).unwrap()
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// An event as a list of fields with values.
type Fields = Vec<(String, Json)>;

pub(crate) struct Generator {
    numbers: Numbers,
    pool: Vec<(SourceId, Fields)>,
    texts: Vec<String>,
    spans: Vec<Span>,
    instants: Vec<Time>,
    sets: Vec<Vec<(SourceId, Fields, Time)>>,
}

impl Generator {
    /// None where the rule has neither a test nor a log to begin with.
    pub(crate) fn new(subject: &Subject<'_>, seed: u64) -> Option<Generator> {
        let mut sets: Vec<(Vec<Event>, Time)> = Vec::new();
        for test in &subject.compiled.checked.tests {
            sets.push((test_events(test, subject.catalog), test.ast.now));
        }
        if let Some(events) = subject.log() {
            let last = events.iter().filter_map(|e| e.time).max().unwrap();
            sets.push((events, last.bin(subject.frequency()).plus(subject.frequency())));
        }
        let mut pool = Vec::new();
        let mut moved = Vec::new();
        let mut instants = Vec::new();
        for (events, now) in sets {
            let mut set = Vec::new();
            for event in &events {
                let fields = fields_of(event, subject.catalog);
                pool.push((event.source, fields.clone()));
                set.push((event.source, fields, event.time.unwrap()));
            }
            moved.push(set);
            instants.push(now);
        }
        let file = subject.text;
        let literal = regex::Regex::new(r#""([^"\\\n]{1,60})""#).unwrap();
        let mut texts: Vec<String> = literal.captures_iter(file).map(|c| c[1].to_owned()).collect();
        let odd = [
            "10.1.2.3",
            "::1",
            "::ffff:10.1.2.3",
            "true",
            "TRUE",
            "5",
            "-1",
            "0",
            "a@b",
            " ",
            "/",
            "x/y/z",
            "2025-08-15",
        ];
        texts.extend(odd.map(str::to_owned));
        texts.sort();
        texts.dedup();
        let span = regex::Regex::new(r"\b([0-9]+)([smhd])\b").unwrap();
        let mut spans: Vec<Span> = span
            .captures_iter(file)
            .map(|c| {
                let n: i64 = c[1].parse().unwrap();
                match &c[2] {
                    "s" => Span::seconds(n),
                    "m" => Span::minutes(n),
                    "h" => Span::hours(n),
                    _ => Span::days(n),
                }
            })
            .collect();
        spans.push(subject.frequency());
        spans.push(subject.delay());
        spans.push(Span(0));
        let name = subject
            .name
            .bytes()
            .fold(seed, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
        (!pool.is_empty()).then_some(Generator {
            numbers: Numbers(name),
            pool,
            texts,
            spans,
            instants,
            sets: moved,
        })
    }

    /// Events, and when to look at them.
    pub(crate) fn case(&mut self) -> (Vec<Event>, Time) {
        let which = self.numbers.below(self.sets.len());
        let mut at = self.instants[which];
        let mut all: Vec<(SourceId, Fields, Time)> = Vec::new();
        // One in three begins with nothing of a test, the others with a test and a few changes.
        if self.numbers.below(3) > 0 {
            all.clone_from(&self.sets[which]);
        }
        for _ in 0..self.numbers.below(6) {
            let (source, fields) = self.numbers.pick(&self.pool).clone();
            let copies = if self.numbers.below(4) == 0 {
                1 + self.numbers.below(12)
            } else {
                1
            };
            for _ in 0..copies {
                let time = self.time(at);
                all.push((source, fields.clone(), time));
            }
        }
        let changes = self.numbers.below(5);
        for _ in 0..changes {
            if all.is_empty() {
                break;
            }
            let index = self.numbers.below(all.len());
            if self.numbers.below(3) == 0 {
                all[index].2 = self.time(at);
            } else {
                let (source, mut fields, time) = all[index].clone();
                self.change(source, &mut fields);
                all[index] = (source, fields, time);
            }
        }
        if self.numbers.below(4) == 0 {
            at = self.time(at);
        }
        let events = all
            .into_iter()
            .enumerate()
            .map(|(index, (source, fields, time))| Event {
                source,
                shape: FIELDS,
                body: nested(&fields),
                time: Some(time),
                id: Arc::from(format!("e{index}")),
                place: Place::default(),
            });
        (events.collect(), at)
    }

    /// A time at or near an edge before `at`.
    fn time(&mut self, at: Time) -> Time {
        let mut time = at;
        for _ in 0..1 + self.numbers.below(2) {
            let span = *self.numbers.pick(&self.spans);
            time = if self.numbers.below(5) == 0 {
                time.bin(span)
            } else {
                time.minus(span)
            };
        }
        let near = [0, 0, 1, -1, 10_000_000, -10_000_000, 600_000_000, -600_000_000];
        time.plus(Span(*self.numbers.pick(&near)))
    }

    fn change(&mut self, source: SourceId, fields: &mut Fields) {
        if fields.is_empty() {
            return;
        }
        let index = self.numbers.below(fields.len());
        let name = fields[index].0.clone();
        match self.numbers.below(6) {
            0 => {
                fields.remove(index);
            }
            // The same field of another event.
            1 | 2 => {
                let others: Vec<Json> = self
                    .pool
                    .iter()
                    .filter(|(s, _)| *s == source)
                    .filter_map(|(_, f)| f.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone()))
                    .collect();
                fields[index].1 = self.numbers.pick(&others).clone();
            }
            _ => {
                let value = fields[index].1.clone();
                fields[index].1 = self.other(&value);
            }
        }
    }

    /// Another value of the same kind.
    fn other(&mut self, value: &Json) -> Json {
        match value {
            Json::Text(text) => Json::Text(self.text(text).into()),
            Json::Bool(b) => Json::Bool(!b),
            Json::Int(n) => Json::Int(n.saturating_add(*self.numbers.pick(&[-1, 1, 10, -10]))),
            Json::Real(n) => Json::Real(n + 1.0),
            Json::Null => Json::Null,
            Json::Array(elements) => {
                let mut elements = elements.to_vec();
                match self.numbers.below(4) {
                    0 => elements.clear(),
                    1 if !elements.is_empty() => {
                        let index = self.numbers.below(elements.len());
                        elements[index] = self.other(&elements[index].clone());
                    }
                    2 if !elements.is_empty() => elements.push(elements[0].clone()),
                    _ => {
                        elements.pop();
                    }
                }
                Json::Array(elements.into())
            }
            Json::Object(members) => {
                let mut members = members.to_vec();
                if members.is_empty() {
                    return Json::Null;
                }
                let index = self.numbers.below(members.len());
                match self.numbers.below(5) {
                    0 => {
                        members.remove(index);
                    }
                    1 => members[index].1 = Json::Null,
                    2 => members[index].1 = Json::Text("".into()),
                    _ => members[index].1 = self.other(&members[index].1.clone()),
                }
                Json::Object(members.into())
            }
        }
    }

    fn text(&mut self, text: &str) -> String {
        let literal = if self.texts.is_empty() {
            text.to_owned()
        } else {
            self.numbers.pick(&self.texts).clone()
        };
        match self.numbers.below(9) {
            0 => text.to_ascii_uppercase(),
            1 => text.to_ascii_lowercase(),
            2 => format!("{text}x"),
            3 => format!("x{text}"),
            4 => text.get(..text.len().saturating_sub(1)).unwrap_or("").to_owned(),
            5 => format!("{text} {literal}"),
            6 => format!("{literal}/{text}"),
            _ => literal,
        }
    }
}

/// The fields of an event, read and converted, without its time.
fn fields_of(event: &Event, catalog: &Catalog) -> Fields {
    let source = catalog.get(event.source);
    let mut fields = Vec::new();
    for (id, field) in source.iter() {
        if id == source.time || field.ty == FieldType::Time {
            continue;
        }
        let value = match source.read(event.shape, id, &event.body).value {
            Value::Text(text) => Json::Text(text),
            Value::Bool(b) => Json::Bool(b),
            Value::Int(n) => Json::Int(n),
            Value::Real(n) => Json::Real(n),
            Value::Json(json) => json,
            _ => continue,
        };
        fields.push((field.name.clone(), value));
    }
    fields
}

/// An object of dotted names.
fn nested(fields: &[(String, Json)]) -> Json {
    fn put(members: &mut Vec<(Arc<str>, Json)>, name: &str, value: &Json) {
        let (first, rest) = name
            .split_once('.')
            .map_or((name, None), |(first, rest)| (first, Some(rest)));
        let at = members.iter().position(|(own, _)| &**own == first);
        let Some(rest) = rest else {
            members.push((first.into(), value.clone()));
            return;
        };
        let mut inner = match at.map(|at| &members[at].1) {
            Some(Json::Object(inner)) => inner.to_vec(),
            _ => Vec::new(),
        };
        put(&mut inner, rest, value);
        let inner = Json::Object(inner.into());
        match at {
            Some(at) => members[at].1 = inner,
            None => members.push((first.into(), inner)),
        }
    }
    let mut members = Vec::new();
    for (name, value) in fields {
        put(&mut members, name, value);
    }
    Json::Object(members.into())
}
