//! Encodings and hashes. What does not decode is null, which for text is `""`.

use super::convert::guid;
use super::{Answer, Function, LARGEST, arg, limit, limited, number, plain};
use crate::kql::value::{Type, Value};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder, ZlibDecoder, ZlibEncoder};
use std::collections::BTreeSet;
use std::hash::Hasher;
use std::io::Read;

pub(super) const TABLE: &[Function] = &[
    plain("base64_encode_tostring base64_encodestring", "s", Type::String, |a| {
        limited(STANDARD.encode(arg(a, 0).as_bytes()))
    }),
    plain("base64_decode_tostring base64_decodestring", "s", Type::String, |a| {
        text(decoded(a))
    }),
    plain("base64_decode_toarray", "s", Type::Dynamic, to_array),
    plain("base64_encode_fromarray", "d", Type::String, from_array),
    plain("base64_decode_toguid", "s", Type::Guid, to_guid),
    plain("base64_encode_fromguid", "g", Type::String, from_guid),
    plain("gzip_compress_to_base64_string", "s", Type::String, |a| {
        let mut bytes = packed(a, GzEncoder::new)?;
        // As on the page: no level, and an unknown system.
        for (at, value) in [(8, 0), (9, 255)] {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        limited(STANDARD.encode(bytes))
    }),
    plain(
        "gzip_decompress_from_base64_string",
        "s",
        Type::String,
        |a| match decoded(a) {
            Some(bytes) if bytes.get(3) == Some(&0) => unpacked(GzDecoder::new(&*bytes)),
            _ => Ok(Value::Null),
        },
    ),
    plain("zlib_compress_to_base64_string", "s", Type::String, |a| {
        limited(STANDARD.encode(packed(a, ZlibEncoder::new)?))
    }),
    plain(
        "zlib_decompress_from_base64_string",
        "s",
        Type::String,
        |a| match decoded(a) {
            Some(bytes) => unpacked(ZlibDecoder::new(&*bytes)),
            None => Ok(Value::Null),
        },
    ),
    plain("hash_md5", "x", Type::String, |a| hex(&digest::<md5::Md5>(a))),
    plain("hash_sha1", "x", Type::String, |a| hex(&digest::<sha1::Sha1>(a))),
    plain("hash_sha256", "x", Type::String, |a| hex(&digest::<sha2::Sha256>(a))),
    plain("hash hash_xxhash64", "x?l", Type::Long, xxhash),
    plain("tohex", "l?l", Type::String, tohex),
    plain("url_encode", "s", Type::String, |a| url_encode(a, "+")),
    plain("url_encode_component", "s", Type::String, |a| url_encode(a, "%20")),
    plain("url_decode", "s", Type::String, url_decode),
    plain("punycode_from_string", "s", Type::String, |a| {
        Ok(punycode(&arg(a, 0)).map_or(Value::Null, Value::text))
    }),
    plain("punycode_to_string", "s", Type::String, |a| {
        Ok(unpunycode(&arg(a, 0)).map_or(Value::Null, Value::text))
    }),
    plain("punycode_domain_from_string", "s", Type::String, domain_from),
    plain("punycode_domain_to_string", "s", Type::String, domain_to),
];

fn decoded(args: &[Value]) -> Option<Vec<u8>> {
    STANDARD.decode(arg(args, 0).as_bytes()).ok()
}

fn text(bytes: Option<Vec<u8>>) -> Answer {
    match bytes.map(String::from_utf8) {
        Some(Ok(text)) => limited(text),
        _ => Ok(Value::Null),
    }
}

fn to_array(args: &[Value]) -> Answer {
    let Some(bytes) = decoded(args) else {
        return Ok(Value::Null);
    };
    limit(bytes.len())?;
    Ok(Value::array(
        bytes.into_iter().map(|byte| Value::Long(byte.into())).collect(),
    ))
}

fn from_array(args: &[Value]) -> Answer {
    let Some(Value::Array(elements)) = args.first() else {
        return Ok(Value::Null);
    };
    let bytes = elements.iter().map(|element| match element {
        Value::Long(n) => u8::try_from(*n).ok(),
        _ => None,
    });
    match bytes.collect::<Option<Vec<u8>>>() {
        Some(bytes) => limited(STANDARD.encode(bytes)),
        None => Ok(Value::Null),
    }
}

/// The first three fields of a guid stand with their last byte first.
const GUID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

fn to_guid(args: &[Value]) -> Answer {
    let bytes = decoded(args).filter(|bytes| bytes.len() == 16);
    let Some(bytes) = bytes else {
        return Ok(Value::Null);
    };
    // This page and that of `base64_encode_fromguid` order the bytes of the third field differently.
    if bytes.get(6) != bytes.get(7) {
        return Err("`base64_decode_toguid`: the pages do not agree on the order of the bytes".to_owned());
    }
    let digits: String = GUID_ORDER
        .iter()
        .filter_map(|at| bytes.get(*at))
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(guid(&digits)?.unwrap_or(Value::Null))
}

fn from_guid(args: &[Value]) -> Answer {
    let digits = arg(args, 0).replace('-', "");
    let byte = |at: &usize| u8::from_str_radix(digits.get(at * 2..at * 2 + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = GUID_ORDER.iter().map(byte).collect();
    Ok(bytes.map_or(Value::Null, |bytes| Value::text(STANDARD.encode(bytes))))
}

/// A text without repetitions is stored as it is, which the pages show; how others are packed they do not say.
fn packed<'t, R: Read>(args: &'t [Value], encoder: fn(&'t [u8], Compression) -> R) -> Result<Vec<u8>, String> {
    let Some(Value::String(text)) = args.first() else {
        return Err("only a string is compressed".to_owned());
    };
    let mut seen = BTreeSet::new();
    if !text.as_bytes().windows(3).all(|three| seen.insert(three)) {
        return Err("the bytes that a text with repetitions is compressed to are not documented".to_owned());
    }
    let mut bytes = Vec::new();
    let read = encoder(text.as_bytes(), Compression::none()).read_to_end(&mut bytes);
    read.map_err(|error| format!("this text does not compress: {error}"))?;
    Ok(bytes)
}

/// The text of a compressed stream, no larger than the limit.
fn unpacked(stream: impl Read) -> Answer {
    let mut bytes = Vec::new();
    let most = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    match stream.take(most).read_to_end(&mut bytes) {
        Ok(_) => text(Some(bytes)),
        Err(_) => Ok(Value::Null),
    }
}

/// A hash is of the text that `tostring` gives.
fn digest<D: sha2::Digest>(args: &[Value]) -> Vec<u8> {
    D::digest(arg(args, 0).as_bytes()).to_vec()
}

fn hex(bytes: &[u8]) -> Answer {
    Ok(Value::text(
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
    ))
}

/// Texts by their bytes; the page shows a datetime too, whose eight bytes are hashed.
fn xxhash(args: &[Value]) -> Answer {
    let mut hasher = twox_hash::XxHash64::with_seed(0);
    match args.first() {
        Some(Value::String(text)) => hasher.write(text.as_bytes()),
        Some(Value::Datetime(ticks)) => hasher.write(&ticks.to_le_bytes()),
        _ => return Err("`hash` of this type: the reference does not state which bytes are hashed".to_owned()),
    }
    let hash = i64::from_le_bytes(hasher.finish().to_le_bytes());
    match number(args, 1) {
        None => Ok(Value::Long(hash)),
        Some(most) if most > 0 => Ok(Value::Long(hash.rem_euclid(most))),
        Some(_) => Err("the modulo of `hash` must be positive".to_owned()),
    }
}

/// A negative number has all its 64 bits; of an `int` only 32, which is told in `bind_typed.rs`.
fn tohex(args: &[Value]) -> Answer {
    let least = number(args, 1).unwrap_or(1).clamp(1, 16);
    let least = usize::try_from(least).unwrap_or(1);
    let number = number(args, 0).unwrap_or(0);
    Ok(Value::text(format!("{number:0least$x}")))
}

/// `tohex` of an `int`.
pub(in crate::kql) fn tohex_int(args: &[Value]) -> Answer {
    match number(args, 0).and_then(|n| i32::try_from(n).ok()) {
        Some(n) if n < 0 => {
            let least = number(args, 1).unwrap_or(1).clamp(8, 16);
            if least > 8 {
                return Err("`tohex` of a negative int in more than 8 digits: the documents do not say".to_owned());
            }
            Ok(Value::text(format!("{n:08x}")))
        }
        _ => tohex(args),
    }
}

fn url_encode(args: &[Value], blank: &str) -> Answer {
    let mut out = String::new();
    for byte in arg(args, 0).bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            out.push(char::from(byte));
        } else if byte == b' ' {
            out.push_str(blank);
        } else if b"~!*()'".contains(&byte) {
            return Err(format!(
                "whether `url_encode` changes `{}` is not documented",
                char::from(byte)
            ));
        } else {
            out.push_str(&format!("%{byte:02x}"));
        }
    }
    limited(out)
}

fn url_decode(args: &[Value]) -> Answer {
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
        .map_err(|_| "`url_decode` of bytes that are no text: the documents do not say".to_owned())
}

/// The parameters of RFC 3492.
const BASE: u32 = 36;
const FIRST_DAMP: u32 = 700;

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / FIRST_DAMP } else { delta / 2 };
    delta += delta / points.max(1);
    let mut k = 0;
    while delta > (BASE - 1) * 26 / 2 {
        delta /= BASE - 1;
        k += BASE;
    }
    k + BASE * delta / (delta + 38)
}

