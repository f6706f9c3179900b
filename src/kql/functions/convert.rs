//! Conversions. What does not convert is null.

use super::{Answer, Function, nulls, plain};
use crate::kql::compare::kind;
use crate::kql::time;
use crate::kql::value::{Type, Value};

pub(super) const TABLE: &[Function] = &[
    nulls("tostring", "a", Type::String, |a| Ok(Value::String(super::arg(a, 0)))),
    plain("tolong", "a", Type::Long, |a| to(a, Type::Long)),
    plain("toint", "a", Type::Int, |a| to(a, Type::Int)),
    plain("toreal todouble", "a", Type::Real, |a| to(a, Type::Real)),
    plain("tobool toboolean", "a", Type::Bool, |a| to(a, Type::Bool)),
    plain("todatetime", "a", Type::Datetime, |a| to(a, Type::Datetime)),
    plain("totimespan totime", "a", Type::Timespan, |a| to(a, Type::Timespan)),
    plain("toguid", "s", Type::Guid, |a| to(a, Type::Guid)),
];

/// `tolong` and kin.
fn to(args: &[Value], ty: Type) -> Answer {
    convert(args.first().unwrap_or(&Value::Null), ty)
}

/// A value as that type.
pub(in crate::kql) fn convert(value: &Value, ty: Type) -> Answer {
    let found = match (ty, value) {
        (_, Value::Null | Value::Array(_) | Value::Bag(_)) => None,
        (Type::Dynamic, value) => Some(value.clone()),
        (Type::Long | Type::Int | Type::Real | Type::Bool | Type::Datetime | Type::Timespan, Value::String(text))
            if text.trim() != &**text =>
        {
            if convert(&Value::text(text.trim()), ty)?.is_null() {
                None
            } else {
                return Err(format!(
                    "`to{ty}` of `{text}`, with blanks around it: the documents do not say what it gives"
                ));
            }
        }
        (Type::String, value) => Some(Value::String(value.to_text())),
        (Type::Long, Value::Long(n)) => Some(Value::Long(*n)),
        (Type::Int, Value::Long(n)) => i32::try_from(*n).ok().map(|n| Value::Long(n.into())),
        (Type::Long, Value::Real(n)) => whole(*n),
        (Type::Int, Value::Real(n)) => whole(*n).filter(|v| matches!(v, Value::Long(n) if i32::try_from(*n).is_ok())),
        (Type::Long | Type::Int, Value::Bool(b)) => Some(Value::Long((*b).into())),
        (Type::Long, Value::Datetime(n) | Value::Timespan(n)) => Some(Value::Long(*n)),
        (Type::Long | Type::Int, Value::String(text)) => {
            let n = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                Some(hex) => i64::from_str_radix(hex, 16).ok(),
                None => text.parse().ok(),
            };
            if n.is_none() && text.parse::<f64>().is_ok() && text.bytes().any(|b| b.is_ascii_digit()) {
                let what = if text.contains(['.', 'e', 'E']) {
                    "a fraction"
                } else {
                    "which is beyond the range"
                };
                return Err(format!(
                    "`to{ty}` of the text `{text}`, {what}: the documents do not say what it gives"
                ));
            }
            n.filter(|n| ty == Type::Long || i32::try_from(*n).is_ok())
                .map(Value::Long)
        }
        (Type::Real, Value::Long(n)) => Some(Value::Real(*n as f64)),
        (Type::Real, Value::Real(n)) => Some(Value::Real(*n)),
        (Type::Real, Value::Bool(b)) => Some(Value::Real(f64::from(u8::from(*b)))),
        (Type::Real, Value::String(text)) => {
            let decimal = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
            let n = text.parse().ok().filter(|n: &f64| decimal && n.is_finite());
            n.map(Value::Real)
        }
        (Type::Bool, Value::Bool(b)) => Some(Value::Bool(*b)),
        (Type::Bool, Value::Long(n)) => Some(Value::Bool(*n != 0)),
        (Type::Bool, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        (Type::Datetime, Value::Datetime(n)) => Some(Value::Datetime(*n)),
        (Type::Datetime, Value::String(text)) => datetime(text)?,
        (Type::Timespan, Value::Timespan(n)) => Some(Value::Timespan(*n)),
        (Type::Timespan, Value::String(text)) => time::parse_timespan(text).map(Value::Timespan),
        (Type::Guid, Value::Guid(text)) => Some(Value::Guid(text.clone())),
        (Type::Guid, Value::String(text)) => guid(text)?,
        (ty, value) => {
            return Err(format!(
                "converting {} to `{ty}`: the documents do not say what it gives",
                kind(value)
            ));
        }
    };
    Ok(found.unwrap_or(Value::Null))
}

/// A datetime in the layouts that the reference lists; other texts that look like one are refused.
fn datetime(text: &str) -> Result<Option<Value>, String> {
    if let Some(ticks) = time::parse_datetime(text) {
        return Ok(Some(Value::Datetime(ticks)));
    }
    // No month, day or time zone has so long a name.
    if text
        .split(|c: char| !c.is_alphabetic())
        .any(|word| word.chars().count() > 9)
    {
        return Ok(None);
    }
    // In the layout of ISO 8601 and yet no datetime: no such month, day or hour.
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if shape.starts_with("0000-00-00") && shape.bytes().all(|b| b"0-:.+TZ ".contains(&b)) {
        return Ok(None);
    }
    let looks = text.bytes().filter(u8::is_ascii_digit).count() >= 6
        && (text.contains(['/', ',', ' ', '-', ':']) || text.matches('.').count() == 2);
    if looks {
        return Err(format!(
            "`todatetime` of `{text}`: this layout is not among those that the reference lists"
        ));
    }
    Ok(None)
}

/// The first 32 digits, hyphens between groups left out; what follows is ignored.
pub(super) fn guid(text: &str) -> Result<Option<Value>, String> {
    let mut digits = String::new();
    for c in text.chars() {
        if digits.len() == 32 {
            break;
        }
        match c {
            '-' if matches!(digits.len(), 8 | 12 | 16 | 20) => {}
            c if c.is_ascii_hexdigit() => digits.push(c.to_ascii_lowercase()),
            '{' | '(' | ' ' if digits.is_empty() => {
                return Err(format!(
                    "`toguid` of `{text}`: whether brackets may stand there is not documented"
                ));
            }
            _ => return Ok(None),
        }
    }
    if digits.len() < 32 {
        return Ok(None);
    }
    let group = |from: usize, to: usize| digits.get(from..to).unwrap_or("");
    let groups = [group(0, 8), group(8, 12), group(12, 16), group(16, 20), group(20, 32)];
    Ok(Some(Value::Guid(groups.join("-").into())))
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
