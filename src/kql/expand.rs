//! `mv-expand` and `mv-apply`.

use super::ast::{Expansion, Pipeline};
use super::bind::{Env, Machine};
use super::columns::extended_name;
use super::error::{KqlError, Place};
use super::eval::At;
use super::functions;
use super::ops::{limited, scope_of};
use super::table::{Column, Row, Table};
use super::value::{Type, Value};
use std::rc::Rc;
use std::sync::Arc;

/// What a value expands to; none for the null, which gives one row.
fn elements(value: &Value, pairs: bool, place: Place) -> Result<Option<Vec<Value>>, KqlError> {
    Ok(match value {
        Value::Null => None,
        Value::Array(elements) => Some(elements.to_vec()),
        Value::Bag(members) => Some(
            members
                .iter()
                .map(|member| {
                    if pairs {
                        Value::array(vec![Value::String(Arc::clone(&member.0)), member.1.clone()])
                    } else {
                        Value::Bag(vec![member.clone()].into())
                    }
                })
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

impl Machine<'_> {
    /// The rows of each row, expanded: for every row of the table, the new rows.
    fn expand(
        &self,
        table: &Table,
        expansion: &Expansion,
        env: &Env,
        place: Place,
    ) -> Result<(Vec<Column>, Vec<Vec<Row>>), KqlError> {
        let limit = match &expansion.limit {
            Some(limit) => Some(self.count(limit, env, "the limit")?),
            None => None,
        };
        let mut result = table.columns.clone();
        let mut bound = Vec::new();
        for column in &expansion.columns {
            let one = self.bind(&column.item.expr, scope_of(table, env))?;
            if !one.ty.is_loose() {
                return Err(KqlError::at(
                    one.place,
                    format!("a dynamic is expanded, this is {}", one.ty),
                ));
            }
            let name = extended_name(&result, &column.item);
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
                found.push(elements(&value, expansion.pairs, one.place)?);
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
                if expansion.index.is_some() {
                    new.push(Value::Long(i64::try_from(number).unwrap_or(i64::MAX)));
                }
                rows.push(new);
            }
            all.push(rows);
        }
        if let Some(name) = &expansion.index {
            if result.iter().any(|column| column.name == *name) {
                return Err(KqlError::at(place, format!("there are two columns `{name}`")));
            }
            result.push(Column {
                name: Arc::clone(name),
                ty: Type::Long,
            });
        }
        Ok((result, all))
    }

    pub(super) fn mv_expand(
        &self,
        table: &Table,
        expansion: &Expansion,
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let (columns, groups) = self.expand(table, expansion, env, place)?;
        Ok(Table {
            columns,
            rows: groups.into_iter().flatten().collect(),
            serialized: table.serialized,
            open: table.open,
        })
    }

    pub(super) fn mv_apply(
        &self,
        table: &Table,
        expansion: &Expansion,
        body: &Rc<Pipeline>,
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let (inner, groups) = self.expand(table, expansion, env, place)?;
        let part = |rows: Vec<Row>| Table {
            columns: inner.clone(),
            rows,
            serialized: false,
            open: table.open,
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
            open: table.open || empty.open,
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
}
