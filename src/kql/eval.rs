//! Bound expressions, and what they give for a row.

use super::compare;
use super::error::{KqlError, Place};
use super::functions::Answer;
use super::rows::Window;
use super::table::Row;
use super::value::{Type, Value};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

/// An expression whose names are resolved.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) ty: Type,
    pub(super) code: Rc<Code>,
    pub(super) place: Place,
    /// How deep it nests.
    pub(super) depth: u32,
    /// Whether it needs a row.
    pub(super) needs_row: bool,
}

/// What there is to do.
#[derive(Debug)]
pub(super) enum Code {
    Const(Value),
    Column(usize),
    /// A column that only data know: never evaluated but in a check
    Unknown,
    Member(Bound, Arc<str>),
    Index(Bound, Bound),
    And(Vec<Bound>),
    Or(Vec<Bound>),
    Not(Bound),
    Equal(Bound, Bound),
    Less(Arc<str>, Bound, Bound),
    /// A string operator and whether it is negated
    Text(Arc<str>, Bound, Bound, bool),
    Matches(Bound, Bound),
    In(Arc<str>, Bound, Vec<Bound>),
    /// Conditions with their values, and the rest
    Case(Vec<(Bound, Bound)>, Bound),
    Coalesce(Vec<Bound>),
    IsEmpty(Bound),
    IsNull(Bound),
    Arithmetic(char, Bound, Bound),
    /// A function of values; whether it also takes nulls
    Call(fn(&[Value]) -> Answer, bool, Vec<Bound>),
    Cast(Bound),
    /// A dynamic whose value must be of the type
    Narrow(Bound),
    /// `prev` (negative) and `next`: how far, and what stands outside
    Shift(Bound, i64, Bound),
    /// A function of the rows before, such as `row_number`
    Window(Window),
}

impl Code {
    fn children(&self) -> Vec<&Bound> {
        match self {
            Code::Const(_) | Code::Column(_) | Code::Unknown => Vec::new(),
            Code::Member(a, _)
            | Code::Not(a)
            | Code::IsEmpty(a)
            | Code::IsNull(a)
            | Code::Cast(a)
            | Code::Narrow(a) => {
                vec![a]
            }
            Code::Index(a, b)
            | Code::Equal(a, b)
            | Code::Less(_, a, b)
            | Code::Text(_, a, b, _)
            | Code::Matches(a, b)
            | Code::Arithmetic(_, a, b)
            | Code::Shift(a, _, b) => vec![a, b],
            Code::Window(window) => window.children(),
            Code::And(list) | Code::Or(list) | Code::Coalesce(list) | Code::Call(_, _, list) => list.iter().collect(),
            Code::In(_, a, list) => list.iter().chain([a]).collect(),
            Code::Case(arms, rest) => arms.iter().flat_map(|(c, v)| [c, v]).chain([rest]).collect(),
        }
    }
}

/// The row that is computed, among its neighbours.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) rows: &'a [Row],
    pub(super) index: usize,
}

/// How much work a query may make: so many evaluated expressions and copied cells.
pub(super) const MOST_STEPS: u64 = 400_000_000;
/// The most elements and members that a value may hold, at any depth.
const MOST_PARTS: u64 = 1 << 21;

/// Counts down; nothing runs for ever.
#[derive(Debug)]
pub(super) struct Budget(Cell<u64>);

impl Budget {
    pub(super) fn new() -> Budget {
        Budget(Cell::new(MOST_STEPS))
    }

    pub(super) fn spend(&self, steps: u64, place: Place) -> Result<(), KqlError> {
        match self.0.get().checked_sub(steps) {
            Some(left) => {
                self.0.set(left);
                Ok(())
            }
            None => Err(KqlError::at(
                place,
                format!("the query takes more than {MOST_STEPS} steps, which is the limit here"),
            )),
        }
    }

    /// Pays for a value that is made: each element of an array or a bag takes room.
    pub(super) fn weigh(&self, value: &Value, place: Place) -> Result<(), KqlError> {
        match value.weight(MOST_PARTS) {
            Some(weight) => self.spend(weight * 8, place),
            None => Err(KqlError::at(
                place,
                format!("this makes a value of more than {MOST_PARTS} parts, which is the limit here"),
            )),
        }
    }
}

impl Bound {
    pub(super) fn new(ty: Type, code: Code, place: Place) -> Bound {
        let mut needs_row = matches!(
            code,
            Code::Column(_) | Code::Unknown | Code::Shift(..) | Code::Window(_)
        );
        let mut depth = 0;
        for child in code.children() {
            needs_row |= child.needs_row;
            depth = depth.max(child.depth);
        }
        Bound {
            ty,
            code: Rc::new(code),
            place,
            depth: depth.saturating_add(1),
            needs_row,
        }
    }

