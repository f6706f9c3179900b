//! Functions of numbers. `round`, `ceiling` and `abs`, whose type is that of their argument, are in `bind_typed.rs`.

use super::{Answer, Function, number, plain, real};
use crate::kql::value::{Type, Value};
use std::f64::consts::PI;

pub(super) const TABLE: &[Function] = &[
    plain("sign", "n", Type::Real, |a| {
        f(a, |n| Some(if n == 0.0 { 0.0 } else { n.signum() }))
    }),
    plain("sqrt", "n", Type::Real, |a| f(a, |n| (n >= 0.0).then(|| n.sqrt()))),
    plain("log", "n", Type::Real, |a| logarithm(a, f64::ln)),
    plain("log2", "n", Type::Real, |a| logarithm(a, f64::log2)),
    plain("log10", "n", Type::Real, |a| logarithm(a, f64::log10)),
    plain("exp", "n", Type::Real, |a| f(a, |n| Some(n.exp()))),
    plain("exp2", "n", Type::Real, |a| f(a, |n| Some(n.exp2()))),
    plain("exp10", "n", Type::Real, |a| f(a, |n| Some(10_f64.powf(n)))),
    plain("pow", "nn", Type::Real, |a| {
        let power = real(a, 1);
        f(a, |n| power.map(|p| n.powf(p)))
    }),
    plain("sin", "n", Type::Real, |a| f(a, |n| Some(n.sin()))),
    plain("cos", "n", Type::Real, |a| f(a, |n| Some(n.cos()))),
    plain("tan", "n", Type::Real, |a| f(a, |n| Some(n.tan()))),
    plain("cot", "n", Type::Real, |a| f(a, |n| Some(1.0 / n.tan()))),
    plain("asin", "n", Type::Real, |a| {
        f(a, |n| (n.abs() <= 1.0).then(|| n.asin()))
    }),
    plain("acos", "n", Type::Real, |a| {
        f(a, |n| (n.abs() <= 1.0).then(|| n.acos()))
    }),
    plain("atan", "n", Type::Real, |a| f(a, |n| Some(n.atan()))),
    plain("atan2", "nn", Type::Real, |a| {
        let x = real(a, 1);
        f(a, |y| x.map(|x| y.atan2(x)))
    }),
    plain("pi", "", Type::Real, |_| Ok(Value::Real(PI))),
    plain("degrees", "n", Type::Real, |a| f(a, |n| Some(180.0 / PI * n))),
    plain("radians", "n", Type::Real, |a| f(a, |n| Some(PI / 180.0 * n))),
    plain("isnan", "n", Type::Bool, |a| is(a, f64::is_nan)),
    plain("isinf", "n", Type::Bool, |a| is(a, f64::is_infinite)),
    plain("isfinite", "n", Type::Bool, |a| is(a, f64::is_finite)),
    plain("gamma", "n", Type::Real, |a| f(a, gamma)),
    plain("loggamma", "n", Type::Real, |a| f(a, log_gamma)),
    plain("erf", "n", Type::Real, |a| f(a, |n| Some(1.0 - erfc(n)))),
    plain("erfc", "n", Type::Real, |a| f(a, |n| Some(erfc(n)))),
    plain("beta_cdf", "nnn", Type::Real, |a| {
        beta(a, |x, a, b| {
            let valid = (0.0..=1.0).contains(&x) && a > 0.0 && a <= 10_000.0 && b > 0.0 && b <= 10_000.0;
            if valid { beta_cdf(x, a, b) } else { f64::NAN }
        })
    }),
    plain("beta_pdf", "nnn", Type::Real, |a| {
        beta(a, |x, a, b| {
            if x > 0.0 && x < 1.0 && a > 0.0 && b > 0.0 {
                ((a - 1.0) * x.ln() + (b - 1.0) * (1.0 - x).ln() - log_beta(a, b)).exp()
            } else {
                f64::NAN
            }
        })
    }),
    plain("binary_and", "ll", Type::Long, |a| bits(a, |x, y| Some(x & y))),
    plain("binary_or", "ll", Type::Long, |a| bits(a, |x, y| Some(x | y))),
    plain("binary_xor", "ll", Type::Long, |a| bits(a, |x, y| Some(x ^ y))),
    plain("binary_not", "l", Type::Long, |a| {
        Ok(number(a, 0).map_or(Value::Null, |n| Value::Long(!n)))
    }),
    plain("binary_shift_left", "ll", Type::Long, |a| {
        bits(a, |x, by| shift(by).map(|by| x.wrapping_shl(by)))
    }),
    plain("binary_shift_right", "ll", Type::Long, |a| {
        bits(a, |x, by| shift(by).map(|by| x.wrapping_shr(by)))
    }),
    plain("bitset_count_ones", "l", Type::Long, |a| {
        Ok(number(a, 0).map_or(Value::Null, |n| Value::Long(n.count_ones().into())))
    }),
];

/// A function of a real number; null where it is not defined.
fn f(args: &[Value], run: impl Fn(f64) -> Option<f64>) -> Answer {
    Ok(real(args, 0).and_then(run).map_or(Value::Null, Value::Real))
}

