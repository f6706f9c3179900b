//! Sources, and the operators that take one table.

use super::ast::{Expr, ExprKind, Item, Op, OpKind, Pipeline, SortKey, Source};
use super::bind::{Env, Machine, Named, Scope};
use super::bind_call::{argument, fit};
use super::columns::{matched, pick, rename};
use super::error::{KqlError, Place};
use super::eval::{At, Bound, Code};
use super::table::{Column, Row, Table};
use super::value::{Type, Value};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// The most rows that any step may give.
pub(super) const MOST_ROWS: usize = 1_000_000;

/// The name of an expression where it is not given: its column's, or `a_b` for `a.b`.
pub(super) fn expression_name(expr: &Expr) -> Option<Arc<str>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(Arc::clone(name)),
        ExprKind::Call(function, args) if matches!(&**function, "bin" | "floor" | "bin_at") => {
            args.first().and_then(|arg| expression_name(&arg.expr))
        }
        ExprKind::Member(of, name) => expression_name(of).map(|of| format!("{of}_{name}").into()),
        ExprKind::Index(of, index) => match &index.kind {
            ExprKind::Literal(_, value @ (Value::String(_) | Value::Long(_))) => {
                expression_name(of).map(|of| format!("{of}_{}", value.to_text()).into())
            }
            _ => None,
        },
        _ => None,
    }
}

/// Refuses a table that has become too large.
pub(super) fn limited(rows: usize, place: Place, what: &str) -> Result<(), KqlError> {
    if rows > MOST_ROWS {
        return Err(KqlError::at(
            place,
            format!("{what} gives more than {MOST_ROWS} rows, which is the limit here"),
        ));
    }
    Ok(())
}

/// The first free name: `x`, `x1`, `x2`.
pub(super) fn free_name(columns: &[Column], name: &Arc<str>) -> Arc<str> {
    let taken = |name: &str| columns.iter().any(|column| &*column.name == name);
    let mut free = Arc::clone(name);
    let mut number = 0_usize;
    while taken(&free) {
        number += 1;
        free = format!("{name}{number}").into();
    }
    free
}

