//! Functions of IPv4 and IPv6 addresses. A range is an address and the length of its prefix.

use super::{Answer, Function, arg, nulls, number, plain};
use crate::kql::value::{Type, Value};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

pub(super) const TABLE: &[Function] = &[
    plain("ipv4_is_private", "s", Type::Bool, is_private),
    plain("ipv4_is_in_range", "ss", Type::Bool, |a| in_any_range(a, false)),
    plain("ipv6_is_in_range", "ss", Type::Bool, |a| in_any_range(a, true)),
    plain("ipv4_is_in_any_range", "ss*", Type::Bool, |a| in_any_range(a, false)),
    plain("ipv6_is_in_any_range", "ss*", Type::Bool, |a| in_any_range(a, true)),
    plain("ipv4_is_match", "ss?l", Type::Bool, |a| {
        Ok(compare(a, false)?.map_or(Value::Null, |order| Value::Bool(order == 0)))
    }),
    plain("ipv6_is_match", "ss?l", Type::Bool, |a| {
        Ok(compare(a, true)?.map_or(Value::Null, |order| Value::Bool(order == 0)))
    }),
    plain("ipv4_compare", "ss?l", Type::Long, |a| {
        Ok(compare(a, false)?.map_or(Value::Null, Value::Long))
    }),
    plain("ipv6_compare", "ss?l", Type::Long, |a| {
        Ok(compare(a, true)?.map_or(Value::Null, Value::Long))
    }),
    plain("ipv4_netmask_suffix", "s", Type::Long, |a| {
        Ok(v4(&arg(a, 0))?.map_or(Value::Null, |(_, length)| Value::Long(length.into())))
    }),
    plain("ipv4_range_to_cidr_list", "ss", Type::Dynamic, cidr_list),
    plain("parse_ipv4", "s", Type::Long, |a| parse_v4(a, Some(32))),
    plain("parse_ipv4_mask", "sl", Type::Long, |a| parse_v4(a, prefix(a, 1, 32))),
    plain("parse_ipv6", "s", Type::String, |a| parse_v6(a, Some(128))),
    plain("parse_ipv6_mask", "sl", Type::String, |a| {
        parse_v6(a, prefix(a, 1, 128))
    }),
    nulls("format_ipv4", "a?l", Type::String, |a| format_v4(a, false)),
    nulls("format_ipv4_mask", "a?l", Type::String, |a| format_v4(a, true)),
    plain("has_ipv4", "ss", Type::Bool, |a| has(a, false)),
    plain("has_any_ipv4", "ss*", Type::Bool, |a| has(a, false)),
    plain("has_ipv4_prefix", "ss", Type::Bool, |a| has(a, true)),
    plain("has_any_ipv4_prefix", "ss*", Type::Bool, |a| has(a, true)),
];

/// An address with a prefix length, as bits.
fn split(text: &str, longest: u32) -> Option<(&str, u32)> {
    match text.split_once('/') {
        None => Some((text, longest)),
        Some((address, length)) => {
            let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
            let length = length.parse().ok().filter(|n| digits && *n <= longest)?;
            Some((address, length))
        }
    }
}

/// An IPv4 address and its prefix; refuses the spellings that systems read differently.
fn v4(text: &str) -> Result<Option<(u32, u32)>, String> {
    if text.trim() != text {
        return match v4(text.trim())? {
            Some(_) => Err(blanks(text)),
            None => Ok(None),
        };
    }
    let Some((address, length)) = split(text, 32) else {
        return Ok(None);
    };
    if let Ok(found) = address.parse::<Ipv4Addr>() {
        return Ok(Some((found.to_bits(), length)));
    }
    let parts: Vec<&str> = address.split('.').collect();
    let numbers = parts
        .iter()
        .all(|p| !p.is_empty() && p.len() < 11 && p.bytes().all(|b| b.is_ascii_digit()));
    let doubtful = numbers
        && parts.len() <= 4
        && !(parts.len() == 4 && parts.iter().any(|p| p.parse().is_ok_and(|n: u64| n > 255)));
    if doubtful {
        return Err(format!("whether `{address}` is an IPv4 address is not documented"));
    }
    Ok(None)
}