/// Of a negative number it is null; of zero the reference does not say.
fn logarithm(args: &[Value], run: fn(f64) -> f64) -> Answer {
    match real(args, 0) {
        Some(0.0) => Err("the logarithm of zero: the documents do not say what it gives".to_owned()),
        Some(n) if n > 0.0 => Ok(Value::Real(run(n))),
        _ => Ok(Value::Null),
    }
}

fn is(args: &[Value], test: fn(f64) -> bool) -> Answer {
    Ok(real(args, 0).map_or(Value::Null, |n| Value::Bool(test(n))))
}

fn bits(args: &[Value], run: impl Fn(i64, i64) -> Option<i64>) -> Answer {
    let found = number(args, 0).zip(number(args, 1)).and_then(|(a, b)| run(a, b));
    Ok(found.map_or(Value::Null, Value::Long))
}

/// How far to shift: modulo 64, and not at all by a negative number.
fn shift(by: i64) -> Option<u32> {
    (by >= 0).then(|| u32::try_from(by % 64).unwrap_or(0))
}

/// The coefficients of Lanczos for g = 7.
const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];

/// The logarithm of the absolute value of the gamma function; none at its poles.
fn log_gamma(x: f64) -> Option<f64> {
    if x <= 0.0 && x.fract() == 0.0 {
        return None;
    }
    // Whole numbers are exact.
    if x.fract() == 0.0 && x <= 171.0 {
        return Some(gamma(x)?.ln());
    }
    if x < 0.5 {
        return Some((PI / (PI * x).sin().abs()).ln() - log_gamma(1.0 - x)?);
    }
    let x = x - 1.0;
    let [first, rest @ ..] = LANCZOS;
    let sum = rest
        .iter()
        .zip(1_u8..)
        .fold(first, |sum, (c, i)| sum + c / (x + f64::from(i)));
    let t = x + 7.5;
    Some(0.5 * (2.0 * PI).ln() + (x + 0.5) * t.ln() - t + sum.ln())
}

fn gamma(x: f64) -> Option<f64> {
    // Whole numbers are exact: the product of those below.
    if x.fract() == 0.0 && (1.0..=171.0).contains(&x) {
        let mut product = 1.0;
        let mut factor = 2.0;
        while factor < x {
            product *= factor;
            factor += 1.0;
        }
        return Some(product);
    }
    let size = log_gamma(x)?.exp();
    let negative = x < 0.0 && x.floor() % 2.0 != 0.0;
    Some(if negative { -size } else { size })
}

/// The complementary error function: a series near zero, a continued fraction further out.
fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc(-x);
    }
    let scale = (-x * x).exp() / PI.sqrt();
    if x < 2.5 {
        let (mut term, mut sum, mut n) = (2.0 * x, 2.0 * x, 1.0);
        while term > sum * 1e-17 && n < 200.0 {
            term *= 2.0 * x * x / (2.0 * n + 1.0);
            sum += term;
            n += 1.0;
        }
        return 1.0 - scale * sum;
    }
    let fraction = (1..=120).rev().fold(x, |below, n| x + f64::from(n) / 2.0 / below);
    scale / fraction
}

fn log_beta(a: f64, b: f64) -> f64 {
    let part = |x| log_gamma(x).unwrap_or(f64::NAN);
    part(a) + part(b) - part(a + b)
}

fn beta(args: &[Value], run: fn(f64, f64, f64) -> f64) -> Answer {
    Ok(match (real(args, 0), real(args, 1), real(args, 2)) {
        (Some(x), Some(a), Some(b)) => Value::Real(run(x, a, b)),
        _ => Value::Null,
    })
}

/// The regularised incomplete beta function, by its continued fraction (Lentz).
fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return x;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_cdf(1.0 - x, b, a);
    }
    let front = (a * x.ln() + b * (1.0 - x).ln() - log_beta(a, b)).exp() / a;
    let tiny = |n: f64| if n.abs() < 1e-300 { 1e-300 } else { n };
    let mut c = 1.0;
    let mut d = 1.0 / tiny(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    let mut m = 1.0;
    while m < 2_000.0 {
        for step in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / tiny(1.0 + step * d);
            c = tiny(1.0 + step / c);
            fraction *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
        m += 1.0;
    }
    front * fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_pages() {
        let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-12 * b.abs().max(1e-3), "{a} {b}");
        near(gamma(5.0).unwrap(), 24.0);
        near(log_gamma(5.0).unwrap(), 3.178_053_830_347_945_8);
        near(gamma(0.5).unwrap(), PI.sqrt());
        assert!(gamma(-0.5).unwrap() < 0.0);
        assert_eq!(gamma(-1.0), None);
        near(erfc(1.0), 0.157_299_207_050_285);
        near(erfc(3.0), 2.209_049_699_858_54e-5);
        near(erfc(-2.0), 1.995_322_265_018_953);
        near(beta_cdf(0.9, 10.0, 20.0), 0.999_999_999_999_959);
    }
}
