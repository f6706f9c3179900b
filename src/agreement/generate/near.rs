//! Near misses: values that a comparison takes, and values that it only just does not take.

use super::kind::Kind;
use crate::examples::pattern::example;
use crate::examples::sample::json;
use crate::plan::{Literal, OrderOp, Pattern};
use crate::value::Json;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The largest whole number that every reader of JSON keeps.
const LARGEST: i64 = 9_007_199_254_740_991;

/// A value, what it is near to, and whether it is one of those that are looked for.
#[derive(Clone, Debug)]
pub(super) struct Near {
    pub(super) kind: Kind,
    pub(super) json: Json,
    pub(super) good: bool,
}

fn near(kind: Kind, json: Json) -> Near {
    Near {
        kind,
        json,
        good: false,
    }
}

fn good(kind: Kind, json: Json) -> Near {
    Near { kind, json, good: true }
}

fn text(text: impl AsRef<str>) -> Json {
    Json::Text(text.as_ref().into())
}

/// How a text is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sought {
    Whole,
    Start,
    End,
    Part,
    Word,
}

pub(super) fn of_literal(literal: &Literal) -> Vec<Near> {
    match literal {
        Literal::Text(needle) => of_text(needle, Sought::Whole),
        Literal::Int(n) => of_int(*n),
        Literal::Real(n) => of_real(*n),
        Literal::Bool(b) => of_bool(*b),
        Literal::Duration(_) => Vec::new(),
    }
}

pub(super) fn of_text(needle: &str, sought: Sought) -> Vec<Near> {
    // How such a text is read is not defined.
    if needle.is_empty() || needle.starts_with(['{', '[']) {
        return Vec::new();
    }
    let mut out = vec![good(Kind::Item, text(needle))];
    let mut add = |kind, value: String, hit: bool| {
        let value = text(value);
        out.push(if hit { good(kind, value) } else { near(kind, value) });
    };
    let inside = !matches!(sought, Sought::Whole);
    add(
        Kind::Longer,
        format!("{needle}x"),
        matches!(sought, Sought::Start | Sought::Part),
    );
    add(
        Kind::Longer,
        format!("x{needle}"),
        matches!(sought, Sought::End | Sought::Part),
    );
    let mut letters: Vec<char> = needle.chars().collect();
    letters.pop();
    add(Kind::Shorter, letters.iter().collect(), false);
    add(Kind::Shorter, needle.chars().skip(1).collect(), false);
    let mut letters: Vec<char> = needle.chars().collect();
    let middle = letters.len() / 2;
    if let Some(letter) = letters.get_mut(middle) {
        *letter = if *letter == 'q' { 'w' } else { 'q' };
    }
    add(Kind::OtherLetter, letters.iter().collect(), false);
    for other in [
        needle.to_ascii_uppercase(),
        needle.to_ascii_lowercase(),
        swapped(needle),
    ] {
        if other != needle {
            add(Kind::OtherCase, other, inside);
        }
    }
    add(
        Kind::BlankAround,
        format!(" {needle}"),
        inside && sought != Sought::Start,
    );
    add(Kind::BlankAround, format!("{needle} "), inside && sought != Sought::End);
    let part = matches!(sought, Sought::Part | Sought::Word);
    add(Kind::Inside, format!("one {needle} two"), part);
    add(Kind::Inside, format!("a-{needle}/b"), part);
    add(Kind::Inside, format!("a{needle}b"), sought == Sought::Part);
    add(Kind::Inside, format!("1{needle}_"), sought == Sought::Part);
    add(Kind::AtStart, format!("{needle}-x"), part || sought == Sought::Start);
    add(Kind::AtEnd, format!("x/{needle}"), part || sought == Sought::End);
    let half: String = needle.chars().take(needle.chars().count().div_ceil(2)).collect();
    if half != needle {
        add(Kind::PartOnly, half, false);
    }
    if let Some(last) = needle.split(|c: char| !c.is_ascii_alphanumeric()).next_back()
        && !last.is_empty()
        && last != needle
    {
        add(Kind::PartOnly, last.to_owned(), false);
    }
    out
}

/// Every other letter in the other case.
fn swapped(text: &str) -> String {
    let letter = |(n, c): (usize, char)| match (n % 2, c.is_ascii_uppercase()) {
        (0, true) => c.to_ascii_lowercase(),
        (0, false) => c.to_ascii_uppercase(),
        _ => c,
    };
    text.chars().enumerate().map(letter).collect()
}

