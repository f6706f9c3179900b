//! `mv-expand`, `mv-apply` and `parse`.

use super::ast::{Expanded, Expr, ExprKind, Piece, Pipeline};
use super::bind::{Env, Machine};
use super::error::{KqlError, Place};
use super::eval::At;
use super::functions;
use super::ops::{expression_name, limited, scope_of};
use super::table::{Column, Row, Table};
use super::value::{Type, Value};
use std::rc::Rc;
use std::sync::Arc;

/// What a value expands to; none for the null, which gives one row.
fn elements(value: &Value, place: Place) -> Result<Option<Vec<Value>>, KqlError> {
    Ok(match value {
        Value::Null => None,
        Value::Array(elements) => Some(elements.to_vec()),
        Value::Bag(members) => Some(
            members
                .iter()
                .map(|member| Value::Bag(vec![member.clone()].into()))
                .collect(),
        ),
        other => {
            return Err(KqlError::at(
                place,
                format!(
                    "expanding {}: the documents do not say what a scalar gives",
                    super::compare::kind(other)
                ),
            ));
        }
    })
}

/// The expanded column's name: its own, or of the one column inside `f(col)`.
fn name_of(expr: &Expr) -> Option<Arc<str>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(Arc::clone(name)),
        ExprKind::Call(_, args) => match args.as_slice() {
            [only] => name_of(&only.expr),
            _ => None,
        },
        _ => expression_name(expr),
    }
}

