//! Aggregates: what they take, what they are called, what they give for a group.

use super::ast::{Expr, ExprKind, Item};
use super::bind::{Machine, Scope};
use super::error::{KqlError, Place};
use super::eval::{At, Bound, Budget};
use super::table::{Column, Row};
use super::value::{Type, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The most elements of a set or a list.
const MOST: usize = 1_048_576;

/// An aggregate that is called.
pub(super) struct Aggregate {
    kind: Kind,
    args: Vec<Bound>,
    condition: Option<Bound>,
    limit: usize,
    place: Place,
    /// The columns that it gives.
    pub(super) columns: Vec<Column>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Count,
    Distinct,
    Set,
    List { nulls: bool },
    Min,
    Max,
    Sum,
    Average,
    Any,
    ArgMax,
    ArgMin,
    Spread { root: bool },
}

/// The aggregate of that name, whether it has a condition, and how its default name begins.
fn find(name: &str) -> Option<(Kind, bool, &'static str)> {
    Some(match name {
        "count" => (Kind::Count, false, "count"),
        "countif" => (Kind::Count, true, "countif"),
        "dcount" => (Kind::Distinct, false, "dcount"),
        "dcountif" => (Kind::Distinct, true, "dcountif"),
        "count_distinct" => (Kind::Distinct, false, "count_distinct"),
        "count_distinctif" => (Kind::Distinct, true, "count_distinctif"),
        "make_set" => (Kind::Set, false, "set"),
        "make_set_if" => (Kind::Set, true, "set"),
        "makeset" => (Kind::Set, false, "set"),
        "make_list" | "makelist" => (Kind::List { nulls: false }, false, "list"),
        "make_list_if" => (Kind::List { nulls: false }, true, "list"),
        "make_list_with_nulls" => (Kind::List { nulls: true }, false, "list"),
        "min" => (Kind::Min, false, "min"),
        "minif" => (Kind::Min, true, "minif"),
        "max" => (Kind::Max, false, "max"),
        "maxif" => (Kind::Max, true, "maxif"),
        "sum" => (Kind::Sum, false, "sum"),
        "sumif" => (Kind::Sum, true, "sumif"),
        "avg" => (Kind::Average, false, "avg"),
        "avgif" => (Kind::Average, true, "avgif"),
        "take_any" | "any" => (Kind::Any, false, "take_any"),
        "take_anyif" | "anyif" => (Kind::Any, true, "take_anyif"),
        "arg_max" | "argmax" => (Kind::ArgMax, false, "max"),
        "arg_min" | "argmin" => (Kind::ArgMin, false, "min"),
        "stdev" => (Kind::Spread { root: true }, false, "stdev"),
        "stdevif" => (Kind::Spread { root: true }, true, "stdevif"),
        "variance" => (Kind::Spread { root: false }, false, "variance"),
        "varianceif" => (Kind::Spread { root: false }, true, "varianceif"),
        _ => return None,
    })
}

/// Whether an aggregate of that name is known, here or to Kusto.
pub(super) fn is_aggregate(name: &str) -> bool {
    find(name).is_some()
        || matches!(
            name,
            "percentile" | "percentiles" | "make_bag" | "hll" | "tdigest" | "make_bag_if"
        )
}

impl Machine<'_> {
    /// An aggregate call; none where the expression is something else.
    pub(super) fn aggregate(
        &self,
        item: &Item,
        by: &[Column],
        scope: Scope<'_>,
    ) -> Result<Option<Aggregate>, KqlError> {
        let ExprKind::Call(name, args) = &item.expr.kind else {
            return Ok(None);
        };
        let place = item.expr.place;
        let Some((kind, conditional, prefix)) = find(name) else {
            return Ok(None);
        };
        let wrong = |what: &str| Err(KqlError::at(place, format!("`{name}` takes {what}")));
        let mut columns = Vec::new();
        let mut bound = Vec::new();
        let mut args: Vec<&Expr> = args.iter().map(|arg| &arg.expr).collect();
        let argument_name = args.first().and_then(|arg| super::ops::expression_name(arg));
        let arity = match kind {
            Kind::Count => 0,
            Kind::ArgMax | Kind::ArgMin | Kind::Any => args.len(),
            _ => 1,
        };
        if args.len() < arity + usize::from(conditional) || (arity == 0 && kind != Kind::Count) {
            return wrong("more arguments");
        }
        let rest = args.split_off(if kind == Kind::Any && conditional { 1 } else { arity });
        let mut rest = rest.into_iter();
        let condition = if conditional { rest.next() } else { None };
        let condition = condition.map(|c| self.condition(c, scope)).transpose()?;
        let mut limit = if name.starts_with("makeset") || name.starts_with("makelist") {
            128
        } else {
            MOST
        };
        if let Some(more) = rest.next() {
            match kind {
                Kind::Set | Kind::List { .. } => limit = self.count(more, scope.env, "the largest size")?.min(MOST),
                // The accuracy of an estimate; here it is exact.
                Kind::Distinct => {}
                _ => return wrong("fewer arguments"),
            }
        }
        if rest.next().is_some() {
            return wrong("fewer arguments");
        }
        for (index, arg) in args.iter().enumerate() {
            if matches!(arg.kind, ExprKind::Star) {
                if !(matches!(kind, Kind::ArgMax | Kind::ArgMin) && index == 1 || kind == Kind::Any && index == 0) {
                    return wrong("no `*` here");
                }
                for (at, column) in scope.columns.iter().enumerate() {
                    let taken = by.iter().chain(&columns).any(|c| c.name == column.name);
                    if !taken {
                        bound.push(Bound::new(column.ty, super::eval::Code::Column(at), arg.place));
                        columns.push(column.clone());
                    }
                }
                continue;
            }
            let one = self.bind(arg, scope)?;
            if matches!(kind, Kind::ArgMax | Kind::ArgMin | Kind::Any) {
                let own = super::ops::expression_name(arg).unwrap_or_else(|| format!("{prefix}_{index}").into());
                let own = match (&item.name, index) {
                    (Some((name, _)), 0) => Arc::clone(name),
                    _ => own,
                };
                columns.push(Column { name: own, ty: one.ty });
            }
            bound.push(one);
        }
        let first = bound.first().map_or(Type::Long, |arg| arg.ty);
        let refuse = |ty: Type| Err(KqlError::at(place, format!("`{name}` of {ty} is not supported")));
        let ty = match kind {
            Kind::Count | Kind::Distinct => Type::Long,
            Kind::Set | Kind::List { .. } => Type::Dynamic,
            Kind::Min | Kind::Max | Kind::ArgMax | Kind::ArgMin if matches!(first, Type::Dynamic | Type::Guid) => {
                return refuse(first);
            }
            Kind::Sum if first == Type::Int => Type::Long,
            Kind::Sum if first.is_number() || first == Type::Timespan => first,
            Kind::Average if first == Type::Timespan => first,
            Kind::Average | Kind::Spread { .. } if first.is_number() => Type::Real,
            Kind::Sum | Kind::Average | Kind::Spread { .. } => return refuse(first),
            _ => first,
        };
        if columns.is_empty() {
            let name = match (&item.name, argument_name) {
                (Some((name, _)), _) => Arc::clone(name),
                (None, Some(argument)) if kind != Kind::Count => format!("{prefix}_{argument}").into(),
                (None, _) => format!("{prefix}_").into(),
            };
            columns.push(Column { name, ty });
        }
        Ok(Some(Aggregate {
            kind,
            args: bound,
            condition,
            limit,
            place,
            columns,
        }))
    }
}

