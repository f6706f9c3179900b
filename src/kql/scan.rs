//! `scan`: sequences of rows that match steps.

use super::ast::{Expr, ExprKind, Output, Scan};
use super::bind::{Env, Machine, Scope};
use super::bind_call::fit;
use super::error::{KqlError, Place};
use super::eval::{At, Bound};
use super::ops::{limited, scope_of};
use super::table::{Column, Row, Table};
use super::value::{Type, Value};
use std::sync::Arc;

/// The name of a step's column in the state, which no text can write.
fn state_name(step: &str, column: &str) -> Arc<str> {
    format!("\u{1}{step}\u{1}{column}").into()
}

/// A step, resolved over the row with the state behind it.
struct Bounds {
    output: Output,
    condition: Bound,
    /// Which declared column, and its value
    assignments: Vec<(usize, Bound)>,
}

/// What a step remembers: the extended row of every step up to it, and which match it belongs to.
#[derive(Clone, Default)]
struct State {
    rows: Vec<Option<Row>>,
    match_id: i64,
    /// For `output=last`: the row that waits for the end of the series
    waiting: Option<Row>,
}

impl State {
    fn active(&self, step: usize) -> bool {
        self.rows.get(step).is_some_and(Option::is_some)
    }
}

impl Machine<'_> {
    pub(super) fn scan(&self, table: &Table, scan: &Scan, env: &Env, place: Place) -> Result<Table, KqlError> {
        if !table.serialized {
            return Err(KqlError::at(
                place,
                "`scan` needs rows in an order: put `sort`, `top` or `serialize` before it",
            ));
        }
        let mut columns = table.columns.clone();
        let mut defaults = Row::new();
        for (name, ty, default) in &scan.columns {
            if columns.iter().any(|column| column.name == *name) {
                return Err(KqlError::at(place, format!("there are two columns `{name}`")));
            }
            columns.push(Column {
                name: Arc::clone(name),
                ty: *ty,
            });
            defaults.push(match default {
                Some(default) => {
                    let (own, value) = self.constant(default, env, "a default of `scan`")?;
                    fit(*ty, Bound::constant(own, value, default.place), name)?.eval_alone(&self.budget)?
                }
                None => ty.null(),
            });
        }
        let width = columns.len();
        let mut wide = columns.clone();
        for (index, step) in scan.steps.iter().enumerate() {
            if scan.steps.iter().take(index).any(|other| other.name == step.name) {
                return Err(KqlError::at(place, format!("there are two steps `{}`", step.name)));
            }
            wide.extend(columns.iter().map(|column| Column {
                name: state_name(&step.name, &column.name),
                ty: column.ty,
            }));
        }
        let mut steps = Vec::new();
        for (index, step) in scan.steps.iter().enumerate() {
            let known = scan
                .steps
                .iter()
                .take(index + 1)
                .map(|step| &step.name)
                .collect::<Vec<_>>();
            let all = scan.steps.iter().map(|step| &step.name).collect::<Vec<_>>();
            let scope = Scope {
                columns: &wide,
                ..scope_of(table, env)
            };
            let bind = |expr: &Expr| self.bind(&with_state(expr, &known, &all)?, scope);
            let condition = bind(&step.condition)?;
            if !matches!(condition.ty, Type::Bool | Type::Unknown) {
                return Err(KqlError::at(
                    condition.place,
                    format!("a condition must be bool, this is {}", condition.ty),
                ));
            }
            let mut assignments = Vec::new();
            for item in &step.assignments {
                let declared = item
                    .name
                    .as_ref()
                    .and_then(|(name, _)| scan.columns.iter().position(|(own, ..)| own == name));
                let (Some(at), Some((name, _))) = (declared, &item.name) else {
                    return Err(KqlError::at(
                        item.expr.place,
                        "a step assigns to the columns that `scan declare (...)` names",
                    ));
                };
                let ty = scan.columns.get(at).map_or(Type::Dynamic, |(_, ty, _)| *ty);
                assignments.push((table.columns.len() + at, fit(ty, bind(&item.expr)?, name)?));
            }
            steps.push(Bounds {
                output: step.output,
                condition,
                assignments,
            });
        }
        let mut result = Table {
            columns,
            serialized: true,
            open: table.open,
            rows: Vec::new(),
        };
        if let Some(name) = &scan.match_id {
            result.columns.push(Column {
                name: Arc::clone(name),
                ty: Type::Long,
            });
        }
        let nulls: Row = result
            .columns
            .iter()
            .take(table.columns.len())
            .map(|column| column.ty.null())
            .chain(defaults.iter().cloned())
            .collect();
        let mut out: Vec<Row> = Vec::new();
        let mut states: Vec<State> = vec![State::default(); steps.len()];
        let mut next_match = 0_i64;
        for row in &table.rows {
            let mut extended = row.clone();
            extended.extend(defaults.iter().cloned());
            for index in (0..steps.len()).rev() {
                let Some(step) = steps.get(index) else { continue };
                self.budget.spend(wide.len() as u64 + 1, place)?;
                // The row, then what every step holds; a step that holds nothing holds nulls and defaults.
                let view = |state: &State| -> Vec<Row> {
                    let mut all = extended.clone();
                    for number in 0..steps.len() {
                        let held = state.rows.get(number).cloned().flatten();
                        all.extend(held.unwrap_or_else(|| nulls.clone()));
                    }
                    vec![all]
                };
                let before = index
                    .checked_sub(1)
                    .and_then(|before| states.get(before).filter(|state| state.active(before)).cloned());
                let promoted = match before {
                    Some(state)
                        if step.condition.holds(
                            At {
                                rows: &view(&state),
                                index: 0,
                            },
                            &self.budget,
                        )? =>
                    {
                        Some(state)
                    }
                    _ => None,
                };
                let fresh = promoted.is_some();
                let own = states.get(index).cloned().unwrap_or_default();
                let state = match promoted {
                    Some(state) => state,
                    None => {
                        let open = own.active(index) || index == 0;
                        if !(open
                            && step.condition.holds(
                                At {
                                    rows: &view(&own),
                                    index: 0,
                                },
                                &self.budget,
                            )?)
                        {
                            continue;
                        }
                        own.clone()
                    }
                };
                let seen = view(&state);
                let mut new = extended.clone();
                for (at, value) in &step.assignments {
                    let value = value.eval(At { rows: &seen, index: 0 }, &self.budget)?;
                    if let Some(cell) = new.get_mut(*at) {
                        *cell = value;
                    }
                }
                let mut state = state;
                if fresh {
                    // What stood in this step is over; the step before gives its state away.
                    out.extend(own.waiting);
                    if let Some(before) = index.checked_sub(1).and_then(|before| states.get_mut(before)) {
                        out.extend(before.waiting.take());
                        *before = State::default();
                    }
                    state.waiting = None;
                } else if index == 0 && !own.active(0) {
                    state.match_id = next_match;
                    next_match = next_match.saturating_add(1);
                }
                state.rows.resize(steps.len(), None);
                if let Some(cell) = state.rows.get_mut(index) {
                    *cell = Some(new.clone());
                }
                if scan.match_id.is_some() {
                    new.push(Value::Long(state.match_id));
                }
                match step.output {
                    Output::All => out.push(new),
                    Output::Last => state.waiting = Some(new),
                    Output::None => {}
                }
                if let Some(slot) = states.get_mut(index) {
                    *slot = state;
                }
                limited(out.len(), place, "`scan`")?;
            }
        }
        out.extend(states.into_iter().filter_map(|state| state.waiting));
        debug_assert!(out.iter().all(|row| row.len() >= width));
        result.rows = out;
        Ok(result)
    }
}

/// The expression with `step.column` replaced by the name of the state's column.
fn with_state(expr: &Expr, known: &[&Arc<str>], all: &[&Arc<str>]) -> Result<Expr, KqlError> {
    if let ExprKind::Member(of, column) = &expr.kind
        && let ExprKind::Name(step) = &of.kind
        && all.contains(&step)
    {
        if !known.contains(&step) {
            return Err(KqlError::at(
                expr.place,
                format!("the step `{step}` comes later: a step sees those before it and itself"),
            ));
        }
        return Ok(Expr {
            kind: ExprKind::Name(state_name(step, column)),
            place: expr.place,
        });
    }
    expr.map(&mut |expr| with_state(expr, known, all))
}
