//! Aggregates whose states can be merged.
//!
//! The result depends on the multiset of values alone: not on their order, nor on how they were split into states that
//! were merged later. Rounding is no exception: reals are kept and summed in sorted order at the end.
//!
//! | aggregate | reads | no value read | KQL |
//! |---|---|---|---|
//! | count | rows | 0 | `count()` |
//! | distinct, set | present values, json as text ([`element`]) | 0, the empty set | `count_distinctif`, `make_set_if` |
//! | min, max | numbers ([`as_number`]), times | missing | `min`, `max` |
//! | sum | numbers | 0 | `sum` |
//! | avg | numbers | missing | `avg` |
//!
//! Missing values, and values that cannot be read as asked, are left out everywhere but in `count`. (KQL page
//! `summarize-operator` for what an empty group gives; `scalar-data-types/null-values` for what is left out. KQL keeps
//! the empty text in sets, which is missing here.)

use super::number::{Number, as_number};
use super::set::element;
use crate::value::{Set, Time, Value};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// What is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// How many rows: every value counts, missing ones too.
    Count,
    /// How many distinct present values, exactly.
    Distinct,
    /// The distinct present values.
    Set,
    /// The least number or time.
    Min,
    /// The greatest number or time.
    Max,
    /// The sum: an int while all values are ints, and missing where it does not fit; a real otherwise.
    Sum,
    /// The sum as a real, whatever the values: for a column of type real, and for json.
    SumReal,
    /// The mean, a real.
    Avg,
}

/// An aggregate over the values seen so far.
#[derive(Clone, Debug)]
pub struct State {
    kind: Aggregate,
    seen: Seen,
}

#[derive(Clone, Debug)]
enum Seen {
    Rows(u64),
    Values(BTreeSet<Value>),
    Best(Option<Best>),
    Numbers(Numbers),
}

/// The candidate of `min` or `max`. Equal numbers of different kinds are told apart, so that it does not matter which
/// of them came first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Best {
    Number(Number),
    Time(Time),
}

