//! Functions that look at other rows: `prev`, `next`, `row_number` and kin. They need rows in an order.

use super::bind::{Machine, Scope};
use super::bind_call::fit;
use super::bind_typed::cast_to;
use super::error::{KqlError, Place};
use super::eval::{At, Bound, Budget, Code};
use super::table::Row;
use super::value::{Type, Value};
use std::cell::RefCell;

/// What is counted over the rows before.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// `row_number`, from that number
    Number(i64),
    /// `row_cumsum`
    Sum,
    /// `row_rank_dense`
    Dense,
    /// `row_rank_min`
    Least,
    /// `row_window_session`, with the greatest distances from the first and from the neighbour, in ticks
    Session(i64, i64),
}

/// A function of the rows before.
#[derive(Debug)]
pub(super) struct Window {
    kind: Kind,
    term: Option<Bound>,
    restart: Option<Bound>,
    /// What the rows gave so far: rows are asked for in order, more or less.
    seen: RefCell<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Which rows: their address and number
    of: (usize, usize),
    values: Vec<Value>,
    /// Where the last restart was
    begin: usize,
    last: Option<Value>,
    session: Value,
    before: Vec<Value>,
}

impl Window {
    pub(super) fn children(&self) -> Vec<&Bound> {
        self.term.iter().chain(&self.restart).collect()
    }

    /// The value for the row.
    pub(super) fn value(&self, at: At<'_>, budget: &Budget, place: Place) -> Result<Value, KqlError> {
        let of = (at.rows.as_ptr() as usize, at.rows.len());
        loop {
            let index = {
                let mut seen = self.seen.borrow_mut();
                if seen.of != of {
                    *seen = Seen { of, ..Seen::default() };
                }
                if let Some(value) = seen.values.get(at.index) {
                    return Ok(value.clone());
                }
                seen.values.len()
            };
            if index >= at.rows.len() {
                return Ok(Value::Null);
            }
            self.next(at.rows, index, budget, place)?;
        }
    }

    fn next(&self, rows: &[Row], index: usize, budget: &Budget, place: Place) -> Result<(), KqlError> {
        let at = At { rows, index };
        budget.spend(1, place)?;
        let restart = match &self.restart {
            Some(restart) => restart.holds(at, budget)?,
            None => false,
        };
        let term = match &self.term {
            Some(term) => term.eval(at, budget)?,
            None => Value::Null,
        };
        let refuse = |what: &str| {
            Err(KqlError::at(
                place,
                format!("{what}, which the documents do not describe"),
            ))
        };
        let mut seen = self.seen.borrow_mut();
        if restart {
            seen.begin = index;
            seen.before.clear();
        }
        let fresh = restart || index == 0;
        let position = i64::try_from(index - seen.begin).unwrap_or(i64::MAX);
        let old = seen.values.last().cloned();
        let value = match (self.kind, old) {
            (Kind::Number(first), _) => Value::Long(first.saturating_add(position)),
            (Kind::Sum, _) if term.is_null() => return refuse("`row_cumsum` of a null"),
            (Kind::Sum, Some(old)) if !fresh => match (&old, &term) {
                (Value::Long(a), Value::Long(b)) => match a.checked_add(*b) {
                    Some(sum) => Value::Long(sum),
                    None => return refuse("this sum leaves the range of `long`"),
                },
                (Value::Timespan(a), Value::Timespan(b)) => match a.checked_add(*b) {
                    Some(sum) => Value::Timespan(sum),
                    None => return refuse("this sum leaves the range of `timespan`"),
                },
                (a, b) => match (a.number(), b.number()) {
                    (Some(a), Some(b)) => Value::Real(a + b),
                    _ => Value::Null,
                },
            },
            (Kind::Sum, _) => term.clone(),
            (Kind::Dense | Kind::Least, _)
                if !fresh && term.is_null() && seen.last.as_ref().is_some_and(Value::is_null) =>
            {
                return refuse("the rank of nulls side by side");
            }
            (Kind::Dense | Kind::Least, Some(old)) if !fresh && seen.last.as_ref() == Some(&term) => old,
            (Kind::Dense, Some(Value::Long(old))) if !fresh => Value::Long(old.saturating_add(1)),
            (Kind::Dense, _) => Value::Long(1),
            (Kind::Least, _) => {
                budget.spend(seen.before.len() as u64, place)?;
                if seen.before.contains(&term) {
                    return refuse("`row_rank_min` of a value that comes again after others");
                }
                seen.before.push(term.clone());
                Value::Long(position.saturating_add(1))
            }
            (Kind::Session(..), _) if term.is_null() => return refuse("`row_window_session` of a null"),
            (Kind::Session(first, between), _) => {
                let far = |from: Option<&Value>, most: i64| match (from, &term) {
                    (Some(Value::Datetime(from)), Value::Datetime(now)) => *now >= from.saturating_add(most),
                    _ => true,
                };
                if restart || far(Some(&seen.session), first) || far(seen.last.as_ref(), between) {
                    seen.session = term.clone();
                }
                seen.session.clone()
            }
        };
        seen.last = Some(term);
        seen.values.push(value);
        Ok(())
    }
}