/// An IPv6 address and its prefix. IPv4 is mapped, with a prefix that counts from its own first bit; so is IPv4 behind
/// `::`, which the pages read as mapped too.
fn v6(text: &str) -> Result<Option<(u128, u32)>, String> {
    if text.trim() != text {
        return match v6(text.trim())? {
            Some(_) => Err(blanks(text)),
            None => Ok(None),
        };
    }
    let inner = match text.strip_prefix("::") {
        Some(rest) if rest.contains('.') && !rest.contains(':') => rest,
        _ => text,
    };
    if inner.contains(':') {
        let found = split(inner, 128).and_then(|(address, length)| {
            let address: Ipv6Addr = address.parse().ok()?;
            Some((address.to_bits(), length))
        });
        return Ok(found);
    }
    Ok(v4(inner)?.map(|(address, length)| (Ipv4Addr::from_bits(address).to_ipv6_mapped().to_bits(), length + 96)))
}

fn blanks(text: &str) -> String {
    format!("whether `{text}`, with blanks around it, is an address is not documented")
}

fn mask4(length: u32) -> u32 {
    u32::MAX.checked_shl(32 - length.min(32)).unwrap_or(0)
}

fn mask6(length: u32) -> u128 {
    u128::MAX.checked_shl(128 - length.min(128)).unwrap_or(0)
}

/// The length of a prefix that is an argument; none where it is out of range.
fn prefix(args: &[Value], index: usize, longest: u32) -> Option<u32> {
    number(args, index)
        .and_then(|n| u32::try_from(n).ok())
        .filter(|n| *n <= longest)
}

fn is_private(args: &[Value]) -> Answer {
    let Some((address, length)) = v4(&arg(args, 0))? else {
        return Ok(Value::Null);
    };
    let address = address & mask4(length);
    let inside = |net: [u8; 4], bits: u32| address & mask4(bits) == Ipv4Addr::from(net).to_bits();
    Ok(Value::Bool(
        inside([10, 0, 0, 0], 8) || inside([172, 16, 0, 0], 12) || inside([192, 168, 0, 0], 16),
    ))
}

/// Two addresses, as numbers and prefixes over as many bits.
type Pair = ((u128, u32), (u128, u32));

fn pair(a: &str, b: &str, six: bool) -> Result<Option<Pair>, String> {
    if six {
        return Ok(v6(a)?.zip(v6(b)?));
    }
    let wide = |found: Option<(u32, u32)>| found.map(|(address, length)| (u128::from(address), length + 96));
    Ok(wide(v4(a)?).zip(wide(v4(b)?)))
}

/// -1, 0 or 1 under the shortest of the prefixes; none where one of the addresses does not parse.
fn compare(args: &[Value], six: bool) -> Result<Option<i64>, String> {
    let (first, second) = (arg(args, 0), arg(args, 1));
    let Some(((a, la), (b, lb))) = pair(&first, &second, six)? else {
        return Ok(None);
    };
    let mut length = la.min(lb);
    if args.len() > 2 {
        let Some(own) = prefix(args, 2, if six { 128 } else { 32 }) else {
            return Err("the prefix of the comparison is out of range: the documents do not say".to_owned());
        };
        // Of two IPv4 addresses the pages count 31 bits of 32, of others 127 of 128.
        let four = !first.contains(':') && !second.contains(':');
        length = length.min(match (six, four) {
            (false, _) => own + 96,
            (true, true) if own <= 32 => own + 96,
            (true, _) => own,
        });
    }
    let (a, b) = (a & mask6(length), b & mask6(length));
    Ok(Some(a.cmp(&b) as i64))
}

/// Whether an address is in a range; none where one of them does not parse.
fn inside(address: &str, range: &str, six: bool) -> Result<Option<bool>, String> {
    if address.contains('/') && v6(address)?.is_some() {
        return Err(format!(
            "whether `{address}`, an address with a prefix, is in a range is not documented"
        ));
    }
    Ok(pair(address, range, six)?.map(|((a, _), (r, length))| a & mask6(length) == r & mask6(length)))
}

/// The texts of the arguments from the second on, and of the elements of arrays among them.
fn texts(args: &[Value]) -> Vec<Arc<str>> {
    let mut all = Vec::new();
    for value in args.iter().skip(1) {
        match value {
            Value::Array(inner) => all.extend(inner.iter().map(Value::to_text)),
            other => all.push(other.to_text()),
        }
    }
    all
}

fn in_any_range(args: &[Value], six: bool) -> Answer {
    let address = arg(args, 0);
    let mut bad = false;
    for range in texts(args) {
        match inside(&address, &range, six)? {
            Some(true) => return Ok(Value::Bool(true)),
            Some(false) => {}
            None => bad = true,
        }
    }
    Ok(if bad { Value::Null } else { Value::Bool(false) })
}

