//! `summarize`

use super::aggregate::Aggregate;
use super::ast::{Expr, ExprKind, Item};
use super::bind::{Env, Machine, Scope};
use super::columns::{expression_name, free_name, item_name, numbered_name};
use super::error::{KqlError, Place};
use super::eval::{At, Bound};
use super::ops::scope_of;
use super::table::{Column, Row, Table};
use super::value::Type;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a column of the result is.
enum Output {
    /// The columns of an aggregate.
    Plain(usize),
    /// An expression of aggregates, over the columns that they give.
    Expression(Bound),
}

/// Aggregates and expressions of them, resolved.
pub(super) struct Aggregates {
    aggregates: Vec<Aggregate>,
    outputs: Vec<Output>,
    columns: Vec<Column>,
}

impl Aggregates {
    /// What they give.
    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The values for a group of rows.
    pub(super) fn row(
        &self,
        machine: &Machine<'_>,
        rows: &[Row],
        group: &[usize],
        place: Place,
    ) -> Result<Row, KqlError> {
        let mut values = Vec::with_capacity(self.aggregates.len());
        for aggregate in &self.aggregates {
            machine.budget.spend(group.len() as u64, place)?;
            values.push(aggregate.compute(rows, group, &machine.budget)?);
        }
        let flat: Vec<Row> = vec![values.iter().flatten().cloned().collect()];
        let mut row = Row::new();
        for output in &self.outputs {
            match output {
                Output::Plain(number) => row.extend(values.get(*number).into_iter().flatten().cloned()),
                Output::Expression(bound) => row.push(bound.eval(At { rows: &flat, index: 0 }, &machine.budget)?),
            }
        }
        Ok(row)
    }
}

