//! Expressions: prepared once (patterns compiled, address blocks and lists read), then computed over rows.
//!
//! The meaning of every operator is a function of [`crate::runtime`]; here stands only which one is called.

use super::Unfit;
use crate::diagnostics::Span as Place;
use crate::functions::Native;
use crate::plan::{
    Argument, ArithmeticOp, ConstantValue, Expr, ExprKind, List, Literal, OrderOp, Pattern, Plan, Segment, SetOp, Slot,
    TextOp, Type,
};
use crate::runtime::address::{self, Cidr};
use crate::runtime::number::{Number, as_number};
use crate::runtime::{arithmetic, compare, function, missing, set, text};
use crate::value::Value;
use regex::Regex;
use std::borrow::Cow;

/// A prepared expression.
#[derive(Debug)]
pub(super) enum Code {
    Column(Slot),
    Value(Value),
    Member(Box<Code>, Vec<Segment>),
    Convert(Box<Code>, Type),
    Not(Box<Code>),
    And(Vec<Code>),
    Or(Vec<Code>),
    /// A test of two values.
    Compare(fn(&Value, &Value) -> bool, Box<Code>, Box<Code>),
    In {
        value: Box<Code>,
        list: Vec<Value>,
        fold: bool,
    },
    InCidr(Box<Code>, Vec<Cidr>),
    /// A word operator on two texts.
    Text(fn(&str, &str) -> bool, Box<Code>, Box<Code>),
    HasAny(Box<Code>, Vec<String>),
    Matches(Box<Code>, Regex),
    /// A test of one value.
    Is(fn(&Value) -> bool, Box<Code>),
    Coalesce(Vec<Code>),
    /// A set operation, or arithmetic.
    Operate(fn(&Value, &Value) -> Value, Box<Code>, Box<Code>),
    Call(fn(&[Value]) -> Value, Vec<Code>),
    CallPattern(fn(&Value, &Regex) -> Value, Box<Code>, Regex),
}

impl Code {
    /// The value over a row. A test gives true or false, never missing.
    pub(super) fn value<'a>(&'a self, row: &'a [Value]) -> Cow<'a, Value> {
        Cow::Owned(match self {
            Code::Column(slot) => {
                return row.get(*slot).map_or(Cow::Owned(Value::Missing), Cow::Borrowed);
            }
            Code::Value(value) => return Cow::Borrowed(value),
            Code::Member(base, path) => {
                let base = base.value(row);
                path.iter().fold(base.into_owned(), |value, segment| match segment {
                    Segment::Name(name) | Segment::Key(name) => function::member(&value, name),
                    Segment::Index(index) => function::index(&value, *index),
                })
            }
            Code::Convert(inner, ty) => return convert(inner.value(row), *ty),
            Code::Coalesce(parts) => {
                let mut values = parts.iter().map(|part| part.value(row));
                return values
                    .find(|value| missing::is_present(value))
                    .unwrap_or(Cow::Owned(Value::Missing));
            }
            Code::Operate(operation, left, right) => operation(&left.value(row), &right.value(row)),
            Code::Call(native, arguments) => {
                let values: Vec<Value> = arguments.iter().map(|a| a.value(row).into_owned()).collect();
                native(&values)
            }
            Code::CallPattern(native, value, pattern) => native(&value.value(row), pattern),
            _ => Value::Bool(self.holds(row)),
        })
    }

