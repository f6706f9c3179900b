//! `sample`, `top-hitters`, `top-nested`, `partition`, and what depends on a table's columns.

use super::ast::{Expr, ExprKind, Item, Nested, Pipeline};
use super::bind::{Env, Machine, Named};
use super::columns::{expression_name, free_name};
use super::columns::{matched, pick};
use super::error::{KqlError, Place};
use super::eval::{At, Bound};
use super::ops::{limited, scope_of};
use super::summarize::Aggregates;
use super::table::{Column, Row, Table};
use super::value::{Type, Value};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// A level of `top-nested`, resolved.
struct Level {
    of: Bound,
    by: Aggregates,
    count: Option<usize>,
    others: Option<Value>,
    ascending: bool,
}

impl Machine<'_> {
    /// Rows of the table by a key, in the order in which the keys come.
    fn groups(&self, rows: &[Row], within: &[usize], key: &Bound) -> Result<Vec<(Value, Vec<usize>)>, KqlError> {
        let mut numbers: BTreeMap<Value, usize> = BTreeMap::new();
        let mut groups: Vec<(Value, Vec<usize>)> = Vec::new();
        for index in within {
            let value = key.eval(At { rows, index: *index }, &self.budget)?;
            let next = groups.len();
            let number = *numbers.entry(value.clone()).or_insert(next);
            match groups.get_mut(number) {
                Some((_, group)) => group.push(*index),
                None => groups.push((value, vec![*index])),
            }
        }
        Ok(groups)
    }

    pub(super) fn top_hitters(
        &self,
        table: &Table,
        count: &Expr,
        of: &Item,
        by: Option<&Item>,
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let count = self.count(count, env, "the number of `top-hitters`")?;
        let name = |item: &Item| match &item.name {
            Some((name, _)) => Some(Arc::clone(name)),
            None => expression_name(&item.expr),
        };
        let value = name(of).unwrap_or_else(|| "Column1".into());
        let (aggregate, kind) = match by {
            Some(by) => (
                ExprKind::Call("sum".into(), vec![by.clone()]),
                format!("approximate_sum_{}", name(by).as_deref().unwrap_or("")),
            ),
            None => (
                ExprKind::Call("count".into(), Vec::new()),
                format!("approximate_count_{value}"),
            ),
        };
        let level = Nested {
            count: None,
            of: Item {
                name: Some((value, place)),
                expr: of.expr.clone(),
            },
            others: None,
            by: Item {
                name: Some((kind.into(), place)),
                expr: Expr { kind: aggregate, place },
            },
            ascending: false,
        };
        let mut result = self.top_nested(table, &[level], env, place)?;
        cut(&mut result.rows, count, place, "top-hitters", |row| row.get(1).cloned())?;
        result.serialized = true;
        Ok(result)
    }

    pub(super) fn top_nested(
        &self,
        table: &Table,
        levels: &[Nested],
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let mut result = Table::default();
        let mut bound = Vec::new();
        for (index, level) in levels.iter().enumerate() {
            let of = self.bind(&level.of.expr, scope_of(table, env))?;
            if of.ty == Type::Dynamic {
                return Err(KqlError::at(
                    of.place,
                    "grouping by a dynamic is an error in KQL: cast it",
                ));
            }
            let name = match &level.of.name {
                Some((name, _)) => Arc::clone(name),
                None => expression_name(&level.of.expr).unwrap_or_else(|| "Column1".into()),
            };
            let name = free_name(&result.columns, &name);
            result.columns.push(Column {
                name: Arc::clone(&name),
                ty: of.ty,
            });
            let by = Item {
                name: Some(match &level.by.name {
                    Some(own) => own.clone(),
                    None => (format!("aggregated_{name}").into(), place),
                }),
                expr: level.by.expr.clone(),
            };
            let by = self.aggregates(std::slice::from_ref(&by), false, &result.columns, scope_of(table, env))?;
            let [column] = by.columns() else {
                return Err(KqlError::at(
                    level.by.expr.place,
                    "a level takes an aggregate of one column",
                ));
            };
            result.columns.push(column.clone());
            let others = match &level.others {
                Some(others) => {
                    let (_, value) = self.constant(others, env, "the value of `others`")?;
                    if index + 1 < levels.len() && !self.checking {
                        return Err(KqlError::at(
                            others.place,
                            "`with others` above another level: what stands below it is not documented",
                        ));
                    }
                    Some(value)
                }
                None => None,
            };
            let count = match &level.count {
                Some(count) => Some(self.count(count, env, "the number of `top-nested`")?),
                None => None,
            };
            bound.push(Level {
                of,
                by,
                count,
                others,
                ascending: level.ascending,
            });
        }
        let all: Vec<usize> = (0..table.rows.len()).collect();
        self.nest(table, &bound, &all, &Row::new(), &mut result.rows, place)?;
        Ok(result)
    }

    fn nest(
        &self,
        table: &Table,
        levels: &[Level],
        within: &[usize],
        head: &Row,
        out: &mut Vec<Row>,
        place: Place,
    ) -> Result<(), KqlError> {
        let Some((level, rest)) = levels.split_first() else {
            limited(out.len() + 1, place, "`top-nested`")?;
            out.push(head.clone());
            return Ok(());
        };
        self.budget.spend(within.len() as u64 + 1, place)?;
        let mut found = Vec::new();
        for (value, group) in self.groups(&table.rows, within, &level.of)? {
            let weight = level.by.row(self, &table.rows, &group, place)?.into_iter().next();
            found.push((weight.unwrap_or_default(), value, group));
        }
        found.sort_by(|(a, ..), (b, ..)| if level.ascending { a.cmp(b) } else { b.cmp(a) });
        let mut remaining = Vec::new();
        if let Some(count) = level.count {
            remaining = found.clone();
            cut(&mut found, count, place, "top-nested", |(weight, ..)| {
                Some(weight.clone())
            })?;
            remaining.drain(..found.len().min(remaining.len()));
        }
        for (weight, value, group) in found {
            let mut head = head.clone();
            head.push(value);
            head.push(weight);
            self.deeper(place, || self.nest(table, rest, &group, &head, out, place))?;
        }
        if let Some(others) = level.others.as_ref().filter(|_| !remaining.is_empty()) {
            let group: Vec<usize> = remaining.into_iter().flat_map(|(_, _, group)| group).collect();
            let weight = level.by.row(self, &table.rows, &group, place)?.into_iter().next();
            let mut head = head.clone();
            head.push(others.clone());
            head.push(weight.unwrap_or_default());
            out.push(head);
        }
        Ok(())
    }

    /// The subquery for the rows of every key.
    pub(super) fn partition(
        &self,
        table: &Table,
        key: &Expr,
        body: &Rc<Pipeline>,
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let ExprKind::Name(name) = &key.kind else {
            return Err(KqlError::at(key.place, "`partition` takes a column"));
        };
        let bound = self.bind(key, scope_of(table, env))?;
        if bound.ty == Type::Dynamic {
            return Err(KqlError::at(
                key.place,
                "the key of `partition` cannot be a dynamic: cast it",
            ));
        }
        let given = |rows: Vec<Row>| Table {
            columns: table.columns.clone(),
            rows,
            serialized: table.serialized,
            open: table.open,
        };
        // A subquery with a source of its own sees the key alone.
        let run = |value: Value, rows: Vec<Row>| {
            let inner = env.with(name, Named::Scalar(Bound::constant(bound.ty, value, key.place)));
            self.deeper(place, || self.pipeline(body, &inner, Some(given(rows))))
        };
        let mut result = run(bound.ty.null(), Vec::new())?;
        result.rows.clear();
        result.serialized = false;
        let all: Vec<usize> = (0..table.rows.len()).collect();
        for (value, group) in self.groups(&table.rows, &all, &bound)? {
            let rows = group.iter().filter_map(|index| table.rows.get(*index).cloned());
            let part = run(value, rows.collect())?;
            if part.columns != result.columns {
                return Err(KqlError::at(place, "the columns of this subquery depend on the data"));
            }
            self.budget.spend(part.rows.len() as u64, place)?;
            result.rows.extend(part.rows);
            limited(result.rows.len(), place, "`partition`")?;
        }
        Ok(result)
    }

    /// Names, lists of names and patterns; those that no column has are passed over.
    pub(super) fn project_by_names(
        &self,
        table: Table,
        names: &[Expr],
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let mut wanted = Vec::new();
        for expr in names {
            match self.constant(expr, env, "a name of `project-by-names`")? {
                (_, Value::Array(names)) => wanted.extend(names.iter().map(Value::to_text)),
                (_, value @ Value::String(_)) => wanted.push(value.to_text()),
                _ => {
                    return Err(KqlError::at(
                        expr.place,
                        "`project-by-names` takes texts and arrays of texts",
                    ));
                }
            }
        }
        let patterns: Vec<super::ast::Pattern> = wanted
            .into_iter()
            .map(|text| super::ast::Pattern {
                text,
                place,
                order: None,
            })
            .filter(|pattern| table.open || matched(&table, std::slice::from_ref(pattern)).is_ok())
            .collect();
        let kept = matched(&table, &patterns)?;
        Ok(pick(table, kept))
    }
}

