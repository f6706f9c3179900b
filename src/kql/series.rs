//! `make-series`: aggregates per bin of an axis, as arrays.

use super::ast::Series;
use super::bind::{Env, Machine};
use super::columns::{free_name, item_name};
use super::error::{KqlError, Place};
use super::eval::{At, Bound};
use super::ops::{limited, scope_of};
use super::table::{Column, Row, Table};
use super::value::{Type, Value};
use std::collections::BTreeMap;

/// The most bins of a series.
const MOST_BINS: i128 = 1_000_000;

/// Positions on the axis: ticks or whole numbers, or fractions.
#[derive(Clone, Copy)]
enum Axis {
    Whole(i64),
    Real(f64),
}

impl Axis {
    fn of(value: &Value) -> Option<Axis> {
        match value {
            Value::Long(n) | Value::Datetime(n) | Value::Timespan(n) => Some(Axis::Whole(*n)),
            Value::Real(n) if n.is_finite() => Some(Axis::Real(*n)),
            _ => None,
        }
    }

    fn real(self) -> f64 {
        match self {
            Axis::Whole(n) => n as f64,
            Axis::Real(n) => n,
        }
    }

    /// How many whole steps lie between the origin and here, rounded down.
    fn steps(self, origin: Axis, step: Axis) -> i128 {
        match (self, origin, step) {
            (Axis::Whole(at), Axis::Whole(origin), Axis::Whole(step)) => {
                (i128::from(at) - i128::from(origin)).div_euclid(i128::from(step).max(1))
            }
            _ => ((self.real() - origin.real()) / step.real()).floor() as i128,
        }
    }

    /// The position of a bin, of the kind of the axis.
    fn bin(origin: Axis, step: Axis, number: i128, ty: Type) -> Option<Value> {
        let at = match (origin, step) {
            (Axis::Whole(origin), Axis::Whole(step)) => {
                let at = number.checked_mul(i128::from(step))?.checked_add(i128::from(origin))?;
                let at = i64::try_from(at).ok()?;
                return Some(match ty {
                    Type::Datetime => Value::Datetime(super::time::in_calendar(at)?),
                    Type::Timespan => Value::Timespan(at),
                    Type::Real => Value::Real(at as f64),
                    _ => Value::Long(at),
                });
            }
            (origin, step) => origin.real() + number as f64 * step.real(),
        };
        Some(Value::Real(at))
    }
}

