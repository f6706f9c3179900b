//! Every kind of lead really occurs, and what is left undefined does not.

use super::*;
use crate::agreement::case::CaseEvent;
use crate::compile::{self, Files};
use crate::value::Span;
use std::collections::BTreeSet;

const CASES: u64 = 500;
/// Single values are looked for in more of them.
const MANY: u64 = 3000;

/// Compares values in all ways.
const VALUES: &str = r#"
list names = ["StopLogging", "DeleteTrail"]
rule values "Values" {
  events e = aws.cloudtrail
    where eventName in names or userAgent has "aws-cli" or userAgent starts with "boto"
      or eventSource matches /^(s3|iam)[.]amazonaws/
    where not (sourceIPAddress in cidr "10.1.0.0/16" and readOnly)
    where not requestParameters.size > 5 or requestParameters.public
    where userIdentity.userName != recipientAccountId
    let document = json(requestParameters.document)
    where not "*" in document.Action
    each item in requestParameters.items
    let owner = item.owner ?? item
  alert e { show eventName, owner }
}
"#;

const COUNTS: &str = r#"
rule counts "Counts" {
  every 1h
  events e = aws.cloudtrail
    where eventName == "GetObject" and userIdentity.userName is present
  group hour = e by user = userIdentity.userName per 1h {
    n       = count
    buckets = distinct requestParameters.bucketName
    regions = set awsRegion
  }
  baseline past = hour over 2d
  alert hour
    where n >= 4 and buckets > 2
    let unseen = regions minus past.regions
    where unseen is not empty
  { account user show unseen, n }
}
"#;

const MATCHES: &str = r#"
rule pairs "Pairs" {
  every 30m
  events a = aws.cloudtrail where eventName == "CreateAccessKey" and sourceIPAddress is present
  events b = azure.activity where operationNameValue has "write" and callerIpAddress is present
  match m = a then b on a.sourceIPAddress == b.callerIpAddress within 20m
  alert m { ip a.sourceIPAddress show b.caller }
}
"#;

