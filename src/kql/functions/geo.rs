//! A few functions of places on Earth: geohashes, and distances on a sphere.

use super::{Answer, Function, arg, nulls, plain, real};
use crate::kql::value::{Type, Value};
use std::sync::Arc;

pub(super) const TABLE: &[Function] = &[
    nulls("geo_point_to_geohash", "nn?n", Type::String, to_geohash),
    plain("geo_geohash_to_central_point", "s", Type::Dynamic, |a| {
        Ok(cell(&arg(a, 0)).map_or(Value::Null, |cell| shape("Point", cell.center())))
    }),
    plain("geo_geohash_to_polygon", "s", Type::Dynamic, |a| {
        Ok(cell(&arg(a, 0)).map_or(Value::Null, |cell| {
            shape("Polygon", Value::array(vec![Value::array(cell.corners())]))
        }))
    }),
    plain("geo_geohash_neighbors", "s", Type::Dynamic, neighbors),
    plain("geo_distance_2points", "nnnn?a", Type::Real, |a| {
        if matches!(a.get(4), Some(Value::Bool(true))) {
            return Err("`geo_distance_2points` on a spheroid: the reference does not state which".to_owned());
        }
        Ok(distance(a).map_or(Value::Null, Value::Real))
    }),
    plain("geo_point_in_circle", "nnnnn", Type::Bool, |a| {
        let radius = real(a, 4).filter(|radius| *radius > 0.0);
        Ok(distance(a)
            .zip(radius)
            .map_or(Value::Null, |(distance, radius)| Value::Bool(distance <= radius)))
    }),
];

/// The mean radius of Earth in metres with which the pages' distances come out.
const RADIUS: f64 = 6_371_010.0;

const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";

/// A longitude and a latitude; none where they are out of range.
fn point(args: &[Value], index: usize) -> Option<(f64, f64)> {
    let longitude = real(args, index).filter(|n| n.abs() <= 180.0)?;
    let latitude = real(args, index + 1).filter(|n| n.abs() <= 90.0)?;
    Some((longitude, latitude))
}

fn distance(args: &[Value]) -> Option<f64> {
    let ((x1, y1), (x2, y2)) = (point(args, 0)?, point(args, 2)?);
    let half = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
    let inner = half(y1, y2) + y1.to_radians().cos() * y2.to_radians().cos() * half(x1, x2);
    Some(2.0 * RADIUS * inner.sqrt().min(1.0).asin())
}

/// A rectangle of a geohash, as whole steps in a grid of that many bits each way.
struct Cell {
    x: u64,
    y: u64,
    x_bits: u32,
    y_bits: u32,
}

impl Cell {
    fn x_at(&self, steps: f64) -> f64 {
        (self.x as f64 + steps) * 360.0 / 2_f64.powi(i32::try_from(self.x_bits).unwrap_or(0)) - 180.0
    }

    fn y_at(&self, steps: f64) -> f64 {
        (self.y as f64 + steps) * 180.0 / 2_f64.powi(i32::try_from(self.y_bits).unwrap_or(0)) - 90.0
    }

    fn at(&self, x: f64, y: f64) -> Value {
        Value::array(vec![Value::Real(self.x_at(x)), Value::Real(self.y_at(y))])
    }

    fn center(&self) -> Value {
        self.at(0.5, 0.5)
    }

    fn corners(&self) -> Vec<Value> {
        [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]
            .map(|(x, y)| self.at(x, y))
            .to_vec()
    }

    /// The geohash: bits of longitude and latitude in turn, longitude first.
    fn text(&self) -> String {
        let total = self.x_bits + self.y_bits;
        let (mut x_left, mut y_left) = (self.x_bits, self.y_bits);
        let mut out = String::new();
        let mut digit = 0;
        for bit in 0..total {
            let (of, left) = if bit % 2 == 0 {
                (self.x, &mut x_left)
            } else {
                (self.y, &mut y_left)
            };
            *left -= 1;
            digit = digit << 1 | usize::try_from(of >> *left & 1).unwrap_or(0);
            if bit % 5 == 4 {
                out.push(DIGITS.get(digit).map_or('0', |d| char::from(*d)));
                digit = 0;
            }
        }
        out
    }
}

/// How many bits of longitude and latitude a geohash of that length has.
fn bits(length: u32) -> (u32, u32) {
    let total = length * 5;
    (total.div_ceil(2), total / 2)
}

fn to_geohash(args: &[Value]) -> Answer {
    let length = match args.get(2) {
        None => Some(5),
        Some(given) => given
            .number()
            .filter(|n| n.fract() == 0.0 && (1.0..=18.0).contains(n))
            .map(|n| n as u32),
    };
    let Some(((longitude, latitude), length)) = point(args, 0).zip(length) else {
        return Ok(Value::text(""));
    };
    let (x_bits, y_bits) = bits(length);
    let step = |share: f64, bits: u32| {
        let cells = 2_f64.powi(i32::try_from(bits).unwrap_or(0));
        ((share * cells).floor() as u64).min((cells as u64).saturating_sub(1))
    };
    let cell = Cell {
        x: step((longitude + 180.0) / 360.0, x_bits),
        y: step((latitude + 90.0) / 180.0, y_bits),
        x_bits,
        y_bits,
    };
    Ok(Value::text(cell.text()))
}

/// The rectangle of a geohash; none where the text is none.
fn cell(text: &str) -> Option<Cell> {
    let length = u32::try_from(text.len()).ok().filter(|n| (1..=18).contains(n))?;
    let (x_bits, y_bits) = bits(length);
    let (mut x, mut y) = (0, 0);
    let mut bit = 0_u32;
    for byte in text.bytes() {
        let digit = DIGITS.iter().position(|d| *d == byte.to_ascii_lowercase())?;
        for place in (0..5).rev() {
            let one = u64::try_from(digit >> place & 1).ok()?;
            if bit.is_multiple_of(2) {
                x = x << 1 | one;
            } else {
                y = y << 1 | one;
            }
            bit += 1;
        }
    }
    Some(Cell { x, y, x_bits, y_bits })
}

fn shape(kind: &str, coordinates: Value) -> Value {
    Value::bag([
        (Arc::from("type"), Value::text(kind)),
        (Arc::from("coordinates"), coordinates),
    ])
}

/// The cells around, in the order of the page's example.
fn neighbors(args: &[Value]) -> Answer {
    let Some(cell) = cell(&arg(args, 0)) else {
        return Ok(Value::Null);
    };
    let width = 1_u64.checked_shl(cell.x_bits).unwrap_or(0);
    let height = 1_u64.checked_shl(cell.y_bits).unwrap_or(0);
    if cell.y == 0 || cell.y + 1 == height {
        return Err("the neighbors of a geohash at a pole: the documents do not say".to_owned());
    }
    let around = [(-1, -1), (-1, 1), (1, -1), (0, 1), (-1, 0), (1, 1), (1, 0), (0, -1)];
    let texts = around.map(|(dx, dy): (i64, i64)| {
        let next = Cell {
            x: cell.x.wrapping_add_signed(dx) & width.wrapping_sub(1),
            y: cell.y.wrapping_add_signed(dy),
            ..cell
        };
        Value::text(next.text())
    });
    Ok(Value::array(texts.to_vec()))
}
