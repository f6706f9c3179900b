//! Resolves the names and types of expressions.

use super::ast::{Expr, ExprKind, Function};
use super::error::{KqlError, Place};
use super::eval::{Bound, Budget, Code};
use super::table::{Clock, Column, Database, Table};
use super::value::{Type, Value};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// How deep expressions and functions may nest once functions are written out.
pub(super) const DEEPEST: u32 = 90;

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

    fn kinds(&self, wanted: fn(&Named) -> bool) -> Vec<&str> {
        let mut names = Vec::new();
        let mut at = self;
        while let Some(frame) = &at.0 {
            if wanted(&frame.value) {
                names.push(&*frame.name);
            }
            at = &frame.parent;
        }
        names
    }

    /// The names of functions.
    pub(super) fn functions(&self) -> Vec<&str> {
        self.kinds(|named| matches!(named, Named::Function(..)))
    }

    /// The names of tables and of functions, which may give tables.
    pub(super) fn tables(&self) -> Vec<&str> {
        self.kinds(|named| matches!(named, Named::Table(_) | Named::Function(..)))
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
    /// Whether there may be more columns, see [`Table::open`]
    pub(super) open: bool,
}

impl<'s> Scope<'s> {
    /// Without a row.
    pub(super) fn empty(env: &'s Env) -> Scope<'s> {
        Scope {
            columns: &[],
            env,
            serialized: false,
            open: false,
        }
    }
}

/// A query in the making: what it reads, and how much it may still do.
pub(super) struct Machine<'a> {
    pub(super) database: &'a Database,
    pub(super) clock: Clock,
    pub(super) budget: Budget,
    /// Only names and types count: tables have no rows, and some of their columns may be unknown
    pub(super) checking: bool,
    pub(super) depth: Cell<u32>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(database: &'a Database, clock: Clock, checking: bool) -> Machine<'a> {
        Machine {
            checking,
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
                if !(matches!(index.ty, Type::Long | Type::Int | Type::String) || index.ty.is_loose()) {
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
                    ty if ty.is_number() || ty.is_loose() => Value::Long(0),
                    ty => return Err(KqlError::at(place, format!("`-` of a {ty}"))),
                };
                let ty = if inner.ty == Type::Int { Type::Long } else { inner.ty };
                let zero = Bound::constant(if ty.is_loose() { Type::Long } else { ty }, zero, place);
                make(ty, Code::Arithmetic('-', zero, inner))
            }
            ExprKind::And(sides) => make(Type::Bool, Code::And(self.conditions(sides, scope)?)),
            ExprKind::Or(sides) => make(Type::Bool, Code::Or(self.conditions(sides, scope)?)),
            ExprKind::Binary(operator, left, right) if matches!(left.kind, ExprKind::Star) => {
                self.any_column(operator, right, place, scope)
            }
            ExprKind::Binary(operator, left, right) => {
                let (left, right) = (self.bind(left, scope)?, self.bind(right, scope)?);
                self.binary(operator, left, right, place)
            }
            ExprKind::Between(value, low, high, negated) => {
                let value = self.bind(value, scope)?;
                let low = self.bind(low, scope)?;
                let mut high = self.bind(high, scope)?;
                if matches!(value.ty, Type::Datetime | Type::Unknown) && high.ty == Type::Timespan && low.ty != high.ty
                {
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
            ExprKind::Tuple(..) => Err(KqlError::at(
                place,
                "`(a, b) = ...` stands in `extend` and `project`, before a function with several results",
            )),
            ExprKind::Part(call, number) => self.part(call, *number, place, scope),
            ExprKind::Query(_) | ExprKind::External(_) => Err(KqlError::at(
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
        if matches!(bound.ty, Type::Bool | Type::Unknown) {
            return Ok(bound);
        }
        Err(KqlError::at(
            bound.place,
            format!("a condition must be bool, this is {}", bound.ty),
        ))
    }

    fn dynamic(&self, of: &Bound, what: &str) -> Result<(), KqlError> {
        if of.ty.is_loose() {
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
            Some(Named::Function(function, env))
                if function.params.iter().all(|param| param.default.is_some())
                    && !self.body_is_table(function, env) =>
            {
                self.bind_call(name, &[], place, scope)
            }
            Some(Named::Table(_) | Named::Function(..)) if !scope.open => Err(KqlError::at(
                place,
                format!("`{name}` is a table or a function and cannot stand here"),
            )),
            _ if scope.open => Ok(Bound::new(Type::Unknown, Code::Unknown, place)),
            _ => {
                let hint = super::names::hint(name, scope.columns.iter().map(|column| &*column.name));
                Err(KqlError::at(
                    place,
                    format!("there is no column or name `{name}` here{hint}"),
                ))
            }
        }
    }
}