impl Machine<'_> {
    /// Resolves aggregates; `by` are the columns before theirs. Whether an expression without one may stand there.
    pub(super) fn aggregates(
        &self,
        items: &[Item],
        constants: bool,
        by: &[Column],
        scope: Scope<'_>,
    ) -> Result<Aggregates, KqlError> {
        let mut aggregates: Vec<Aggregate> = Vec::new();
        let mut found = Vec::new();
        for item in items {
            let aggregate = match &item.expr.kind {
                // `(a, b) = arg_max(x, y)`
                ExprKind::Tuple(names, call) => {
                    let unnamed = Item {
                        name: None,
                        expr: (**call).clone(),
                    };
                    let mut aggregate = self.aggregate(&unnamed, by, scope)?;
                    let columns = aggregate.iter_mut().flat_map(|aggregate| &mut aggregate.columns);
                    for (column, (name, _)) in columns.zip(names) {
                        column.name = Arc::clone(name);
                    }
                    aggregate
                }
                _ => self.aggregate(item, by, scope)?,
            };
            match aggregate {
                Some(aggregate) => {
                    found.push((item, Ok(aggregates.len())));
                    aggregates.push(aggregate);
                }
                None => {
                    let before = aggregates.len();
                    let expr = self.inner_aggregates(&item.expr, &mut aggregates, scope)?;
                    if aggregates.len() == before && !(constants && self.bind(&expr, Scope::empty(scope.env)).is_ok()) {
                        return Err(no_aggregate(&item.expr));
                    }
                    found.push((item, Err(expr)));
                }
            }
        }
        // Expressions see the columns of the aggregates, which have names that no text can write.
        let mut inner = Vec::new();
        for (number, aggregate) in aggregates.iter().enumerate() {
            for column in &aggregate.columns {
                let alone = aggregate.columns.len() == 1;
                let name = if alone {
                    hidden(number)
                } else {
                    Arc::clone(&column.name)
                };
                inner.push(Column { name, ty: column.ty });
            }
        }
        let inner_scope = Scope {
            columns: &inner,
            env: scope.env,
            serialized: false,
            open: false,
        };
        let mut columns = by.to_vec();
        let mut outputs = Vec::new();
        for (item, what) in found {
            match what {
                Ok(number) => {
                    for column in aggregates.get(number).map_or(&[][..], |a| &a.columns) {
                        let name = free_name(&columns, &column.name);
                        // A column of `*` makes way for one that has its name already.
                        let asked = matches!(&item.name, Some((name, _)) if *name == column.name);
                        if name != column.name && asked {
                            return Err(KqlError::at(
                                item.expr.place,
                                format!("there are two columns `{}`", column.name),
                            ));
                        }
                        columns.push(Column { name, ty: column.ty });
                    }
                    outputs.push(Output::Plain(number));
                }
                Err(expr) => {
                    let bound = self.bind(&expr, inner_scope)?;
                    // `tostring(make_set(x))` is called as the aggregate would be.
                    let of = expression_name(&expr).and_then(|hidden| {
                        let number = inner.iter().position(|column| column.name == hidden)?;
                        aggregates.iter().flat_map(|aggregate| &aggregate.columns).nth(number)
                    });
                    let name = match (&item.name, of) {
                        (Some((name, _)), _) => free_name(&columns, name),
                        (None, Some(of)) => free_name(&columns, &of.name),
                        (None, None) => numbered_name(&columns),
                    };
                    columns.push(Column { name, ty: bound.ty });
                    outputs.push(Output::Expression(bound));
                }
            }
        }
        Ok(Aggregates {
            aggregates,
            outputs,
            columns: columns.split_off(by.len()),
        })
    }

    pub(super) fn summarize(
        &self,
        table: &Table,
        items: &[Item],
        by: Option<&[Item]>,
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let scope = scope_of(table, env);
        let mut result = Table::default();
        let mut keys = Vec::new();
        for item in by.unwrap_or(&[]) {
            let key = self.bind(&item.expr, scope)?;
            if key.ty == Type::Dynamic {
                return Err(KqlError::at(
                    key.place,
                    "grouping by a dynamic is an error in KQL: cast it, with `tostring`",
                ));
            }
            let name = item_name(&result.columns, item);
            if result.column(&name).is_some() {
                return Err(KqlError::at(item.expr.place, format!("there are two columns `{name}`")));
            }
            result.columns.push(Column { name, ty: key.ty });
            keys.push(key);
        }
        let aggregates = self.aggregates(items, false, &result.columns, scope)?;
        result.columns.extend(aggregates.columns().iter().cloned());
        // `arg_max(x, *)` of a table with unknown columns gives them too.
        let star = |item: &Item| matches!(&item.expr.kind, ExprKind::Call(_, args) if args.iter().any(|arg| matches!(arg.expr.kind, ExprKind::Star)));
        result.open = table.open && items.iter().any(star);

        // Groups in the order of their first rows.
        let mut numbers: BTreeMap<Row, usize> = BTreeMap::new();
        let mut groups: Vec<(Row, Vec<usize>)> = Vec::new();
        for index in 0..table.rows.len() {
            let at = At {
                rows: &table.rows,
                index,
            };
            let values: Result<Row, KqlError> = keys.iter().map(|key| key.eval(at, &self.budget)).collect();
            let values = values?;
            let next = groups.len();
            let number = *numbers.entry(values.clone()).or_insert(next);
            match groups.get_mut(number) {
                Some((_, rows)) => rows.push(index),
                None => groups.push((values, vec![index])),
            }
        }
        if by.is_none() && groups.is_empty() {
            groups.push((Row::new(), Vec::new()));
        }
        for (mut row, group) in groups {
            row.extend(aggregates.row(self, &table.rows, &group, place)?);
            result.rows.push(row);
        }
        Ok(result)
    }

    /// The expression with its aggregates replaced by the names of their columns.
    fn inner_aggregates(&self, expr: &Expr, found: &mut Vec<Aggregate>, scope: Scope<'_>) -> Result<Expr, KqlError> {
        let place = expr.place;
        if let ExprKind::Call(..) = &expr.kind {
            let item = Item {
                name: None,
                expr: expr.clone(),
            };
            if let Some(aggregate) = self.aggregate(&item, &[], scope)? {
                if aggregate.columns.len() != 1 {
                    return Err(KqlError::at(
                        place,
                        "an aggregate of several columns cannot stand in an expression",
                    ));
                }
                let name = hidden(found.len());
                found.push(aggregate);
                return Ok(Expr {
                    kind: ExprKind::Name(name),
                    place,
                });
            }
        }
        expr.map(&mut |expr| self.inner_aggregates(expr, found, scope))
    }
}

fn no_aggregate(expr: &Expr) -> KqlError {
    let what = match &expr.kind {
        ExprKind::Call(name, _) if !super::names::is_function(name) => {
            format!(
                "there is no function `{name}`{}",
                super::names::hint(name, super::names::functions())
            )
        }
        _ => "an aggregate is needed here".to_owned(),
    };
    KqlError::at(expr.place, what)
}

/// A name that no text can write.
fn hidden(number: usize) -> Arc<str> {
    format!("\u{1}{number}").into()
}