    pub(super) fn constant(ty: Type, value: Value, place: Place) -> Bound {
        Bound::new(ty, Code::Const(value), place)
    }

    /// Its value without a row, where it needs none.
    pub(super) fn as_constant(&self, budget: &Budget) -> Result<Option<Value>, KqlError> {
        if self.needs_row {
            return Ok(None);
        }
        self.eval(At { rows: &[], index: 0 }, budget).map(Some)
    }

    /// Its value without a row.
    pub(super) fn eval_alone(&self, budget: &Budget) -> Result<Value, KqlError> {
        self.eval(At { rows: &[], index: 0 }, budget)
    }

    /// Whether it is true for the row; null is not.
    pub(super) fn holds(&self, at: At<'_>, budget: &Budget) -> Result<bool, KqlError> {
        Ok(matches!(self.eval(at, budget)?, Value::Bool(true)))
    }

    /// Its value for the row.
    pub(super) fn eval(&self, at: At<'_>, budget: &Budget) -> Result<Value, KqlError> {
        budget.spend(1, self.place)?;
        let value = self.compute(at, budget)?;
        // A string has no null.
        Ok(match value {
            Value::Null => self.ty.null(),
            value => value,
        })
    }

    fn refuse(&self, what: String) -> KqlError {
        KqlError::at(self.place, what)
    }