fn parse_v4(args: &[Value], prefix: Option<u32>) -> Answer {
    let found = v4(&arg(args, 0))?.zip(prefix);
    Ok(found.map_or(Value::Null, |((address, length), prefix)| {
        Value::Long((address & mask4(length.min(prefix))).into())
    }))
}

fn parse_v6(args: &[Value], prefix: Option<u32>) -> Answer {
    let Some(((address, length), prefix)) = v6(&arg(args, 0))?.zip(prefix) else {
        return Ok(Value::text(""));
    };
    let parts: Vec<String> = Ipv6Addr::from_bits(address & mask6(length.min(prefix)))
        .segments()
        .iter()
        .map(|s| format!("{s:04x}"))
        .collect();
    Ok(Value::text(parts.join(":")))
}

/// An address from a text or from a number, under the shorter of the two prefixes.
fn format_v4(args: &[Value], with_prefix: bool) -> Answer {
    let found = match args.first() {
        Some(Value::Long(n)) => u32::try_from(*n).ok().map(|bits| (bits, 32)),
        Some(Value::String(text)) => v4(text)?,
        _ => None,
    };
    let own = if args.len() > 1 { prefix(args, 1, 32) } else { Some(32) };
    let Some(((bits, length), own)) = found.zip(own) else {
        return Ok(Value::text(""));
    };
    let length = length.min(own);
    let address = Ipv4Addr::from_bits(bits & mask4(length));
    Ok(Value::text(if with_prefix {
        format!("{address}/{length}")
    } else {
        address.to_string()
    }))
}

/// The fewest ranges that hold the addresses from the first to the last.
fn cidr_list(args: &[Value]) -> Answer {
    let (Some((mut at, 32)), Some((last, 32))) = (v4(&arg(args, 0))?, v4(&arg(args, 1))?) else {
        return Err("`ipv4_range_to_cidr_list` of what are no two addresses: the documents do not say".to_owned());
    };
    if at > last {
        return Err("`ipv4_range_to_cidr_list` from a higher to a lower address: the documents do not say".to_owned());
    }
    let mut ranges = Vec::new();
    loop {
        // The largest block that begins here and does not pass the end.
        let mut length = 32 - at.trailing_zeros().min(32);
        while length < 32 && at | !mask4(length) > last {
            length += 1;
        }
        ranges.push(Value::text(format!("{}/{length}", Ipv4Addr::from_bits(at))));
        let end = at | !mask4(length);
        if end >= last {
            return Ok(Value::array(ranges));
        }
        at = end + 1;
    }
}

/// Whether an address, or one with that beginning, stands in the text between characters that are no letters or digits.
fn has(args: &[Value], prefixes: bool) -> Answer {
    let text = arg(args, 0);
    // What stands between characters that cannot belong to an address.
    let mut found = Vec::new();
    for piece in text.split(|c: char| !(c.is_alphanumeric() || c == '.')) {
        match piece.trim_matches('.').parse::<Ipv4Addr>() {
            Ok(address) => found.push(address.to_string()),
            Err(_) if dotted(piece) => {
                return Err(format!("whether an IPv4 address stands in `{piece}` is not documented"));
            }
            Err(_) => {}
        }
    }
    for wanted in texts(args) {
        let whole = wanted.parse::<Ipv4Addr>().is_ok();
        let begins = prefixes && is_prefix(&wanted);
        if found
            .iter()
            .any(|own| (whole && *own == *wanted) || (begins && own.starts_with(&*wanted)))
        {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// Whether a piece holds four numbers in a row among more: `1.2.3.4.5`, where readings differ.
fn dotted(piece: &str) -> bool {
    let numbers: Vec<bool> = piece
        .split('.')
        .map(|part| part.len() < 4 && part.parse::<u8>().is_ok())
        .collect();
    numbers.len() > 4 && numbers.windows(4).any(|four| four.iter().all(|number| *number))
}

/// `192.`, `192.168.`, `192.168.1.`
fn is_prefix(text: &str) -> bool {
    let Some(rest) = text.strip_suffix('.') else {
        return false;
    };
    let parts: Vec<&str> = rest.split('.').collect();
    let digits = |part: &&str| part.bytes().all(|b| b.is_ascii_digit()) && part.parse::<u8>().is_ok();
    parts.len() <= 3 && parts.iter().all(digits)
}