impl Aggregate {
    /// The values for the rows of a group.
    pub(super) fn compute(&self, rows: &[Row], group: &[usize], budget: &Budget) -> Result<Vec<Value>, KqlError> {
        let refuse = |what: &str| Err(KqlError::at(self.place, what));
        let mut kept = Vec::new();
        for index in group {
            let at = At { rows, index: *index };
            if match &self.condition {
                Some(condition) => condition.holds(at, budget)?,
                None => true,
            } {
                kept.push(at);
            }
        }
        if self.kind == Kind::Count {
            return Ok(vec![Value::Long(i64::try_from(kept.len()).unwrap_or(i64::MAX))]);
        }
        if matches!(self.kind, Kind::ArgMax | Kind::ArgMin | Kind::Any) {
            return self.whole_rows(&kept, budget);
        }
        let Some(arg) = self.args.first() else {
            return refuse("this aggregate misses its argument");
        };
        let mut values = Vec::with_capacity(kept.len());
        for at in kept {
            let value = arg.eval(at, budget)?;
            if !value.is_null() || self.kind == (Kind::List { nulls: true }) {
                values.push(value);
            }
        }
        let one = match self.kind {
            Kind::Distinct => {
                let distinct: BTreeSet<Value> = values.into_iter().collect();
                Value::Long(i64::try_from(distinct.len()).unwrap_or(i64::MAX))
            }
            Kind::Set => {
                let mut seen = BTreeSet::new();
                let mut set = Vec::new();
                for value in values {
                    if matches!(value, Value::Array(_)) {
                        return refuse("`make_set` of arrays is not supported");
                    }
                    if set.len() < self.limit && seen.insert(value.clone()) {
                        set.push(value);
                    }
                }
                Value::array(set)
            }
            Kind::List { .. } => {
                values.truncate(self.limit);
                Value::array(values)
            }
            Kind::Min => values.into_iter().min().unwrap_or(Value::Null),
            Kind::Max => values.into_iter().max().unwrap_or(Value::Null),
            Kind::Sum => return self.sum(&values).map(|value| vec![value]),
            Kind::Average => {
                let count = values.len() as f64;
                match (values.is_empty(), self.sum(&values)?) {
                    (true, _) => Value::Null,
                    (_, Value::Timespan(total)) => Value::Timespan((total as f64 / count).round() as i64),
                    (_, total) => total.number().map_or(Value::Null, |total| Value::Real(total / count)),
                }
            }
            Kind::Spread { root } => {
                let numbers: Vec<f64> = values.iter().filter_map(Value::number).collect();
                let count = numbers.len() as f64;
                if numbers.is_empty() {
                    Value::Null
                } else if numbers.len() == 1 {
                    return refuse(
                        "`stdev` and `variance` of a single number: the documents do not say what they give",
                    );
                } else {
                    let mean = numbers.iter().sum::<f64>() / count;
                    let square = numbers.iter().map(|n| (n - mean) * (n - mean)).sum::<f64>() / (count - 1.0);
                    Value::Real(if root { square.sqrt() } else { square })
                }
            }
            _ => Value::Null,
        };
        Ok(vec![one])
    }