    /// Whether the condition is true over a row: a test that is, or a value that is the bool `true`.
    pub(super) fn holds(&self, row: &[Value]) -> bool {
        match self {
            Code::Not(inner) => !inner.holds(row),
            Code::And(parts) => parts.iter().all(|part| part.holds(row)),
            Code::Or(parts) => parts.iter().any(|part| part.holds(row)),
            Code::Compare(test, left, right) => test(&left.value(row), &right.value(row)),
            Code::In { value, list, fold } => {
                let value = value.value(row);
                if *fold {
                    compare::is_one_of_ignore_case(&value, list)
                } else {
                    compare::is_one_of(&value, list)
                }
            }
            Code::InCidr(value, blocks) => {
                let value = value.value(row);
                blocks.iter().any(|block| address::in_cidr(&value, block))
            }
            Code::Text(test, value, needle) => text::holds_between(&value.value(row), &needle.value(row), test),
            Code::HasAny(value, needles) => text::holds(&value.value(row), |text| text::has_any(text, needles)),
            Code::Matches(value, pattern) => text::holds(&value.value(row), |text| text::matches(text, pattern)),
            Code::Is(test, value) => test(&value.value(row)),
            Code::Column(_)
            | Code::Value(_)
            | Code::Member(..)
            | Code::Convert(..)
            | Code::Coalesce(_)
            | Code::Operate(..)
            | Code::Call(..)
            | Code::CallPattern(..) => compare::is_true(&self.value(row)),
        }
    }
}

