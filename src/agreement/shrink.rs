//! Smaller cases: fewer events, fewer and plainer values, plainer times, as long as what was found is still there.

use super::case::{Case, CaseEvent};
use crate::value::{Json, Span, Time};
use std::sync::Arc;

/// How often a case is tried.
const MOST_CALLS: usize = 2000;

/// The smallest case found that still `differs`: fewer events, fewer and plainer fields, plainer times, and no event behind
/// the clock where that can be. It asks at most 2,000 times; a case that does not differ comes back as it is.
pub fn shrink(case: &Case, differs: &mut dyn FnMut(&Case) -> bool) -> Case {
    let mut shrinker = Shrinker {
        best: case.clone(),
        calls: 0,
        differs,
    };
    // Once for all: what is no finding is not made smaller.
    if !shrinker.again() {
        return case.clone();
    }
    loop {
        let before = shrinker.best.clone();
        shrinker.events();
        shrinker.fields();
        shrinker.values();
        shrinker.clock();
        shrinker.times();
        if shrinker.best == before || shrinker.calls >= MOST_CALLS {
            break;
        }
    }
    shrinker.names();
    shrinker.best
}

struct Shrinker<'d> {
    best: Case,
    calls: usize,
    differs: &'d mut dyn FnMut(&Case) -> bool,
}

impl Shrinker<'_> {
    fn again(&mut self) -> bool {
        self.calls += 1;
        (self.differs)(&self.best)
    }

    /// Keeps a case that still differs.
    fn try_case(&mut self, case: Case) -> bool {
        if self.calls >= MOST_CALLS || case == self.best {
            return false;
        }
        self.calls += 1;
        let differs = (self.differs)(&case);
        if differs {
            self.best = case;
        }
        differs
    }

    fn try_event(&mut self, at: usize, change: impl FnOnce(&mut CaseEvent)) -> bool {
        let mut case = self.best.clone();
        let Some(event) = case.events.get_mut(at) else {
            return false;
        };
        change(event);
        self.try_case(case)
    }

    /// Fewer events: halves, quarters, and so on to single ones.
    fn events(&mut self) {
        let mut size = self.best.events.len();
        while size > 0 {
            let mut at = 0;
            while at < self.best.events.len() {
                let mut fewer = self.best.clone();
                let end = (at + size).min(fewer.events.len());
                fewer.events.drain(at..end);
                if !self.try_case(fewer) {
                    at += size;
                }
            }
            size /= 2;
        }
    }

    /// Fewer fields: of all events at once, then of each.
    fn fields(&mut self) {
        let mut names: Vec<Arc<str>> = Vec::new();
        for event in &self.best.events {
            if let Json::Object(members) = &event.body {
                names.extend(members.iter().map(|(name, _)| Arc::clone(name)));
            }
        }
        names.sort();
        names.dedup();
        for name in names {
            let mut case = self.best.clone();
            for event in &mut case.events {
                event.body = without(&event.body, &[Step::Member(Arc::clone(&name))]);
            }
            self.try_case(case);
        }
        for at in 0..self.best.events.len() {
            // What stands deeper first: then the paths that are left stay what they are.
            let mut paths = Vec::new();
            if let Some(event) = self.best.events.get(at) {
                paths_of(&event.body, &mut Vec::new(), &mut paths);
            }
            for path in paths.iter().rev() {
                self.try_event(at, |event| event.body = without(&event.body, path));
            }
        }
    }

    /// Plainer values.
    fn values(&mut self) {
        for at in 0..self.best.events.len() {
            let mut paths = Vec::new();
            if let Some(event) = self.best.events.get(at) {
                paths_of(&event.body, &mut Vec::new(), &mut paths);
            }
            for path in paths {
                let Some(value) = self
                    .best
                    .events
                    .get(at)
                    .and_then(|event| at_path(&event.body, &path))
                    .cloned()
                else {
                    continue;
                };
                for plainer in plainer(&value) {
                    // A value that many events share is best exchanged in all of them: it may be a key.
                    let mut case = self.best.clone();
                    for event in &mut case.events {
                        event.body = exchanged(&event.body, &value, &plainer);
                    }
                    if self.try_case(case)
                        || self.try_event(at, |event| event.body = with(&event.body, &path, &plainer))
                    {
                        break;
                    }
                }
            }
        }
    }

    /// A rounder clock, with everything moved along; and no event behind it.
    fn clock(&mut self) {
        for size in [Span::days(1), Span::hours(1), Span::minutes(1), Span::seconds(1)] {
            let back = self.best.now.since(self.best.now.bin(size));
            if self.try_case(moved(&self.best, back)) {
                break;
            }
        }
        let Some(last) = self.best.events.iter().map(|event| event.time).max() else {
            return;
        };
        if last > self.best.now {
            let mut case = self.best.clone();
            case.now = last;
            if !self.try_case(case) {
                let mut case = self.best.clone();
                let now = case.now;
                for event in &mut case.events {
                    event.time = event.time.min(now);
                }
                self.try_case(case);
            }
        }
    }

    /// Times that are round, counted back from the clock.
    fn times(&mut self) {
        for at in 0..self.best.events.len() {
            let Some(time) = self.best.events.get(at).map(|event| event.time) else {
                continue;
            };
            let now = self.best.now;
            for rounder in rounder(now, time) {
                if self.try_event(at, |event| event.time = rounder) {
                    break;
                }
            }
        }
        // In the order of their times.
        let mut sorted = self.best.clone();
        sorted.events.sort_by_key(|event| event.time);
        self.try_case(sorted);
    }

    /// Identifiers counted from one, in the events too.
    fn names(&mut self) {
        let mut case = self.best.clone();
        for (n, event) in case.events.iter_mut().enumerate() {
            let id: Arc<str> = format!("event {}", n + 1).into();
            let (old, new) = (Json::Text(Arc::clone(&event.id)), Json::Text(Arc::clone(&id)));
            event.body = exchanged(&event.body, &old, &new);
            event.id = id;
        }
        self.try_case(case);
    }
}