impl Machine<'_> {
    pub(super) fn make_series(
        &self,
        table: &Table,
        series: &Series,
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let scope = scope_of(table, env);
        let refuse = |place: Place, what: &str| Err(KqlError::at(place, what));
        let axis = self.bind(&series.axis.expr, scope)?;
        if !(axis.ty.is_number() || matches!(axis.ty, Type::Datetime | Type::Timespan | Type::Unknown)) {
            return refuse(axis.place, "the axis of a series is a datetime, a timespan or a number");
        }
        let bound = |expr: &Option<super::ast::Expr>, what: &str| match expr {
            None => Ok(None),
            Some(expr) => self.constant(expr, env, what).map(Some),
        };
        let (from, to) = (
            bound(&series.from, "the start of a series")?,
            bound(&series.to, "the end of a series")?,
        );
        let step = self.constant(&series.step, env, "the step of a series")?;
        for (ty, at) in [(&from, &series.from), (&to, &series.to)]
            .into_iter()
            .filter_map(|(value, expr)| Some((value.as_ref()?.0, expr.as_ref()?.place)))
        {
            let fits = ty == axis.ty || ty.is_number() && axis.ty.is_number() || ty.is_loose() || axis.ty.is_loose();
            if !fits {
                return Err(KqlError::at(
                    at,
                    format!("the axis of this series is {}, this is {ty}", axis.ty),
                ));
            }
        }

        // The keys, then the aggregates, then the axis.
        let mut result = Table::default();
        let mut keys: Vec<Bound> = Vec::new();
        for item in &series.by {
            let key = self.bind(&item.expr, scope)?;
            if key.ty == Type::Dynamic {
                return refuse(
                    key.place,
                    "grouping by a dynamic is an error in KQL: cast it, with `tostring`",
                );
            }
            result.columns.push(Column {
                name: item_name(&result.columns, item),
                ty: key.ty,
            });
            keys.push(key);
        }
        let mut parts = Vec::new();
        for (item, default) in &series.aggregates {
            let aggregates = self.aggregates(std::slice::from_ref(item), true, &result.columns, scope)?;
            let [column] = aggregates.columns() else {
                return refuse(item.expr.place, "a series is made of an aggregate of one column");
            };
            if !(column.ty.is_number() || column.ty == Type::Unknown || column.ty == Type::Timespan) {
                return refuse(item.expr.place, "a series is made of numbers");
            }
            let default = match default {
                Some(default) => self.constant(default, env, "the default of a series")?.1,
                None => Value::Long(0),
            };
            // An average has fractions, also where its default is whole.
            let default = match (&default, column.ty) {
                (Value::Long(n), Type::Real) => Value::Real(*n as f64),
                _ => default,
            };
            result.columns.push(Column {
                name: free_name(&result.columns, &column.name),
                ty: Type::Dynamic,
            });
            parts.push((aggregates, default));
        }
        result.columns.push(Column {
            name: free_name(&result.columns, &item_name(&result.columns, &series.axis)),
            ty: Type::Dynamic,
        });
        if self.checking {
            return Ok(result);
        }

        let Some(step) = Axis::of(&step.1).filter(|step| step.real() > 0.0) else {
            return refuse(series.step.place, "the step of a series must be greater than zero");
        };
        let position = |value: &Option<(Type, Value)>, what: &str| match value {
            None => Ok(None),
            Some((_, value)) => match Axis::of(value) {
                Some(at) => Ok(Some(at)),
                None => Err(KqlError::at(place, format!("the {what} of this series is null"))),
            },
        };
        let (from, to) = (position(&from, "start")?, position(&to, "end")?);
        // Bins are counted from the start; in the older form, and without a start, they are multiples of the step.
        let origin = match (from, series.inclusive) {
            (Some(from), false) => from,
            _ => Axis::Whole(0),
        };
        if from.is_none() && axis.ty == Type::Datetime && !divides_day(step) {
            return refuse(
                place,
                "the bins of a series of datetimes without `from`, by a step that does not divide a day, are not documented",
            );
        }
        let first = from.map(|from| from.steps(origin, step));
        // One past the last bin.
        let end = to.map(|to| {
            let whole = to.steps(origin, step);
            let exact = Axis::bin(origin, step, whole, axis.ty).and_then(|value| Axis::of(&value));
            let beyond = series.inclusive || exact.is_none_or(|at| at.real() < to.real());
            whole + i128::from(beyond)
        });

        let mut groups: BTreeMap<Row, (usize, BTreeMap<i128, Vec<usize>>)> = BTreeMap::new();
        for index in 0..table.rows.len() {
            let at = At {
                rows: &table.rows,
                index,
            };
            let key: Result<Row, KqlError> = keys.iter().map(|key| key.eval(at, &self.budget)).collect();
            let value = axis.eval(at, &self.budget)?;
            let Some(on) = Axis::of(&value) else {
                return refuse(
                    axis.place,
                    "a null on the axis of a series: the documents do not say what it gives",
                );
            };
            let bin = on.steps(origin, step);
            let next = groups.len();
            let (_, bins) = groups.entry(key?).or_insert_with(|| (next, BTreeMap::new()));
            let outside = first.is_some_and(|first| bin < first) || end.is_some_and(|end| bin >= end);
            if !outside {
                bins.entry(bin).or_default().push(index);
            }
        }
        if groups.values().any(|(_, bins)| bins.is_empty()) {
            return refuse(
                place,
                "a series whose rows all lie outside `from` and `to`: the documents do not say whether it is there; filter \
                 the axis before",
            );
        }
        if groups.is_empty() && series.nonempty {
            if !series.by.is_empty() || first.is_none() || end.is_none() {
                return refuse(
                    place,
                    "`kind=nonempty` of no rows with `by`, or without `from` and `to`: the documents do not say",
                );
            }
            groups.insert(Row::new(), (0, BTreeMap::new()));
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, (number, _))| *number);
        for (mut row, (_, bins)) in groups {
            let low = first.or_else(|| bins.keys().next().copied()).unwrap_or(0);
            let high = end
                .or_else(|| bins.keys().next_back().map(|last| last + 1))
                .unwrap_or(low);
            if high - low > MOST_BINS {
                return Err(KqlError::at(
                    place,
                    format!("this series has more than {MOST_BINS} bins, which is the limit here"),
                ));
            }
            for (aggregates, default) in &parts {
                let mut values = Vec::new();
                for bin in low..high {
                    self.budget.spend(1, place)?;
                    values.push(match bins.get(&bin) {
                        Some(group) => {
                            let found = aggregates.row(self, &table.rows, group, place)?;
                            found.into_iter().next().unwrap_or(Value::Null)
                        }
                        None => default.clone(),
                    });
                }
                row.push(Value::array(values));
            }
            let mut ticks = Vec::new();
            for bin in low..high {
                match Axis::bin(origin, step, bin, axis.ty) {
                    Some(value) => ticks.push(value),
                    None => return refuse(place, "this series leaves the range of its axis"),
                }
            }
            row.push(Value::array(ticks));
            result.rows.push(row);
            limited(result.rows.len(), place, "`make-series`")?;
        }
        Ok(result)
    }
}

fn divides_day(step: Axis) -> bool {
    match step {
        Axis::Whole(step) => step > 0 && super::time::DAY % step == 0,
        Axis::Real(_) => false,
    }
}
