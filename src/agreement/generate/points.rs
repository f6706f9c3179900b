//! Points: the places of events that a rule reads, each with the values that it is looked at for.

use super::edit;
use super::kind::Kind;
use super::near::Near;
use super::numbers::Numbers;
use super::place::Target;
use crate::plan::Segment;
use crate::source::{Catalog, ColumnType, FieldType, SourceId};
use crate::value::{Json, Span};
use std::collections::{BTreeMap, BTreeSet};

/// More values of one place are thinned out.
const MOST_VALUES: usize = 600;

/// A place that the rule reads.
#[derive(Debug)]
pub(super) struct Point {
    pub(super) source: SourceId,
    pub(super) segments: Vec<Segment>,
    /// What stands there may be these, each with what it is near to.
    pub(super) values: Vec<(Kind, Vec<Json>)>,
    /// Those among them that a test takes, test by test.
    pub(super) good: Vec<Vec<Json>>,
    /// Ways of not being there, and other shapes.
    pub(super) odd: Vec<(Kind, Option<Json>)>,
    pub(super) key: bool,
    /// Whether some set or count of different values is made of it.
    pub(super) varied: bool,
    target: Target,
    limits: Limits,
}

/// What must not stand at a place, because what it means there is not defined.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// Read as an address: spellings that systems read differently.
    pub(super) address: bool,
    /// Looked for in a block of addresses: one with a prefix length.
    pub(super) block: bool,
    /// Read as text: fractions, also whole ones.
    pub(super) text: bool,
    /// Read as a number or a truth value: spellings that systems read differently.
    pub(super) number: bool,
    /// Calculated with: numbers whose sums and products nothing can hold.
    pub(super) calculated: bool,
    /// A column of 32 bits.
    pub(super) small: bool,
}

impl Limits {
    fn allow(self, json: &Json) -> bool {
        match json {
            Json::Real(_) => !self.text,
            Json::Int(n) => {
                let fits = !self.small && !self.calculated || i32::try_from(*n).is_ok();
                fits && !self.address && !self.block
            }
            Json::Text(text) => {
                let address = (self.address || self.block) && doubtful(text) || self.block && text.contains('/');
                let number = self.number && oddly_spelled(text);
                !address && !number
            }
            Json::Array(elements) => elements.iter().all(|element| self.allow(element)),
            Json::Object(members) => members.iter().all(|(_, member)| self.allow(member)),
            Json::Null | Json::Bool(_) => true,
        }
    }
}

/// Whether systems differ in whether a text is an address: one of fewer than four numbers, or with zeros in front, and one
/// with blanks around it.
fn doubtful(text: &str) -> bool {
    let address = text.trim().split('/').next().unwrap_or_default();
    if text.trim() != text && address.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    let parts: Vec<&str> = address.split('.').collect();
    let numbers = parts
        .iter()
        .all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    let beyond = parts.len() == 4 && parts.iter().any(|p| p.parse().is_ok_and(|n: u64| n > 255));
    numbers && parts.len() <= 4 && !beyond && address.parse::<std::net::Ipv4Addr>().is_err()
}

/// Whether systems differ in whether a text is a number or a truth value: one with blanks around it, zeros in front, a
/// sign of plus, an exponent.
fn oddly_spelled(text: &str) -> bool {
    let inner = text.trim();
    if ["true", "false"].iter().any(|word| inner.eq_ignore_ascii_case(word)) {
        return inner != text;
    }
    let like_number = inner.bytes().all(|b| b.is_ascii_digit() || b"+-.eE ".contains(&b));
    let plain = inner.parse::<i64>().is_ok_and(|n| n.to_string() == text);
    like_number && inner.bytes().any(|b| b.is_ascii_digit()) && !plain || inner.starts_with("0x")
}

fn nth(list: &[Json], n: usize) -> Option<Json> {
    list.get(n % list.len().max(1)).cloned()
}

impl Point {
    /// A value that differs for each number, and is else like the others.
    pub(super) fn numbered(&self, n: usize) -> Json {
        numbered(&self.target, self.limits, n)
    }

    /// A value that a test of the place takes; now and then one made of what each of its tests takes.
    pub(super) fn sought(&self, numbers: &mut Numbers) -> Option<Json> {
        let n = numbers.below(MOST_VALUES);
        if numbers.chance(40) {
            self.all_sought(n)
        } else {
            numbers.pick(&self.good).and_then(|group| nth(group, n))
        }
    }

    /// A value with something in it for each test of the place, another for each number.
    pub(super) fn all_sought(&self, n: usize) -> Option<Json> {
        self.good
            .iter()
            .filter_map(|group| nth(group, n))
            .reduce(|all, one| edit::merged(&all, &one))
    }

    /// Whether a value may stand here without leaving what is defined.
    pub(super) fn allows(&self, json: &Json) -> bool {
        self.limits.allow(json)
    }
}

/// Two places that are compared with each other.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) left: usize,
    pub(super) right: usize,
}

/// What a rule looks at.
#[derive(Debug, Default)]
pub(super) struct Points {
    pub(super) all: Vec<Point>,
    /// Per source: the points of its events.
    pub(super) by_source: BTreeMap<SourceId, Vec<usize>>,
    pub(super) pairs: Vec<Pair>,
    /// Numbers of events or values that something is compared with.
    pub(super) thresholds: Vec<usize>,
    /// Lengths of windows, histories, distances.
    pub(super) windows: Vec<Span>,
    /// Histories: how long, and the window in front of each.
    pub(super) histories: Vec<(Span, Span)>,
}

