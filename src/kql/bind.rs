//! Resolves the names and types of expressions.

use super::arithmetic;
use super::ast::{Body, Expr, ExprKind, Function, Let, LetValue, Pipeline, Source};
use super::error::{KqlError, Place};
use super::eval::{Bound, Budget, Code};
use super::table::{Clock, Column, Database, Table};
use super::value::{Type, Value};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// How deep expressions and functions may nest once functions are written out.
const DEEPEST: u32 = 90;

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Named {
    Scalar(Bound),
    Table(Rc<Table>),
    Function(Rc<Function>, Env),
}

/// The names of `let`, the last one first.
#[derive(Clone, Debug, Default)]
pub(super) struct Env(Option<Rc<Frame>>);

#[derive(Debug)]
struct Frame {
    name: Arc<str>,
    value: Named,
    parent: Env,
}

/// One after the other: a long chain must not use up the stack.
impl Drop for Env {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(frame) = next {
            next = Rc::try_unwrap(frame).ok().and_then(|mut frame| frame.parent.0.take());
        }
    }
}

impl Env {
    pub(super) fn with(&self, name: &Arc<str>, value: Named) -> Env {
        Env(Some(Rc::new(Frame {
            name: Arc::clone(name),
            value,
            parent: self.clone(),
        })))
    }

    pub(super) fn find(&self, name: &str) -> Option<&Named> {
        let mut at = self;
        while let Some(frame) = &at.0 {
            if &*frame.name == name {
                return Some(&frame.value);
            }
            at = &frame.parent;
        }
        None
    }
}

/// Where an expression stands.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s> {
    pub(super) columns: &'s [Column],
    pub(super) env: &'s Env,
    /// Whether the rows have an order
    pub(super) serialized: bool,
}