impl Machine<'_> {
    /// The rows of each row, expanded: for every row of the table, the new rows.
    fn expand(
        &self,
        table: &Table,
        columns: &[Expanded],
        limit: Option<usize>,
        env: &Env,
        place: Place,
    ) -> Result<(Vec<Column>, Vec<Vec<Row>>), KqlError> {
        let mut result = table.columns.clone();
        let mut bound = Vec::new();
        for column in columns {
            let one = self.bind(&column.item.expr, scope_of(table, env))?;
            if one.ty != Type::Dynamic {
                return Err(KqlError::at(
                    one.place,
                    format!("a dynamic is expanded, this is {}", one.ty),
                ));
            }
            let name = match &column.item.name {
                Some((name, _)) => Some(Arc::clone(name)),
                None => name_of(&column.item.expr),
            };
            let Some(name) = name else {
                return Err(KqlError::at(
                    one.place,
                    "give the expanded expression a name: without one it is not predictable",
                ));
            };
            let ty = column.to.unwrap_or(Type::Dynamic);
            let new = Column { name, ty };
            let index = result
                .iter()
                .position(|old| old.name == new.name)
                .unwrap_or(result.len());
            match result.get_mut(index) {
                Some(old) => *old = new,
                None => result.push(new),
            }
            bound.push((one, index, ty));
        }
        let mut all = Vec::with_capacity(table.rows.len());
        let mut total = 0_usize;
        for (index, row) in table.rows.iter().enumerate() {
            let mut found = Vec::new();
            for (one, ..) in &bound {
                let value = one.eval(
                    At {
                        rows: &table.rows,
                        index,
                    },
                    &self.budget,
                )?;
                found.push(elements(&value, one.place)?);
            }
            // Columns run in parallel: the longest counts, a null counts as one where all are null.
            let longest = found
                .iter()
                .map(|list| list.as_ref().map_or(0, Vec::len))
                .max()
                .unwrap_or(0);
            let count = if found.iter().all(Option::is_none) { 1 } else { longest };
            if found.len() > 1 && longest == 0 && found.iter().any(Option::is_none) && count == 0 {
                return Err(KqlError::at(
                    place,
                    "expanding a null beside an empty array: the documents do not say",
                ));
            }
            let count = limit.map_or(count, |limit| count.min(limit));
            total = total.saturating_add(count);
            limited(total, place, "`mv-expand`")?;
            let mut rows = Vec::with_capacity(count);
            for number in 0..count {
                self.budget.spend(result.len() as u64, place)?;
                let mut new = row.clone();
                new.resize(result.len(), Value::Null);
                for ((_, index, ty), list) in bound.iter().zip(&found) {
                    let element = list
                        .as_ref()
                        .and_then(|list| list.get(number))
                        .cloned()
                        .unwrap_or(Value::Null);
                    if let Some(cell) = new.get_mut(*index) {
                        *cell = functions::cast(element, *ty);
                    }
                }
                rows.push(new);
            }
            all.push(rows);
        }
        Ok((result, all))
    }

    pub(super) fn mv_expand(
        &self,
        table: &Table,
        columns: &[Expanded],
        index: Option<&Arc<str>>,
        limit: Option<usize>,
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let (mut result, groups) = self.expand(table, columns, limit, env, place)?;
        if let Some(name) = index {
            if result.iter().any(|column| column.name == *name) {
                return Err(KqlError::at(place, format!("there are two columns `{name}`")));
            }
            result.push(Column {
                name: Arc::clone(name),
                ty: Type::Long,
            });
        }
        let mut rows = Vec::new();
        for group in groups {
            for (number, mut row) in group.into_iter().enumerate() {
                if index.is_some() {
                    row.push(Value::Long(i64::try_from(number).unwrap_or(i64::MAX)));
                }
                rows.push(row);
            }
        }
        Ok(Table {
            columns: result,
            rows,
            serialized: table.serialized,
        })
    }

    pub(super) fn mv_apply(
        &self,
        table: &Table,
        columns: &[Expanded],
        limit: Option<usize>,
        body: &Rc<Pipeline>,
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let (inner, groups) = self.expand(table, columns, limit, env, place)?;
        let part = |rows: Vec<Row>| Table {
            columns: inner.clone(),
            rows,
            serialized: false,
        };
        // The columns of the result: those of the rows, then those that the subquery makes.
        let empty = self.deeper(place, || self.pipeline(body, env, Some(part(Vec::new()))))?;
        let kept: Vec<usize> = (0..table.columns.len())
            .filter(|index| {
                let name = table.columns.get(*index).map(|column| &column.name);
                !empty.columns.iter().any(|column| Some(&column.name) == name)
            })
            .collect();
        let mut result = Table {
            columns: kept
                .iter()
                .filter_map(|index| table.columns.get(*index).cloned())
                .collect(),
            rows: Vec::new(),
            serialized: false,
        };
        result.columns.extend(empty.columns.iter().cloned());
        for (row, group) in table.rows.iter().zip(groups) {
            let found = self.deeper(place, || self.pipeline(body, env, Some(part(group))))?;
            if found.columns != empty.columns {
                return Err(KqlError::at(place, "the columns of this subquery depend on the data"));
            }
            for new in found.rows {
                let mut joined: Row = kept.iter().filter_map(|index| row.get(*index).cloned()).collect();
                joined.extend(new);
                result.rows.push(joined);
                self.budget.spend(result.columns.len() as u64, place)?;
                limited(result.rows.len(), place, "`mv-apply`")?;
            }
        }
        Ok(result)
    }

    pub(super) fn parse(
        &self,
        table: Table,
        source: &Expr,
        pieces: &[Piece],
        filter: bool,
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let source = self.bind(source, scope_of(&table, env))?;
        if !matches!(source.ty, Type::String | Type::Dynamic) {
            return Err(KqlError::at(
                source.place,
                format!("`parse` reads a string, this is {}", source.ty),
            ));
        }
        let mut pattern = String::from("(?s)^");
        let mut columns = table.columns.clone();
        let mut targets = Vec::new();
        for (index, piece) in pieces.iter().enumerate() {
            let last = index + 1 == pieces.len();
            match piece {
                Piece::Star if last => pattern.push_str(".*"),
                Piece::Star => pattern.push_str(".*?"),
                Piece::Text(text) => pattern.push_str(&regex::escape(text)),
                Piece::Column(name, ty, place) => {
                    let group = match ty {
                        Type::String if last => "(.*)",
                        Type::String => "(.*?)",
                        Type::Long | Type::Int => r"(-?[0-9]+)",
                        other => return Err(KqlError::at(*place, format!("`parse` to {other} is not supported"))),
                    };
                    pattern.push_str(group);
                    let column = Column {
                        name: Arc::clone(name),
                        ty: *ty,
                    };
                    let index = columns
                        .iter()
                        .position(|old| old.name == *name)
                        .unwrap_or(columns.len());
                    match columns.get_mut(index) {
                        Some(old) => *old = column,
                        None => columns.push(column),
                    }
                    targets.push((index, *ty));
                }
            }
        }
        pattern.push('$');
        let regex = functions::regex(&pattern).map_err(|what| KqlError::at(place, what))?;
        let mut rows = Vec::new();
        for (index, row) in table.rows.iter().enumerate() {
            let text = source
                .eval(
                    At {
                        rows: &table.rows,
                        index,
                    },
                    &self.budget,
                )?
                .to_text();
            let found = regex.captures(&text);
            if found.is_none() && filter {
                continue;
            }
            let mut new = row.clone();
            new.resize(columns.len(), Value::Null);
            for (group, (index, ty)) in targets.iter().enumerate() {
                let text = found
                    .as_ref()
                    .and_then(|found| found.get(group + 1))
                    .map(|found| found.as_str());
                let value = match (ty, text) {
                    (Type::String, text) => Value::text(text.unwrap_or("")),
                    (_, text) => text.and_then(|text| text.parse().ok()).map_or(Value::Null, Value::Long),
                };
                if let Some(cell) = new.get_mut(*index) {
                    *cell = value;
                }
            }
            rows.push(new);
        }
        Ok(Table {
            columns,
            rows,
            serialized: table.serialized,
        })
    }
}