pub(super) type Place = (SourceId, String);

#[derive(Debug)]
pub(super) struct Draft {
    pub(super) target: Target,
    pub(super) values: Vec<Near>,
    pub(super) good: Vec<Vec<Json>>,
    pub(super) key: bool,
    pub(super) varied: bool,
    pub(super) limits: Limits,
    /// Whether the rule expects an object or list here.
    pub(super) open: bool,
    pub(super) encoded: bool,
}

pub(super) fn point(draft: Draft) -> Point {
    let Draft {
        target,
        values,
        mut good,
        key,
        varied,
        limits,
        open,
        encoded,
    } = draft;
    let mut seen: BTreeSet<(Kind, String)> = BTreeSet::new();
    let mut kept: Vec<Near> = Vec::new();
    for one in values {
        if limits.allow(&one.json) && seen.insert((one.kind, format!("{:?}", one.json))) {
            kept.push(one);
        }
    }
    let step = kept.len().div_ceil(MOST_VALUES).max(1);
    for group in &mut good {
        group.retain(|json| limits.allow(json));
        group.truncate(MOST_VALUES);
    }
    good.retain(|group| !group.is_empty());
    let mut values: BTreeMap<Kind, Vec<Json>> = BTreeMap::new();
    for one in kept.into_iter().step_by(step) {
        values.entry(one.kind).or_default().push(one.json);
    }
    let values = values.into_iter().collect();
    Point {
        odd: odd(&target, limits, open, encoded),
        source: target.source,
        segments: target.segments.clone(),
        values,
        good,
        key,
        varied,
        target,
        limits,
    }
}

/// A value that differs for each number.
fn numbered(target: &Target, limits: Limits, n: usize) -> Json {
    let number = i64::try_from(n).unwrap_or(0);
    let plain = match target.ty {
        FieldType::Int | FieldType::Real => return Json::Int(number),
        FieldType::Bool => return Json::Bool(n.is_multiple_of(2)),
        FieldType::Time => return Json::Text(format!("2025-01-01T00:00:{:02}Z", n % 60).into()),
        FieldType::Text | FieldType::Json if limits.address || limits.block => format!("198.51.100.{n}"),
        FieldType::Text | FieldType::Json => format!("v{n}"),
    };
    target.wrap(Json::Text(plain.into()))
}

/// What a place holds where it holds nothing that the rule expects.
fn odd(target: &Target, limits: Limits, open: bool, encoded: bool) -> Vec<(Kind, Option<Json>)> {
    let text = |text: &str| Json::Text(text.into());
    let object = Json::Object([("a".into(), Json::Object([("b".into(), Json::Null)].into()))].into());
    let mut out = vec![
        (Kind::Absent, None),
        (Kind::Absent, None),
        (Kind::Null, Some(Json::Null)),
        (Kind::EmptyText, Some(text(""))),
        (Kind::EmptyText, Some(text(""))),
    ];
    if encoded {
        for spelled in ["{}", "[]", "[null]", "{\"a\": 1}", "[{\"a\": \"b\"}]"] {
            out.push((Kind::JsonText, Some(text(spelled))));
        }
        for spelled in ["{\"a\":", "no json", "\"text\"", "5", "null", "true", "[1, 2"] {
            out.push((Kind::NoJson, Some(text(spelled))));
        }
        return out;
    }
    let deep = matches!(target.ty, FieldType::Json);
    // The table keeps an open record as text: there, a text that spells JSON would be another record.
    let record = deep && target.segments.len() == 1;
    out.push((Kind::NoJson, Some(text("no json"))));
    out.push((Kind::Object, Some(object.clone())));
    out.push((Kind::Array, Some(Json::Array([text("a"), text("b")].into()))));
    if deep {
        out.push((Kind::EmptyList, Some(Json::Array([].into()))));
        out.push((Kind::OneElement, Some(Json::Array([text("a")].into()))));
        out.push((Kind::NullElement, Some(Json::Array([Json::Null].into()))));
        out.push((Kind::Object, Some(Json::Object([].into()))));
        out.push((Kind::NullElement, Some(Json::Array([object].into()))));
        if !record {
            out.push((Kind::JsonText, Some(text("{\"a\":1}"))));
            out.push((Kind::JsonText, Some(text("[\"a\"]"))));
            out.push((Kind::NoJson, Some(text("{\"a\":"))));
        }
        if !open {
            out.push((Kind::Truth, Some(Json::Bool(true))));
            out.push((Kind::Number, Some(Json::Int(5))));
        }
    }
    out.retain(|(_, json)| json.as_ref().is_none_or(|json| limits.allow(json)));
    out
}

pub(super) fn place(target: &Target) -> Place {
    let mut key = String::new();
    for segment in &target.segments {
        match segment {
            Segment::Name(name) | Segment::Key(name) => {
                key.push('.');
                key.push_str(name);
            }
            Segment::Index(index) => key.push_str(&format!("[{index}]")),
        }
    }
    (target.source, key)
}

/// The type of the column that a place stands in, where it is a field itself.
pub(super) fn column(catalog: &Catalog, target: &Target) -> Option<ColumnType> {
    let source = catalog.get(target.source);
    let mut fields = source.fields.iter();
    fields
        .find(|field| edit::words(&field.name) == target.segments)
        .map(|field| field.column_type)
}