/// A query in the making: what it reads, and how much it may still do.
pub(super) struct Machine<'a> {
    pub(super) database: &'a Database,
    pub(super) clock: Clock,
    pub(super) budget: Budget,
    depth: Cell<u32>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(database: &'a Database, clock: Clock) -> Machine<'a> {
        Machine {
            database,
            clock,
            budget: Budget::new(),
            depth: Cell::new(0),
        }
    }

    /// A guard against expressions and functions that nest too deeply.
    pub(super) fn deeper<T>(&self, place: Place, run: impl FnOnce() -> Result<T, KqlError>) -> Result<T, KqlError> {
        self.deeper_by(1, place, run)
    }

    /// The same for a step that takes more of the stack.
    pub(super) fn deeper_by<T>(
        &self,
        by: u32,
        place: Place,
        run: impl FnOnce() -> Result<T, KqlError>,
    ) -> Result<T, KqlError> {
        if self.depth.get() > DEEPEST {
            return Err(KqlError::at(
                place,
                format!("this nests more than {DEEPEST} deep, which is not supported"),
            ));
        }
        self.budget.spend(1000, place)?;
        self.depth.set(self.depth.get() + by);
        let result = run();
        self.depth.set(self.depth.get() - by);
        result
    }

    /// The expression, resolved.
    pub(super) fn bind(&self, expr: &Expr, scope: Scope<'_>) -> Result<Bound, KqlError> {
        let bound = self.deeper(expr.place, || self.bind_kind(expr, scope))?;
        if bound.depth > 250 {
            return Err(KqlError::at(
                expr.place,
                "this nests too deeply, which is not supported",
            ));
        }
        Ok(bound)
    }

    fn bind_kind(&self, expr: &Expr, scope: Scope<'_>) -> Result<Bound, KqlError> {
        let place = expr.place;
        let make = |ty, code| Ok(Bound::new(ty, code, place));
        match &expr.kind {
            ExprKind::Literal(ty, value) => Ok(Bound::constant(*ty, value.clone(), place)),
            ExprKind::Name(name) => self.bind_name(name, place, scope),
            ExprKind::Star => Err(KqlError::at(place, "`*` cannot stand here")),
            ExprKind::TypeOf(_) => Err(KqlError::at(place, "`typeof` cannot stand here")),
            ExprKind::Call(name, args) => self.bind_call(name, args, place, scope),
            ExprKind::Member(of, name) => {
                if let ExprKind::Name(side) = &of.kind
                    && side.starts_with('$')
                {
                    return Err(KqlError::at(
                        place,
                        format!("`{side}` only means something in `on` of a join"),
                    ));
                }
                let of = self.bind(of, scope)?;
                self.dynamic(&of, &format!(".{name}"))?;
                make(Type::Dynamic, Code::Member(of, Arc::clone(name)))
            }
            ExprKind::Index(of, index) => {
                let of = self.bind(of, scope)?;
                self.dynamic(&of, "[...]")?;
                let index = self.bind(index, scope)?;
                if !matches!(index.ty, Type::Long | Type::Int | Type::String) {
                    return Err(KqlError::at(
                        index.place,
                        format!("an index is a number or a string, not {}", index.ty),
                    ));
                }
                make(Type::Dynamic, Code::Index(of, index))
            }
            ExprKind::Minus(inner) => {
                let inner = self.bind(inner, scope)?;
                let zero = match inner.ty {
                    Type::Timespan => Value::Timespan(0),
                    ty if ty.is_number() => Value::Long(0),
                    ty => return Err(KqlError::at(place, format!("`-` of a {ty}"))),
                };
                let ty = if inner.ty == Type::Int { Type::Long } else { inner.ty };
                let zero = Bound::constant(ty, zero, place);
                make(ty, Code::Arithmetic('-', zero, inner))
            }
            ExprKind::And(sides) => make(Type::Bool, Code::And(self.conditions(sides, scope)?)),
            ExprKind::Or(sides) => make(Type::Bool, Code::Or(self.conditions(sides, scope)?)),
            ExprKind::Binary(operator, left, right) => {
                let (left, right) = (self.bind(left, scope)?, self.bind(right, scope)?);
                self.binary(operator, left, right, place)
            }
            ExprKind::Between(value, low, high, negated) => {
                let value = self.bind(value, scope)?;
                let low = self.bind(low, scope)?;
                let mut high = self.bind(high, scope)?;
                if value.ty == Type::Datetime && high.ty == Type::Timespan {
                    let place = high.place;
                    high = Bound::new(Type::Datetime, Code::Arithmetic('+', low.clone(), high), place);
                }
                let inside = vec![
                    self.binary(">=", value.clone(), low, place)?,
                    self.binary("<=", value, high, place)?,
                ];
                let inside = Bound::new(Type::Bool, Code::And(inside), place);
                if *negated {
                    make(Type::Bool, Code::Not(inside))
                } else {
                    Ok(inside)
                }
            }
            ExprKind::In(operator, value, list) => self.bind_in(operator, value, list, place, scope),
            ExprKind::Query(_) => Err(KqlError::at(
                place,
                "a table cannot stand here; use `toscalar` for one value of it",
            )),
        }
    }

    /// Expressions that must be bool.
    fn conditions(&self, sides: &[Expr], scope: Scope<'_>) -> Result<Vec<Bound>, KqlError> {
        sides.iter().map(|side| self.condition(side, scope)).collect()
    }

    /// An expression that must be bool.
    pub(super) fn condition(&self, expr: &Expr, scope: Scope<'_>) -> Result<Bound, KqlError> {
        let bound = self.bind(expr, scope)?;
        if bound.ty == Type::Bool {
            return Ok(bound);
        }
        Err(KqlError::at(
            bound.place,
            format!("a condition must be bool, this is {}", bound.ty),
        ))
    }

    fn dynamic(&self, of: &Bound, what: &str) -> Result<(), KqlError> {
        if of.ty == Type::Dynamic {
            return Ok(());
        }
        Err(KqlError::at(
            of.place,
            format!(
                "`{what}` needs a dynamic, this is {}; parse it with `parse_json`",
                of.ty
            ),
        ))
    }

    fn bind_name(&self, name: &Arc<str>, place: Place, scope: Scope<'_>) -> Result<Bound, KqlError> {
        if let Some(index) = scope.columns.iter().position(|column| column.name == *name)
            && let Some(column) = scope.columns.get(index)
        {
            return Ok(Bound::new(column.ty, Code::Column(index), place));
        }
        match scope.env.find(name) {
            Some(Named::Scalar(bound)) => Ok(Bound { place, ..bound.clone() }),
            Some(Named::Table(_) | Named::Function(..)) => Err(KqlError::at(
                place,
                format!("`{name}` is a table or a function and cannot stand here"),
            )),
            None => {
                let nearest = scope.columns.iter().find(|c| c.name.eq_ignore_ascii_case(name));
                let hint = nearest.map_or(String::new(), |c| format!("; there is `{}`", c.name));
                Err(KqlError::at(
                    place,
                    format!("there is no column or name `{name}` here{hint}"),
                ))
            }
        }
    }

    /// An operator of two bound sides.
    pub(super) fn binary(&self, operator: &str, left: Bound, right: Bound, place: Place) -> Result<Bound, KqlError> {
        let (a, b) = (left.ty, right.ty);
        let mismatch = || Err(KqlError::at(place, format!("`{operator}` cannot take {a} and {b}")));
        let either = a == Type::Dynamic || b == Type::Dynamic;
        let make = |ty, code| Ok(Bound::new(ty, code, place));
        match operator {
            "==" | "!=" => {
                if !(a == b || either || (a.is_number() && b.is_number())) {
                    return mismatch();
                }
                let equal = Bound::new(Type::Bool, Code::Equal(left, right), place);
                if operator == "==" {
                    Ok(equal)
                } else {
                    make(Type::Bool, Code::Not(equal))
                }
            }
            "<" | ">" | "<=" | ">=" => {
                let ordered =
                    |ty: Type| ty.is_number() || matches!(ty, Type::Datetime | Type::Timespan | Type::Dynamic);
                let fits = a == b || either || (a.is_number() && b.is_number());
                if !(ordered(a) && ordered(b) && fits) {
                    return mismatch();
                }
                make(Type::Bool, Code::Less(operator.into(), left, right))
            }
            "+" | "-" | "*" | "/" | "%" => {
                let sign = operator.chars().next().unwrap_or('+');
                match arithmetic::result(sign, a, b) {
                    Some(ty) => make(ty, Code::Arithmetic(sign, left, right)),
                    None if either => Err(KqlError::at(
                        place,
                        format!("`{operator}` of a dynamic: cast it first, with `tolong`, `toreal`, `todatetime`"),
                    )),
                    None => mismatch(),
                }
            }
            "like" => Err(KqlError::at(place, "the operator `like` is not supported")),
            _ => {
                let left_fits = matches!(a, Type::String | Type::Dynamic);
                if !left_fits || b != Type::String {
                    return mismatch();
                }
                if operator == "matches regex" {
                    if let Some(pattern) = right.as_constant(&self.budget)? {
                        let regex = super::functions::regex(&pattern.to_text())
                            .map_err(|what| KqlError::at(right.place, what))?;
                        if regex.captures_len() > 17 {
                            return Err(KqlError::at(right.place, "`matches regex` takes at most 16 groups"));
                        }
                    }
                    return make(Type::Bool, Code::Matches(left, right));
                }
                let (negated, base) = match operator {
                    "!~" => (true, "=~"),
                    _ => (operator.starts_with('!'), operator.trim_start_matches('!')),
                };
                if base.starts_with("has")
                    && let Some(value) = right.as_constant(&self.budget)?
                    && value.is_empty()
                {
                    return Err(KqlError::at(
                        right.place,
                        format!("`{operator} \"\"`: the documents do not say what it gives"),
                    ));
                }
                make(Type::Bool, Code::Text(base.into(), left, right, negated))
            }
        }
    }

    fn bind_in(
        &self,
        operator: &Arc<str>,
        value: &Expr,
        list: &[Expr],
        place: Place,
        scope: Scope<'_>,
    ) -> Result<Bound, KqlError> {
        let value = self.bind(value, scope)?;
        let text = matches!(&**operator, "has_any" | "has_all" | "in~" | "!in~");
        if text && !matches!(value.ty, Type::String | Type::Dynamic) {
            return Err(KqlError::at(
                value.place,
                format!("`{operator}` needs a string, this is {}", value.ty),
            ));
        }
        let mut elements = Vec::new();
        for element in list {
            let column = matches!(&element.kind, ExprKind::Name(name) if scope.columns.iter().any(|c| c.name == *name));
            if !column && self.is_table(element, scope.env) {
                let table = self.table_of(element, scope.env)?;
                let Some(first) = table.columns.first() else {
                    return Err(KqlError::at(element.place, "this table has no column"));
                };
                let found = table.rows.iter().filter_map(|row| row.first().cloned()).collect();
                self.comparable(operator, value.ty, first.ty, element.place)?;
                elements.push(Bound::constant(Type::Dynamic, Value::array(found), element.place));
                continue;
            }
            let element = self.bind(element, scope)?;
            self.comparable(operator, value.ty, element.ty, element.place)?;
            elements.push(element);
        }
        Ok(Bound::new(
            Type::Bool,
            Code::In(Arc::clone(operator), value, elements),
            place,
        ))
    }

    fn comparable(&self, operator: &str, a: Type, b: Type, place: Place) -> Result<(), KqlError> {
        if a == b || a == Type::Dynamic || b == Type::Dynamic || (a.is_number() && b.is_number()) {
            return Ok(());
        }
        Err(KqlError::at(place, format!("`{operator}` cannot take {a} and {b}")))
    }

    /// Whether the expression gives a table.
    pub(super) fn is_table(&self, expr: &Expr, env: &Env) -> bool {
        match &expr.kind {
            ExprKind::Name(name) => match env.find(name) {
                Some(Named::Table(_)) => true,
                Some(Named::Scalar(_)) => false,
                Some(Named::Function(function, env)) => self.body_is_table(function, env),
                None => self.database.get(name).is_some(),
            },
            ExprKind::Call(name, _) => match env.find(name) {
                Some(Named::Function(function, env)) => self.body_is_table(function, env),
                _ => matches!(&**name, "materialize" | "table" | "_GetWatchlist" | "externaldata"),
            },
            ExprKind::Query(query) => self.gives_table(query, env),
            _ => false,
        }
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
        let scope = Scope {
            columns: &[],
            env,
            serialized: false,
        };
        let bound = self.bind(expr, scope)?;
        Ok(match bound.as_constant(&self.budget)? {
            Some(value) => Bound::constant(bound.ty, value, bound.place),
            None => bound,
        })
    }

    /// The value of an expression that may not depend on a row.
    pub(super) fn constant(&self, expr: &Expr, env: &Env, what: &str) -> Result<(Type, Value), KqlError> {
        let scope = Scope {
            columns: &[],
            env,
            serialized: false,
        };
        let bound = self.bind(expr, scope)?;
        match bound.as_constant(&self.budget)? {
            Some(value) => Ok((bound.ty, value)),
            None => Err(KqlError::at(expr.place, format!("{what} must be a constant"))),
        }
    }

    /// The whole number of an expression that may not depend on a row.
    pub(super) fn count(&self, expr: &Expr, env: &Env, what: &str) -> Result<usize, KqlError> {
        match self.constant(expr, env, what)? {
            (_, Value::Long(n)) if n >= 0 => Ok(usize::try_from(n).unwrap_or(usize::MAX)),
            _ => Err(KqlError::at(
                expr.place,
                format!("{what} must be a whole number that is not negative"),
            )),
        }
    }
}
