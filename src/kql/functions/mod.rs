//! Functions of values, by name. Those that look at types, rows or the clock are in `bind_call.rs`.

mod convert;
mod datetime;
mod dynamic;
mod net;
mod text;

pub(super) use convert::cast;
pub(super) use text::{extract, split_for_text};

use super::value::{Type, Value};
use regex::Regex;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What a function gives, or why it is refused.
pub(super) type Answer = Result<Value, String>;

/// A function.
pub(super) struct Function {
    /// A letter per argument: `a` any scalar, `s` string, `d` dynamic, `n` number, `l` whole number, `t` datetime,
    /// `p` timespan, `b` bool; behind `?` they may be left out, `*` repeats the one before.
    pub(super) args: &'static str,
    /// What it gives.
    pub(super) ty: Type,
    /// Whether it is called with nulls too.
    pub(super) takes_null: bool,
    /// How.
    pub(super) run: fn(&[Value]) -> Answer,
}

/// A regex in the syntax that Kusto documents, which is that of the `regex` crate.
pub(super) fn regex(pattern: &str) -> Result<Regex, String> {
    thread_local! {
        static KNOWN: RefCell<BTreeMap<String, Regex>> = const { RefCell::new(BTreeMap::new()) };
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(regex) = known.get(pattern) {
            return Ok(regex.clone());
        }
        let regex = regex::RegexBuilder::new(pattern)
            .size_limit(1 << 22)
            .build()
            .map_err(|error| {
                let line = error.to_string();
                let line = line.lines().last().unwrap_or("").trim().to_owned();
                format!("`{pattern}` is not a regular expression: {line}")
            })?;
        if known.len() > 500 {
            known.clear();
        }
        known.insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    })
}

/// The text of an argument; `""` where there is none.
fn arg(args: &[Value], index: usize) -> std::sync::Arc<str> {
    args.get(index).map_or_else(|| "".into(), Value::to_text)
}

/// The whole number of an argument.
fn number(args: &[Value], index: usize) -> Option<i64> {
    match args.get(index) {
        Some(Value::Long(n)) => Some(*n),
        _ => None,
    }
}