    fn compute(&self, at: At<'_>, budget: &Budget) -> Result<Value, KqlError> {
        let truth = |found: compare::Truth| found.map(of_truth).map_err(|what| self.refuse(what));
        Ok(match &*self.code {
            Code::Const(value) => value.clone(),
            Code::Column(column) => at
                .rows
                .get(at.index)
                .and_then(|row| row.get(*column))
                .cloned()
                .unwrap_or(Value::Null),
            Code::Member(inner, name) => inner.eval(at, budget)?.member(name),
            Code::Index(inner, index) => {
                let of = inner.eval(at, budget)?;
                match index.eval(at, budget)? {
                    Value::Long(index) => of.element(index),
                    Value::String(name) => of.member(&name),
                    _ => Value::Null,
                }
            }
            Code::And(sides) => {
                let mut result = Some(true);
                for side in sides {
                    match truth_of(&side.eval(at, budget)?) {
                        Some(false) => return Ok(Value::Bool(false)),
                        Some(true) => {}
                        None => result = None,
                    }
                }
                of_truth(result)
            }
            Code::Or(sides) => {
                let mut result = Some(false);
                for side in sides {
                    match truth_of(&side.eval(at, budget)?) {
                        Some(true) => return Ok(Value::Bool(true)),
                        Some(false) => {}
                        None => result = None,
                    }
                }
                of_truth(result)
            }
            Code::Not(inner) => of_truth(truth_of(&inner.eval(at, budget)?).map(|b| !b)),
            Code::Equal(a, b) => {
                let dynamic = a.ty == Type::Dynamic || b.ty == Type::Dynamic;
                truth(compare::equal(&a.eval(at, budget)?, &b.eval(at, budget)?, dynamic))?
            }
            Code::Less(operator, a, b) => truth(compare::less(operator, &a.eval(at, budget)?, &b.eval(at, budget)?))?,
            Code::Text(operator, a, b, negated) => {
                let (a, b) = (a.eval(at, budget)?.to_text(), b.eval(at, budget)?.to_text());
                budget.spend(a.len() as u64 / 8, self.place)?;
                Value::Bool(compare::text(operator, &a, &b).map_err(|what| self.refuse(what))? != *negated)
            }
            Code::Matches(a, b) => {
                let (a, b) = (a.eval(at, budget)?.to_text(), b.eval(at, budget)?.to_text());
                budget.spend(a.len() as u64 / 8, self.place)?;
                let regex = super::functions::regex(&b).map_err(|what| self.refuse(what))?;
                Value::Bool(regex.is_match(&a))
            }
            Code::In(operator, a, list) => {
                let value = a.eval(at, budget)?;
                let mut elements = Vec::new();
                for element in list {
                    match element.eval(at, budget)? {
                        Value::Array(inner) => elements.extend(inner.iter().cloned()),
                        other => elements.push(other),
                    }
                }
                budget.spend(elements.len() as u64, self.place)?;
                let dynamic = list.iter().chain([a]).any(|side| side.ty == Type::Dynamic);
                truth(in_list(operator, &value, &elements, dynamic))?
            }
            Code::Case(arms, rest) => {
                for (condition, value) in arms {
                    if condition.holds(at, budget)? {
                        return value.eval(at, budget);
                    }
                }
                rest.eval(at, budget)?
            }
            Code::Coalesce(list) => {
                for value in list {
                    let text = value.ty == Type::String;
                    let value = value.eval(at, budget)?;
                    if !(value.is_null() || (text && value.is_empty())) {
                        return Ok(value);
                    }
                }
                Value::Null
            }
            Code::IsEmpty(inner) => Value::Bool(inner.eval(at, budget)?.is_empty()),
            Code::IsNull(inner) => Value::Bool(inner.eval(at, budget)?.is_null()),
            Code::Arithmetic(operator, a, b) => {
                let values = (a.eval(at, budget)?, b.eval(at, budget)?);
                for (side, value) in [(a, &values.0), (b, &values.1)] {
                    if side.ty.is_loose() && !value.is_null() {
                        return Err(self.refuse(format!(
                            "`{operator}` of a dynamic that is not null: the documents do not say; cast it first, with \
                             `tolong`, `toreal`, `todatetime`"
                        )));
                    }
                }
                let (a, b) = values;
                super::arithmetic::compute(*operator, &a, &b, self.ty).map_err(|what| self.refuse(what))?
            }
            Code::Call(run, takes_null, args) => {
                let mut values = Vec::with_capacity(args.len());
                for arg in args {
                    values.push(arg.eval(at, budget)?);
                }
                if !takes_null && values.iter().any(Value::is_null) {
                    return Ok(Value::Null);
                }
                let value = run(&values).map_err(|what| self.refuse(what))?;
                budget.weigh(&value, self.place)?;
                value
            }
            Code::Cast(inner) => {
                let value = inner.eval(at, budget)?;
                super::arithmetic::widen(value, self.ty)
            }
            Code::Narrow(inner) => {
                let value = inner.eval(at, budget)?;
                let fits = match (&value, self.ty) {
                    (Value::Null, _)
                    | (Value::Bool(_), Type::Bool)
                    | (Value::Long(_), Type::Int | Type::Long)
                    | (Value::Real(_), Type::Real)
                    | (Value::String(_), Type::String)
                    | (Value::Datetime(_), Type::Datetime)
                    | (Value::Timespan(_), Type::Timespan)
                    | (Value::Guid(_), Type::Guid) => true,
                    (_, ty) => ty.is_loose(),
                };
                if !fits {
                    return Err(self.refuse(format!(
                        "{} in a dynamic where {} is needed: the documents do not say what that gives; cast it first",
                        compare::kind(&value),
                        self.ty
                    )));
                }
                value
            }
            Code::Shift(inner, by, outside) => {
                let index = i64::try_from(at.index).ok().and_then(|i| i.checked_add(*by));
                match index
                    .and_then(|i| usize::try_from(i).ok())
                    .filter(|i| *i < at.rows.len())
                {
                    Some(index) => inner.eval(At { rows: at.rows, index }, budget)?,
                    None => outside.eval(at, budget)?,
                }
            }
            Code::Unknown => Value::Null,
            Code::Window(window) => window.value(at, budget, self.place)?,
        })
    }
}

/// A bool; none for null.
fn truth_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        _ => None,
    }
}

fn of_truth(truth: Option<bool>) -> Value {
    truth.map_or(Value::Null, Value::Bool)
}

/// `in` is an `or` of `==`, `!in` an `and` of `!=`.
fn in_list(operator: &str, value: &Value, elements: &[Value], dynamic: bool) -> compare::Truth {
    let (negated, base) = match operator.strip_prefix('!') {
        Some(base) => (true, base),
        None => (false, operator),
    };
    let text = value.to_text();
    let mut found = Some(false);
    for element in elements {
        let one = match (base, value, element) {
            ("has_any" | "has_all", _, element) => Some(compare::text("has", &text, &element.to_text())?),
            ("in~", Value::String(a), Value::String(b)) => Some(compare::equal_folded(a, b)?),
            _ => compare::equal(value, element, dynamic)?,
        };
        match (base, one) {
            ("has_all", Some(false)) => return Ok(Some(false)),
            ("has_all", _) => found = Some(true),
            (_, Some(true)) => return Ok(Some(!negated)),
            (_, None) => found = None,
            (_, Some(false)) => {}
        }
    }
    if base == "has_all" && elements.is_empty() {
        return Err("`has_all` of an empty list: the documents do not say".to_owned());
    }
    Ok(found.map(|b| b != negated))
}
