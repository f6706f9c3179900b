//! `join`, `lookup` and `union`.

use super::ast::{Expr, ExprKind, JoinKind, Leg, OpKind, Source, Union};
use super::bind::{Env, Machine, Named};
use super::columns::free_name;
use super::columns::wildcard;
use super::error::{KqlError, Place};
use super::eval::{At, Bound};
use super::ops::limited;
use super::table::{Column, Row, Table};
use super::value::{Type, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The rows of a side by key, and the rows without a key (a null never matches).
struct Keyed {
    keys: Vec<Option<Row>>,
    rows: BTreeMap<Row, Vec<usize>>,
}

/// A pair of keys: the left column and the right column.
struct Pair {
    left: Bound,
    right: Bound,
    right_name: Option<Arc<str>>,
}

impl Machine<'_> {
    /// Reads `on`: names, or `$left.a == $right.b`.
    fn pairs(&self, left: &Table, right: &Table, on: &[Expr], env: &Env) -> Result<Vec<Pair>, KqlError> {
        let mut pairs = Vec::new();
        let mut conditions = Vec::new();
        for expr in on {
            match &expr.kind {
                ExprKind::And(sides) => conditions.extend(sides.iter()),
                _ => conditions.push(expr),
            }
        }
        for expr in conditions {
            let (a, b) = match &expr.kind {
                ExprKind::Name(_) => (expr.clone(), expr.clone()),
                ExprKind::Binary(operator, a, b) if &**operator == "==" => match (side(a), side(b)) {
                    (Some(("$left", a)), Some(("$right", b))) | (Some(("$right", b)), Some(("$left", a))) => (a, b),
                    _ => return Err(KqlError::at(expr.place, "a key is a column or `$left.a == $right.b`")),
                },
                _ => {
                    return Err(KqlError::at(
                        expr.place,
                        "a key is a column or `$left.a == $right.b`; only equality joins",
                    ));
                }
            };
            let scope = |table| super::ops::scope_of(table, env);
            let strict = |expr: &Expr, table: &Table, side: &str| match &expr.kind {
                ExprKind::Name(name) if table.column(name).is_none() && !table.open => {
                    let hint = super::names::hint(name, table.columns.iter().map(|column| &*column.name));
                    Err(KqlError::at(
                        expr.place,
                        format!("the {side} side has no column `{name}`{hint}"),
                    ))
                }
                _ => Ok(()),
            };
            strict(&a, left, "left")?;
            strict(&b, right, "right")?;
            let right_name = match &b.kind {
                ExprKind::Name(name) => Some(Arc::clone(name)),
                _ => None,
            };
            let (a, b) = (self.bind(&a, scope(left))?, self.bind(&b, scope(right))?);
            let loose = a.ty == Type::Unknown || b.ty == Type::Unknown;
            let rows = !(left.rows.is_empty() || right.rows.is_empty());
            if a.ty == Type::Dynamic && b.ty == Type::Dynamic && rows {
                return Err(KqlError::at(
                    expr.place,
                    "a dynamic as a join key: the documents do not say; cast it",
                ));
            }
            if !(loose || a.ty == b.ty || (a.ty.is_number() && b.ty.is_number())) {
                return Err(KqlError::at(
                    expr.place,
                    format!("a key of {} cannot equal a key of {}", a.ty, b.ty),
                ));
            }
            pairs.push(Pair {
                left: a,
                right: b,
                right_name,
            });
        }
        Ok(pairs)
    }

    fn keyed<'b>(&self, table: &Table, keys: impl Iterator<Item = &'b Bound> + Clone) -> Result<Keyed, KqlError> {
        let mut keyed = Keyed {
            keys: Vec::with_capacity(table.rows.len()),
            rows: BTreeMap::new(),
        };
        for index in 0..table.rows.len() {
            let at = At {
                rows: &table.rows,
                index,
            };
            let values: Result<Row, KqlError> = keys.clone().map(|key| key.eval(at, &self.budget)).collect();
            let values = values?;
            if values.iter().any(Value::is_null) {
                keyed.keys.push(None);
                continue;
            }
            keyed.rows.entry(values.clone()).or_default().push(index);
            keyed.keys.push(Some(values));
        }
        Ok(keyed)
    }

    pub(super) fn join(
        &self,
        left: &Table,
        kind: JoinKind,
        right: &Expr,
        on: &[Expr],
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let right = &self.table_of(right, env)?;
        let pairs = self.pairs(left, right, on, env)?;
        let lefts = self.keyed(left, pairs.iter().map(|pair| &pair.left))?;
        let rights = self.keyed(right, pairs.iter().map(|pair| &pair.right))?;
        let semi = |table: &Table, own: &Keyed, other: &Keyed, wanted: bool| {
            let has = |key: &Option<Row>| key.as_ref().is_some_and(|key| other.rows.contains_key(key));
            let rows = table.rows.iter().zip(&own.keys);
            Table {
                columns: table.columns.clone(),
                rows: rows
                    .filter(|(_, key)| has(key) == wanted)
                    .map(|(row, _)| row.clone())
                    .collect(),
                serialized: false,
                open: table.open,
            }
        };
        match kind {
            JoinKind::LeftSemi => return Ok(semi(left, &lefts, &rights, true)),
            JoinKind::LeftAnti => return Ok(semi(left, &lefts, &rights, false)),
            JoinKind::RightSemi => return Ok(semi(right, &rights, &lefts, true)),
            JoinKind::RightAnti => return Ok(semi(right, &rights, &lefts, false)),
            _ => {}
        }
        let mut columns = left.columns.clone();
        for column in &right.columns {
            let name = free_name(&columns, &column.name);
            columns.push(Column { name, ty: column.ty });
        }
        let mut rows = Vec::new();
        let mut seen: BTreeSet<&Row> = BTreeSet::new();
        let keeps_left = matches!(kind, JoinKind::LeftOuter | JoinKind::FullOuter);
        for (row, key) in left.rows.iter().zip(&lefts.keys) {
            // Any row of a key may stand for it; here it is the first.
            if kind == JoinKind::InnerUnique
                && let Some(key) = key
                && !seen.insert(key)
            {
                continue;
            }
            let partners = key.as_ref().and_then(|key| rights.rows.get(key));
            for index in partners.into_iter().flatten() {
                let mut joined = row.clone();
                joined.extend(right.rows.get(*index).into_iter().flatten().cloned());
                rows.push(joined);
                self.budget.spend(columns.len() as u64, place)?;
                limited(rows.len(), place, "`join`")?;
            }
            if partners.is_none() && keeps_left {
                let mut joined = row.clone();
                joined.extend(right.columns.iter().map(|column| column.ty.null()));
                rows.push(joined);
            }
        }
        if matches!(kind, JoinKind::RightOuter | JoinKind::FullOuter) {
            for (row, key) in right.rows.iter().zip(&rights.keys) {
                if key.as_ref().is_none_or(|key| !lefts.rows.contains_key(key)) {
                    let mut joined: Row = left.columns.iter().map(|column| column.ty.null()).collect();
                    joined.extend(row.iter().cloned());
                    rows.push(joined);
                }
            }
        }
        limited(rows.len(), place, "`join`")?;
        Ok(Table {
            columns,
            rows,
            serialized: false,
            open: left.open || right.open,
        })
    }

    pub(super) fn lookup(
        &self,
        left: &Table,
        kind: JoinKind,
        right: &Expr,
        on: &[Expr],
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let right = &self.table_of(right, env)?;
        let pairs = self.pairs(left, right, on, env)?;
        let lefts = self.keyed(left, pairs.iter().map(|pair| &pair.left))?;
        let rights = self.keyed(right, pairs.iter().map(|pair| &pair.right))?;
        let is_key = |column: &Column| pairs.iter().any(|pair| pair.right_name.as_ref() == Some(&column.name));
        let added: Vec<usize> = right
            .columns
            .iter()
            .enumerate()
            .filter(|(_, column)| !is_key(column))
            .map(|(index, _)| index)
            .collect();
        let mut columns = left.columns.clone();
        for column in added.iter().filter_map(|index| right.columns.get(*index)) {
            let name = free_name(&columns, &column.name);
            columns.push(Column { name, ty: column.ty });
        }
        let mut rows = Vec::new();
        for (row, key) in left.rows.iter().zip(&lefts.keys) {
            let partners = key.as_ref().and_then(|key| rights.rows.get(key));
            for partner in partners
                .into_iter()
                .flatten()
                .filter_map(|index| right.rows.get(*index))
            {
                let mut joined = row.clone();
                joined.extend(added.iter().filter_map(|index| partner.get(*index).cloned()));
                rows.push(joined);
                self.budget.spend(columns.len() as u64, place)?;
                limited(rows.len(), place, "`lookup`")?;
            }
            if partners.is_none() && kind == JoinKind::LeftOuter {
                let mut joined = row.clone();
                let missing = added.iter().filter_map(|index| right.columns.get(*index));
                joined.extend(missing.map(|column| column.ty.null()));
                rows.push(joined);
            }
        }
        limited(rows.len(), place, "`lookup`")?;
        Ok(Table {
            columns,
            rows,
            serialized: false,
            open: left.open || right.open,
        })
    }

    /// The tables of a union with their names; wildcards and names that need not exist are resolved.
    fn legs(&self, union: &Union, taken: usize, env: &Env) -> Result<Vec<(Arc<str>, Table)>, KqlError> {
        let mut legs: Vec<(Arc<str>, Table)> = Vec::new();
        let mut missing = None;
        for leg in &union.legs {
            let leg = match leg {
                Leg::Table(leg) => leg,
                Leg::Wild(pattern, place) => {
                    let mut names: Vec<&str> = env.tables();
                    names.retain(|name| match env.find(name) {
                        Some(Named::Function(function, _)) => function.view,
                        _ => false,
                    });
                    names.extend(self.database.names());
                    names.retain(|name| wildcard(pattern, name));
                    names.sort_unstable();
                    names.dedup();
                    if names.is_empty() {
                        let error = KqlError::at(*place, format!("there is no table of the pattern `{pattern}`"));
                        if !union.fuzzy {
                            return Err(error);
                        }
                        missing.get_or_insert(error);
                    }
                    for name in names {
                        let name: Arc<str> = name.into();
                        let leg = Expr {
                            kind: ExprKind::Name(Arc::clone(&name)),
                            place: *place,
                        };
                        legs.push((name, self.table_of(&leg, env)?));
                    }
                    continue;
                }
            };
            if union.fuzzy
                && let Some(name) = self.unresolved(leg, env)
            {
                missing.get_or_insert_with(|| self.no_table(name, env, leg.place));
                continue;
            }
            let name: Arc<str> = match &leg.kind {
                ExprKind::Name(name) => Arc::clone(name),
                ExprKind::Query(query) => match query.ops.last().map(|op| &op.kind) {
                    Some(OpKind::As(name)) => Arc::clone(name),
                    _ => format!("union_arg{}", legs.len() + taken).into(),
                },
                _ => format!("union_arg{}", legs.len() + taken).into(),
            };
            legs.push((name, self.table_of(leg, env)?));
        }
        match missing {
            Some(error) if legs.is_empty() && taken == 0 => Err(error),
            _ => Ok(legs),
        }
    }

    /// The name that a leg begins with, where nothing has it.
    fn unresolved<'e>(&self, leg: &'e Expr, env: &Env) -> Option<&'e str> {
        match &leg.kind {
            ExprKind::Name(name) => (env.find(name).is_none() && self.database.get(name).is_none()).then_some(name),
            ExprKind::Call(name, _) => (env.find(name).is_none() && !self.is_table(leg, env)).then_some(name),
            ExprKind::Query(query) => match &query.source {
                Source::Expr(first) => self.unresolved(first, env),
                _ => None,
            },
            _ => None,
        }
    }

    /// `union`; a table that comes through the pipe has a name for `withsource`.
    pub(super) fn union(&self, first: Option<(Arc<str>, Table)>, union: &Union, env: &Env) -> Result<Table, KqlError> {
        let mut legs: Vec<(Arc<str>, Table)> = first.into_iter().collect();
        legs.extend(self.legs(union, legs.len(), env)?);
        // Columns in the order in which they are met; a name with two types becomes `x_long` and `x_string`.
        let mut met: Vec<Column> = Vec::new();
        for (_, table) in &legs {
            for column in &table.columns {
                let unknown = |a: Type, b: Type| a == Type::Unknown || b == Type::Unknown;
                let known = met
                    .iter_mut()
                    .find(|old| old.name == column.name && (old.ty == column.ty || unknown(old.ty, column.ty)));
                match known {
                    Some(old) if old.ty == Type::Unknown => old.ty = column.ty,
                    Some(_) => {}
                    None => met.push(column.clone()),
                }
            }
        }
        if union.inner {
            met.retain(|column| legs.iter().all(|(_, table)| table.columns.contains(column)));
        }
        let mut result = Table {
            open: legs.iter().any(|(_, table)| table.open),
            ..Table::default()
        };
        if let Some(name) = &union.withsource {
            result.columns.push(Column {
                name: Arc::clone(name),
                ty: Type::String,
            });
        }
        let clash = |column: &Column| met.iter().filter(|other| other.name == column.name).count() > 1;
        // Names that are as they were come first; the others take what is free.
        let mut taken = result.columns.clone();
        taken.extend(met.iter().filter(|column| !clash(column)).cloned());
        for column in &met {
            let own_source = result.columns.first().is_some_and(|source| source.name == column.name);
            let name = if clash(column) {
                let name = free_name(&taken, &format!("{}_{}", column.name, column.ty).into());
                taken.push(Column {
                    name: Arc::clone(&name),
                    ty: column.ty,
                });
                name
            } else if union.withsource.is_some() && own_source {
                free_name(&taken, &column.name)
            } else {
                Arc::clone(&column.name)
            };
            result.columns.push(Column { name, ty: column.ty });
        }
        for (name, table) in &legs {
            let places: Vec<Option<usize>> = met
                .iter()
                .map(|column| table.columns.iter().position(|own| own == column))
                .collect();
            for row in &table.rows {
                self.budget.spend(met.len() as u64, union.place)?;
                let mut joined = Row::new();
                if union.withsource.is_some() {
                    joined.push(Value::String(Arc::clone(name)));
                }
                for (place, column) in places.iter().zip(&met) {
                    let value = place.and_then(|place| row.get(place).cloned());
                    joined.push(value.unwrap_or_else(|| column.ty.null()));
                }
                result.rows.push(joined);
                limited(result.rows.len(), union.place, "`union`")?;
            }
        }
        Ok(result)
    }
}

/// `$left.a` as its side and the column.
fn side(expr: &Expr) -> Option<(&'static str, Expr)> {
    let ExprKind::Member(of, name) = &expr.kind else {
        return None;
    };
    let ExprKind::Name(side) = &of.kind else { return None };
    let side = match &**side {
        "$left" => "$left",
        "$right" => "$right",
        _ => return None,
    };
    let column = Expr {
        kind: ExprKind::Name(Arc::clone(name)),
        place: expr.place,
    };
    Some((side, column))
}
