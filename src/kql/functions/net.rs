//! Functions of addresses and URLs.

use super::{Answer, arg};
use crate::kql::value::Value;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

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
    let text = text.trim();
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

/// An IPv6 address and its prefix; IPv4 is mapped.
fn v6(text: &str) -> Result<Option<(u128, u32)>, String> {
    let text = text.trim();
    if text.contains(':') {
        let found = split(text, 128).and_then(|(address, length)| {
            let address: Ipv6Addr = address.parse().ok()?;
            Some((address.to_bits(), length))
        });
        return Ok(found);
    }
    Ok(v4(text)?.map(|(address, length)| (Ipv4Addr::from_bits(address).to_ipv6_mapped().to_bits(), length + 96)))
}

fn mask4(length: u32) -> u32 {
    u32::MAX.checked_shl(32 - length.min(32)).unwrap_or(0)
}

fn mask6(length: u32) -> u128 {
    u128::MAX.checked_shl(128 - length.min(128)).unwrap_or(0)
}

pub(super) fn is_private(args: &[Value]) -> Answer {
    let Some((address, length)) = v4(&arg(args, 0))? else {
        return Ok(Value::Null);
    };
    let address = address & mask4(length);
    let inside = |net: [u8; 4], bits: u32| address & mask4(bits) == Ipv4Addr::from(net).to_bits();
    Ok(Value::Bool(
        inside([10, 0, 0, 0], 8) || inside([172, 16, 0, 0], 12) || inside([192, 168, 0, 0], 16),
    ))
}

/// Whether an address is in a range; none where one of them does not parse.
fn inside(address: &str, range: &str, six: bool) -> Result<Option<bool>, String> {
    if address.contains('/') && v6(address)?.is_some() {
        return Err(format!(
            "whether `{address}`, an address with a prefix, is in a range is not documented"
        ));
    }
    if six {
        let (Some((a, la)), Some((r, lr))) = (v6(address)?, v6(range)?) else {
            return Ok(None);
        };
        let mask = mask6(la.min(lr));
        return Ok(Some(a & mask == r & mask));
    }
    let (Some((a, la)), Some((r, lr))) = (v4(address)?, v4(range)?) else {
        return Ok(None);
    };
    let mask = mask4(la.min(lr));
    Ok(Some(a & mask == r & mask))
}

pub(super) fn in_range(args: &[Value], six: bool) -> Answer {
    Ok(inside(&arg(args, 0), &arg(args, 1), six)?.map_or(Value::Null, Value::Bool))
}

pub(super) fn in_any_range(args: &[Value]) -> Answer {
    let mut ranges = Vec::new();
    for range in args.iter().skip(1) {
        match range {
            Value::Array(inner) => ranges.extend(inner.iter().map(Value::to_text)),
            other => ranges.push(other.to_text()),
        }
    }
    let mut bad = false;
    for range in ranges {
        match inside(&arg(args, 0), &range, false)? {
            Some(true) => return Ok(Value::Bool(true)),
            Some(false) => {}
            None => bad = true,
        }
    }
    Ok(if bad { Value::Null } else { Value::Bool(false) })
}

pub(super) fn parse_ipv4(args: &[Value]) -> Answer {
    Ok(v4(&arg(args, 0))?.map_or(Value::Null, |(address, length)| {
        Value::Long((address & mask4(length)).into())
    }))
}

pub(super) fn parse_ipv6(args: &[Value]) -> Answer {
    let Some((address, length)) = v6(&arg(args, 0))? else {
        return Ok(Value::text(""));
    };
    let parts: Vec<String> = Ipv6Addr::from_bits(address & mask6(length))
        .segments()
        .iter()
        .map(|s| format!("{s:04x}"))
        .collect();
    Ok(Value::text(parts.join(":")))
}

pub(super) fn parse_url(args: &[Value]) -> Answer {
    let url = arg(args, 0);
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(format!(
            "`parse_url` of `{url}`, which is no absolute URL: the documents do not say what it gives"
        ));
    };
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at_checked(at).unwrap_or((rest, "")),
        None => (rest, ""),
    };
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
        _ => (host, ""),
    };
    let mut parameters: Vec<(Arc<str>, Value)> = Vec::new();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters.push((name.into(), Value::text(value)));
    }
    let part = |name: &str, value: &str| (Arc::from(name), Value::text(value));
    Ok(Value::bag([
        part("Scheme", scheme),
        part("Host", host),
        part("Port", port),
        part("Path", path),
        part("Username", user),
        part("Password", password),
        (Arc::from("Query Parameters"), Value::bag(parameters)),
        part("Fragment", fragment),
    ]))
}

pub(super) fn url_encode(args: &[Value]) -> Answer {
    let mut out = String::new();
    for byte in arg(args, 0).bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else if byte == b' ' {
            return Err("`url_encode` of a blank: `+` or `%20` is not documented".to_owned());
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(Value::text(out))
}

pub(super) fn url_decode(args: &[Value]) -> Answer {
    let text = arg(args, 0);
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let code = after.get(..2).and_then(|c| std::str::from_utf8(c).ok());
        match (*first, code.and_then(|c| u8::from_str_radix(c, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or(&[]);
            }
            (b'+', _) => return Err("`url_decode` of a `+` is not documented".to_owned()),
            (byte, _) => bytes.push(byte),
        }
    }
    String::from_utf8(bytes)
        .map(Value::text)
        .map_err(|_| "`url_decode` of bytes that are no text is not supported".to_owned())
}