/// A step into a JSON value.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Member(Arc<str>),
    Element(usize),
}

/// The paths of all values below this one, outer ones first.
fn paths_of(json: &Json, above: &mut Vec<Step>, out: &mut Vec<Vec<Step>>) {
    let steps: Vec<(Step, &Json)> = match json {
        Json::Object(members) => members.iter().map(|(n, v)| (Step::Member(Arc::clone(n)), v)).collect(),
        Json::Array(elements) => elements
            .iter()
            .enumerate()
            .map(|(n, v)| (Step::Element(n), v))
            .collect(),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Real(_) | Json::Text(_) => return,
    };
    for (step, value) in steps {
        above.push(step);
        out.push(above.clone());
        paths_of(value, above, out);
        above.pop();
    }
}

fn at_path<'j>(json: &'j Json, path: &[Step]) -> Option<&'j Json> {
    path.iter().try_fold(json, |json, step| match (step, json) {
        (Step::Member(name), _) => json.get(name),
        (Step::Element(n), Json::Array(elements)) => elements.get(*n),
        (Step::Element(_), _) => None,
    })
}

/// The value with what stands at the path changed; none takes it away.
fn change(json: &Json, path: &[Step], new: Option<&Json>) -> Option<Json> {
    let Some((first, rest)) = path.split_first() else {
        return new.cloned();
    };
    Some(match (first, json) {
        (Step::Member(name), Json::Object(members)) => {
            let mut kept = Vec::with_capacity(members.len());
            for (own, value) in members.iter() {
                let value = if own == name {
                    change(value, rest, new)
                } else {
                    Some(value.clone())
                };
                kept.extend(value.map(|value| (Arc::clone(own), value)));
            }
            Json::Object(kept.into())
        }
        (Step::Element(at), Json::Array(elements)) => {
            let mut kept = Vec::with_capacity(elements.len());
            for (n, value) in elements.iter().enumerate() {
                kept.extend(if n == *at {
                    change(value, rest, new)
                } else {
                    Some(value.clone())
                });
            }
            Json::Array(kept.into())
        }
        _ => json.clone(),
    })
}

