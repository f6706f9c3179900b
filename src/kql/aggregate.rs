//! Aggregates: what they take and what they are called. What they give for a group is in `aggregate_values.rs`.

use super::aggregate_values::Kind;
use super::ast::{Expr, ExprKind, Item};
use super::bind::{Machine, Scope};
use super::columns::expression_name;
use super::error::{KqlError, Place};
use super::eval::{Bound, Code};
use super::table::Column;
use super::value::{Type, Value};
use std::sync::Arc;

/// The most elements of a set or a list.
const MOST: usize = 1_048_576;

/// How many elements the old names of sets, lists and bags keep.
const MOST_BEFORE: usize = 128;

/// An aggregate that is called.
pub(super) struct Aggregate {
    pub(super) kind: Kind,
    pub(super) args: Vec<Bound>,
    pub(super) condition: Option<Bound>,
    pub(super) limit: usize,
    pub(super) percentiles: Vec<f64>,
    pub(super) place: Place,
    /// The columns that it gives.
    pub(super) columns: Vec<Column>,
}

/// An aggregate that can be called.
pub(super) struct Known {
    /// Its name.
    pub(super) name: &'static str,
    kind: Kind,
    /// Whether a condition stands behind its arguments.
    conditional: bool,
    /// How the default name of its column begins.
    prefix: &'static str,
}

const fn all(name: &'static str, kind: Kind, prefix: &'static str) -> Known {
    Known {
        name,
        kind,
        conditional: false,
        prefix,
    }
}

const fn some(name: &'static str, kind: Kind, prefix: &'static str) -> Known {
    Known {
        conditional: true,
        ..all(name, kind, prefix)
    }
}

const SAMPLE: Kind = Kind::Spread {
    root: false,
    population: false,
};
const SAMPLE_ROOT: Kind = Kind::Spread {
    root: true,
    population: false,
};
const POPULATION: Kind = Kind::Spread {
    root: false,
    population: true,
};
const POPULATION_ROOT: Kind = Kind::Spread {
    root: true,
    population: true,
};

/// All aggregates.
pub(super) const TABLE: &[Known] = &[
    all("count", Kind::Count, "count"),
    some("countif", Kind::Count, "countif"),
    all("dcount", Kind::Distinct, "dcount"),
    some("dcountif", Kind::Distinct, "dcountif"),
    all("count_distinct", Kind::Distinct, "count_distinct"),
    some("count_distinctif", Kind::Distinct, "count_distinctif"),
    all("make_set", Kind::Set, "set"),
    some("make_set_if", Kind::Set, "set"),
    all("makeset", Kind::Set, "set"),
    all("make_list", Kind::List { nulls: false }, "list"),
    some("make_list_if", Kind::List { nulls: false }, "list"),
    all("make_list_with_nulls", Kind::List { nulls: true }, "list"),
    all("makelist", Kind::List { nulls: false }, "list"),
    all("make_bag", Kind::Bag, "bag"),
    some("make_bag_if", Kind::Bag, "bag"),
    all("make_dictionary", Kind::Bag, "dictionary"),
    all("buildschema", Kind::Schema, "schema"),
    all("min", Kind::Min, "min"),
    some("minif", Kind::Min, "minif"),
    all("max", Kind::Max, "max"),
    some("maxif", Kind::Max, "maxif"),
    all("sum", Kind::Sum, "sum"),
    some("sumif", Kind::Sum, "sumif"),
    all("avg", Kind::Average, "avg"),
    some("avgif", Kind::Average, "avgif"),
    all("stdev", SAMPLE_ROOT, "stdev"),
    some("stdevif", SAMPLE_ROOT, "stdevif"),
    all("stdevp", POPULATION_ROOT, "stdevp"),
    all("variance", SAMPLE, "variance"),
    some("varianceif", SAMPLE, "varianceif"),
    all("variancep", POPULATION, "variancep"),
    all("covariance", Kind::Covariance { population: false }, "covariance"),
    some("covarianceif", Kind::Covariance { population: false }, "covarianceif"),
    all("covariancep", Kind::Covariance { population: true }, "covariancep"),
    some("covariancepif", Kind::Covariance { population: true }, "covariancepif"),
    all(
        "percentile",
        Kind::Percentiles {
            weighted: false,
            array: false,
        },
        "percentile",
    ),
    all(
        "percentiles",
        Kind::Percentiles {
            weighted: false,
            array: false,
        },
        "percentile",
    ),
    all(
        "percentiles_array",
        Kind::Percentiles {
            weighted: false,
            array: true,
        },
        "percentiles",
    ),
    all(
        "percentilew",
        Kind::Percentiles {
            weighted: true,
            array: false,
        },
        "percentile",
    ),
    all(
        "percentilesw",
        Kind::Percentiles {
            weighted: true,
            array: false,
        },
        "percentile",
    ),
    all(
        "percentilesw_array",
        Kind::Percentiles {
            weighted: true,
            array: true,
        },
        "percentile",
    ),
    all("binary_all_and", Kind::Bits(|a, b| a & b), ""),
    all("binary_all_or", Kind::Bits(|a, b| a | b), ""),
    all("binary_all_xor", Kind::Bits(|a, b| a ^ b), ""),
    all("take_any", Kind::Any, ""),
    some("take_anyif", Kind::Any, ""),
    all("any", Kind::Any, "any"),
    some("anyif", Kind::Any, "anyif"),
    all("arg_max", Kind::ArgMax, ""),
    all("arg_min", Kind::ArgMin, ""),
    all("argmax", Kind::ArgMax, "max"),
    all("argmin", Kind::ArgMin, "min"),
];

