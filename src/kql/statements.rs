//! Resolves statements: what gives a table and what a value, and the names that `let` makes.

use super::ast::{Body, Expr, ExprKind, Function, Let, LetValue, Pipeline, Source};
use super::bind::{DEEPEST, Env, Machine, Named, Scope};
use super::error::{KqlError, Place};
use super::eval::Bound;
use super::value::{Type, Value};
use std::rc::Rc;

impl Machine<'_> {
    /// Whether the expression gives a table.
    pub(super) fn is_table(&self, expr: &Expr, env: &Env) -> bool {
        match &expr.kind {
            ExprKind::Name(name) => match env.find(name) {
                Some(Named::Table(_)) => true,
                Some(Named::Scalar(_)) => false,
                Some(Named::Function(function, env)) => self.body_is_table(function, env),
                None => self.database.get(name).is_some(),
            },
            ExprKind::External(_) => true,
            ExprKind::Call(name, _) => match env.find(name) {
                Some(Named::Function(function, env)) => self.body_is_table(function, env),
                _ => matches!(&**name, "materialize" | "table" | "_GetWatchlist" | "_GetWatchlistAll"),
            },
            ExprKind::Query(query) => self.gives_table(query, env),
            _ => false,
        }
    }

    /// What is said of a name in the place of a table that nothing has.
    pub(super) fn no_table(&self, name: &str, env: &Env, place: Place) -> KqlError {
        let hint = super::names::hint(name, env.tables().into_iter().chain(self.database.names()));
        KqlError::at(place, format!("there is no table `{name}`{hint}"))
    }

    /// Whether the pipeline gives a table.
    pub(super) fn gives_table(&self, query: &Pipeline, env: &Env) -> bool {
        match &query.source {
            Source::Expr(expr) if query.ops.is_empty() => self.is_table(expr, env),
            _ => true,
        }
    }

    /// Whether the function gives a table.
    pub(super) fn body_is_table(&self, function: &Function, env: &Env) -> bool {
        // Too deep: whoever binds it says so.
        if self.depth.get() > DEEPEST {
            return false;
        }
        self.depth.set(self.depth.get() + 1);
        let found = self.body_gives_table(function, env);
        self.depth.set(self.depth.get() - 1);
        found
    }

    fn body_gives_table(&self, function: &Function, env: &Env) -> bool {
        let mut env = env.clone();
        let scalar = Named::Scalar(Bound::constant(Type::Dynamic, Value::Null, Place::default()));
        let table = Named::Table(Rc::default());
        for param in &function.params {
            env = env.with(
                &param.name,
                if param.ty.is_some() {
                    scalar.clone()
                } else {
                    table.clone()
                },
            );
        }
        for Let { name, value } in &function.body.lets {
            let value = match value {
                LetValue::Value(query) if self.gives_table(query, &env) => table.clone(),
                LetValue::Value(_) => scalar.clone(),
                LetValue::Function(function) => Named::Function(Rc::clone(function), env.clone()),
            };
            env = env.with(name, value);
        }
        self.gives_table(&function.body.result, &env)
    }

    /// The statements of a body; scalars may depend on the row where a function is called for one.
    pub(super) fn lets(&self, body: &Body, env: &Env) -> Result<Env, KqlError> {
        let mut env = env.clone();
        for Let { name, value } in &body.lets {
            let value = match value {
                LetValue::Function(function) => Named::Function(Rc::clone(function), env.clone()),
                LetValue::Value(query) if self.gives_table(query, &env) => {
                    Named::Table(Rc::new(self.deeper(query.place, || self.pipeline(query, &env, None))?))
                }
                LetValue::Value(query) => Named::Scalar(self.scalar(query, &env)?),
            };
            env = env.with(name, value);
        }
        Ok(env)
    }

    /// A pipeline that is one expression; computed where it needs no row.
    pub(super) fn scalar(&self, query: &Pipeline, env: &Env) -> Result<Bound, KqlError> {
        let Source::Expr(expr) = &query.source else {
            return Err(KqlError::at(query.place, "a value is needed here, not a table"));
        };
        if let ExprKind::Name(name) = &expr.kind
            && env.find(name).is_none()
        {
            return Err(self.no_table(name, env, expr.place));
        }
        let bound = self.bind(expr, Scope::empty(env))?;
        Ok(match bound.as_constant(&self.budget)? {
            Some(value) => Bound::constant(bound.ty, value, bound.place),
            None => bound,
        })
    }

    /// The value of an expression that may not depend on a row.
    pub(super) fn constant(&self, expr: &Expr, env: &Env, what: &str) -> Result<(Type, Value), KqlError> {
        let bound = self.bind(expr, Scope::empty(env))?;
        match bound.as_constant(&self.budget)? {
            Some(value) => Ok((bound.ty, value)),
            None => Err(KqlError::at(expr.place, format!("{what} must be a constant"))),
        }
    }

    /// The whole number of an expression that may not depend on a row.
    pub(super) fn count(&self, expr: &Expr, env: &Env, what: &str) -> Result<usize, KqlError> {
        match self.constant(expr, env, what)? {
            (_, Value::Long(n)) if n >= 0 => Ok(usize::try_from(n).unwrap_or(usize::MAX)),
            // A value of the data, which a check has not.
            (_, Value::Null) if self.checking => Ok(0),
            _ => Err(KqlError::at(
                expr.place,
                format!("{what} must be a whole number that is not negative"),
            )),
        }
    }
}
