//! What operators say about two values: equality, order, text. Null in, null out, except for `==` and `!=`.

use super::functions::convert;
use super::value::{Type, Value};
use std::cmp::Ordering;
use std::sync::Arc;

/// Why a comparison is refused, or what it gives; `None` is null.
pub(super) type Truth = Result<Option<bool>, String>;

/// `==` of two values whose types may be different. No page says which of the two is converted, so both are tried, and
/// what they do not agree on is refused; so is what a dynamic would only be equal to by a conversion.
pub(super) fn equal(a: &Value, b: &Value, dynamic: bool) -> Truth {
    let found = match (a, b) {
        (Value::String(text), other) | (other, Value::String(text)) => read_both_ways(text, other)?,
        (Value::Bool(b), Value::Long(n)) | (Value::Long(n), Value::Bool(b)) => {
            Some((i64::from(*b) == *n, *b == (*n != 0)))
        }
        _ => None,
    };
    match found {
        None => equal_alike(a, b),
        Some((false, false)) => Ok(Some(false)),
        Some((true, true)) if !dynamic => Ok(Some(true)),
        Some(_) => doubtful(a, b),
    }
}

/// Whether a text equals a value of another type as texts, and whether it does as values of that type; none where there
/// is nothing to convert.
fn read_both_ways(text: &Arc<str>, other: &Value) -> Result<Option<(bool, bool)>, String> {
    let ty = match other {
        Value::Bool(_) => Type::Bool,
        Value::Long(_) => Type::Long,
        Value::Real(_) => Type::Real,
        Value::Datetime(_) => Type::Datetime,
        Value::Timespan(_) => Type::Timespan,
        Value::Guid(_) => Type::Guid,
        Value::Null | Value::String(_) | Value::Array(_) | Value::Bag(_) => return Ok(None),
    };
    let converted = convert(&Value::String(Arc::clone(text)), ty)?;
    Ok(Some((*other.to_text() == **text, converted == *other)))
}

fn doubtful<T>(a: &Value, b: &Value) -> Result<T, String> {
    Err(format!(
        "comparing {} with {}: the documents do not say; cast one of them first",
        kind(a),
        kind(b)
    ))
}

/// `==` of values of one type: null with null is null, null with a value is false.
fn equal_alike(a: &Value, b: &Value) -> Truth {
    match (a, b) {
        (Value::Null, Value::Null) => Ok(None),
        (Value::Null, Value::String(s)) | (Value::String(s), Value::Null) if s.is_empty() => {
            Err("a null `dynamic` compared with \"\": the documents do not say; use `isempty` or `tostring`".to_owned())
        }
        (Value::Null, _) | (_, Value::Null) => Ok(Some(false)),
        (Value::String(a), Value::String(b)) => Ok(Some(a == b)),
        (Value::Real(a), Value::Real(b)) => Ok(Some(a == b)),
        _ => ordering(a, b).map(|order| Some(order == Some(Ordering::Equal))),
    }
}

/// The order of two values that have one; `None` where one of them is not a number.
fn ordering(a: &Value, b: &Value) -> Result<Option<Ordering>, String> {
    match (a, b) {
        (Value::Long(a), Value::Long(b))
        | (Value::Datetime(a), Value::Datetime(b))
        | (Value::Timespan(a), Value::Timespan(b)) => Ok(Some(a.cmp(b))),
        (Value::Bool(a), Value::Bool(b)) => Ok(Some(a.cmp(b))),
        (Value::Guid(a), Value::Guid(b)) => Ok(Some(a.cmp(b))),
        (Value::Long(_) | Value::Real(_), Value::Long(_) | Value::Real(_)) => Ok(a
            .number()
            .unwrap_or(f64::NAN)
            .partial_cmp(&b.number().unwrap_or(f64::NAN))),
        _ => doubtful(a, b),
    }
}

/// `<` and kin.
pub(super) fn less(operator: &str, a: &Value, b: &Value) -> Truth {
    if a.is_null() || b.is_null() {
        return Ok(None);
    }
    if matches!((a, b), (Value::String(_), _) | (_, Value::String(_))) {
        return Err("text has no order in KQL; use `strcmp`".to_owned());
    }
    let order = ordering(a, b)?;
    Ok(Some(match operator {
        "<" => order == Some(Ordering::Less),
        ">" => order == Some(Ordering::Greater),
        "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }))
}

/// What a value is, for messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a bool",
        Value::Long(_) => "a long",
        Value::Real(_) => "a real",
        Value::String(_) => "a string",
        Value::Datetime(_) => "a datetime",
        Value::Timespan(_) => "a timespan",
        Value::Guid(_) => "a guid",
        Value::Array(_) => "an array",
        Value::Bag(_) => "a bag",
    }
}

/// Runs a test that ignores case, folding ASCII letters and folding all letters; refuses where that makes a difference.
fn folded(a: &str, b: &str, test: impl Fn(&str, &str) -> Result<bool, String>) -> Result<bool, String> {
    let ascii = test(&a.to_ascii_lowercase(), &b.to_ascii_lowercase())?;
    if (a.is_ascii() && b.is_ascii()) || ascii == test(&a.to_lowercase(), &b.to_lowercase())? {
        return Ok(ascii);
    }
    Err(format!(
        "whether `{a}` and `{b}` are alike without case is not documented beyond ASCII"
    ))
}

/// `=~`
pub(super) fn equal_folded(a: &str, b: &str) -> Result<bool, String> {
    folded(a, b, |a, b| Ok(a == b))
}

/// Whether the terms of `needle` stand in `text`, in exact case: its ends must be borders of terms.
fn terms(text: &str, needle: &str, head: bool, tail: bool) -> Result<bool, String> {
    let (Some(first), Some(last)) = (needle.chars().next(), needle.chars().next_back()) else {
        return Err("`has` and kin with an empty text: the documents do not say what they give".to_owned());
    };
    // Three readings: the neighbour is no letter or digit (ASCII, or of any script); or there is a border between.
    let mut found = [false; 3];
    for (at, _) in text.match_indices(needle).chain(overlapping(text, needle)) {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + needle.len()..).and_then(|t| t.chars().next());
        let ascii = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
        let any = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let border = |c: Option<char>, own: char| ascii(c) || !own.is_ascii_alphanumeric();
        let [literal, wide, edge] = &mut found;
        *literal |= (!head || ascii(before)) && (!tail || ascii(after));
        *wide |= (!head || any(before)) && (!tail || any(after));
        *edge |= (!head || border(before, first)) && (!tail || border(after, last));
    }
    let [literal, wide, edge] = found;
    if literal == wide && literal == edge {
        Ok(literal)
    } else if literal != wide {
        Err(format!(
            "whether `{needle}` is a term in `{text}` depends on letters beyond ASCII, which is not documented"
        ))
    } else {
        Err(format!(
            "whether `{needle}`, which begins or ends with a separator, is a term in `{text}` is not documented"
        ))
    }
}