fn threshold(k: u32, bias: u32) -> u32 {
    k.saturating_sub(bias).clamp(1, 26)
}

fn punycode(text: &str) -> Option<String> {
    let points: Vec<u32> = text.chars().map(u32::from).collect();
    let mut out: String = text.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(out.len()).ok()?;
    let mut done = basic;
    if basic > 0 {
        out.push('-');
    }
    let total = u32::try_from(points.len()).ok()?;
    let (mut at, mut delta, mut bias) = (128, 0_u32, 72);
    while done < total {
        let next = points.iter().copied().filter(|p| *p >= at).min()?;
        delta = delta.checked_add((next - at).checked_mul(done.checked_add(1)?)?)?;
        at = next;
        for point in &points {
            if *point < at {
                delta = delta.checked_add(1)?;
            }
            if *point == at {
                let (mut rest, mut k) = (delta, BASE);
                loop {
                    let t = threshold(k, bias);
                    if rest < t {
                        break;
                    }
                    out.push(char::from_digit(t + (rest - t) % (BASE - t), 36).map(alphabet)?);
                    rest = (rest - t) / (BASE - t);
                    k += BASE;
                }
                out.push(char::from_digit(rest, 36).map(alphabet)?);
                bias = adapt(delta, done + 1, done == basic);
                delta = 0;
                done += 1;
            }
        }
        delta = delta.checked_add(1)?;
        at = at.checked_add(1)?;
    }
    Some(out)
}