fn of_int(n: i64) -> Vec<Near> {
    let mut out = vec![
        good(Kind::Number, Json::Int(n)),
        near(Kind::NumberNear, Json::Int(n.saturating_sub(1))),
        near(Kind::NumberNear, Json::Int(n.saturating_add(1))),
        near(Kind::Negative, Json::Int(n.saturating_neg())),
        good(Kind::NumberText, text(n.to_string())),
        near(Kind::NumberText, text(n.saturating_add(1).to_string())),
        near(Kind::NumberText, text("many")),
        near(Kind::Truth, Json::Bool(true)),
    ];
    out.extend(big(n as f64));
    out
}

fn of_real(n: f64) -> Vec<Near> {
    let whole = n.trunc();
    let mut out = vec![
        good(Kind::Fraction, Json::Real(n)),
        near(Kind::Fraction, Json::Real(n + 0.25)),
        near(Kind::Fraction, Json::Real(n - 0.25)),
        near(Kind::Negative, Json::Real(-n)),
    ];
    if whole.abs() < LARGEST as f64 {
        out.push(near(Kind::NumberNear, Json::Int(whole as i64)));
        out.push(near(Kind::NumberNear, Json::Int(whole as i64 + 1)));
    }
    out.extend(big(n));
    out
}

fn big(n: f64) -> [Near; 5] {
    [
        near(Kind::Fraction, Json::Real(n + 0.5)),
        near(Kind::Fraction, Json::Real(n - 0.5)),
        near(Kind::Huge, Json::Int(LARGEST)),
        near(Kind::Huge, Json::Int(-LARGEST)),
        near(Kind::Number, Json::Int(0)),
    ]
}

pub(super) fn of_order(op: OrderOp, literal: &Literal) -> Vec<Near> {
    let mut out = of_literal(literal);
    let bound = match literal {
        Literal::Int(n) => *n as f64,
        Literal::Real(n) => *n,
        Literal::Text(_) | Literal::Bool(_) | Literal::Duration(_) => return out,
    };
    for one in &mut out {
        let number = match &one.json {
            Json::Int(n) => *n as f64,
            Json::Real(n) => *n,
            Json::Text(text) => match text.parse() {
                Ok(n) => n,
                Err(_) => continue,
            },
            Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => continue,
        };
        one.good = match op {
            OrderOp::Less => number < bound,
            OrderOp::LessOrEqual => number <= bound,
            OrderOp::Greater => number > bound,
            OrderOp::GreaterOrEqual => number >= bound,
        };
    }
    out
}

pub(super) fn of_bool(wanted: bool) -> Vec<Near> {
    let word = if wanted { "true" } else { "false" };
    vec![
        good(Kind::Truth, Json::Bool(wanted)),
        near(Kind::Truth, Json::Bool(!wanted)),
        good(Kind::TruthText, text(word)),
        good(Kind::TruthText, text(word.to_ascii_uppercase())),
        near(Kind::TruthText, text(if wanted { "False" } else { "True" })),
        near(Kind::TruthText, text("yes")),
        near(Kind::Number, Json::Int(1)),
        near(Kind::Number, Json::Int(0)),
    ]
}

pub(super) fn of_pattern(pattern: &Pattern) -> Vec<Near> {
    let Some(found) = example(pattern).filter(|found| found.is_ascii() && !found.is_empty()) else {
        return Vec::new();
    };
    let mut out = vec![good(Kind::Pattern, text(&found))];
    for one in of_text(&found, Sought::Whole) {
        if one.kind != Kind::Item {
            out.push(near(Kind::PatternMiss, one.json));
        }
    }
    out
}

