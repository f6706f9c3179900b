//! Cells of files as values of a type, and the type of a column that nobody states.

use super::logs::of_json;
use super::time;
use super::value::{Type, Value};
use crate::source::{DateOrder, Slashed, parse_time};
use crate::value::Json;

/// How the cells of a file are read.
pub(super) struct Cast {
    /// Every cell is text: a text may stand for any value.
    pub(super) texts: bool,
    /// Which number of a date with slashes is the day.
    pub(super) order: Option<DateOrder>,
}

impl Cast {
    /// The cell as a value of that type; none where it does not fit. A missing cell fits every type.
    pub(super) fn cell(&self, json: &Json, ty: Type) -> Option<Value> {
        if ty == Type::String {
            return Some(match json {
                Json::Text(text) => Value::String(text.clone()),
                other => Value::text(other.as_text().unwrap_or_default().as_ref()),
            });
        }
        if ty == Type::Dynamic {
            return Some(self.dynamic(json));
        }
        if json.is_missing() {
            return Some(Value::Null);
        }
        match json {
            Json::Text(text) => self.text(text.trim(), ty),
            Json::Bool(b) => (ty == Type::Bool).then_some(Value::Bool(*b)),
            Json::Int(n) => match ty {
                Type::Long => Some(Value::Long(*n)),
                Type::Int => i32::try_from(*n).ok().map(|n| Value::Long(n.into())),
                Type::Real => Some(Value::Real(*n as f64)),
                _ => None,
            },
            Json::Real(n) => match ty {
                Type::Real => Some(Value::Real(*n)),
                // Some writers give whole numbers a fraction of zero.
                Type::Long if n.fract() == 0.0 && n.abs() < 9e15 => Some(Value::Long(*n as i64)),
                Type::Int if n.fract() == 0.0 && n.abs() < 2e9 => Some(Value::Long(*n as i64)),
                _ => None,
            },
            Json::Null => Some(Value::Null),
            Json::Array(_) | Json::Object(_) => None,
        }
    }

    fn text(&self, text: &str, ty: Type) -> Option<Value> {
        match ty {
            Type::Bool if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
            Type::Bool if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
            Type::Bool => None,
            Type::Long => text.parse().ok().map(Value::Long),
            Type::Int => text.parse::<i32>().ok().map(|n| Value::Long(n.into())),
            Type::Real => match text {
                "NaN" => Some(Value::Real(f64::NAN)),
                "Infinity" => Some(Value::Real(f64::INFINITY)),
                "-Infinity" => Some(Value::Real(f64::NEG_INFINITY)),
                text => is_number(text, true)
                    .then(|| text.parse().ok().map(Value::Real))
                    .flatten(),
            },
            Type::Datetime => {
                let time = parse_time(text, self.order).ok()?;
                time.0.checked_add(time::EPOCH).map(Value::Datetime)
            }
            Type::Timespan => time::parse_timespan(text).map(Value::Timespan),
            Type::Guid => uuid::Uuid::parse_str(text)
                .ok()
                .map(|guid| Value::Guid(guid.hyphenated().to_string().into())),
            Type::String | Type::Dynamic | Type::Unknown => None,
        }
    }

    /// As `parse_json` reads it in a file of texts; elsewhere only a text that looks like an array or an object is read,
    /// as the service writes a `dynamic` into an export.
    fn dynamic(&self, json: &Json) -> Value {
        match json {
            Json::Text(text) if text.is_empty() => Value::Null,
            Json::Text(text) if self.texts || is_structure(text) => {
                Json::parse(text.as_bytes()).map_or_else(|_| Value::String(text.clone()), |json| of_json(&json))
            }
            json => of_json(json),
        }
    }
}