/// Aggregates of the reference that are refused for good, and why.
pub(super) const REFUSED: &[(&str, &str)] = &[
    (
        "hll hll_if hll_merge tdigest tdigest_merge merge_tdigest",
        "the form of estimates is not documented",
    ),
    (
        "variancepif",
        "its page gives the variance of a sample, against its name; `variancep` after `where` is clear",
    ),
];

fn find(name: &str) -> Option<&'static Known> {
    TABLE.iter().find(|known| known.name == name)
}

fn refusal(name: &str) -> Option<&'static str> {
    let listed = REFUSED.iter().find(|(names, _)| names.split(' ').any(|n| n == name));
    listed.map(|(_, why)| *why)
}

/// Whether an aggregate of that name is known, here or to Kusto.
pub(super) fn is_aggregate(name: &str) -> bool {
    find(name).is_some() || refusal(name).is_some()
}

/// What a call is made of while it is bound.
struct Call<'a> {
    known: &'static Known,
    item: &'a Item,
    place: Place,
    columns: Vec<Column>,
    bound: Vec<Bound>,
}

impl Call<'_> {
    fn wrong<T>(&self, what: &str) -> Result<T, KqlError> {
        Err(KqlError::at(self.place, format!("`{}` takes {what}", self.known.name)))
    }

    /// The name that the query gives, for the first column.
    fn given(&self) -> Option<Arc<str>> {
        self.item.name.as_ref().map(|(name, _)| Arc::clone(name))
    }

    fn add(&mut self, name: Arc<str>, ty: Type) {
        let name = match self.given() {
            Some(given) if self.columns.is_empty() => given,
            _ => name,
        };
        self.columns.push(Column { name, ty });
    }
}

