//! Resolves operators between two expressions.

use super::arithmetic;
use super::ast::{Expr, ExprKind};
use super::bind::{Machine, Scope};
use super::bind_call::fit;
use super::error::{KqlError, Place};
use super::eval::{Bound, Code};
use super::value::{Type, Value};
use std::sync::Arc;

impl Machine<'_> {
    /// An operator of two bound sides.
    pub(super) fn binary(&self, operator: &str, left: Bound, right: Bound, place: Place) -> Result<Bound, KqlError> {
        let (a, b) = (left.ty, right.ty);
        let mismatch = || Err(KqlError::at(place, format!("`{operator}` cannot take {a} and {b}")));
        let either = a.is_loose() || b.is_loose();
        let make = |ty, code| Ok(Bound::new(ty, code, place));
        match operator {
            "==" | "!=" => {
                // Any two types bind; what two values of different types give is settled, or refused, row by row.
                let equal = Bound::new(Type::Bool, Code::Equal(left, right), place);
                if operator == "==" {
                    Ok(equal)
                } else {
                    make(Type::Bool, Code::Not(equal))
                }
            }
            "<" | ">" | "<=" | ">=" => {
                let ordered =
                    |ty: Type| ty.is_number() || ty.is_loose() || matches!(ty, Type::Datetime | Type::Timespan);
                let fits = a == b || either || (a.is_number() && b.is_number());
                if !(ordered(a) && ordered(b) && fits) {
                    return mismatch();
                }
                make(Type::Bool, Code::Less(operator.into(), left, right))
            }
            "+" | "-" | "*" | "/" | "%" => {
                let sign = operator.chars().next().unwrap_or('+');
                let ty = match (a, b) {
                    (Type::Unknown, _) | (_, Type::Unknown) => Some(Type::Unknown),
                    (Type::Dynamic, Type::Dynamic) => Some(Type::Dynamic),
                    (Type::Dynamic, other) | (other, Type::Dynamic) => match (sign, other) {
                        ('+', Type::Datetime) => Some(Type::Datetime),
                        ('-', Type::Datetime) | ('+' | '-', Type::Timespan) => Some(Type::Timespan),
                        (_, other) if other.is_number() => Some(other),
                        _ => None,
                    },
                    _ => arithmetic::result(sign, a, b),
                };
                match ty {
                    Some(ty) => make(ty, Code::Arithmetic(sign, left, right)),
                    None if either => Err(KqlError::at(
                        place,
                        format!(
                            "`{operator}` cannot take {a} and {b}: cast the dynamic first, with `tolong`, `toreal`, \
                             `todatetime`"
                        ),
                    )),
                    None => mismatch(),
                }
            }
            ":" => self.binary("has", left, right, place),
            "like" => Err(KqlError::at(place, "the operator `like` is not supported")),
            _ => {
                let left_fits = a == Type::String || a.is_loose();
                if !left_fits || !(b == Type::String || b.is_loose()) {
                    return mismatch();
                }
                let right = fit(Type::String, right, operator)?;
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
                    && !self.checking
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

    pub(super) fn bind_in(
        &self,
        operator: &Arc<str>,
        value: &Expr,
        list: &[Expr],
        place: Place,
        scope: Scope<'_>,
    ) -> Result<Bound, KqlError> {
        let value = self.bind(value, scope)?;
        let text = matches!(&**operator, "has_any" | "has_all" | "in~" | "!in~");
        if text && !(value.ty == Type::String || value.ty.is_loose()) {
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
                if table.columns.is_empty() && !table.open {
                    return Err(KqlError::at(element.place, "this table has no column"));
                }
                let found = table.rows.iter().filter_map(|row| row.first().cloned()).collect();
                elements.push(Bound::constant(Type::Dynamic, Value::array(found), element.place));
                continue;
            }
            let element = self.bind(element, scope)?;
            if text && !(element.ty == Type::String || element.ty.is_loose()) {
                return Err(KqlError::at(
                    element.place,
                    format!("`{operator}` takes texts, this is {}", element.ty),
                ));
            }
            elements.push(element);
        }
        Ok(Bound::new(
            Type::Bool,
            Code::In(Arc::clone(operator), value, elements),
            place,
        ))
    }
}