fn is_structure(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// A decimal number without superfluous zeros in front: `007` is somebody's name.
fn is_number(text: &str, exponent: bool) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, power) = match digits.split_once(['e', 'E']) {
        Some((mantissa, power)) if exponent => (mantissa, Some(power.trim_start_matches(['+', '-']))),
        _ => (digits, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let all = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    all(whole) && all(fraction) && power.is_none_or(all) && (whole == "0" || !whole.starts_with('0'))
}

/// The order of day and month that the dates of a file prove; none where there is no date with slashes.
///
/// # Errors
/// When they prove both, or none though it matters.
pub(super) fn order_of<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Option<DateOrder>, String> {
    let (mut proven, mut doubtful) = (None, None);
    for text in texts.filter(|text| text.contains('/')) {
        let Some(date) = Slashed::parse(text) else { continue };
        match (proven, date.proves()) {
            (None, Some(order)) => proven = Some(order),
            (Some(before), Some(order)) if before != order => {
                return Err(format!(
                    "has dates with the day first and dates with the month first (`{text}`); say `--date-order dmy|mdy`"
                ));
            }
            _ => {}
        }
        if date.ambiguous() && doubtful.is_none() {
            doubtful = Some(text);
        }
    }
    match (proven, doubtful) {
        (None, Some(text)) => Err(format!(
            "has only dates that can be read either way (`{text}`); say `--date-order dmy|mdy`"
        )),
        (proven, _) => Ok(proven),
    }
}

/// What the values of a column can all be.
#[derive(Default)]
pub(super) struct Seen {
    any: bool,
    not: [bool; 5],
    /// Some text is neither an array nor an object.
    plain: bool,
    /// Some value is no text.
    other: bool,
}

/// What is tried, in this order; a text otherwise.
const TRIED: [Type; 5] = [Type::Bool, Type::Long, Type::Real, Type::Datetime, Type::Dynamic];

impl Seen {
    /// Takes one more value into account; missing ones say nothing.
    pub(super) fn take(&mut self, json: &Json, texts: bool) {
        if json.is_missing() {
            return;
        }
        self.any = true;
        match json {
            Json::Text(text) => self.plain |= !is_structure(text),
            _ => self.other = true,
        }
        for (not, ty) in self.not.iter_mut().zip(TRIED) {
            *not = *not || !fits(json, ty, texts);
        }
    }

    /// The type.
    pub(super) fn ty(&self) -> Type {
        let mut fitting = self.not.iter().zip(TRIED).filter(|(not, _)| !**not);
        match fitting.next() {
            Some((_, Type::Dynamic)) if self.plain && !self.other => Type::String,
            Some((_, ty)) if self.any => ty,
            _ => Type::String,
        }
    }
}

fn fits(json: &Json, ty: Type, texts: bool) -> bool {
    match (json, ty) {
        (Json::Text(text), Type::Datetime) => is_iso(text),
        // A column of a JSON file with texts and other values: only a `dynamic` keeps them.
        (Json::Text(_), Type::Dynamic) if !texts => true,
        (Json::Text(text), Type::Dynamic) => is_structure(text) && Json::parse(text.as_bytes()).is_ok(),
        (Json::Text(_), _) if !texts => false,
        (Json::Text(text), Type::Bool) => text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false"),
        (Json::Text(text), Type::Long) => is_number(text, false) && text.parse::<i64>().is_ok(),
        (Json::Text(text), Type::Real) => is_number(text, false),
        (Json::Bool(_), ty) => matches!(ty, Type::Bool | Type::Dynamic),
        (Json::Int(_), ty) => matches!(ty, Type::Long | Type::Real | Type::Dynamic),
        (Json::Real(_), ty) => matches!(ty, Type::Real | Type::Dynamic),
        (Json::Array(_) | Json::Object(_), ty) => ty == Type::Dynamic,
        (Json::Null | Json::Text(_), _) => false,
    }
}

/// Whether it is a date or a time in ISO 8601: years alone are numbers.
fn is_iso(text: &str) -> bool {
    let start = text.as_bytes();
    start.get(4) == Some(&b'-') && start.get(7) == Some(&b'-') && parse_time(text, None).is_ok()
}