fn with(text: &str, check: impl FnOnce(&Generator<'_>)) {
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    files.add(std::path::Path::new("test.trip"), text.as_bytes());
    let world = files.world(&catalog).unwrap();
    let mut findings = std::mem::take(&mut files.findings);
    let compiled = compile::compile(&files.trees, &world, &mut findings);
    assert!(!crate::diagnostics::has_errors(&findings), "{findings:#?}");
    check(&Generator::new(&compiled[0], &catalog).unwrap());
}

/// How often each kind comes in the first cases of a rule, and more cases.
fn cases(generator: &Generator<'_>) -> (BTreeMap<Kind, usize>, Vec<Case>) {
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut all = Vec::new();
    for number in 0..MANY {
        let (case, traced) = generator.traced(1, number);
        for kind in traced.into_iter().filter(|_| number < CASES) {
            *kinds.entry(kind).or_default() += 1;
        }
        all.push(case);
    }
    (kinds, all)
}

fn assert_come(kinds: &BTreeMap<Kind, usize>, wanted: &[Kind]) {
    let lacking: Vec<&Kind> = wanted.iter().filter(|kind| !kinds.contains_key(kind)).collect();
    assert!(lacking.is_empty(), "never: {lacking:?}; {kinds:?}");
}

fn texts(cases: &[Case], path: &str) -> BTreeSet<String> {
    let path = edit::words(path);
    let events = cases.iter().flat_map(|case| &case.events);
    let values = events.filter_map(|event| edit::get(&event.body, &path));
    values
        .filter_map(|json| json.as_text().map(|text| text.into_owned()))
        .collect()
}

fn assert_held(found: &BTreeSet<String>, wanted: &[&str]) {
    let lacking: Vec<&&str> = wanted.iter().filter(|text| !found.contains(**text)).collect();
    assert!(lacking.is_empty(), "never: {lacking:?}; {found:?}");
}

#[test]
fn values_are_led_by_what_they_are_compared_with() {
    with(VALUES, |generator| {
        let (kinds, cases) = cases(generator);
        use Kind::{
            Absent, AddressInside, AddressMapped, AddressOutside, Array, AtEnd, AtStart, BlankAround, EmptyList,
            EmptyText, Huge, Inside, Item, JsonText, Longer, Negative, NoAddress, NoJson, Null, NullElement, Number,
            NumberNear, NumberText, Object, OneElement, OtherCase, OtherLetter, PairEqual, PairNear, PartOnly, Pattern,
            PatternMiss, SeveralElements, Shorter, Truth, TruthText,
        };
        let values = [
            Item,
            Longer,
            Shorter,
            OtherLetter,
            OtherCase,
            BlankAround,
            Inside,
            AtStart,
            AtEnd,
            PartOnly,
            Pattern,
            PatternMiss,
            AddressInside,
            AddressOutside,
            AddressMapped,
            NoAddress,
            Number,
            NumberNear,
            NumberText,
            Huge,
            Negative,
            Truth,
            TruthText,
            Absent,
            Null,
            EmptyText,
            JsonText,
            NoJson,
            Object,
            Array,
            EmptyList,
            OneElement,
            SeveralElements,
            NullElement,
            PairEqual,
            PairNear,
        ];
        assert_come(&kinds, &values);
        // The tags are true: the values stand in the events.
        assert_held(
            &texts(&cases, "eventName"),
            &[
                "StopLogging",
                "DeleteTrail",
                "DELETETRAIL",
                "DeleteTrailx",
                "DeleteTrai",
                " DeleteTrail",
                "one DeleteTrail two",
            ],
        );
        assert_held(
            &texts(&cases, "sourceIPAddress"),
            &[
                "10.1.0.0",
                "10.1.255.255",
                "10.0.255.255",
                "10.2.0.0",
                "::ffff:10.1.0.0",
            ],
        );
        assert_held(&texts(&cases, "requestParameters.size"), &["4", "5", "6", "-5", "many"]);
        assert_held(
            &texts(&cases, "requestParameters.public"),
            &["true", "TRUE", "False", "1"],
        );
        let documents = texts(&cases, "requestParameters.document");
        assert!(
            documents
                .iter()
                .any(|text| text.contains(r#""Action":["#) && text.contains("null")),
            "{documents:?}"
        );
    });
}

#[test]
fn what_is_counted_comes_up_to_its_threshold() {
    with(COUNTS, |generator| {
        let (kinds, cases) = cases(generator);
        use Kind::{
            Added, ClockMoved, DistinctValues, Dropped, HistoryInside, HistoryOutside, KeyBlank, KeyCase, KeyOther,
            NoEvents, OtherId, OutOfOrder, Repeated, RepeatedValues, SameId, Shifted, Slid, ThresholdLess,
            ThresholdMet, ThresholdMore, Unchanged,
        };
        let wanted = [
            Unchanged,
            ThresholdMet,
            ThresholdLess,
            ThresholdMore,
            RepeatedValues,
            DistinctValues,
            KeyOther,
            KeyCase,
            KeyBlank,
            HistoryInside,
            HistoryOutside,
            SameId,
            OtherId,
            OutOfOrder,
            Added,
            Dropped,
            NoEvents,
            ClockMoved,
            Shifted,
            Slid,
            Repeated,
        ];
        assert_come(&kinds, &wanted);
        let user = edit::words("userIdentity.userName");
        let in_a_window = |case: &Case| {
            let mut rows: BTreeMap<(Time, String), usize> = BTreeMap::new();
            for event in &case.events {
                if let Some(name) = edit::get(&event.body, &user).and_then(Json::as_text) {
                    *rows
                        .entry((event.time.bin(Span::hours(1)), name.into_owned()))
                        .or_default() += 1;
                }
            }
            rows.values().copied().max().unwrap_or(0)
        };
        let sizes: BTreeSet<usize> = cases.iter().map(in_a_window).collect();
        assert!([3, 4, 5].iter().all(|n| sizes.contains(n)), "{sizes:?}");
        let twins = |case: &&Case| {
            case.events
                .iter()
                .enumerate()
                .any(|(n, e)| case.events.iter().skip(n + 1).any(|o| o == e))
        };
        assert!(cases.iter().filter(twins).count() > 5);
        let ids = |events: &[CaseEvent]| events.iter().map(|e| e.id.to_string()).collect::<BTreeSet<_>>().len();
        assert!(cases.iter().any(|case| ids(&case.events) < case.events.len()));
    });
}

#[test]
fn times_lie_at_edges() {
    with(MATCHES, |generator| {
        let (kinds, cases) = cases(generator);
        assert_come(&kinds, &[Kind::Edge, Kind::EdgeTick, Kind::EdgeSecond, Kind::AfterNow]);
        let gaps: BTreeSet<i64> = cases
            .iter()
            .flat_map(|case| case.events.iter().map(move |e| (case, e)))
            .flat_map(|(case, e)| case.events.iter().map(move |o| o.time.since(e.time).0))
            .collect();
        let ago: BTreeSet<i64> = cases
            .iter()
            .flat_map(|case| case.events.iter().map(move |e| case.now.since(e.time).0))
            .collect();
        let second = Span::seconds(1).0;
        for edge in [0, 1, -1, second, -second] {
            assert!(gaps.contains(&(Span::minutes(20).0 + edge)), "within, {edge}");
            assert!(ago.contains(&(Span::minutes(30).0 + edge)), "every, {edge}");
            assert!(ago.contains(&edge), "the clock, {edge}");
        }
        let sum = Span::minutes(50).0;
        assert!(
            ago.contains(&sum) && ago.range(sum + 1..=sum + second).count() > 0,
            "every and within"
        );
        let sources: BTreeSet<SourceId> = cases.iter().flat_map(|case| &case.events).map(|e| e.source).collect();
        assert_eq!(sources.len(), 2);
    });
}

/// Fractions where a text is read, spellings of numbers, truths and addresses that systems read differently.
#[test]
fn what_is_not_defined_does_not_come() {
    with(VALUES, |generator| {
        let (_, cases) = cases(generator);
        for text in texts(&cases, "sourceIPAddress") {
            let spelled = text.trim().parse::<std::net::IpAddr>().is_ok();
            assert!(!spelled || text.trim() == text, "{text:?}");
            assert!(!text.contains('/'), "{text:?}");
        }
        for text in texts(&cases, "requestParameters.size") {
            assert!(text.trim() == text || text.trim().parse::<f64>().is_err(), "{text:?}");
        }
        fn fraction(json: &Json) -> bool {
            match json {
                Json::Real(_) => true,
                Json::Array(elements) => elements.iter().any(fraction),
                Json::Object(members) => members.iter().any(|(_, member)| fraction(member)),
                Json::Null | Json::Bool(_) | Json::Int(_) | Json::Text(_) => false,
            }
        }
        let size = edit::words("requestParameters.size");
        let mut sizes = 0;
        for event in cases.iter().flat_map(|case| &case.events) {
            let body = edit::remove(&event.body, &size);
            assert!(!fraction(&body), "{:?}", event.body);
            sizes += usize::from(edit::get(&event.body, &size).is_some_and(fraction));
        }
        assert!(sizes > 0, "what is read as a number only may be a fraction");
    });
}

#[test]
fn a_rule_that_takes_nothing_has_no_cases() {
    let text = r#"
rule never "Never" {
  events e = aws.cloudtrail where eventName == "A" and eventName == "B"
  alert e { }
}
"#;
    let catalog = Catalog::builtin().unwrap();
    let mut files = Files::default();
    files.add(std::path::Path::new("test.trip"), text.as_bytes());
    let world = files.world(&catalog).unwrap();
    let compiled = compile::compile(&files.trees, &world, &mut Vec::new());
    // Events are made all the same, so that it is seen that no side alerts on any of them.
    let generator = Generator::new(&compiled[0], &catalog).unwrap();
    assert!(generator.loud.is_empty());
    assert_eq!(generator.case(1, 1), generator.case(1, 1));
}

#[test]
fn threads_may_share_a_generator() {
    with(MATCHES, |generator| {
        let alone: Vec<Case> = (0..40).map(|number| generator.case(3, number)).collect();
        let shared: Vec<Case> = std::thread::scope(|scope| {
            let half =
                |from: u64| scope.spawn(move || (from..from + 20).map(|n| generator.case(3, n)).collect::<Vec<_>>());
            let (first, second) = (half(0), half(20));
            let (first, second) = (first.join().unwrap(), second.join().unwrap());
            first.into_iter().chain(second).collect()
        });
        assert_eq!(alone, shared);
    });
}