/// A json value as the type asks; missing where it is none. Values that have the type stay as they are.
fn convert(value: Cow<'_, Value>, ty: Type) -> Cow<'_, Value> {
    let number = |value: &Value| as_number(value).map_or(Value::Missing, |n| Value::real(n.as_f64()));
    match (ty, &*value) {
        (Type::Json, _) | (Type::Text, Value::Text(_)) | (Type::Bool, Value::Bool(_)) => value,
        (Type::Int, Value::Int(_)) | (Type::Real, Value::Real(_)) | (Type::Time, Value::Time(_)) => value,
        (Type::Text, other) => Cow::Owned(other.as_text().map_or(Value::Missing, Value::text)),
        (Type::Bool, other) => Cow::Owned(compare::as_bool(other).map_or(Value::Missing, Value::Bool)),
        (Type::Real, other) => Cow::Owned(number(other)),
        (Type::Int, other) => Cow::Owned(match as_number(other) {
            Some(Number::Int(n)) => Value::Int(n),
            _ => Value::Missing,
        }),
        (Type::Set(_), other) => Cow::Owned(Value::Set(set::set_of(other).into_owned())),
        (Type::Time | Type::Duration, _) => Cow::Owned(Value::Missing),
    }
}

/// Prepares the expressions of a plan.
pub(super) fn prepare(plan: &Plan, expr: &Expr) -> Result<Code, Unfit> {
    let one = |expr: &Expr| prepare(plan, expr).map(Box::new);
    let all = |parts: &[Expr]| {
        parts
            .iter()
            .map(|part| prepare(plan, part))
            .collect::<Result<Vec<_>, _>>()
    };
    Ok(match &expr.kind {
        ExprKind::Column(slot) => Code::Column(*slot),
        ExprKind::Literal(value) => Code::Value(literal(value, expr.span)?),
        ExprKind::Constant(index) => match plan.constants.get(*index).map(|constant| &constant.value) {
            Some(ConstantValue::Scalar(value)) => Code::Value(literal(value, expr.span)?),
            _ => return Err(Unfit::at(expr.span, "there is no value of this number")),
        },
        ExprKind::SetOf(list) => Code::Value(Value::Set(elements(plan, list, expr.span)?.into_iter().collect())),
        ExprKind::Member { base, path } => Code::Member(one(base)?, path.clone()),
        ExprKind::Convert(inner) => Code::Convert(one(inner)?, expr.ty),
        ExprKind::Not(inner) => Code::Not(one(inner)?),
        ExprKind::And(parts) => Code::And(all(parts)?),
        ExprKind::Or(parts) => Code::Or(all(parts)?),
        ExprKind::Equal { left, right, fold } => {
            let test = if *fold {
                compare::equals_ignore_case
            } else {
                compare::equals
            };
            Code::Compare(test, one(uncast(left))?, one(uncast(right))?)
        }
        ExprKind::Order { op, left, right } => {
            let test = match op {
                OrderOp::Less => compare::less,
                OrderOp::LessOrEqual => compare::less_eq,
                OrderOp::Greater => compare::greater,
                OrderOp::GreaterOrEqual => compare::greater_eq,
            };
            Code::Compare(test, one(left)?, one(right)?)
        }
        ExprKind::In { value, list, fold } => Code::In {
            value: one(uncast(value))?,
            list: elements(plan, list, expr.span)?,
            fold: *fold,
        },
        ExprKind::HasElement { list, element } => Code::Compare(set::contains_element, one(list)?, one(element)?),
        ExprKind::InCidr { value, blocks } => {
            let read = |block: &str| {
                block
                    .parse()
                    .map_err(|error| Unfit::at(expr.span, format!("`{block}`: {error}")))
            };
            Code::InCidr(one(value)?, plan.texts(blocks).map(read).collect::<Result<_, _>>()?)
        }
        ExprKind::Text { op, value, needle } => {
            let test = match op {
                TextOp::Contains => text::contains,
                TextOp::StartsWith => text::starts_with,
                TextOp::EndsWith => text::ends_with,
                TextOp::Has => text::has,
            };
            Code::Text(test, one(value)?, one(needle)?)
        }
        ExprKind::HasAny { value, list } => {
            let needles = elements(plan, list, expr.span)?;
            let needles = needles
                .iter()
                .filter_map(|needle| needle.as_text().map(Cow::into_owned));
            Code::HasAny(one(value)?, needles.collect())
        }
        ExprKind::Matches { value, pattern } => Code::Matches(one(value)?, regex(pattern, expr.span)?),
        ExprKind::Present(inner) => Code::Is(missing::is_present, one(inner)?),
        ExprKind::Empty(inner) => Code::Is(missing::is_empty, one(inner)?),
        ExprKind::Address(inner) => Code::Is(address::is_address, one(inner)?),
        ExprKind::Coalesce(parts) => Code::Coalesce(all(parts)?),
        ExprKind::Set { op, left, right } => {
            let operation = match op {
                SetOp::Minus => set::minus,
                SetOp::Union => set::union,
                SetOp::Intersect => set::intersect,
            };
            Code::Operate(operation, one(left)?, one(right)?)
        }
        ExprKind::Arithmetic { op, left, right } => {
            let operation = match op {
                ArithmeticOp::Add => arithmetic::add,
                ArithmeticOp::Subtract => arithmetic::sub,
                ArithmeticOp::Multiply => arithmetic::mul,
                ArithmeticOp::Divide => arithmetic::div,
            };
            Code::Operate(operation, one(left)?, one(right)?)
        }
        ExprKind::Call { function, arguments } => match (&function.0.native, arguments.as_slice()) {
            (Native::Pattern(native), [Argument::Value(value), Argument::Pattern(pattern)]) => {
                Code::CallPattern(*native, one(value)?, regex(pattern, expr.span)?)
            }
            (Native::Values(native), arguments) => {
                let mut values = Vec::new();
                for argument in arguments {
                    match argument {
                        Argument::Value(value) => values.push(prepare(plan, value)?),
                        Argument::Pattern(_) => return Err(Unfit::at(expr.span, "a pattern is no value")),
                    }
                }
                Code::Call(*native, values)
            }
            _ => return Err(Unfit::at(expr.span, "these are not the arguments of this function")),
        },
    })
}

/// The json value under a conversion to text. Equality reads a json value as the other side asks, and so knows that an
/// object or array is equal to no text; its compact JSON would not.
fn uncast(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Convert(inner) if expr.ty == Type::Text => inner,
        _ => expr,
    }
}

fn literal(literal: &Literal, span: Place) -> Result<Value, Unfit> {
    Ok(match literal {
        Literal::Text(text) => Value::text(text.as_str()),
        Literal::Int(n) => Value::Int(*n),
        Literal::Real(n) => Value::real(*n),
        Literal::Bool(b) => Value::Bool(*b),
        Literal::Duration(_) => return Err(Unfit::at(span, "a duration is no value of a row")),
    })
}

fn elements(plan: &Plan, list: &List, span: Place) -> Result<Vec<Value>, Unfit> {
    plan.elements(list)
        .iter()
        .map(|element| literal(element, span))
        .collect()
}

fn regex(pattern: &Pattern, span: Place) -> Result<Regex, Unfit> {
    crate::runtime::pattern::compile(&pattern.text, pattern.ignore_case)
        .map_err(|error| Unfit::at(span, error.to_string()))
}