    fn sum(&self, values: &[Value]) -> Result<Value, KqlError> {
        let overflow = || {
            KqlError::at(
                self.place,
                "this sum leaves the range of `long`, which the documents do not describe",
            )
        };
        let real = matches!(self.args.first().map(|a| a.ty), Some(Type::Real));
        let mut total = 0_i64;
        let mut fraction = 0.0;
        for value in values {
            match value {
                Value::Long(n) | Value::Timespan(n) if !real => total = total.checked_add(*n).ok_or_else(overflow)?,
                other => fraction += other.number().unwrap_or(0.0),
            }
        }
        Ok(match self.args.first().map(|a| a.ty) {
            Some(Type::Real) => Value::Real(fraction),
            Some(Type::Timespan) => Value::Timespan(total),
            _ => Value::Long(total),
        })
    }

    /// `arg_max`, `arg_min`, `take_any`: values of one row.
    fn whole_rows(&self, kept: &[At<'_>], budget: &Budget) -> Result<Vec<Value>, KqlError> {
        let mut best: Option<Vec<Value>> = None;
        let mut tie = false;
        for at in kept {
            let mut values = Vec::with_capacity(self.args.len());
            for arg in &self.args {
                values.push(arg.eval(*at, budget)?);
            }
            let Some(old) = &best else {
                best = Some(values);
                continue;
            };
            let (new_key, old_key) = (values.first(), old.first());
            let null = |key: Option<&Value>| key.is_none_or(Value::is_null);
            let better = match self.kind {
                Kind::Any => {
                    values.len() == 1 && old_key.is_none_or(Value::is_empty) && !new_key.is_none_or(Value::is_empty)
                }
                _ if null(new_key) => false,
                _ if null(old_key) => true,
                Kind::ArgMax => new_key > old_key,
                _ => new_key < old_key,
            };
            if better {
                best = Some(values);
                tie = false;
            } else if self.kind != Kind::Any && !null(new_key) && new_key == old_key && values != *old {
                tie = true;
            }
        }
        if tie {
            return Err(KqlError::at(
                self.place,
                "several rows of a group have the extreme value: the documents do not say which one counts",
            ));
        }
        Ok(best.unwrap_or_else(|| self.columns.iter().map(|column| column.ty.null()).collect()))
    }
}