/// Digits of punycode are `a` to `z` and then `0` to `9`; of a number it is the other way round.
fn alphabet(digit: char) -> char {
    let value = digit.to_digit(36).unwrap_or(0);
    let letter = if value < 26 { value + 10 } else { value - 26 };
    char::from_digit(letter, 36).unwrap_or('a')
}

fn unpunycode(text: &str) -> Option<String> {
    if !text.is_ascii() {
        return None;
    }
    let (head, tail) = text.rsplit_once('-').unwrap_or(("", text));
    let mut out: Vec<char> = head.chars().collect();
    let (mut at, mut place, mut bias) = (128_u32, 0_u32, 72);
    let mut digits = tail.chars().peekable();
    while digits.peek().is_some() {
        let (before, mut weight, mut k) = (place, 1_u32, BASE);
        loop {
            let value = digits.next()?.to_digit(36)?;
            let digit = if value >= 10 { value - 10 } else { value + 26 };
            place = place.checked_add(digit.checked_mul(weight)?)?;
            let t = threshold(k, bias);
            if digit < t {
                break;
            }
            weight = weight.checked_mul(BASE - t)?;
            k += BASE;
        }
        let length = u32::try_from(out.len()).ok()?.checked_add(1)?;
        bias = adapt(place - before, length, before == 0);
        at = at.checked_add(place / length)?;
        place %= length;
        out.insert(usize::try_from(place).ok()?, char::from_u32(at)?);
        place += 1;
    }
    Some(out.into_iter().collect())
}

fn domain_from(args: &[Value]) -> Answer {
    let parts: Option<Vec<String>> = arg(args, 0)
        .split('.')
        .map(|part| match part.strip_prefix("xn--") {
            Some(rest) => unpunycode(rest),
            None => Some(part.to_owned()),
        })
        .collect();
    Ok(parts.map_or(Value::Null, |parts| Value::text(parts.join("."))))
}

/// The four full stops of IDNA part a domain.
fn domain_to(args: &[Value]) -> Answer {
    let parts: Option<Vec<String>> = arg(args, 0)
        .split(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'])
        .map(|part| {
            if part.is_ascii() {
                Some(part.to_owned())
            } else {
                punycode(part).map(|code| format!("xn--{code}"))
            }
        })
        .collect();
    Ok(parts.map_or(Value::Null, |parts| Value::text(parts.join("."))))
}