impl Machine<'_> {
    /// The table of a pipeline; `given` are the rows of `mv-apply`.
    pub(super) fn pipeline(&self, query: &Pipeline, env: &Env, given: Option<Table>) -> Result<Table, KqlError> {
        let mut table = self.source(&query.source, env, given, query.place)?;
        for op in &query.ops {
            self.budget.spend(table.rows.len() as u64, op.place)?;
            table = self.operator(table, op, env)?;
        }
        Ok(table)
    }

    fn source(&self, source: &Source, env: &Env, given: Option<Table>, place: Place) -> Result<Table, KqlError> {
        let scope = Scope {
            columns: &[],
            env,
            serialized: false,
        };
        match source {
            Source::Rows => given.ok_or_else(|| KqlError::at(place, "there are no rows here")),
            Source::Expr(expr) => self.table_of(expr, env),
            Source::Union(union) => self.union(None, union, env),
            Source::Print(items) => {
                let mut table = Table::default();
                let mut row = Row::new();
                for (index, item) in items.iter().enumerate() {
                    let bound = self.bind(&item.expr, scope)?;
                    let name = item.name.as_ref().map(|(name, _)| Arc::clone(name));
                    let name = name.unwrap_or_else(|| format!("print_{index}").into());
                    if table.column(&name).is_some() {
                        return Err(KqlError::at(item.expr.place, format!("there are two columns `{name}`")));
                    }
                    row.push(bound.eval(At { rows: &[], index: 0 }, &self.budget)?);
                    table.columns.push(Column { name, ty: bound.ty });
                }
                table.rows.push(row);
                Ok(table)
            }
            Source::Datatable(columns, cells) => {
                let mut table = Table::default();
                for (name, ty) in columns {
                    table.columns.push(Column {
                        name: Arc::clone(name),
                        ty: *ty,
                    });
                }
                if cells.len() % columns.len().max(1) != 0 {
                    return Err(KqlError::at(
                        place,
                        "the values of this datatable do not fill its last row",
                    ));
                }
                for row in cells.chunks(columns.len().max(1)) {
                    let mut values = Row::new();
                    for (cell, (name, ty)) in row.iter().zip(columns) {
                        let bound = self.bind(cell, scope)?;
                        let null = matches!(&bound.as_constant(&self.budget)?, Some(Value::Null));
                        let bound = match (ty, bound.ty) {
                            _ if null => Bound::constant(*ty, ty.null(), bound.place),
                            (Type::Dynamic, _) => bound,
                            (Type::Int, Type::Long) => bound,
                            (Type::Real, Type::Long) => fit(*ty, bound, name)?,
                            (Type::Datetime | Type::Timespan | Type::Guid, Type::String) => self.parsed(*ty, bound),
                            _ => fit(*ty, bound, name)?,
                        };
                        values.push(bound.eval(At { rows: &[], index: 0 }, &self.budget)?);
                    }
                    table.rows.push(values);
                }
                Ok(table)
            }
            Source::Range(name, from, to, step) => {
                let (ty, from) = self.constant(from, env, "the start of `range`")?;
                let (_, to) = self.constant(to, env, "the end of `range`")?;
                let (_, by) = self.constant(step, env, "the step of `range`")?;
                let mut table = Table::new([(&**name, ty)]);
                let step_place = step.place;
                let backwards = matches!(by, Value::Long(n) | Value::Timespan(n) if n < 0)
                    || matches!(by, Value::Real(n) if n < 0.0);
                if matches!(by, Value::Long(0) | Value::Timespan(0) | Value::Null) {
                    return Err(KqlError::at(step_place, "the step of `range` must not be zero"));
                }
                let sum_ty = super::arithmetic::result('+', ty, kind_of(&by));
                let Some(sum_ty) = sum_ty else {
                    return Err(KqlError::at(step_place, "the step of `range` does not fit its start"));
                };
                let mut at = from;
                loop {
                    let operator = if backwards { ">=" } else { "<=" };
                    let inside = super::compare::less(operator, &at, &to).map_err(|what| KqlError::at(place, what))?;
                    if inside != Some(true) {
                        return Ok(table);
                    }
                    table.rows.push(vec![at.clone()]);
                    limited(table.rows.len(), place, "`range`")?;
                    self.budget.spend(1, place)?;
                    at = super::arithmetic::compute('+', &at, &by, sum_ty).map_err(|what| KqlError::at(place, what))?;
                }
            }
        }
    }

    /// A string cell of a datatable column of another type.
    fn parsed(&self, ty: Type, bound: Bound) -> Bound {
        let name = match ty {
            Type::Datetime => "todatetime",
            Type::Timespan => "totimespan",
            _ => "toguid",
        };
        let place = bound.place;
        match super::functions::find(name) {
            Some(function) => Bound::new(ty, Code::Call(function.run, false, vec![bound]), place),
            None => bound,
        }
    }

    /// The table that an expression gives.
    pub(super) fn table_of(&self, expr: &Expr, env: &Env) -> Result<Table, KqlError> {
        self.deeper_by(4, expr.place, || match &expr.kind {
            ExprKind::Query(query) => self.pipeline(query, env, None),
            ExprKind::Name(name) => match env.find(name) {
                Some(Named::Table(table)) => {
                    self.budget.spend(table.rows.len() as u64, expr.place)?;
                    Ok(Table::clone(table))
                }
                Some(Named::Function(function, inner)) => self.call(name, function, inner, &[], None, env, expr.place),
                Some(Named::Scalar(_)) => Err(KqlError::at(expr.place, format!("`{name}` is a value, not a table"))),
                None => self.stored(name, expr.place),
            },
            ExprKind::Call(name, args) => match env.find(name) {
                Some(Named::Function(function, inner)) => self.call(name, function, inner, args, None, env, expr.place),
                _ => match (&**name, args.as_slice()) {
                    ("materialize", [arg]) => self.table_of(&arg.expr, env),
                    ("table", [arg]) => {
                        let (_, name) = self.constant(&arg.expr, env, "the name of a table")?;
                        self.stored(&name.to_text(), expr.place)
                    }
                    ("_GetWatchlist", _) => Err(KqlError::at(
                        expr.place,
                        "`_GetWatchlist` is not supported: there is no watchlist here",
                    )),
                    ("externaldata", _) => Err(KqlError::at(
                        expr.place,
                        "`externaldata` is not supported: nothing is read from elsewhere",
                    )),
                    _ => Err(KqlError::at(
                        expr.place,
                        format!("the table function `{name}` is not known here"),
                    )),
                },
            },
            _ => Err(KqlError::at(expr.place, "a table is needed here")),
        })
    }

    fn stored(&self, name: &str, place: Place) -> Result<Table, KqlError> {
        let Some(table) = self.database.get(name) else {
            return Err(KqlError::at(place, format!("there is no table or function `{name}`")));
        };
        self.budget.spend(table.rows.len() as u64, place)?;
        let Some(time) = table.column("TimeGenerated") else {
            return Ok(table.clone());
        };
        let rows = table
            .rows
            .iter()
            .filter(|row| row.get(time).is_some_and(|at| self.clock.sees(at)));
        Ok(Table {
            columns: table.columns.clone(),
            rows: rows.cloned().collect(),
            serialized: false,
        })
    }

    /// A table function of the query; `piped` is its first argument in `invoke`.
    #[allow(clippy::too_many_arguments)]
    fn call(
        &self,
        name: &str,
        function: &super::ast::Function,
        inner: &Env,
        args: &[Item],
        piped: Option<Table>,
        env: &Env,
        place: Place,
    ) -> Result<Table, KqlError> {
        let mut scope = inner.clone();
        let mut params = function.params.iter();
        if let Some(table) = piped {
            match params.next() {
                Some(param) if param.ty.is_none() => scope = scope.with(&param.name, Named::Table(Rc::new(table))),
                _ => return Err(KqlError::at(place, format!("`{name}` does not take a table first"))),
            }
        }
        let params: Vec<_> = params.collect();
        if args.len() > params.len() {
            return Err(KqlError::at(
                place,
                format!("`{name}` takes {} arguments", params.len()),
            ));
        }
        for (index, param) in params.iter().enumerate() {
            let value = match (argument(args, index, &param.name), param.ty, &param.default) {
                (Some(arg), None, _) => Named::Table(Rc::new(self.table_of(&arg.expr, env)?)),
                (Some(arg), Some(ty), _) => {
                    let (own, value) = self.constant(&arg.expr, env, "an argument of a table function")?;
                    Named::Scalar(fit(ty, Bound::constant(own, value, arg.expr.place), &param.name)?)
                }
                (None, Some(ty), Some(default)) => {
                    let (own, value) = self.constant(default, inner, "a default")?;
                    Named::Scalar(fit(ty, Bound::constant(own, value, place), &param.name)?)
                }
                (None, ..) => return Err(KqlError::at(place, format!("`{name}` misses `{}`", param.name))),
            };
            scope = scope.with(&param.name, value);
        }
        let scope = self.lets(&function.body, &scope)?;
        self.pipeline(&function.body.result, &scope, None)
    }

    fn operator(&self, table: Table, op: &Op, env: &Env) -> Result<Table, KqlError> {
        match &op.kind {
            OpKind::Where(condition) => {
                let condition = self.condition(condition, scope_of(&table, env))?;
                let mut keep = Vec::with_capacity(table.rows.len());
                for index in 0..table.rows.len() {
                    keep.push(condition.holds(
                        At {
                            rows: &table.rows,
                            index,
                        },
                        &self.budget,
                    )?);
                }
                let mut table = table;
                let mut flags = keep.into_iter();
                table.rows.retain(|_| flags.next().unwrap_or(false));
                Ok(table)
            }
            OpKind::Extend(items) => self.extend(table, items, env),
            OpKind::Serialize(items) => {
                let mut table = table;
                table.serialized = true;
                self.extend(table, items, env)
            }
            OpKind::Project(items) => self.project(table, items, env),
            OpKind::ProjectAway(patterns) => {
                let gone = matched(&table, patterns)?;
                let keep = (0..table.columns.len()).filter(|index| !gone.contains(index)).collect();
                Ok(pick(table, keep))
            }
            OpKind::ProjectKeep(patterns) => {
                let mut kept = matched(&table, patterns)?;
                kept.sort_unstable();
                Ok(pick(table, kept))
            }
            OpKind::ProjectReorder(patterns) => {
                let mut order = matched(&table, patterns)?;
                order.extend(
                    (0..table.columns.len())
                        .filter(|index| !order.contains(index))
                        .collect::<Vec<_>>(),
                );
                Ok(pick(table, order))
            }
            OpKind::ProjectRename(items) => rename(table, items),
            OpKind::Distinct(items) => {
                let mut table = if items.is_empty() {
                    table
                } else {
                    self.project(table, items, env)?
                };
                if let Some(column) = table.columns.iter().find(|column| column.ty == Type::Dynamic) {
                    return Err(KqlError::at(
                        op.place,
                        format!("`distinct` by the dynamic `{}`: cast it", column.name),
                    ));
                }
                let mut seen = BTreeSet::new();
                table.rows.retain(|row| seen.insert(row.clone()));
                table.serialized = false;
                Ok(table)
            }
            OpKind::Summarize(aggregates, by) => self.summarize(&table, aggregates, by.as_deref(), env, op.place),
            OpKind::Join(kind, right, on) => self.join(&table, *kind, right, on, env, op.place),
            OpKind::Lookup(kind, right, on) => self.lookup(&table, *kind, right, on, env, op.place),
            OpKind::Union(union) => self.union(Some(table), union, env),
            OpKind::MvExpand(columns, index, limit) => {
                let limit = limit.as_ref().map(|l| self.count(l, env, "the limit")).transpose()?;
                self.mv_expand(&table, columns, index.as_ref(), limit, env, op.place)
            }
            OpKind::MvApply(columns, limit, body) => {
                let limit = limit.as_ref().map(|l| self.count(l, env, "the limit")).transpose()?;
                self.mv_apply(&table, columns, limit, body, env, op.place)
            }
            OpKind::Sort(keys) => self.sort(table, keys, env),
            OpKind::Top(count, key) => {
                let count = self.count(count, env, "the number of `top`")?;
                let mut table = self.sort(table, std::slice::from_ref(key), env)?;
                table.rows.truncate(count);
                Ok(table)
            }
            OpKind::Take(count) => {
                let count = self.count(count, env, "the number of `take`")?;
                let mut table = table;
                table.rows.truncate(count);
                Ok(table)
            }
            OpKind::Count => {
                let mut counted = Table::new([("Count", Type::Long)]);
                counted
                    .rows
                    .push(vec![Value::Long(i64::try_from(table.rows.len()).unwrap_or(i64::MAX))]);
                Ok(counted)
            }
            OpKind::Parse(source, pieces, filter) => self.parse(table, source, pieces, *filter, env, op.place),
            OpKind::Invoke(call) => {
                let (name, args) = match &call.kind {
                    ExprKind::Call(name, args) => (name, args.as_slice()),
                    ExprKind::Name(name) => (name, &[][..]),
                    _ => return Err(KqlError::at(call.place, "`invoke` needs a function")),
                };
                match env.find(name) {
                    Some(Named::Function(function, inner)) => self.deeper(call.place, || {
                        self.call(name, function, inner, args, Some(table), env, call.place)
                    }),
                    _ => Err(KqlError::at(
                        call.place,
                        format!("there is no function `{name}` to invoke"),
                    )),
                }
            }
            OpKind::As => Ok(table),
        }
    }

    /// All expressions read the values before the operator.
    fn extend(&self, table: Table, items: &[Item], env: &Env) -> Result<Table, KqlError> {
        let mut columns = table.columns.clone();
        let mut places = Vec::new();
        let mut bound = Vec::new();
        let mut assigned: Vec<Arc<str>> = Vec::new();
        for item in items {
            let one = self.bind(&item.expr, scope_of(&table, env))?;
            let name = match &item.name {
                Some((name, _)) => Arc::clone(name),
                None => expression_name(&item.expr).unwrap_or_else(|| free_name(&columns, &"Column1".into())),
            };
            if assigned.contains(&name) {
                return Err(KqlError::at(item.expr.place, format!("`{name}` is assigned twice")));
            }
            assigned.push(Arc::clone(&name));
            let column = Column { name, ty: one.ty };
            match columns.iter().position(|old| old.name == column.name) {
                Some(at) => {
                    if let Some(old) = columns.get_mut(at) {
                        *old = column;
                    }
                    places.push(at);
                }
                None => {
                    places.push(columns.len());
                    columns.push(column);
                }
            }
            bound.push(one);
        }
        let mut rows = Vec::with_capacity(table.rows.len());
        for (index, row) in table.rows.iter().enumerate() {
            let mut row = row.clone();
            row.resize(columns.len(), Value::Null);
            for (place, one) in places.iter().zip(&bound) {
                let value = one.eval(
                    At {
                        rows: &table.rows,
                        index,
                    },
                    &self.budget,
                )?;
                if let Some(cell) = row.get_mut(*place) {
                    *cell = value;
                }
            }
            rows.push(row);
        }
        Ok(Table {
            columns,
            rows,
            serialized: table.serialized,
        })
    }

    fn project(&self, table: Table, items: &[Item], env: &Env) -> Result<Table, KqlError> {
        let mut columns: Vec<Column> = Vec::new();
        let mut bound = Vec::new();
        for item in items {
            let one = self.bind(&item.expr, scope_of(&table, env))?;
            let name = match &item.name {
                Some((name, _)) => Arc::clone(name),
                None => expression_name(&item.expr).unwrap_or_else(|| free_name(&columns, &"Column1".into())),
            };
            if columns.iter().any(|column| column.name == name) {
                return Err(KqlError::at(item.expr.place, format!("there are two columns `{name}`")));
            }
            columns.push(Column { name, ty: one.ty });
            bound.push(one);
        }
        let mut rows = Vec::with_capacity(table.rows.len());
        for index in 0..table.rows.len() {
            let at = At {
                rows: &table.rows,
                index,
            };
            let row: Result<Row, KqlError> = bound.iter().map(|one| one.eval(at, &self.budget)).collect();
            rows.push(row?);
        }
        Ok(Table {
            columns,
            rows,
            serialized: table.serialized,
        })
    }

    fn sort(&self, mut table: Table, keys: &[SortKey], env: &Env) -> Result<Table, KqlError> {
        let mut bound = Vec::new();
        for key in keys {
            let one = self.bind(&key.expr.expr, scope_of(&table, env))?;
            if one.ty == Type::Dynamic {
                return Err(KqlError::at(one.place, "sorting by a dynamic: cast it first"));
            }
            bound.push(one);
        }
        let mut order = Vec::with_capacity(table.rows.len());
        for index in 0..table.rows.len() {
            let at = At {
                rows: &table.rows,
                index,
            };
            let values: Result<Row, KqlError> = bound.iter().map(|one| one.eval(at, &self.budget)).collect();
            order.push((values?, index));
        }
        order.sort_by(|(a, _), (b, _)| {
            for ((key, a), b) in keys.iter().zip(a).zip(b) {
                let found = match (a.is_null(), b.is_null()) {
                    (true, true) => Ordering::Equal,
                    (true, false) if key.nulls_first => Ordering::Less,
                    (true, false) => Ordering::Greater,
                    (false, true) if key.nulls_first => Ordering::Greater,
                    (false, true) => Ordering::Less,
                    (false, false) if key.ascending => a.cmp(b),
                    (false, false) => b.cmp(a),
                };
                if found != Ordering::Equal {
                    return found;
                }
            }
            Ordering::Equal
        });
        let mut rows: BTreeMap<usize, Row> = table.rows.into_iter().enumerate().collect();
        table.rows = order.iter().filter_map(|(_, index)| rows.remove(index)).collect();
        table.serialized = true;
        Ok(table)
    }
}

/// The columns of a table as the scope of an expression.
pub(super) fn scope_of<'s>(table: &'s Table, env: &'s Env) -> Scope<'s> {
    Scope {
        columns: &table.columns,
        env,
        serialized: table.serialized,
    }
}

/// The type of a value, as far as it shows one.
fn kind_of(value: &Value) -> Type {
    match value {
        Value::Long(_) => Type::Long,
        Value::Real(_) => Type::Real,
        Value::Timespan(_) => Type::Timespan,
        Value::Datetime(_) => Type::Datetime,
        Value::String(_) => Type::String,
        Value::Bool(_) => Type::Bool,
        Value::Guid(_) => Type::Guid,
        Value::Null | Value::Array(_) | Value::Bag(_) => Type::Dynamic,
    }
}
