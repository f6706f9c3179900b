//! Functions of a series as a whole.

use super::{Answer, Function, plain};
use crate::kql::value::{Type, Value};
use std::sync::Arc;

pub(super) const TABLE: &[Function] = &[
    plain("series_sum array_sum", "d", Type::Real, |a| {
        Ok(all(a, 0).map_or(Value::Null, |n| Value::Real(n.iter().sum())))
    }),
    plain("series_product", "d", Type::Real, |a| {
        Ok(all(a, 0).map_or(Value::Null, |n| Value::Real(n.iter().product())))
    }),
    plain("series_magnitude", "d", Type::Real, |a| {
        Ok(all(a, 0).map_or(Value::Null, |n| Value::Real(dot(&n, &n).sqrt())))
    }),
    plain("series_dot_product", "ee", Type::Real, dot_product),
    plain("series_cosine_similarity", "dd?nn", Type::Real, cosine),
    plain("series_pearson_correlation", "dd", Type::Real, pearson),
    plain("series_stats_dynamic", "d?b", Type::Dynamic, |a| {
        Ok(stats(a)?.map_or(Value::Null, Value::bag))
    }),
    plain("series_stats", "d?b", Type::Dynamic, |a| {
        columns(
            stats(a)?,
            &["min", "min_idx", "max", "max_idx", "avg", "stdev", "variance"],
        )
    }),
    plain("series_fit_line_dynamic", "d", Type::Dynamic, |a| {
        Ok(fit_line(a)?.map_or(Value::Null, Value::bag))
    }),
    plain("series_fit_line", "d", Type::Dynamic, |a| {
        let names = ["rsquare", "slope", "variance", "rvariance", "interception", "line_fit"];
        columns(fit_line(a)?, &names)
    }),
];

/// Named values of a series.
type Named = Vec<(Arc<str>, Value)>;

/// The values of a function that gives several columns, as an array; whoever names the columns takes them from it.
fn columns(found: Option<Named>, names: &[&str]) -> Answer {
    let value = |name: &&str| match &found {
        Some(named) => named
            .iter()
            .find(|(own, _)| &**own == *name)
            .map_or(Value::Null, |(_, v)| v.clone()),
        None => Value::Null,
    };
    Ok(Value::array(names.iter().map(value).collect()))
}