impl Machine<'_> {
    /// An aggregate call; none where the expression is something else.
    pub(super) fn aggregate(
        &self,
        item: &Item,
        by: &[Column],
        scope: Scope<'_>,
    ) -> Result<Option<Aggregate>, KqlError> {
        let ExprKind::Call(name, args) = &item.expr.kind else {
            return Ok(None);
        };
        let place = item.expr.place;
        let Some(known) = find(name) else {
            return match refusal(name) {
                Some(why) => Err(KqlError::at(
                    place,
                    format!("the aggregate `{name}` is not supported: {why}"),
                )),
                None => Ok(None),
            };
        };
        let mut call = Call {
            known,
            item,
            place,
            columns: Vec::new(),
            bound: Vec::new(),
        };
        let args: Vec<&Expr> = args.iter().map(|arg| &arg.expr).collect();
        let mut aggregate = Aggregate {
            kind: known.kind,
            args: Vec::new(),
            condition: None,
            limit: if matches!(known.name, "makeset" | "makelist" | "make_dictionary") {
                MOST_BEFORE
            } else {
                MOST
            },
            percentiles: Vec::new(),
            place,
            columns: Vec::new(),
        };
        let (args, rest) = self.split(&call, &args)?;
        let mut rest = rest.iter();
        if known.conditional {
            match rest.next() {
                Some(condition) => aggregate.condition = Some(self.condition(condition, scope)?),
                None => return call.wrong("a condition as its last argument"),
            }
        }
        match known.kind {
            Kind::ArgMax | Kind::ArgMin | Kind::Any => self.rows_of(&mut call, args, by, scope)?,
            _ => {
                for arg in args {
                    if matches!(arg.kind, ExprKind::Star) {
                        return call.wrong("no `*` here");
                    }
                    let bound = self.bind(arg, scope)?;
                    call.bound.push(bound);
                }
            }
        }
        match known.kind {
            Kind::Percentiles { array, .. } => {
                aggregate.percentiles = self.percentiles(&mut call, args, rest.as_slice(), array, scope)?;
                rest = [].iter();
            }
            Kind::Set | Kind::List { .. } | Kind::Bag => {
                if let Some(most) = rest.next() {
                    aggregate.limit = self.count(most, scope.env, "the largest size")?.min(MOST);
                }
            }
            // The accuracy of an estimate; here it is exact.
            Kind::Distinct => {
                if let Some(accuracy) = rest.next() {
                    self.count(accuracy, scope.env, "the accuracy")?;
                }
            }
            _ => {}
        }
        if rest.next().is_some() {
            return call.wrong("fewer arguments");
        }
        if call.columns.is_empty() {
            let ty = result_type(&call)?;
            let name = default_name(known, args);
            call.add(name, ty);
        }
        aggregate.args = call.bound;
        aggregate.columns = call.columns;
        Ok(Some(aggregate))
    }

    /// The arguments that are computed for each row, and those behind them.
    fn split<'e, 'a>(
        &self,
        call: &Call<'_>,
        args: &'a [&'e Expr],
    ) -> Result<(&'a [&'e Expr], &'a [&'e Expr]), KqlError> {
        let least = match call.known.kind {
            // `count(x)` counts rows, whatever `x` is.
            Kind::Count => usize::from(!call.known.conditional && args.len() == 1),
            Kind::Any | Kind::ArgMax | Kind::ArgMin => {
                args.len().saturating_sub(usize::from(call.known.conditional)).max(1)
            }
            Kind::Covariance { .. } => 2,
            Kind::Percentiles { weighted, .. } => 1 + usize::from(weighted),
            _ => 1,
        };
        args.split_at_checked(least)
            .map_or_else(|| call.wrong("more arguments"), Ok)
    }

    /// `arg_max`, `arg_min`, `take_any`: the columns of a row.
    fn rows_of(&self, call: &mut Call<'_>, args: &[&Expr], by: &[Column], scope: Scope<'_>) -> Result<(), KqlError> {
        let extreme = matches!(call.known.kind, Kind::ArgMax | Kind::ArgMin);
        let prefix = call.known.prefix;
        let first = args.first().and_then(|arg| expression_name(arg));
        for (index, arg) in args.iter().enumerate() {
            if matches!(arg.kind, ExprKind::Star) {
                if index != usize::from(extreme) {
                    return call.wrong("no `*` here");
                }
                for (at, column) in scope.columns.iter().enumerate() {
                    let taken = by.iter().chain(&call.columns).any(|c| c.name == column.name);
                    if !taken {
                        call.bound.push(Bound::new(column.ty, Code::Column(at), arg.place));
                        call.add(Arc::clone(&column.name), column.ty);
                    }
                }
                continue;
            }
            let one = self.bind(arg, scope)?;
            if extreme && index == 0 && !ordered(one.ty) {
                return call.wrong(&format!("a first argument that has an order, this is {}", one.ty));
            }
            let own = expression_name(arg);
            let name: Arc<str> = match (extreme, index, own) {
                // The old names put a prefix before it.
                (true, 0, Some(own)) if !prefix.is_empty() => format!("{prefix}_{own}").into(),
                (true, _, Some(own)) if !prefix.is_empty() => {
                    format!("{prefix}_{}_{own}", first.as_deref().unwrap_or("")).into()
                }
                (true, 0, None) => if call.known.kind == Kind::ArgMax {
                    "max_"
                } else {
                    "min_"
                }
                .into(),
                (false, _, Some(own)) if !prefix.is_empty() => format!("{prefix}_{own}").into(),
                (_, _, Some(own)) => own,
                (true, _, None) => format!("Column{index}").into(),
                (false, _, None) => format!("any_arg{index}").into(),
            };
            call.add(name, one.ty);
            call.bound.push(one);
        }
        Ok(())
    }

    /// The percentiles, as numbers or as one array of numbers, and their columns.
    fn percentiles(
        &self,
        call: &mut Call<'_>,
        args: &[&Expr],
        rest: &[&Expr],
        array: bool,
        scope: Scope<'_>,
    ) -> Result<Vec<f64>, KqlError> {
        let one = matches!(call.known.name, "percentile" | "percentilew");
        if rest.is_empty() || (one && rest.len() > 1) {
            return call.wrong(if one { "one percentile" } else { "percentiles" });
        }
        let ty = call.bound.first().map_or(Type::Long, |arg| arg.ty);
        if !(ty.is_number() || matches!(ty, Type::Datetime | Type::Timespan | Type::Unknown)) {
            return call.wrong(&format!("a number, a datetime or a timespan, this is {ty}"));
        }
        if let Some(weight) = call.bound.get(1)
            && !matches!(weight.ty, Type::Int | Type::Long | Type::Unknown)
        {
            return call.wrong(&format!("a weight that is a whole number, this is {}", weight.ty));
        }
        let mut all = Vec::new();
        for expr in rest {
            match self.constant(expr, scope.env, "a percentile")? {
                (_, Value::Array(inner)) if array => all.extend(inner.iter().cloned()),
                (_, value) => all.push(value),
            }
        }
        let base = default_name(call.known, args);
        let mut numbers = Vec::new();
        for value in all {
            let Some(number) = value.number().filter(|n| (0.0..=100.0).contains(n)) else {
                return call.wrong("percentiles from 0 to 100");
            };
            numbers.push(number);
            if !array {
                // 99.0 is named as 99 is.
                let text = if number.fract() == 0.0 {
                    format!("{number:.0}")
                } else {
                    number.to_string()
                };
                call.add(format!("{base}_{}", text.replace('.', "_")).into(), ty);
            }
        }
        if array {
            call.add(base, Type::Dynamic);
        }
        Ok(numbers)
    }
}

