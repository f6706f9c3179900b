//! `summarize`

use super::aggregate::Aggregate;
use super::ast::{Expr, ExprKind, Item};
use super::bind::{Env, Machine, Scope};
use super::error::{KqlError, Place};
use super::eval::At;
use super::ops::{expression_name, free_name, scope_of};
use super::table::{Column, Row, Table};
use super::value::Type;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a column of the result is.
enum Output {
    /// The columns of an aggregate.
    Plain(usize),
    /// An expression of aggregates, over the columns that they give.
    Expression(Arc<str>, Expr),
}

impl Machine<'_> {
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
            let name = match &item.name {
                Some((name, _)) => Arc::clone(name),
                None => expression_name(&item.expr).unwrap_or_else(|| free_name(&result.columns, &"Column1".into())),
            };
            if result.column(&name).is_some() {
                return Err(KqlError::at(item.expr.place, format!("there are two columns `{name}`")));
            }
            result.columns.push(Column { name, ty: key.ty });
            keys.push(key);
        }
        let mut aggregates: Vec<Aggregate> = Vec::new();
        let mut outputs = Vec::new();
        for item in items {
            match self.aggregate(item, &result.columns, scope)? {
                Some(aggregate) => {
                    outputs.push(Output::Plain(aggregates.len()));
                    aggregates.push(aggregate);
                }
                None => {
                    let first = aggregates.len();
                    let expr = self.inner_aggregates(&item.expr, &mut aggregates, scope)?;
                    if aggregates.len() == first {
                        return Err(KqlError::at(item.expr.place, "an aggregate is needed here"));
                    }
                    let name = match &item.name {
                        Some((name, _)) => Arc::clone(name),
                        None => free_name(&result.columns, &"Column1".into()),
                    };
                    outputs.push(Output::Expression(name, expr));
                }
            }
        }

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

        // The columns of all aggregates stand behind the keys; expressions see the aggregates alone.
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
            env,
            serialized: false,
        };
        let mut expressions = Vec::new();
        for output in &outputs {
            match output {
                Output::Plain(number) => {
                    for column in aggregates.get(*number).map_or(&[][..], |a| &a.columns) {
                        let name = free_name(&result.columns, &column.name);
                        if name != column.name
                            && items
                                .iter()
                                .any(|i| matches!(&i.name, Some((n, _)) if *n == column.name))
                        {
                            return Err(KqlError::at(place, format!("there are two columns `{}`", column.name)));
                        }
                        result.columns.push(Column { name, ty: column.ty });
                    }
                    expressions.push(None);
                }
                Output::Expression(name, expr) => {
                    let bound = self.bind(expr, inner_scope)?;
                    result.columns.push(Column {
                        name: free_name(&result.columns, name),
                        ty: bound.ty,
                    });
                    expressions.push(Some(bound));
                }
            }
        }
        for (key, rows) in groups {
            let mut values = Vec::with_capacity(aggregates.len());
            for aggregate in &aggregates {
                self.budget.spend(rows.len() as u64, place)?;
                values.push(aggregate.compute(&table.rows, &rows, &self.budget)?);
            }
            let flat: Vec<Row> = vec![values.iter().flatten().cloned().collect()];
            let mut row = key;
            for (output, expression) in outputs.iter().zip(&expressions) {
                match (output, expression) {
                    (Output::Plain(number), _) => row.extend(values.get(*number).into_iter().flatten().cloned()),
                    (_, Some(bound)) => row.push(bound.eval(At { rows: &flat, index: 0 }, &self.budget)?),
                    (_, None) => {}
                }
            }
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
        let mut walk = |expr: &Expr| self.inner_aggregates(expr, found, scope);
        let kind = match &expr.kind {
            ExprKind::Call(name, args) => {
                let args: Result<Vec<Item>, KqlError> = args
                    .iter()
                    .map(|arg| {
                        Ok(Item {
                            name: arg.name.clone(),
                            expr: walk(&arg.expr)?,
                        })
                    })
                    .collect();
                ExprKind::Call(Arc::clone(name), args?)
            }
            ExprKind::Member(of, name) => ExprKind::Member(Box::new(walk(of)?), Arc::clone(name)),
            ExprKind::Index(of, index) => ExprKind::Index(Box::new(walk(of)?), index.clone()),
            ExprKind::Minus(inner) => ExprKind::Minus(Box::new(walk(inner)?)),
            ExprKind::And(sides) => ExprKind::And(sides.iter().map(walk).collect::<Result<_, _>>()?),
            ExprKind::Or(sides) => ExprKind::Or(sides.iter().map(walk).collect::<Result<_, _>>()?),
            ExprKind::Binary(operator, a, b) => {
                ExprKind::Binary(Arc::clone(operator), Box::new(walk(a)?), Box::new(walk(b)?))
            }
            other => other.clone(),
        };
        Ok(Expr { kind, place })
    }
}

/// A name that no text can write.
fn hidden(number: usize) -> Arc<str> {
    format!("\u{1}{number}").into()
}