/// Addresses of a block, of its edges, of no block.
pub(super) fn of_block(block: &str) -> Vec<Near> {
    let mut out = of_address();
    let Some((base, length)) = block.split_once('/') else {
        return out;
    };
    let length = length.parse().unwrap_or(0);
    // Inside stands first, so that it is what is taken for an address that is looked for.
    for one in &mut out {
        one.good = false;
    }
    let mut found = Vec::new();
    match base.parse() {
        Ok(IpAddr::V4(base)) => {
            let free = u32::MAX.checked_shr(length).unwrap_or(0);
            let first = base.to_bits() & !free;
            let last = first | free;
            let show = |bits: u32| text(Ipv4Addr::from_bits(bits).to_string());
            found.push(good(Kind::AddressInside, show(first)));
            found.push(good(Kind::AddressInside, show(last)));
            found.extend(first.checked_sub(1).map(|bits| near(Kind::AddressOutside, show(bits))));
            found.extend(last.checked_add(1).map(|bits| near(Kind::AddressOutside, show(bits))));
            let mapped = Ipv4Addr::from_bits(first).to_ipv6_mapped();
            found.push(near(Kind::AddressMapped, text(mapped.to_string())));
        }
        Ok(IpAddr::V6(base)) => {
            let free = u128::MAX.checked_shr(length).unwrap_or(0);
            let first = base.to_bits() & !free;
            let last = first | free;
            let show = |bits: u128| text(Ipv6Addr::from_bits(bits).to_string());
            found.push(good(Kind::AddressInside, show(first)));
            found.push(good(Kind::AddressInside, show(last)));
            found.extend(first.checked_sub(1).map(|bits| near(Kind::AddressOutside, show(bits))));
            found.extend(last.checked_add(1).map(|bits| near(Kind::AddressOutside, show(bits))));
        }
        Err(_) => {}
    }
    found.append(&mut out);
    found
}

pub(super) fn of_address() -> Vec<Near> {
    vec![
        good(Kind::AddressInside, text("192.0.2.1")),
        good(Kind::AddressInside, text("2001:db8::1")),
        good(Kind::AddressMapped, text("::ffff:192.0.2.1")),
        good(Kind::AddressInside, text("::")),
        near(Kind::NoAddress, text("256.1.1.1")),
        near(Kind::NoAddress, text("192.0.2.1.1")),
        near(Kind::NoAddress, text("192.0.2.1:80")),
        near(Kind::NoAddress, text("s3.amazonaws.com")),
        near(Kind::NoAddress, text("2001:db8::1::1")),
        near(Kind::NoAddress, text("192.0.2.0/24")),
        near(Kind::NoAddress, text("::1/128")),
        near(Kind::NoAddress, text("x")),
    ]
}

/// Anything, where something has to be there.
pub(super) fn something() -> Vec<Near> {
    vec![good(Kind::Item, text("example")), good(Kind::Item, text("other"))]
}

/// A list or one of its elements, where a list is looked into.
pub(super) fn of_element(literal: &Literal) -> Vec<Near> {
    let one = json(literal);
    let array = |elements: &[Json]| Json::Array(elements.to_vec().into());
    let other = text("x");
    let mut out = vec![
        good(Kind::OneElement, array(std::slice::from_ref(&one))),
        good(Kind::SeveralElements, array(&[other.clone(), one.clone()])),
        good(Kind::SeveralElements, array(&[one.clone(), one.clone()])),
        good(Kind::NullElement, array(&[Json::Null, one.clone()])),
        good(Kind::Item, one.clone()),
        near(Kind::EmptyList, array(&[])),
        near(Kind::NullElement, array(&[Json::Null])),
        near(Kind::Array, array(&[array(std::slice::from_ref(&one))])),
        near(Kind::Object, Json::Object([("a".into(), one.clone())].into())),
    ];
    for miss in of_literal(literal) {
        // What a fraction's text is inside a list is not defined.
        if !matches!(miss.json, Json::Real(_)) {
            out.push(near(miss.kind, array(&[other.clone(), miss.json])));
        }
    }
    out
}

/// Lists, where one row comes of each element.
pub(super) fn of_list() -> Vec<Near> {
    let array = |elements: &[Json]| Json::Array(elements.to_vec().into());
    let (a, b) = (text("a"), text("b"));
    let object = Json::Object([("a".into(), a.clone())].into());
    vec![
        near(Kind::EmptyList, array(&[])),
        good(Kind::OneElement, array(std::slice::from_ref(&a))),
        good(Kind::SeveralElements, array(&[a.clone(), b.clone()])),
        good(Kind::SeveralElements, array(&[a.clone(), a.clone()])),
        near(Kind::NullElement, array(&[Json::Null])),
        near(Kind::NullElement, array(&[a.clone(), Json::Null, b])),
        near(Kind::Object, object),
        near(Kind::Item, a),
    ]
}
