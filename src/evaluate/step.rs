//! Steps: what is done to each row of a relation, in order.

use super::Unfit;
use super::expr::{Code, prepare};
use super::history::Histories;
use crate::plan::{Column, Origin, Plan, RelationId, Slot, Step, StepKind, Type};
use crate::runtime::function;
use crate::runtime::set::element;
use crate::source::{FieldId, ShapeId, Source};
use crate::value::{Json, Set, Time, Value};

/// A row on its way.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// By slot.
    pub(super) values: Vec<Value>,
    /// The elements that `each` chose for it, in order: they tell it from other rows of the same event.
    pub(super) chosen: Vec<Value>,
}

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Row {
        Row {
            values,
            chosen: Vec::new(),
        }
    }
}

/// What steps may need beside the row.
pub(super) enum Around<'a, 'g> {
    /// The event that a scan reads.
    Record {
        source: &'a Source,
        shape: ShapeId,
        body: &'a Json,
    },
    /// What baselines are computed from.
    Histories(&'a mut Histories<'g>),
    /// Nothing.
    Nothing,
}

/// A prepared step.
#[derive(Debug)]
pub(super) enum StepCode {
    /// Reads a field of the event; stands before the first step that needs it.
    Load(Slot, FieldId),
    Filter(Code),
    Except(Code),
    Extend(Slot, Code),
    Expand(Slot, Code),
    Lookup(Lookup),
}

/// A prepared lookup.
#[derive(Debug)]
pub(super) struct Lookup {
    baseline: RelationId,
    fills: Vec<Fill>,
}

/// A slot that a lookup fills.
#[derive(Debug)]
struct Fill {
    slot: Slot,
    /// The baseline's slot; none for the mark that there is a row.
    from: Option<Slot>,
    /// What stands there without a row.
    otherwise: Value,
}

impl Lookup {
    fn fill(&self, row: &mut [Value], past: Option<&[Value]>) {
        for fill in &self.fills {
            let value = match (past, fill.from) {
                (None, _) => fill.otherwise.clone(),
                (Some(_), None) => Value::Bool(true),
                (Some(past), Some(from)) => past.get(from).cloned().unwrap_or_default(),
            };
            put(row, fill.slot, value);
        }
    }
}

/// Prepares steps of a relation with these columns.
pub(super) fn prepare_steps(plan: &Plan, columns: &[Column], steps: &[Step]) -> Result<Vec<StepCode>, Unfit> {
    steps.iter().map(|step| prepare_step(plan, columns, step)).collect()
}

/// Prepares the steps of a scan: each field is read just before the first step that needs it, so that an event which
/// the first condition excludes costs little.
pub(super) fn prepare_scan(plan: &Plan, columns: &[Column], steps: &[Step]) -> Result<Vec<StepCode>, Unfit> {
    let fields = columns
        .iter()
        .enumerate()
        .filter_map(|(slot, column)| match column.origin {
            Origin::Field(field) => Some((slot, field)),
            _ => None,
        });
    let mut unread: Vec<(Slot, FieldId)> = fields.collect();
    let mut codes = Vec::new();
    for step in steps {
        let used = match &step.kind {
            StepKind::Filter(expr)
            | StepKind::Except { condition: expr, .. }
            | StepKind::Extend { value: expr, .. }
            | StepKind::Expand { list: expr, .. } => expr.slots(),
            StepKind::Lookup { .. } => Vec::new(),
        };
        unread.retain(|(slot, field)| {
            let now = used.contains(slot);
            if now {
                codes.push(StepCode::Load(*slot, *field));
            }
            !now
        });
        codes.push(prepare_step(plan, columns, step)?);
    }
    codes.extend(unread.into_iter().map(|(slot, field)| StepCode::Load(slot, field)));
    Ok(codes)
}

fn prepare_step(plan: &Plan, columns: &[Column], step: &Step) -> Result<StepCode, Unfit> {
    Ok(match &step.kind {
        StepKind::Filter(condition) => StepCode::Filter(prepare(plan, condition)?),
        StepKind::Except { condition, .. } => StepCode::Except(prepare(plan, condition)?),
        StepKind::Extend { slot, value } => StepCode::Extend(*slot, prepare(plan, value)?),
        StepKind::Expand { slot, list } => StepCode::Expand(*slot, prepare(plan, list)?),
        StepKind::Lookup { baseline } => {
            let fill = |(slot, column): (Slot, &Column)| {
                let from = match column.origin {
                    Origin::Baseline(relation, from) if relation == *baseline => Some(from),
                    Origin::BaselinePresent(relation) if relation == *baseline => None,
                    _ => return None,
                };
                let otherwise = match column.ty {
                    Type::Set(_) => Value::Set(Set::default()),
                    _ => Value::Missing,
                };
                Some(Fill { slot, from, otherwise })
            };
            StepCode::Lookup(Lookup {
                baseline: *baseline,
                fills: columns.iter().enumerate().filter_map(fill).collect(),
            })
        }
    })
}

/// Takes a row through the steps; what is left of it goes to `out`.
pub(super) fn run(steps: &[StepCode], mut row: Row, around: &mut Around<'_, '_>, out: &mut Vec<Row>) {
    let mut rest = steps;
    while let Some((step, later)) = rest.split_first() {
        rest = later;
        match step {
            StepCode::Load(slot, field) => {
                if let Around::Record { source, shape, body } = around {
                    put(&mut row.values, *slot, source.read(*shape, *field, body).value);
                }
            }
            StepCode::Filter(condition) => {
                if !condition.holds(&row.values) {
                    return;
                }
            }
            StepCode::Except(condition) => {
                if condition.holds(&row.values) {
                    return;
                }
            }
            StepCode::Extend(slot, value) => {
                let value = value.value(&row.values).into_owned();
                put(&mut row.values, *slot, value);
            }
            StepCode::Expand(slot, list) => {
                let elements = function::each(&list.value(&row.values));
                for one in elements {
                    let mut next = row.clone();
                    next.chosen.push(element(&one));
                    put(&mut next.values, *slot, one);
                    run(rest, next, around, out);
                }
                return;
            }
            StepCode::Lookup(lookup) => {
                let found = match around {
                    Around::Histories(histories) => histories.rows(lookup.baseline, &row.values),
                    _ => Vec::new(),
                };
                if found.is_empty() {
                    lookup.fill(&mut row.values, None);
                    continue;
                }
                // More than one only where the baseline has an `each` of its own.
                for past in found {
                    let mut next = row.clone();
                    lookup.fill(&mut next.values, Some(&past.values));
                    next.chosen.extend(past.chosen);
                    run(rest, next, around, out);
                }
                return;
            }
        }
    }
    out.push(row);
}

/// Fills a slot; a slot that the row does not have is left alone.
pub(super) fn put(row: &mut [Value], slot: Slot, value: Value) {
    if let Some(place) = row.get_mut(slot) {
        *place = value;
    }
}

/// A slot that every operator fills with a time.
pub(super) fn clock(row: &[Value], slot: Slot) -> Time {
    match row.get(slot) {
        Some(Value::Time(time)) => *time,
        _ => Time(0),
    }
}