/// The numbers of an array, where all elements are some.
fn all(args: &[Value], index: usize) -> Option<Vec<f64>> {
    match args.get(index) {
        Some(Value::Array(elements)) => elements.iter().map(Value::number).collect(),
        _ => None,
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Two series to the length of the shorter one, pairs with what is no number left out; a number stands for as many.
fn both(args: &[Value]) -> Option<(Vec<f64>, Vec<f64>)> {
    let (a, b) = match (args.first()?, args.get(1)?) {
        (Value::Array(a), Value::Array(b)) => (a.to_vec(), b.to_vec()),
        (Value::Array(a), b) => (a.to_vec(), vec![b.clone(); a.len()]),
        (a, Value::Array(b)) => (vec![a.clone(); b.len()], b.to_vec()),
        _ => return None,
    };
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let pairs = a.iter().zip(&b).filter_map(|(a, b)| Some((a.number()?, b.number()?)));
    Some(pairs.unzip())
}

fn dot_product(args: &[Value]) -> Answer {
    Ok(both(args).map_or(Value::Null, |(a, b)| Value::Real(dot(&a, &b))))
}

fn cosine(args: &[Value]) -> Answer {
    let Some((a, b)) = both(args) else {
        return Ok(Value::Null);
    };
    let size = |index: usize, own: &[f64]| args.get(index).and_then(Value::number).unwrap_or(dot(own, own).sqrt());
    let sizes = size(2, &a) * size(3, &b);
    if sizes == 0.0 {
        return Err("`series_cosine_similarity` of a series of size zero: the documents do not say".to_owned());
    }
    Ok(Value::Real(dot(&a, &b) / sizes))
}

fn pearson(args: &[Value]) -> Answer {
    let (Some(a), Some(b)) = (all(args, 0), all(args, 1)) else {
        return Ok(Value::Null);
    };
    if a.len() != b.len() || a.is_empty() {
        return Ok(Value::Null);
    }
    let centered = |series: &[f64]| -> Vec<f64> {
        let mean = series.iter().sum::<f64>() / series.len() as f64;
        series.iter().map(|n| n - mean).collect()
    };
    let (a, b) = (centered(&a), centered(&b));
    let size = (dot(&a, &a) * dot(&b, &b)).sqrt();
    if size == 0.0 {
        return Err("`series_pearson_correlation` of a constant series: the documents do not say".to_owned());
    }
    Ok(Value::Real(dot(&a, &b) / size))
}

fn named(name: &str, value: Value) -> (Arc<str>, Value) {
    (Arc::from(name), value)
}

fn stats(args: &[Value]) -> Result<Option<Named>, String> {
    let Some(Value::Array(elements)) = args.first() else {
        return Ok(None);
    };
    let lenient = matches!(args.get(1), Some(Value::Bool(true)));
    let mut found: Vec<(usize, f64)> = Vec::new();
    for (at, element) in elements.iter().enumerate() {
        match element.number().filter(|n| n.is_finite()) {
            Some(n) => found.push((at, n)),
            None if lenient => {}
            None => return Ok(None),
        }
    }
    let Some(first) = found.first().copied() else {
        return Err("the statistics of an empty series: the documents do not say".to_owned());
    };
    let least = found
        .iter()
        .fold(first, |old, new| if new.1 < old.1 { *new } else { old });
    let most = found
        .iter()
        .fold(first, |old, new| if new.1 > old.1 { *new } else { old });
    let count = found.len() as f64;
    let sum: f64 = found.iter().map(|(_, n)| n).sum();
    let mean = sum / count;
    if found.len() < 2 {
        return Err("the variance of one element: the documents do not say".to_owned());
    }
    let variance = found.iter().map(|(_, n)| (n - mean) * (n - mean)).sum::<f64>() / (count - 1.0);
    Ok(Some(vec![
        named("min", Value::Real(least.1)),
        named("min_idx", super::count(least.0)),
        named("max", Value::Real(most.1)),
        named("max_idx", super::count(most.0)),
        named("avg", Value::Real(mean)),
        named("stdev", Value::Real(variance.sqrt())),
        named("variance", Value::Real(variance)),
        named("sum", Value::Real(sum)),
        named("len", super::count(elements.len())),
    ]))
}

/// The line of the least squares; the variances are those of samples, as the page's numbers are.
fn fit_line(args: &[Value]) -> Result<Option<Named>, String> {
    let Some(series) = all(args, 0) else {
        return Ok(None);
    };
    if series.len() < 2 {
        return Err("a line through less than two elements: the documents do not say".to_owned());
    }
    let count = series.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean = series.iter().sum::<f64>() / count;
    let (mut across, mut along, mut total) = (0.0, 0.0, 0.0);
    let places: Vec<f64> = (0_u32..).map(f64::from).take(series.len()).collect();
    for (x, y) in places.iter().zip(&series) {
        across += (x - middle) * (y - mean);
        along += (x - middle) * (x - middle);
        total += (y - mean) * (y - mean);
    }
    let slope = across / along;
    let start = mean - slope * middle;
    let fitted: Vec<f64> = places.iter().map(|x| start + slope * x).collect();
    let rest: f64 = series.iter().zip(&fitted).map(|(y, f)| (y - f) * (y - f)).sum();
    if total == 0.0 {
        return Err("a line through equal elements: the documents do not say what `rsquare` is".to_owned());
    }
    Ok(Some(vec![
        named("rsquare", Value::Real(1.0 - rest / total)),
        named("slope", Value::Real(slope)),
        named("variance", Value::Real(total / (count - 1.0))),
        named("rvariance", Value::Real(rest / (count - 1.0))),
        named("interception", Value::Real(start)),
        named("line_fit", Value::array(fitted.into_iter().map(Value::Real).collect())),
    ]))
}
