//! Conversions. What does not convert is null.

use super::Answer;
use crate::kql::lex;
use crate::kql::time;
use crate::kql::value::{Type, Value};

pub(super) fn tostring(args: &[Value]) -> Answer {
    Ok(Value::String(super::arg(args, 0)))
}

/// `tolong` and kin.
pub(super) fn to(args: &[Value], ty: Type) -> Answer {
    let value = args.first().unwrap_or(&Value::Null);
    let found = match (ty, value) {
        (_, Value::Null | Value::Array(_) | Value::Bag(_)) => None,
        (Type::String, value) => Some(Value::String(value.to_text())),
        (Type::Long, Value::Long(n)) => Some(Value::Long(*n)),
        (Type::Int, Value::Long(n)) => i32::try_from(*n).ok().map(|n| Value::Long(n.into())),
        (Type::Long, Value::Real(n)) => whole(*n),
        (Type::Int, Value::Real(n)) => whole(*n).filter(|v| matches!(v, Value::Long(n) if i32::try_from(*n).is_ok())),
        (Type::Long | Type::Int, Value::Bool(b)) => Some(Value::Long((*b).into())),
        (Type::Long, Value::Datetime(n) | Value::Timespan(n)) => Some(Value::Long(*n)),
        (Type::Long | Type::Int, Value::String(text)) => {
            let text = text.trim();
            let n = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                Some(hex) => i64::from_str_radix(hex, 16).ok(),
                None => text.parse().ok(),
            };
            if n.is_none() && text.parse::<f64>().is_ok() && text.bytes().any(|b| b.is_ascii_digit()) {
                return Err(format!(
                    "`to{ty}` of the text `{text}`, a fraction: the documents do not say what it gives"
                ));
            }
            n.filter(|n| ty == Type::Long || i32::try_from(*n).is_ok())
                .map(Value::Long)
        }
        (Type::Real, Value::Long(n)) => Some(Value::Real(*n as f64)),
        (Type::Real, Value::Real(n)) => Some(Value::Real(*n)),
        (Type::Real, Value::Bool(b)) => Some(Value::Real(f64::from(u8::from(*b)))),
        (Type::Real, Value::String(text)) => {
            let text = text.trim();
            let decimal = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
            let n = text.parse().ok().filter(|n: &f64| decimal && n.is_finite());
            n.map(Value::Real)
        }
        (Type::Bool, Value::Bool(b)) => Some(Value::Bool(*b)),
        (Type::Bool, Value::Long(n)) => Some(Value::Bool(*n != 0)),
        (Type::Bool, Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        (Type::Datetime, Value::Datetime(n)) => Some(Value::Datetime(*n)),
        (Type::Datetime, Value::String(text)) => datetime(text)?,
        (Type::Timespan, Value::Timespan(n)) => Some(Value::Timespan(*n)),
        (Type::Timespan, Value::String(text)) => time::parse_timespan(text).map(Value::Timespan),
        (Type::Guid, Value::Guid(text) | Value::String(text)) => lex::guid(text).map(|t| Value::Guid(t.into())),
        (ty, value) => {
            return Err(format!(
                "converting {} to `{ty}` is not supported",
                crate::kql::compare::kind(value)
            ));
        }
    };
    match (&found, value) {
        (Some(_), Value::String(text)) if ty != Type::String && text.trim() != &**text => Err(format!(
            "`to{ty}` of `{text}`, with blanks around it: the documents do not say what it gives"
        )),
        _ => Ok(found.unwrap_or(Value::Null)),
    }
}

/// A datetime in the forms that are certain; other texts that look like one are refused.
fn datetime(text: &str) -> Result<Option<Value>, String> {
    if let Some(ticks) = time::parse_datetime(text) {
        return Ok(Some(Value::Datetime(ticks)));
    }
    let looks = text.bytes().filter(u8::is_ascii_digit).count() >= 6 && text.contains(['/', ',', ' ']);
    if looks {
        return Err(format!("`todatetime` of `{text}`: only ISO 8601 is supported"));
    }
    Ok(None)
}

fn whole(n: f64) -> Option<Value> {
    (n.is_finite() && n.abs() < 9.2e18).then(|| Value::Long(n.trunc() as i64))
}

/// A cast of an element (`to typeof(T)`): a misfit is null, nothing is parsed.
pub(in crate::kql) fn cast(value: Value, ty: Type) -> Value {
    match (ty, value) {
        (Type::Dynamic, value) => value,
        (Type::String, value) => Value::String(value.to_text()),
        (Type::Bool, value @ Value::Bool(_))
        | (Type::Long, value @ Value::Long(_))
        | (Type::Real, value @ Value::Real(_))
        | (Type::Datetime, value @ Value::Datetime(_))
        | (Type::Timespan, value @ Value::Timespan(_))
        | (Type::Guid, value @ Value::Guid(_)) => value,
        (Type::Int, Value::Long(n)) if i32::try_from(n).is_ok() => Value::Long(n),
        (Type::Real, Value::Long(n)) => Value::Real(n as f64),
        _ => Value::Null,
    }
}