/// `sum_x`; the arguments without a name leave theirs out.
fn default_name(known: &Known, args: &[&Expr]) -> Arc<str> {
    let names: Vec<Arc<str>> = args.iter().filter_map(|arg| expression_name(arg)).collect();
    let name = match known.kind {
        Kind::Covariance { .. } => names.join("_"),
        _ => args
            .first()
            .and_then(|arg| expression_name(arg))
            .as_deref()
            .unwrap_or("")
            .to_owned(),
    };
    if known.prefix.is_empty() {
        return if name.is_empty() { "Column1".into() } else { name.into() };
    }
    format!("{}_{name}", known.prefix).into()
}

fn ordered(ty: Type) -> bool {
    match ty {
        Type::Bool | Type::Int | Type::Long | Type::Real | Type::String | Type::Datetime | Type::Timespan => true,
        Type::Unknown => true,
        Type::Dynamic | Type::Guid => false,
    }
}

/// The type of the one column; an argument that does not fit is refused.
fn result_type(call: &Call<'_>) -> Result<Type, KqlError> {
    let first = call.bound.first().map_or(Type::Long, |arg| arg.ty);
    if first == Type::Unknown {
        return Ok(match call.known.kind {
            Kind::Count | Kind::Distinct => Type::Long,
            _ => Type::Unknown,
        });
    }
    let wants = |what: &str| call.wrong(&format!("{what}, this is {first}"));
    Ok(match call.known.kind {
        Kind::Count if first == Type::Bool && !call.bound.is_empty() => {
            return Err(KqlError::at(
                call.place,
                "`count` of a bool: whether it counts rows or true values is not documented; use `countif`",
            ));
        }
        Kind::Count => Type::Long,
        Kind::Distinct if call.known.name.starts_with("count_distinct") && first == Type::Dynamic => {
            return wants("what is not dynamic");
        }
        Kind::Distinct => Type::Long,
        Kind::Set | Kind::List { .. } => Type::Dynamic,
        Kind::Bag | Kind::Schema if first != Type::Dynamic => return wants("a dynamic"),
        Kind::Bag | Kind::Schema | Kind::Percentiles { .. } => Type::Dynamic,
        Kind::Min | Kind::Max if !ordered(first) => return wants("what has an order"),
        Kind::Min | Kind::Max => first,
        Kind::Sum if first == Type::Int => Type::Long,
        Kind::Sum if first.is_number() || first == Type::Timespan => first,
        Kind::Sum => return wants("a number or a timespan"),
        Kind::Average if matches!(first, Type::Timespan | Type::Datetime) => first,
        Kind::Average if first.is_number() => Type::Real,
        Kind::Average => return wants("a number, a datetime or a timespan"),
        Kind::Spread { .. } if first.is_number() => Type::Real,
        Kind::Spread { .. } => return wants("a number"),
        Kind::Covariance { .. } if call.bound.iter().all(|arg| arg.ty.is_number()) => Type::Real,
        Kind::Covariance { .. } => return wants("two numbers"),
        Kind::Bits(_) if matches!(first, Type::Int | Type::Long) => first,
        Kind::Bits(_) => return wants("a whole number"),
        Kind::Any | Kind::ArgMax | Kind::ArgMin => first,
    })
}