/// Matches that overlap an earlier match of the same needle.
fn overlapping<'a>(text: &'a str, needle: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    text.char_indices().filter_map(move |(at, _)| {
        let rest = text.get(at..)?;
        rest.starts_with(needle).then_some((at, needle))
    })
}

/// The operators between two texts, by spelling without `!`.
pub(super) fn text(operator: &str, a: &str, b: &str) -> Result<bool, String> {
    match operator {
        "=~" => equal_folded(a, b),
        "contains" => folded(a, b, |a, b| Ok(a.contains(b))),
        "startswith" => folded(a, b, |a, b| Ok(a.starts_with(b))),
        "endswith" => folded(a, b, |a, b| Ok(a.ends_with(b))),
        "has" => folded(a, b, |a, b| terms(a, b, true, true)),
        "hasprefix" => folded(a, b, |a, b| terms(a, b, true, false)),
        "hassuffix" => folded(a, b, |a, b| terms(a, b, false, true)),
        "contains_cs" => Ok(a.contains(b)),
        "startswith_cs" => Ok(a.starts_with(b)),
        "endswith_cs" => Ok(a.ends_with(b)),
        "has_cs" => terms(a, b, true, true),
        "hasprefix_cs" => terms(a, b, true, false),
        "hassuffix_cs" => terms(a, b, false, true),
        other => Err(format!("the operator `{other}` is not supported")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_end_at_separators() {
        for (a, b, expected) in [
            ("KustoExplorerQueryRun", "Explorer", false),
            ("Kusto Explorer", "explorer", true),
            ("saws-cli", "aws-cli", false),
            ("x/aws-cli/2", "aws-cli", true),
            ("a_b", "a", true),
            ("aab aa", "aa", true),
            ("", "x", false),
        ] {
            assert_eq!(text("has", a, b), Ok(expected), "{a} has {b}");
        }
        assert!(text("has", "a", "").is_err());
        assert!(text("has", "xé", "x").is_err());
        assert!(text("has", "a/b", "/b").is_err());
        assert_eq!(text("has", "a /b", "/b"), Ok(true));
        assert_eq!(text("hasprefix", "xab abc", "ab"), Ok(true));
        assert_eq!(text("hassuffix_cs", "xab", "ab"), Ok(true));
        assert!(text("=~", "É", "é").is_err());
        assert_eq!(text("contains", "éX", "x"), Ok(true));
    }

    #[test]
    fn nulls_in_comparisons() {
        assert_eq!(equal(&Value::Null, &Value::Null, false), Ok(None));
        assert_eq!(equal(&Value::Null, &Value::Long(1), false), Ok(Some(false)));
        assert_eq!(less("<", &Value::Null, &Value::Long(1)), Ok(None));
        assert_eq!(less(">=", &Value::Long(1), &Value::Real(1.0)), Ok(Some(true)));
        assert!(equal(&Value::Null, &Value::text(""), true).is_err());
    }

    #[test]
    fn types_that_differ_are_compared_where_both_conversions_agree() {
        for (a, b, plain, dynamic) in [
            (Value::text("0"), Value::Long(0), Ok(true), Err(())),
            (Value::text("50126"), Value::Long(0), Ok(false), Ok(false)),
            (Value::text(""), Value::Long(0), Ok(false), Ok(false)),
            (Value::text("00"), Value::Long(0), Err(()), Err(())),
            (Value::text("true"), Value::Bool(true), Ok(true), Err(())),
            (Value::text("True"), Value::Bool(true), Err(()), Err(())),
            (Value::text("no"), Value::Bool(true), Ok(false), Ok(false)),
            (Value::Bool(true), Value::Long(1), Ok(true), Err(())),
            (Value::Bool(true), Value::Long(2), Err(()), Err(())),
            (Value::Bool(true), Value::Long(0), Ok(false), Ok(false)),
            (Value::text("x"), Value::Real(1.5), Ok(false), Ok(false)),
            (Value::Datetime(5), Value::Long(5), Err(()), Err(())),
        ] {
            for (loose, expected) in [(false, plain), (true, dynamic)] {
                let found = equal(&a, &b, loose);
                assert_eq!(
                    found.clone().map_err(|_| ()),
                    expected.map(Some),
                    "{a:?} {b:?} {found:?}"
                );
                assert_eq!(equal(&b, &a, loose).ok(), found.ok(), "{b:?} {a:?}");
            }
        }
    }
}
