//! Matches: rows of the parts are collected slim, then paired by key and time.

use super::Unfit;
use super::expr::{Code, prepare};
use super::step::{Row, StepCode, clock, put};
use crate::plan::{FIRST, JoinKey, LAST, Link, PartColumn, Plan, Relation, RelationId, Slot, TIME};
use crate::runtime::set::element;
use crate::value::{Span, Time, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A prepared match.
#[derive(Debug)]
pub(super) struct JoinCode {
    pub(super) parts: Vec<RelationId>,
    link: Link,
    within: Span,
    keys: Vec<KeyCode>,
    columns: Vec<ColumnCode>,
    pub(super) steps: Vec<StepCode>,
    /// Number of columns.
    width: usize,
}

/// An equality: part and value on either side, that of the earlier part first.
#[derive(Debug)]
struct KeyCode {
    slot: Slot,
    earlier: (usize, Code),
    later: (usize, Code),
}

#[derive(Debug)]
struct ColumnCode {
    slot: Slot,
    part: usize,
    value: Code,
}

/// A row of a part, with what the match needs of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PartRow {
    time: Time,
    /// By number of the key; missing where the key is none of this part's.
    keys: Vec<Value>,
    /// In the order of the columns taken from this part.
    columns: Vec<Value>,
    first: Time,
    last: Time,
    pub(super) identity: Vec<Value>,
    pub(super) events: Vec<Arc<str>>,
}

/// Rows found by a match, each with the parts it is made of.
pub(super) struct Pair<'r> {
    pub(super) row: Row,
    pub(super) parts: Vec<&'r PartRow>,
}

impl Pair<'_> {
    /// When a row of these parts is due.
    pub(super) fn time(&self) -> Time {
        clock(&self.row.values, TIME)
    }
}

impl JoinCode {
    #[allow(clippy::too_many_arguments, reason = "the operator's own fields")]
    pub(super) fn prepare(
        plan: &Plan,
        relation: &Relation,
        parts: Vec<RelationId>,
        link: Link,
        within: Span,
        keys: &[JoinKey],
        columns: &[PartColumn],
        steps: Vec<StepCode>,
    ) -> Result<JoinCode, Unfit> {
        let mut code = JoinCode {
            parts,
            link,
            within,
            keys: Vec::new(),
            columns: Vec::new(),
            steps,
            width: relation.columns.len(),
        };
        for key in keys {
            let left = (key.left.0, prepare(plan, &key.left.1)?);
            let right = (key.right.0, prepare(plan, &key.right.1)?);
            let (earlier, later) = if left.0 <= right.0 {
                (left, right)
            } else {
                (right, left)
            };
            code.keys.push(KeyCode {
                slot: key.slot,
                earlier,
                later,
            });
        }
        for column in columns {
            code.columns.push(ColumnCode {
                slot: column.slot,
                part: column.part,
                value: prepare(plan, &column.value)?,
            });
        }
        Ok(code)
    }