/// The function of that name.
pub(super) fn find(name: &str) -> Option<Function> {
    use Type::{Bool, Datetime, Dynamic, Guid, Int, Long, Real, String, Timespan};
    let plain = |args, ty, run| {
        Some(Function {
            args,
            ty,
            takes_null: false,
            run,
        })
    };
    let nulls = |args, ty, run| {
        Some(Function {
            args,
            ty,
            takes_null: true,
            run,
        })
    };
    match name {
        // Conversion.
        "tostring" => nulls("a", String, convert::tostring),
        "tolong" => plain("a", Long, |a| convert::to(a, Long)),
        "toint" => plain("a", Int, |a| convert::to(a, Int)),
        "toreal" | "todouble" => plain("a", Real, |a| convert::to(a, Real)),
        "tobool" | "toboolean" => plain("a", Bool, |a| convert::to(a, Bool)),
        "todatetime" => plain("a", Datetime, |a| convert::to(a, Datetime)),
        "totimespan" => plain("a", Timespan, |a| convert::to(a, Timespan)),
        "toguid" => plain("a", Guid, |a| convert::to(a, Guid)),
        "parse_json" | "todynamic" | "parsejson" | "toobject" => plain("a", Dynamic, dynamic::parse_json),
        // Text.
        "strcat" => nulls("aa*", String, text::strcat),
        "strcat_delim" => nulls("saa*", String, text::strcat_delim),
        "strcat_array" => plain("ds", String, text::strcat_array),
        "substring" => plain("sl?l", String, text::substring),
        "indexof" => plain("ss?lll", Long, text::indexof),
        "split" => plain("ss?l", Dynamic, text::split),
        "tolower" => nulls("s", String, |a| text::case(a, false)),
        "toupper" => nulls("s", String, |a| text::case(a, true)),
        "trim" => plain("ss", String, |a| text::trim(a, true, true)),
        "trim_start" => plain("ss", String, |a| text::trim(a, true, false)),
        "trim_end" => plain("ss", String, |a| text::trim(a, false, true)),
        "replace_string" => plain("sss", String, text::replace_string),
        "replace_regex" | "replace" => plain("sss", String, text::replace_regex),
        "extract_all" => nulls("sa?s", Dynamic, text::extract_all),
        "strlen" => plain("s", Long, text::strlen),
        "strcmp" => plain("ss", Int, text::strcmp),
        "strrep" => plain("sl?s", String, text::strrep),
        "reverse" => plain("s", String, text::reverse),
        "countof" => plain("ss?s", Long, text::countof),
        "url_encode" | "url_encode_component" => plain("s", String, net::url_encode),
        "url_decode" => plain("s", String, net::url_decode),
        "base64_encode_tostring" => plain("s", String, text::base64_encode),
        "base64_decode_tostring" => plain("s", String, text::base64_decode),
        // Dynamic.
        "array_length" | "arraylength" => plain("d", Long, dynamic::array_length),
        "array_sort_asc" => plain("d", Dynamic, |a| dynamic::sort(a, true)),
        "array_sort_desc" => plain("d", Dynamic, |a| dynamic::sort(a, false)),
        "array_concat" => nulls("dd*", Dynamic, dynamic::concat),
        "array_index_of" => nulls("da", Long, dynamic::index_of),
        "array_slice" => plain("dll", Dynamic, dynamic::slice),
        "array_reverse" => plain("d", Dynamic, dynamic::reverse),
        "array_sum" => plain("d", Real, dynamic::sum),
        "pack_array" => nulls("?a*", Dynamic, |a| Ok(Value::array(a.to_vec()))),
        "bag_pack" | "pack" | "pack_dictionary" => nulls("?a*", Dynamic, dynamic::bag_pack),
        "bag_keys" => plain("d", Dynamic, dynamic::bag_keys),
        "bag_has_key" => plain("ds", Bool, dynamic::bag_has_key),
        "bag_merge" => nulls("dd*", Dynamic, dynamic::bag_merge),
        "bag_remove_keys" => plain("dd", Dynamic, dynamic::bag_remove_keys),
        "set_union" => nulls("dd*", Dynamic, dynamic::set_union),
        "set_difference" => nulls("dd*", Dynamic, dynamic::set_difference),
        "set_intersect" => nulls("dd*", Dynamic, dynamic::set_intersect),
        "set_has_element" => nulls("da", Bool, dynamic::set_has_element),
        "repeat" => plain("al", Dynamic, dynamic::repeat),
        "range" => plain("nn?n", Dynamic, dynamic::range),
        // Numbers.
        "sign" => plain("n", Long, |a| {
            Ok(Value::Long(a.first().and_then(Value::number).map_or(0, sign)))
        }),
        "sqrt" => plain("n", Real, |a| real(a, |n| (n >= 0.0).then(|| n.sqrt()))),
        "log" => plain("n", Real, |a| real(a, |n| (n > 0.0).then(|| n.ln()))),
        "log2" => plain("n", Real, |a| real(a, |n| (n > 0.0).then(|| n.log2()))),
        "log10" => plain("n", Real, |a| real(a, |n| (n > 0.0).then(|| n.log10()))),
        "exp" => plain("n", Real, |a| real(a, |n| Some(n.exp()))),
        "pow" => plain("nn", Real, |a| {
            let power = a.get(1).and_then(Value::number);
            real(a, |n| power.map(|p| n.powf(p)))
        }),
        "isnan" => plain("n", Bool, |a| {
            Ok(Value::Bool(matches!(a.first(), Some(Value::Real(n)) if n.is_nan())))
        }),
        // Dates.
        "startofday" => plain("t?l", Datetime, |a| datetime::edge(a, "day", false)),
        "startofweek" => plain("t?l", Datetime, |a| datetime::edge(a, "week", false)),
        "startofmonth" => plain("t?l", Datetime, |a| datetime::edge(a, "month", false)),
        "startofyear" => plain("t?l", Datetime, |a| datetime::edge(a, "year", false)),
        "endofday" => plain("t?l", Datetime, |a| datetime::edge(a, "day", true)),
        "endofweek" => plain("t?l", Datetime, |a| datetime::edge(a, "week", true)),
        "endofmonth" => plain("t?l", Datetime, |a| datetime::edge(a, "month", true)),
        "endofyear" => plain("t?l", Datetime, |a| datetime::edge(a, "year", true)),
        "format_datetime" => plain("ts", String, datetime::format),
        "datetime_add" => plain("slt", Datetime, datetime::add),
        "datetime_diff" => plain("stt", Long, datetime::diff),
        "datetime_part" => plain("st", Int, datetime::part),
        "dayofweek" => plain("t", Timespan, datetime::dayofweek),
        "dayofmonth" => plain("t", Int, |a| datetime::named_part(a, "day")),
        "dayofyear" => plain("t", Int, |a| datetime::named_part(a, "dayofyear")),
        "hourofday" => plain("t", Int, |a| datetime::named_part(a, "hour")),
        "monthofyear" | "getmonth" => plain("t", Int, |a| datetime::named_part(a, "month")),
        "getyear" => plain("t", Int, |a| datetime::named_part(a, "year")),
        "make_datetime" => plain("lll?lln", Datetime, datetime::make),
        "unixtime_seconds_todatetime" => plain("n", Datetime, |a| datetime::from_unix(a, 10_000_000)),
        "unixtime_milliseconds_todatetime" => plain("n", Datetime, |a| datetime::from_unix(a, 10_000)),
        "unixtime_microseconds_todatetime" => plain("n", Datetime, |a| datetime::from_unix(a, 10)),
        // Addresses.
        "ipv4_is_private" => plain("s", Bool, net::is_private),
        "ipv4_is_in_range" => plain("ss", Bool, |a| net::in_range(a, false)),
        "ipv6_is_in_range" => plain("ss", Bool, |a| net::in_range(a, true)),
        "ipv4_is_in_any_range" => plain("sa*", Bool, net::in_any_range),
        "parse_ipv4" => plain("s", Long, net::parse_ipv4),
        "parse_ipv6" => plain("s", String, net::parse_ipv6),
        "parse_url" => plain("s", Dynamic, net::parse_url),
        _ => None,
    }
}

fn sign(n: f64) -> i64 {
    if n > 0.0 {
        1
    } else if n < 0.0 {
        -1
    } else {
        0
    }
}

/// A function of a real number; null where it is not defined.
fn real(args: &[Value], run: impl Fn(f64) -> Option<f64>) -> Answer {
    let found = args.first().and_then(Value::number).and_then(run);
    Ok(found.filter(|n| n.is_finite()).map_or(Value::Null, Value::Real))
}
