//! What aggregates give for a group of rows.

use super::aggregate::Aggregate;
use super::error::KqlError;
use super::eval::{At, Budget};
use super::table::Row;
use super::value::{Type, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What an aggregate does.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Count,
    Distinct,
    Set,
    List { nulls: bool },
    Bag,
    Schema,
    Min,
    Max,
    Sum,
    Average,
    Any,
    ArgMax,
    ArgMin,
    Spread { root: bool, population: bool },
    Covariance { population: bool },
    Percentiles { weighted: bool, array: bool },
    Bits(fn(i64, i64) -> i64),
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl Aggregate {
    fn refuse<T>(&self, what: impl Into<String>) -> Result<T, KqlError> {
        Err(KqlError::at(self.place, what))
    }

    /// The values for the rows of a group.
    pub(super) fn compute(&self, rows: &[Row], group: &[usize], budget: &Budget) -> Result<Vec<Value>, KqlError> {
        let mut kept = Vec::new();
        for index in group {
            let at = At { rows, index: *index };
            if match &self.condition {
                Some(condition) => condition.holds(at, budget)?,
                None => true,
            } {
                kept.push(at);
            }
        }
        match self.kind {
            Kind::Count => return Ok(vec![count(kept.len())]),
            Kind::ArgMax | Kind::ArgMin | Kind::Any => return self.whole_rows(&kept, budget),
            _ => {}
        }
        // The arguments of each row; without nulls, which all but one aggregate leave out.
        let mut all: Vec<Vec<Value>> = Vec::new();
        for at in kept {
            let values: Result<Vec<Value>, KqlError> = self.args.iter().map(|arg| arg.eval(at, budget)).collect();
            let values = values?;
            if matches!(self.kind, Kind::List { nulls: true }) || !values.iter().any(Value::is_null) {
                all.push(values);
            }
        }
        let values: Vec<Value> = all.iter().filter_map(|row| row.first().cloned()).collect();
        let numbers = |index: usize| -> Vec<f64> {
            all.iter()
                .filter_map(|row| row.get(index).and_then(Value::number))
                .collect()
        };
        let one = match self.kind {
            Kind::Distinct => count(values.into_iter().collect::<BTreeSet<Value>>().len()),
            Kind::Set => self.set(values),
            Kind::List { .. } => {
                let mut values = values;
                values.truncate(self.limit);
                Value::array(values)
            }
            Kind::Bag => self.bag(&values)?,
            Kind::Schema => self.schema(&values)?,
            Kind::Min => values.into_iter().min().unwrap_or(Value::Null),
            Kind::Max => values.into_iter().max().unwrap_or(Value::Null),
            Kind::Sum => self.sum(&values)?,
            Kind::Average => self.average(&values)?,
            Kind::Spread { root, population } => {
                let numbers = numbers(0);
                if numbers.len() == 1 && !population {
                    return self.refuse("the spread of a sample of one number: the documents do not say");
                }
                // Of a sample without values it is documented to be zero, of a population null.
                if numbers.is_empty() && population {
                    Value::Null
                } else {
                    let square = spread(&numbers, &numbers, population);
                    Value::Real(if root { square.sqrt() } else { square })
                }
            }
            Kind::Covariance { population } => {
                let (x, y) = (numbers(0), numbers(1));
                match x.len() {
                    0 => Value::Null,
                    1 if !population => return self.refuse("the covariance of one pair: the documents do not say"),
                    _ => Value::Real(spread(&x, &y, population)),
                }
            }
            Kind::Percentiles { weighted, array } => {
                let found = self.percentiles(all, weighted)?;
                if !array {
                    return Ok(found);
                }
                Value::array(found)
            }
            Kind::Bits(join) => {
                let mut found = None;
                for value in values {
                    if let Value::Long(n) = value {
                        found = Some(found.map_or(n, |old| join(old, n)));
                    }
                }
                found.map_or(Value::Null, Value::Long)
            }
            Kind::Count | Kind::ArgMax | Kind::ArgMin | Kind::Any => Value::Null,
        };
        Ok(vec![one])
    }

    /// Distinct values; of arrays their elements.
    fn set(&self, values: Vec<Value>) -> Value {
        let mut seen = BTreeSet::new();
        let mut set = Vec::new();
        for value in values {
            let elements = match value {
                Value::Array(elements) => elements.to_vec(),
                other => vec![other],
            };
            for element in elements {
                if !element.is_null() && set.len() < self.limit && seen.insert(element.clone()) {
                    set.push(element);
                }
            }
        }
        Value::array(set)
    }

    /// The members of all bags; other values are skipped. Without any bag the reference gives an empty array.
    fn bag(&self, values: &[Value]) -> Result<Value, KqlError> {
        if values.is_empty() {
            return Ok(Value::array(Vec::new()));
        }
        let mut members: Vec<(Arc<str>, Value)> = Vec::new();
        for value in values {
            let Value::Bag(more) = value else { continue };
            for (name, value) in more.iter() {
                match members.iter().find(|(own, _)| own == name) {
                    None => members.push((Arc::clone(name), value.clone())),
                    Some((_, old)) if old == value => {}
                    Some(_) => {
                        return self.refuse(format!(
                            "bags of a group have several values of `{name}`: the documents call it arbitrary which one is kept"
                        ));
                    }
                }
                if members.len() > self.limit {
                    return self.refuse("more members than the largest size: the documents do not say which are kept");
                }
            }
        }
        Ok(Value::bag(members))
    }

    fn schema(&self, values: &[Value]) -> Result<Value, KqlError> {
        let mut schema = Schema::default();
        for value in values {
            if let Err(what) = schema.admit(value) {
                return self.refuse(what);
            }
        }
        Ok(schema.value())
    }

    fn sum(&self, values: &[Value]) -> Result<Value, KqlError> {
        let overflow = || {
            KqlError::at(
                self.place,
                "this sum leaves the range of `long`, which the documents do not describe",
            )
        };
        let ty = self.args.first().map(|a| a.ty);
        let real = matches!(ty, Some(Type::Real));
        let mut total = 0_i64;
        let mut fraction = 0.0;
        for value in values {
            match value {
                Value::Long(n) | Value::Timespan(n) if !real => total = total.checked_add(*n).ok_or_else(overflow)?,
                other => fraction += other.number().unwrap_or(0.0),
            }
        }
        Ok(match ty {
            Some(Type::Real) => Value::Real(fraction),
            Some(Type::Timespan) => Value::Timespan(total),
            _ => Value::Long(total),
        })
    }

    fn average(&self, values: &[Value]) -> Result<Value, KqlError> {
        if values.is_empty() {
            return Ok(Value::Null);
        }
        let many = values.len() as f64;
        // Ticks of datetimes are too many to add them up as they are.
        let ticks: i128 = values
            .iter()
            .map(|value| match value {
                Value::Datetime(ticks) | Value::Timespan(ticks) => i128::from(*ticks),
                _ => 0,
            })
            .sum();
        let mean = |make: fn(i64) -> Value| {
            let mean = ticks.div_euclid(i128::try_from(values.len()).unwrap_or(1));
            i64::try_from(mean).map_or(Value::Null, make)
        };
        Ok(match values.first() {
            Some(Value::Datetime(_)) => mean(Value::Datetime),
            Some(Value::Timespan(_)) => mean(Value::Timespan),
            _ => self
                .sum(values)?
                .number()
                .map_or(Value::Null, |total| Value::Real(total / many)),
        })
    }

    /// By nearest rank: the smallest value with so many percent at or below it. Kusto estimates; this is exact.
    fn percentiles(&self, mut all: Vec<Vec<Value>>, weighted: bool) -> Result<Vec<Value>, KqlError> {
        all.sort_by(|a, b| a.first().cmp(&b.first()));
        let mut steps: Vec<(Value, i64)> = Vec::new();
        let mut total = 0_i64;
        for row in all {
            let weight = match row.get(1) {
                Some(Value::Long(weight)) if weighted => *weight,
                _ => 1,
            };
            if weight < 0 {
                return self.refuse("a negative weight: the documents do not say");
            }
            match (row.first(), total.checked_add(weight)) {
                (Some(value), Some(sum)) => {
                    total = sum;
                    steps.push((value.clone(), sum));
                }
                _ => return self.refuse("these weights are more than a `long` holds"),
            }
        }
        let found = self.percentiles.iter().map(|percent| {
            let rank = (percent * total as f64 / 100.0).ceil().max(1.0);
            let step = steps.iter().find(|(_, sum)| *sum as f64 >= rank);
            step.map_or(Value::Null, |(value, _)| value.clone())
        });
        Ok(found.collect())
    }

    /// `arg_max`, `arg_min`, `take_any`: values of one row.
    fn whole_rows(&self, kept: &[At<'_>], budget: &Budget) -> Result<Vec<Value>, KqlError> {
        let mut best: Option<Vec<Value>> = None;
        let mut tie = false;
        for at in kept {
            let mut values = Vec::with_capacity(self.args.len());
            for arg in &self.args {
                values.push(arg.eval(*at, budget)?);
            }
            let Some(old) = &best else {
                best = Some(values);
                continue;
            };
            let (new_key, old_key) = (values.first(), old.first());
            let null = |key: Option<&Value>| key.is_none_or(Value::is_null);
            let better = match self.kind {
                Kind::Any => {
                    values.len() == 1 && old_key.is_none_or(Value::is_empty) && !new_key.is_none_or(Value::is_empty)
                }
                _ if null(new_key) => false,
                _ if null(old_key) => true,
                Kind::ArgMax => new_key > old_key,
                _ => new_key < old_key,
            };
            if better {
                best = Some(values);
                tie = false;
            } else if self.kind != Kind::Any && !null(new_key) && new_key == old_key && values != *old {
                tie = true;
            }
        }
        if tie {
            return self
                .refuse("several rows of a group have the extreme value: the documents do not say which one counts");
        }
        Ok(best.unwrap_or_else(|| self.columns.iter().map(|column| column.ty.null()).collect()))
    }
}

fn count(n: usize) -> Value {
    Value::Long(i64::try_from(n).unwrap_or(i64::MAX))
}

/// The covariance of two series, of a series with itself the variance; zero of less than two values.
fn spread(x: &[f64], y: &[f64], population: bool) -> f64 {
    let many = x.len() as f64;
    if many < 2.0 {
        return 0.0;
    }
    let mean = |of: &[f64]| of.iter().sum::<f64>() / many;
    let (x_mean, y_mean) = (mean(x), mean(y));
    let sum: f64 = x.iter().zip(y).map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    sum / if population { many } else { many - 1.0 }
}

/// What values look like: plain types and one container, in the order in which they were met.
#[derive(Default)]
struct Schema(Vec<Shape>);

enum Shape {
    Plain(&'static str),
    Bag(Vec<(Arc<str>, Schema)>),
    Array(Schema),
}

impl Schema {
    fn admit(&mut self, value: &Value) -> Result<(), String> {
        let plain = match value {
            Value::Long(_) => "long",
            Value::Real(_) => "double",
            Value::String(_) => "string",
            Value::Bag(members) => {
                let known = self.0.iter().position(|shape| matches!(shape, Shape::Bag(_)));
                let at = known.unwrap_or_else(|| {
                    self.0.push(Shape::Bag(Vec::new()));
                    self.0.len() - 1
                });
                if let Some(Shape::Bag(own)) = self.0.get_mut(at) {
                    for (name, value) in members.iter() {
                        match own.iter_mut().find(|(old, _)| old == name) {
                            Some((_, schema)) => schema.admit(value)?,
                            None => {
                                let mut schema = Schema::default();
                                schema.admit(value)?;
                                own.push((Arc::clone(name), schema));
                            }
                        }
                    }
                }
                return Ok(());
            }
            Value::Array(elements) => {
                let known = self.0.iter().position(|shape| matches!(shape, Shape::Array(_)));
                let at = known.unwrap_or_else(|| {
                    self.0.push(Shape::Array(Schema::default()));
                    self.0.len() - 1
                });
                if let Some(Shape::Array(own)) = self.0.get_mut(at) {
                    for element in elements.iter() {
                        own.admit(element)?;
                    }
                }
                return Ok(());
            }
            other => {
                return Err(format!(
                    "what `buildschema` calls {} is not documented",
                    super::compare::kind(other)
                ));
            }
        };
        if !self
            .0
            .iter()
            .any(|shape| matches!(shape, Shape::Plain(name) if *name == plain))
        {
            self.0.push(Shape::Plain(plain));
        }
        Ok(())
    }

    fn value(&self) -> Value {
        let mut shapes: Vec<Value> = self
            .0
            .iter()
            .map(|shape| match shape {
                Shape::Plain(name) => Value::text(*name),
                Shape::Bag(members) => Value::bag(members.iter().map(|(name, s)| (Arc::clone(name), s.value()))),
                Shape::Array(elements) => Value::bag([(Arc::from("`indexer`"), elements.value())]),
            })
            .collect();
        match shapes.pop() {
            None => Value::Null,
            Some(only) if shapes.is_empty() => only,
            Some(last) => {
                shapes.push(last);
                Value::array(shapes)
            }
        }
    }
}
