//! Where the rows of a query come from: tables, functions, literals.

use super::ast::{Expr, ExprKind, External, Item, OpKind, Param, Pipeline, Source};
use super::bind::{Env, Machine, Named, Scope};
use super::bind_call::{argument, fit};
use super::bind_typed::cast_to;
use super::error::{KqlError, Place};
use super::eval::{Bound, Code};
use super::ops::limited;
use super::results::spread;
use super::table::{Column, Row, Table};
use super::value::{Type, Value};
use std::rc::Rc;
use std::sync::Arc;

impl Machine<'_> {
    /// The table of a pipeline; `given` are the rows of `mv-apply`.
    pub(super) fn pipeline(&self, query: &Pipeline, env: &Env, given: Option<Table>) -> Result<Table, KqlError> {
        let mut table = self.source(&query.source, env, given, query.place)?;
        let mut env = env.clone();
        let mut named = None;
        for op in &query.ops {
            self.budget.spend(table.rows.len() as u64, op.place)?;
            let name = named.take();
            table = match (&op.kind, name) {
                (OpKind::As(name), _) => {
                    self.budget.spend(table.rows.len() as u64, op.place)?;
                    env = env.with(name, Named::Table(Rc::new(table.clone())));
                    named = Some(Arc::clone(name));
                    table
                }
                (OpKind::Union(union), Some(name)) => self.union(Some((name, table)), union, &env)?,
                _ => self.operator(table, op, &env)?,
            };
            // Wide rows take time, too.
            let cells = (table.rows.len() as u64).saturating_mul(table.columns.len() as u64);
            self.budget.spend(cells / 4, op.place)?;
        }
        Ok(table)
    }

    fn source(&self, source: &Source, env: &Env, given: Option<Table>, place: Place) -> Result<Table, KqlError> {
        let scope = Scope::empty(env);
        match source {
            Source::Rows => given.ok_or_else(|| KqlError::at(place, "there are no rows here")),
            Source::Expr(expr) => self.table_of(expr, env),
            Source::Union(union) => self.union(None, union, env),
            Source::Search(search) => self.search(None, search, env, place),
            Source::Find(find) => self.find(find, env, place),
            Source::Print(items) => {
                let mut table = Table::default();
                let mut row = Row::new();
                let items = spread(items)?;
                for (index, item) in items.iter().enumerate() {
                    let bound = self.bind(&item.expr, scope)?;
                    let name = item.name.as_ref().map(|(name, _)| Arc::clone(name));
                    let name = name.unwrap_or_else(|| format!("print_{index}").into());
                    if table.column(&name).is_some() {
                        return Err(KqlError::at(item.expr.place, format!("there are two columns `{name}`")));
                    }
                    row.push(bound.eval_alone(&self.budget)?);
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
                            // Numbers are cells of any column of numbers, and of a bool.
                            (Type::Long | Type::Int, Type::Real) => cast_to(*ty, bound),
                            (Type::String, Type::Dynamic) => fit(*ty, bound, name)?,
                            _ => fit(*ty, bound, name)?,
                        };
                        values.push(bound.eval_alone(&self.budget)?);
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
                // They come in their order: the examples of `scan` need no `sort` behind it.
                table.serialized = true;
                let step_place = step.place;
                let backwards = matches!(by, Value::Long(n) | Value::Timespan(n) if n < 0)
                    || matches!(by, Value::Real(n) if n < 0.0);
                if by.is_null() && self.checking {
                    return Ok(table);
                }
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
                None => self.stored(name, env, expr.place),
            },
            ExprKind::Call(name, args) => match env.find(name) {
                Some(Named::Function(function, inner)) => self.call(name, function, inner, args, None, env, expr.place),
                _ => match (&**name, args.as_slice()) {
                    ("materialize", [arg]) => self.table_of(&arg.expr, env),
                    ("table", [arg]) => {
                        let (_, name) = self.constant(&arg.expr, env, "the name of a table")?;
                        self.stored(&name.to_text(), env, expr.place)
                    }
                    ("_GetWatchlist" | "_GetWatchlistAll", _) => self.watchlist(name, args, env, expr.place),
                    _ if super::names::is_function(name) => Err(KqlError::at(
                        expr.place,
                        format!("the function `{name}` gives no table, or is not supported"),
                    )),
                    _ => {
                        let hint = super::names::hint(name, env.functions());
                        Err(KqlError::at(
                            expr.place,
                            format!("there is no table function `{name}`{hint}"),
                        ))
                    }
                },
            },
            ExprKind::External(external) => self.external(external, expr.place),
            _ => Err(KqlError::at(expr.place, "a table is needed here")),
        })
    }

    fn stored(&self, name: &str, env: &Env, place: Place) -> Result<Table, KqlError> {
        let Some(table) = self.database.get(name) else {
            return Err(self.no_table(name, env, place));
        };
        self.budget.spend(table.rows.len() as u64, place)?;
        let Some(time) = table.column("TimeGenerated") else {
            return Ok(Table {
                open: self.checking && table.open,
                ..table.clone()
            });
        };
        let rows = table
            .rows
            .iter()
            .filter(|row| row.get(time).is_some_and(|at| self.clock.sees(at)));
        Ok(Table {
            columns: table.columns.clone(),
            rows: rows.cloned().collect(),
            serialized: false,
            open: self.checking && table.open,
        })
    }

    /// A table function of the query; `piped` is its first argument in `invoke`.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn call(
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
                Some(param) if param.ty.is_none() => {
                    fits(&table, param, place)?;
                    scope = scope.with(&param.name, Named::Table(Rc::new(table)));
                }
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
                (Some(arg), None, _) => {
                    let table = self.table_of(&arg.expr, env)?;
                    fits(&table, param, arg.expr.place)?;
                    Named::Table(Rc::new(table))
                }
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

    /// The watchlist of a call; in a check its columns may be unknown.
    fn watchlist(&self, function: &str, args: &[Item], env: &Env, place: Place) -> Result<Table, KqlError> {
        let (Some(arg), "_GetWatchlist") = (args.first(), function) else {
            if self.checking {
                return Ok(Table {
                    open: true,
                    ..Table::default()
                });
            }
            return Err(KqlError::at(
                place,
                format!("`{function}` without the alias of one watchlist is not supported"),
            ));
        };
        let (_, alias) = self.constant(&arg.expr, env, "the alias of a watchlist")?;
        let alias = alias.to_text();
        match self.database.watchlist(&alias) {
            Some(table) => Ok(table.clone()),
            None if self.checking => Ok(Table {
                open: true,
                ..Table::default()
            }),
            None => Err(KqlError::at(
                place,
                format!("there is no watchlist `{alias}`; give it as `--watchlist {alias}=FILE.csv`"),
            )),
        }
    }

    /// `externaldata`: its columns are declared, its rows are not fetched.
    fn external(&self, external: &External, place: Place) -> Result<Table, KqlError> {
        if !self.checking {
            return Err(KqlError::at(
                place,
                "`externaldata` is not run: nothing is fetched from elsewhere; put the rows into a `datatable`",
            ));
        }
        Ok(Table::new(external.columns.iter().map(|(name, ty)| (&**name, *ty))))
    }
}

/// Whether a table has the columns that a parameter wants.
fn fits(table: &Table, param: &Param, place: Place) -> Result<(), KqlError> {
    for (name, ty) in &param.columns {
        let own = table
            .column(name)
            .and_then(|at| table.columns.get(at))
            .map(|column| column.ty);
        match own {
            Some(own) if own == *ty || own == Type::Unknown => {}
            Some(own) => {
                return Err(KqlError::at(
                    place,
                    format!(
                        "`{}` wants a column `{name}` of type {ty}, here it is {own}",
                        param.name
                    ),
                ));
            }
            None if table.open => {}
            None => {
                return Err(KqlError::at(
                    place,
                    format!("`{}` wants a column `{name}`, which this table has not", param.name),
                ));
            }
        }
    }
    Ok(())
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