impl Ord for Best {
    fn cmp(&self, other: &Best) -> Ordering {
        let real = |number: &Number| matches!(number, Number::Real(_));
        match (self, other) {
            (Best::Number(a), Best::Number(b)) => a.cmp(b).then_with(|| real(a).cmp(&real(b))),
            (Best::Time(a), Best::Time(b)) => a.cmp(b),
            (Best::Number(_), Best::Time(_)) => Ordering::Less,
            (Best::Time(_), Best::Number(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Best {
    fn partial_cmp(&self, other: &Best) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Numbers to be summed: ints exactly, reals by value and how often, until the end.
#[derive(Clone, Debug, Default)]
struct Numbers {
    ints: i128,
    int_count: u64,
    reals: BTreeMap<Real, u64>,
}

#[derive(Clone, Copy, Debug)]
struct Real(f64);

impl Ord for Real {
    fn cmp(&self, other: &Real) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Real {
    fn partial_cmp(&self, other: &Real) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Real {
    fn eq(&self, other: &Real) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Real {}

impl Numbers {
    fn add(&mut self, number: Number) {
        match number {
            // 2^64 values of 2^63 fit; nothing is ever saturated.
            Number::Int(n) => {
                self.ints = self.ints.saturating_add(i128::from(n));
                self.int_count = self.int_count.saturating_add(1);
            }
            Number::Real(n) => {
                let times = self.reals.entry(Real(n)).or_default();
                *times = times.saturating_add(1);
            }
        }
    }

    fn merge(&mut self, other: &Numbers) {
        self.ints = self.ints.saturating_add(other.ints);
        self.int_count = self.int_count.saturating_add(other.int_count);
        for (real, more) in &other.reals {
            let times = self.reals.entry(*real).or_default();
            *times = times.saturating_add(*more);
        }
    }

    fn count(&self) -> u64 {
        self.reals
            .values()
            .fold(self.int_count, |sum, times| sum.saturating_add(*times))
    }

    /// The sum, rounded in one fixed order whatever the order of arrival.
    fn total(&self) -> f64 {
        self.reals
            .iter()
            .fold(self.ints as f64, |sum, (real, times)| sum + real.0 * (*times as f64))
    }
}

impl State {
    /// No value seen yet.
    #[must_use]
    pub fn new(kind: Aggregate) -> State {
        let seen = match kind {
            Aggregate::Count => Seen::Rows(0),
            Aggregate::Distinct | Aggregate::Set => Seen::Values(BTreeSet::new()),
            Aggregate::Min | Aggregate::Max => Seen::Best(None),
            Aggregate::Sum | Aggregate::SumReal | Aggregate::Avg => Seen::Numbers(Numbers::default()),
        };
        State { kind, seen }
    }

    /// What is computed.
    #[must_use]
    pub fn kind(&self) -> Aggregate {
        self.kind
    }

    /// One more row, with this value. A row that a `where` of the aggregate excludes is not added.
    pub fn add(&mut self, value: &Value) {
        match &mut self.seen {
            Seen::Rows(rows) => *rows = rows.saturating_add(1),
            Seen::Values(values) => {
                let value = element(value);
                if value.is_present() {
                    values.insert(value);
                }
            }
            Seen::Best(best) => {
                let candidate = match value {
                    Value::Time(time) => Some(Best::Time(*time)),
                    other => as_number(other).map(Best::Number),
                };
                *best = better(self.kind, *best, candidate);
            }
            Seen::Numbers(numbers) => {
                if let Some(number) = as_number(value) {
                    numbers.add(number);
                }
            }
        }
    }

    /// All that the other state has seen. The other must be of the same kind; one that reads other things is ignored.
    pub fn merge(&mut self, other: &State) {
        match (&mut self.seen, &other.seen) {
            (Seen::Rows(a), Seen::Rows(b)) => *a = a.saturating_add(*b),
            (Seen::Values(a), Seen::Values(b)) => a.extend(b.iter().cloned()),
            (Seen::Best(a), Seen::Best(b)) => *a = better(self.kind, *a, *b),
            (Seen::Numbers(a), Seen::Numbers(b)) => a.merge(b),
            _ => {}
        }
    }

    /// The result so far.
    #[must_use]
    pub fn finish(&self) -> Value {
        match &self.seen {
            Seen::Rows(rows) => int(*rows),
            Seen::Values(values) if self.kind == Aggregate::Distinct => int(values.len() as u64),
            Seen::Values(values) => Value::Set(values.iter().cloned().collect::<Set>()),
            Seen::Best(None) => Value::Missing,
            Seen::Best(Some(Best::Number(number))) => number.to_value(),
            Seen::Best(Some(Best::Time(time))) => Value::Time(*time),
            Seen::Numbers(numbers) => match self.kind {
                Aggregate::Avg if numbers.count() == 0 => Value::Missing,
                Aggregate::Avg => finite(numbers.total() / numbers.count() as f64),
                Aggregate::Sum if numbers.reals.is_empty() => {
                    i64::try_from(numbers.ints).map_or(Value::Missing, Value::Int)
                }
                _ => finite(numbers.total()),
            },
        }
    }
}

fn better(kind: Aggregate, a: Option<Best>, b: Option<Best>) -> Option<Best> {
    match (a, b) {
        (Some(a), Some(b)) if kind == Aggregate::Min => Some(a.min(b)),
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}

fn int(n: u64) -> Value {
    i64::try_from(n).map_or(Value::Missing, Value::Int)
}

fn finite(n: f64) -> Value {
    Number::real(n).map_or(Value::Missing, Number::to_value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Json;
    use Aggregate::*;
    use proptest::prelude::*;

    const KINDS: [Aggregate; 8] = [Count, Distinct, Aggregate::Set, Min, Max, Sum, SumReal, Avg];

    fn run<'a>(kind: Aggregate, values: impl IntoIterator<Item = &'a Value>) -> Value {
        let mut state = State::new(kind);
        values.into_iter().for_each(|value| state.add(value));
        state.finish()
    }

    fn j(text: &str) -> Value {
        Value::json(&Json::parse(text).unwrap())
    }

    fn empty_set() -> Value {
        Value::Set(crate::value::Set::default())
    }

    #[test]
    fn nothing_seen_or_nothing_to_read() {
        let unread = [Value::Missing, j("null"), j("\"\"")];
        for (kind, none, three) in [
            (Count, Value::Int(0), Value::Int(3)),
            (Distinct, Value::Int(0), Value::Int(0)),
            (Aggregate::Set, empty_set(), empty_set()),
            (Min, Value::Missing, Value::Missing),
            (Max, Value::Missing, Value::Missing),
            (Sum, Value::Int(0), Value::Int(0)),
            (SumReal, Value::Real(0.0), Value::Real(0.0)),
            (Avg, Value::Missing, Value::Missing),
        ] {
            assert_eq!(run(kind, []), none, "{kind:?}");
            assert_eq!(run(kind, &unread), three, "{kind:?}");
        }
        let no_numbers = [Value::Bool(true), j("[5]"), j("{}"), j("\"x\""), Value::text("x")];
        assert_eq!(run(Sum, &no_numbers), Value::Int(0));
        assert_eq!(run(Max, &no_numbers), Value::Missing);
    }

    #[test]
    fn distinct_and_set() {
        let values = [
            Value::text("a"),
            j("\"a\""),
            j("5"),
            j("\"5\""),
            j("{\"b\":1,\"a\":2}"),
            j("{\"a\":2,\"b\":1}"),
            Value::Missing,
        ];
        assert_eq!(run(Distinct, &values), Value::Int(3));
        let Value::Set(set) = run(Aggregate::Set, &values) else {
            panic!()
        };
        let texts: Vec<_> = set.iter().filter_map(|v| v.as_text().map(|t| t.to_string())).collect();
        assert_eq!(texts, ["5", "a", r#"{"a":2,"b":1}"#]);
        assert_eq!(
            run(Distinct, &[Value::text("a"), Value::text("A")]),
            Value::Int(2),
            "exact case"
        );
        assert_eq!(run(Distinct, &[Value::Real(0.0), Value::Real(-0.0)]), Value::Int(1));
    }

    #[test]
    fn least_and_greatest() {
        let numbers = [Value::Int(10), j("\"9\""), Value::Missing, Value::Real(9.5), j("\"x\"")];
        assert_eq!(
            (run(Min, &numbers), run(Max, &numbers)),
            (Value::Int(9), Value::Int(10))
        );
        let times = [Value::Time(Time(5)), Value::Time(Time(-5))];
        assert_eq!(
            (run(Min, &times), run(Max, &times)),
            (times[1].clone(), times[0].clone())
        );
        let big = 1_i64 << 53;
        assert_eq!(
            run(Max, &[Value::Real(big as f64), Value::Int(big + 1)]),
            Value::Int(big + 1)
        );
    }

    #[test]
    fn sums_and_means() {
        let ints = [Value::Int(1), j("\"2\""), Value::Missing, j("4")];
        assert_eq!(run(Sum, &ints), Value::Int(7));
        assert_eq!(run(SumReal, &ints), Value::Real(7.0));
        assert_eq!(run(Avg, &ints), Value::Real(7.0 / 3.0));
        assert_eq!(run(Sum, &[Value::Int(1), Value::Real(0.5)]), Value::Real(1.5));
        let beyond = [Value::Int(i64::MAX), Value::Int(1)];
        assert_eq!(run(Sum, &beyond), Value::Missing);
        assert_eq!(
            run(Sum, [&beyond[0], &beyond[1], &Value::Int(-1)]),
            Value::Int(i64::MAX),
            "only the end must fit"
        );
        assert!(run(SumReal, &beyond).is_present());
        assert_eq!(
            run(SumReal, &[Value::Real(f64::MAX), Value::Real(f64::MAX)]),
            Value::Missing
        );
        assert_eq!(run(Avg, &[Value::Real(0.1), Value::Real(0.1)]), Value::Real(0.1));
    }

    #[test]
    fn states_of_other_kinds_are_not_merged() {
        let mut count = State::new(Count);
        count.add(&Value::Missing);
        let mut sum = State::new(Sum);
        sum.add(&Value::Int(5));
        count.merge(&sum);
        assert_eq!((count.kind(), count.finish()), (Count, Value::Int(1)));
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Missing),
            (-3_i64..3).prop_map(Value::Int),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_map(Value::real),
            (-3_i64..3).prop_map(|n| Value::Real(n as f64)),
            (-1e9_f64..1e9).prop_map(Value::real),
            "[ab]{0,2}".prop_map(Value::text),
            (-5_i64..5).prop_map(|n| Value::Time(Time(n))),
            prop_oneof![
                Just("5"),
                Just("\"5\""),
                Just("0.1"),
                Just("true"),
                Just("[1]"),
                Just("{\"a\":1}")
            ]
            .prop_map(j),
        ]
    }

    proptest! {
        #[test]
        fn order_and_split_do_not_matter(
            values in proptest::collection::vec((value(), 0_usize..3), 0..30),
            shuffled in any::<prop::sample::Index>(),
        ) {
            for kind in KINDS {
                let expected = run(kind, values.iter().map(|(value, _)| value));
                let mut turned = values.clone();
                turned.rotate_left(shuffled.index(values.len().max(1)));
                turned.reverse();
                let mut parts = [State::new(kind), State::new(kind), State::new(kind)];
                for (value, part) in &turned {
                    parts[*part].add(value);
                }
                let mut merged = State::new(kind);
                for part in &parts {
                    merged.merge(part);
                }
                prop_assert_eq!(&merged.finish(), &expected, "{:?}", kind);
                prop_assert_eq!(std::mem::discriminant(&merged.finish()), std::mem::discriminant(&expected));
            }
        }

        #[test]
        fn least_is_not_above_greatest(values in proptest::collection::vec(value(), 1..20)) {
            let (min, max) = (run(Min, &values), run(Max, &values));
            prop_assert!(!crate::runtime::compare::greater(&min, &max));
        }
    }
}