fn without(json: &Json, path: &[Step]) -> Json {
    change(json, path, None).unwrap_or(Json::Null)
}

fn with(json: &Json, path: &[Step], value: &Json) -> Json {
    change(json, path, Some(value)).unwrap_or(Json::Null)
}

/// Every value like this one exchanged.
fn exchanged(json: &Json, old: &Json, new: &Json) -> Json {
    if json == old {
        return new.clone();
    }
    match json {
        Json::Object(members) => {
            let members = members.iter();
            Json::Object(members.map(|(n, v)| (Arc::clone(n), exchanged(v, old, new))).collect())
        }
        Json::Array(elements) => Json::Array(elements.iter().map(|v| exchanged(v, old, new)).collect()),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Real(_) | Json::Text(_) => json.clone(),
    }
}

/// Values that are plainer than this one, the plainest first; each of them has none that leads back.
fn plainer(json: &Json) -> Vec<Json> {
    match json {
        Json::Text(text) => {
            let letters: Vec<char> = text.chars().collect();
            let mut out: Vec<String> = Vec::new();
            if letters.len() > 1 {
                out.push("a".to_owned());
                out.push("b".to_owned());
                let half = letters.len() / 2;
                out.extend(
                    [letters.get(..half), letters.get(half..)]
                        .into_iter()
                        .flatten()
                        .map(String::from_iter),
                );
                let (first, last) = (letters.get(1..), letters.get(..letters.len() - 1));
                out.extend([first, last].into_iter().flatten().map(String::from_iter));
            }
            out.retain(|one| !one.is_empty() && one.len() < text.len());
            out.into_iter().map(|one| Json::Text(one.into())).collect()
        }
        Json::Int(n) => {
            let mut out = vec![0, 1, n / 2, n - n.signum()];
            out.retain(|one| one.unsigned_abs() < n.unsigned_abs());
            out.into_iter().map(Json::Int).collect()
        }
        Json::Real(n) => {
            let fits = n.trunc().abs() < 1e15;
            let whole = fits.then_some(Json::Int(n.trunc() as i64));
            [Some(Json::Int(0)), Some(Json::Int(1)), whole]
                .into_iter()
                .flatten()
                .collect()
        }
        Json::Array(elements) => elements
            .iter()
            .filter(|e| !matches!(e, Json::Array(_)))
            .cloned()
            .collect(),
        Json::Object(members) if members.is_empty() => Vec::new(),
        Json::Object(_) => vec![Json::Object([].into()), Json::Text("a".into())],
        Json::Bool(_) | Json::Null => Vec::new(),
    }
}

fn moved(case: &Case, back: Span) -> Case {
    let mut case = case.clone();
    case.now = case.now.minus(back);
    for event in &mut case.events {
        event.time = event.time.minus(back);
    }
    case
}