    /// What is kept of a row of part number `part`; none where a key is missing. A row of which only the absence
    /// counts needs no `identity` and no `events`.
    pub(super) fn part_row(
        &self,
        part: usize,
        row: &[Value],
        identity: Vec<Value>,
        events: &[Arc<str>],
    ) -> Option<PartRow> {
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let side = [&key.earlier, &key.later].into_iter().find(|side| side.0 == part);
            let value = side.map(|side| side.1.value(row).into_owned());
            if value.as_ref().is_some_and(|value| !value.is_present()) {
                return None;
            }
            keys.push(value.unwrap_or_default());
        }
        let columns = self.columns.iter().filter(|column| column.part == part);
        let absent = self.link == Link::Without && part > 0;
        Some(PartRow {
            time: clock(row, TIME),
            keys,
            columns: columns.map(|column| column.value.value(row).into_owned()).collect(),
            first: clock(row, FIRST),
            last: clock(row, LAST),
            identity: if absent { Vec::new() } else { identity },
            events: if absent { Vec::new() } else { events.to_vec() },
        })
    }

    /// Gives every row of the match to `found`, in an order that depends on the rows alone.
    pub(super) fn pairs<'r>(&self, parts: &'r mut [Vec<PartRow>], found: &mut dyn FnMut(Pair<'r>)) {
        for rows in parts.iter_mut() {
            rows.sort_unstable();
        }
        let Some((first, others)) = parts.split_first() else {
            return;
        };
        let indexes: Vec<Index<'_>> = (1..).zip(others).map(|(part, rows)| self.index(part, rows)).collect();
        for row in first {
            if self.link == Link::Without {
                let absent = indexes.iter().all(|index| !self.reached(row, index));
                if absent {
                    found(self.pair(vec![row]));
                }
            } else {
                self.extend(vec![row], &indexes, found);
            }
        }
    }

    /// The rows of a part by the keys that link it to parts before it, in the order of time.
    fn index<'r>(&self, part: usize, rows: &'r [PartRow]) -> Index<'r> {
        let mut index = Index::new();
        for row in rows {
            let keys = self.keys.iter().zip(&row.keys).filter(|(key, _)| key.later.0 == part);
            let key: Vec<Value> = keys.map(|(_, value)| comparable(value)).collect();
            index.entry(key).or_default().push(row);
        }
        index
    }

    /// The rows of part number `row.len()` with the keys of the rows before it.
    fn candidates<'r, 'i>(&self, rows: &[&'r PartRow], index: &'i Index<'r>) -> &'i [&'r PartRow] {
        let part = rows.len();
        let keys = self.keys.iter().enumerate().filter(|(_, key)| key.later.0 == part);
        let value = |(number, key): (usize, &KeyCode)| {
            let row = rows.get(key.earlier.0)?;
            row.keys.get(number).map(comparable)
        };
        let key: Option<Vec<Value>> = keys.map(value).collect();
        key.and_then(|key| index.get(&key)).map_or(&[], Vec::as_slice)
    }

    /// Adds a row of the next part in every way that there is.
    fn extend<'r>(&self, rows: Vec<&'r PartRow>, indexes: &[Index<'r>], found: &mut dyn FnMut(Pair<'r>)) {
        let Some((index, later)) = indexes.split_first() else {
            found(self.pair(rows));
            return;
        };
        let times = || rows.iter().map(|row| row.time);
        let (Some(earliest), Some(latest)) = (times().min(), times().max()) else {
            return;
        };
        let to = earliest.plus(self.within);
        let from = if self.link == Link::Then {
            latest
        } else {
            latest.minus(self.within)
        };
        for row in between(self.candidates(&rows, index), from, to) {
            let mut rows = rows.clone();
            rows.push(row);
            self.extend(rows, later, found);
        }
    }

    /// Whether a row of the part that must be absent has the keys of this one and a time up to `within` before it.
    fn reached(&self, row: &PartRow, index: &Index<'_>) -> bool {
        let mut near = between(self.candidates(&[row], index), row.time.minus(self.within), row.time);
        near.next().is_some()
    }

    fn pair<'r>(&self, parts: Vec<&'r PartRow>) -> Pair<'r> {
        let mut values = vec![Value::Missing; self.width];
        let clocks = [
            (TIME, parts.iter().map(|row| row.time).max()),
            (FIRST, parts.iter().map(|row| row.first).min()),
            (LAST, parts.iter().map(|row| row.last).max()),
        ];
        for (slot, time) in clocks {
            put(&mut values, slot, time.map_or(Value::Missing, Value::Time));
        }
        for (number, key) in self.keys.iter().enumerate() {
            let value = parts.get(key.earlier.0).and_then(|row| row.keys.get(number));
            put(&mut values, key.slot, value.cloned().unwrap_or_default());
        }
        for (number, row) in parts.iter().enumerate() {
            let columns = self.columns.iter().filter(|column| column.part == number);
            for (column, value) in columns.zip(&row.columns) {
                put(&mut values, column.slot, value.clone());
            }
        }
        Pair {
            row: Row::new(values),
            parts,
        }
    }
}

type Index<'r> = BTreeMap<Vec<Value>, Vec<&'r PartRow>>;

/// The rows with a time from `from` to `to`, both included, out of rows in the order of time.
fn between<'i, 'r>(rows: &'i [&'r PartRow], from: Time, to: Time) -> impl Iterator<Item = &'r PartRow> + use<'i, 'r> {
    let start = rows.partition_point(|row| row.time < from);
    rows.iter().skip(start).take_while(move |row| row.time <= to).copied()
}

/// The one form in which equal keys are the same: as an element of a set, and a whole number always an int.
fn comparable(value: &Value) -> Value {
    match element(value) {
        // Within these bounds every whole real is an int, exactly.
        Value::Real(n) if n.fract() == 0.0 && (-9.2e18..9.2e18).contains(&n) => Value::Int(n as i64),
        other => other,
    }
}