impl Machine<'_> {
    /// A call of one of these functions; none where it is another.
    pub(super) fn row_function(
        &self,
        name: &str,
        args: &[Bound],
        place: Place,
        scope: Scope<'_>,
    ) -> Result<Option<Bound>, KqlError> {
        let wrong = |what: &str| Err(KqlError::at(place, format!("`{name}` takes {what}")));
        let (kind, term, restart, ty) = match (name, args) {
            ("prev" | "next", _) => return self.shift(name, args, place, scope).map(Some),
            ("row_number", [] | [_] | [_, _]) => {
                let first = match args.first() {
                    None => 1,
                    Some(first) => match first.as_constant(&self.budget)? {
                        Some(Value::Long(n)) => n,
                        _ => return wrong("a constant number, and a bool for the restart"),
                    },
                };
                (Kind::Number(first), None, args.get(1), Type::Long)
            }
            ("row_cumsum", [term] | [term, _]) => {
                if !(term.ty.is_number() || matches!(term.ty, Type::Timespan | Type::Unknown)) {
                    return wrong("a number, and a bool for the restart");
                }
                (Kind::Sum, Some(term), args.get(1), term.ty)
            }
            ("row_rank_dense" | "row_rank_min", [term] | [term, _]) => {
                let kind = if name == "row_rank_min" {
                    Kind::Least
                } else {
                    Kind::Dense
                };
                (kind, Some(term), args.get(1), Type::Long)
            }
            ("row_window_session", [term, first, between, rest @ ..]) if rest.len() <= 1 => {
                let span = |bound: &Bound| match bound.as_constant(&self.budget)? {
                    Some(Value::Timespan(ticks)) => Ok(ticks),
                    _ => Err(KqlError::at(
                        bound.place,
                        format!("`{name}` needs a constant timespan here"),
                    )),
                };
                if !matches!(term.ty, Type::Datetime | Type::Unknown) {
                    return wrong("a datetime, two timespans, and a bool for the restart");
                }
                let kind = Kind::Session(span(first)?, span(between)?);
                (kind, Some(term), rest.first(), Type::Datetime)
            }
            ("row_number" | "row_cumsum" | "row_rank_dense" | "row_rank_min" | "row_window_session", _) => {
                return wrong("other arguments: see its page");
            }
            _ => return Ok(None),
        };
        self.ordered(name, place, scope)?;
        if let Some(restart) = restart.filter(|restart| !matches!(restart.ty, Type::Bool | Type::Unknown)) {
            return Err(KqlError::at(
                restart.place,
                format!("the restart of `{name}` is a bool, this is {}", restart.ty),
            ));
        }
        let window = Window {
            kind,
            term: term.cloned(),
            restart: restart.cloned(),
            seen: RefCell::default(),
        };
        Ok(Some(Bound::new(ty, Code::Window(window), place)))
    }

    fn ordered(&self, name: &str, place: Place, scope: Scope<'_>) -> Result<(), KqlError> {
        if scope.serialized {
            return Ok(());
        }
        Err(KqlError::at(
            place,
            format!("`{name}` needs rows in an order: put `sort`, `top` or `serialize` before it"),
        ))
    }

    fn shift(&self, name: &str, args: &[Bound], place: Place, scope: Scope<'_>) -> Result<Bound, KqlError> {
        self.ordered(name, place, scope)?;
        let (Some(value), true) = (args.first(), args.len() <= 3) else {
            return Err(KqlError::at(
                place,
                format!("`{name}` takes a column, an offset and a default"),
            ));
        };
        let by = match args.get(1).map(|arg| arg.as_constant(&self.budget)).transpose()? {
            None => 1,
            Some(Some(Value::Long(n))) if n >= 0 => n,
            Some(_) => {
                return Err(KqlError::at(
                    place,
                    format!("the offset of `{name}` must be a constant"),
                ));
            }
        };
        let outside = match args.get(2) {
            Some(outside) if value.ty.is_loose() || outside.ty.is_loose() => cast_to(value.ty, outside.clone()),
            Some(outside) => fit(value.ty, outside.clone(), &format!("the default of `{name}`"))?,
            None => Bound::constant(value.ty, value.ty.null(), place),
        };
        let by = if name == "prev" { -by } else { by };
        Ok(Bound::new(value.ty, Code::Shift(value.clone(), by, outside), place))
    }
}