/// Times near an event's whose distance from the clock is rounder than its own, the roundest first.
fn rounder(now: Time, time: Time) -> Vec<Time> {
    let ago = now.since(time);
    let mut out = Vec::new();
    for size in [Span::days(1), Span::hours(1), Span::minutes(1), Span::seconds(1)] {
        let below = Span(ago.0.div_euclid(size.0).saturating_mul(size.0));
        if below == ago {
            break;
        }
        out.push(now.minus(below));
        out.push(now.minus(Span(below.0.saturating_add(size.0))));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;

    const HOUR: i64 = 36_000_000_000;

    fn event(n: usize, ago: i64, body: &str) -> CaseEvent {
        CaseEvent {
            shape: crate::source::FIELDS,
            source: SourceId(0),
            time: Time(1000 * HOUR - ago),
            body: Json::parse(body).unwrap(),
            id: format!("x{n}").into(),
        }
    }

    fn case(events: Vec<CaseEvent>) -> Case {
        Case {
            events,
            now: Time(1000 * HOUR),
        }
    }

    fn text(event: &CaseEvent) -> String {
        event.body.to_serde().to_string()
    }

    #[test]
    fn the_two_events_that_matter_are_found_with_the_fields_that_matter() {
        let events = (0..40)
            .map(|n| {
                event(
                    n,
                    i64::try_from(n).unwrap() * 77_777_777,
                    &format!(r#"{{"a": {{"b": {n}, "c": [1, 2]}}, "d": "word {n}"}}"#),
                )
            })
            .collect();
        let b = |e: &CaseEvent| e.body.get("a").and_then(|a| a.get("b")).cloned();
        let found = shrink(&case(events), &mut |case| {
            let has = |n| case.events.iter().any(|e| b(e) == Some(Json::Int(n)));
            has(7) && has(31)
        });
        let texts: Vec<String> = found.events.iter().map(text).collect();
        assert_eq!(texts, [r#"{"a":{"b":7}}"#, r#"{"a":{"b":31}}"#]);
        assert_eq!(found.now, Time(984 * HOUR), "a whole day");
        assert!(
            found
                .events
                .iter()
                .all(|e| found.now.since(e.time).0 % Span::minutes(1).0 == 0),
            "{found:?}"
        );
        assert_eq!(&*found.events[0].id, "event 1");
    }

    #[test]
    fn values_become_plain_and_keep_what_they_share() {
        let body = r#"{"key": "somebody@example.com", "n": 47, "list": ["x", "long text"], "id": "x0"}"#;
        let events = vec![event(0, 5, body), event(1, 9, body)];
        let found = shrink(&case(events), &mut |case| match case.events.as_slice() {
            [a, b] => {
                let key = |e: &CaseEvent| e.body.get("key").cloned();
                let big = matches!(a.body.get("n"), Some(Json::Int(n)) if *n >= 11);
                key(a).is_some_and(|k| !k.is_missing()) && key(a) == key(b) && big && a.body.get("list").is_some()
            }
            _ => false,
        });
        let texts: Vec<String> = found.events.iter().map(text).collect();
        assert_eq!(
            texts,
            [
                r#"{"key":"a","list":"","n":11}"#.replace("\"\"", "[]"),
                r#"{"key":"a"}"#.to_owned()
            ]
        );
    }

    #[test]
    fn an_edge_stays_an_edge() {
        // Only a tick more than an hour ago will do.
        let found = shrink(&case(vec![event(0, HOUR + 1, "{}")]), &mut |case| {
            case.events.first().is_some_and(|e| case.now.since(e.time).0 > HOUR)
        });
        assert_eq!(
            found.now.since(found.events[0].time),
            Span::days(1),
            "the next round time"
        );
        let found = shrink(&case(vec![event(0, HOUR + 1, "{}")]), &mut |case| {
            case.events
                .first()
                .is_some_and(|e| case.now.since(e.time) == Span(HOUR + 1))
        });
        assert_eq!(found.now.since(found.events[0].time), Span(HOUR + 1));
    }

    #[test]
    fn an_event_behind_the_clock_goes_where_it_can() {
        let late = || case(vec![event(0, -5, r#"{"a": 1}"#), event(1, 5, r#"{"b": 1}"#)]);
        let found = shrink(&late(), &mut |case| {
            case.events.iter().any(|e| e.body.get("a").is_some())
        });
        assert!(found.events.iter().all(|e| e.time <= found.now), "{found:?}");
        let found = shrink(&late(), &mut |case| case.events.iter().any(|e| e.time > case.now));
        assert_eq!(found.events.len(), 1);
        assert!(found.events[0].time > found.now);
    }

    #[test]
    fn it_does_not_ask_for_ever_and_leaves_what_agrees() {
        let events: Vec<CaseEvent> = (0..300)
            .map(|n| event(n, 3, r#"{"a": {"b": "c"}, "d": [1, 2, 3]}"#))
            .collect();
        let mut calls = 0;
        let found = shrink(&case(events.clone()), &mut |case| {
            calls += 1;
            case.events.len() == 300
        });
        assert!(calls <= MOST_CALLS, "{calls}");
        assert_eq!(found.events.len(), 300);
        let agreed = case(events);
        assert_eq!(shrink(&agreed, &mut |_| false), agreed);
    }
}