/// The first rows; refused where which ones they are depends on equal weights.
fn cut<T>(
    rows: &mut Vec<T>,
    count: usize,
    place: Place,
    operator: &str,
    weight: impl Fn(&T) -> Option<Value>,
) -> Result<(), KqlError> {
    let last = count.checked_sub(1).and_then(|last| rows.get(last)).map(&weight);
    let next = rows.get(count).map(&weight);
    if last.is_some() && last == next {
        return Err(KqlError::at(
            place,
            format!(
                "the last value of this `{operator}` and the next weigh the same: which one counts is not documented"
            ),
        ));
    }
    rows.truncate(count);
    Ok(())
}

/// `getschema`
pub(super) fn get_schema(table: &Table, place: Place) -> Result<Table, KqlError> {
    let mut result = Table::new([
        ("ColumnName", Type::String),
        ("ColumnOrdinal", Type::Long),
        ("DataType", Type::String),
        ("ColumnType", Type::String),
    ]);
    if table.open {
        return Ok(result);
    }
    for (number, column) in table.columns.iter().enumerate() {
        let data = match column.ty {
            Type::Int => "System.Int32",
            Type::Long => "System.Int64",
            Type::Real => "System.Double",
            Type::String => "System.String",
            Type::Datetime => "System.DateTime",
            Type::Timespan => "System.TimeSpan",
            Type::Dynamic => "System.Object",
            Type::Guid => "System.Guid",
            Type::Bool => {
                return Err(KqlError::at(
                    place,
                    "`getschema` of a bool: the page does not show the name of its data type",
                ));
            }
            Type::Unknown => return Ok(result),
        };
        result.rows.push(vec![
            Value::String(Arc::clone(&column.name)),
            Value::Long(i64::try_from(number).unwrap_or(i64::MAX)),
            Value::text(data),
            Value::text(column.ty.to_string()),
        ]);
    }
    Ok(result)
}
