//! Functions with several results, each a column of its own: `extend (a, b) = f(x)`, or `extend f(x)`.

use super::ast::{Expr, ExprKind, Item};
use super::bind::{Machine, Scope};
use super::columns::expression_name;
use super::error::{KqlError, Place};
use super::eval::{Bound, Code};
use super::value::{Type, Value};
use std::sync::Arc;

/// The results of a call with their types and the names of their columns; none where it has one result.
fn results(call: &Expr) -> Option<Vec<(Arc<str>, Type)>> {
    use Type::{Dynamic, Long, Real};
    let ExprKind::Call(name, args) = &call.kind else {
        return None;
    };
    let parts: &[(&str, Type)] = match &**name {
        "series_decompose_anomalies" => &[("ad_flag", Dynamic), ("ad_score", Dynamic), ("baseline", Dynamic)],
        "series_decompose" | "series_decompose_forecast" => &[
            ("baseline", Dynamic),
            ("seasonal", Dynamic),
            ("trend", Dynamic),
            ("residual", Dynamic),
        ],
        "series_fft" | "series_ifft" => &[("real", Dynamic), ("imag", Dynamic)],
        "series_periods_detect" | "series_periods_validate" => &[("periods", Dynamic), ("scores", Dynamic)],
        "series_stats" => &[
            ("min", Real),
            ("min_idx", Long),
            ("max", Real),
            ("max_idx", Long),
            ("avg", Real),
            ("stdev", Real),
            ("variance", Real),
        ],
        "series_fit_line" => &[
            ("rsquare", Real),
            ("slope", Real),
            ("variance", Real),
            ("rvariance", Real),
            ("interception", Real),
            ("line_fit", Dynamic),
        ],
        "array_sort_asc" | "array_sort_desc" if args.len() > 1 => {
            let name = |item: &Item| {
                let own = expression_name(&item.expr);
                let own = own.map_or_else(|| "Column1".into(), |own| format!("{own}_sorted").into());
                (own, Dynamic)
            };
            return Some(args.iter().map(name).collect());
        }
        _ => return None,
    };
    let of = args.first().and_then(|arg| expression_name(&arg.expr));
    let base = of.map_or_else(|| name.to_string(), |of| format!("{name}_{of}"));
    let named = |(part, ty): &(&str, Type)| (format!("{base}_{part}").into(), *ty);
    Some(parts.iter().map(named).collect())
}

/// The items with an item for each result. Names that are given go to the first results.
pub(super) fn spread(items: &[Item]) -> Result<Vec<Item>, KqlError> {
    let mut all: Vec<Item> = Vec::new();
    for item in items {
        let (names, call) = match &item.expr.kind {
            ExprKind::Tuple(names, call) => (names.clone(), &**call),
            _ => (item.name.iter().cloned().collect(), &item.expr),
        };
        let Some(results) = results(call) else {
            if names.len() > 1 {
                return Err(KqlError::at(call.place, "this has one result, not several"));
            }
            all.push(Item {
                name: names.into_iter().next(),
                expr: call.clone(),
            });
            continue;
        };
        if names.len() > results.len() {
            return Err(KqlError::at(
                item.expr.place,
                format!("there are {} names for {} results", names.len(), results.len()),
            ));
        }
        for (number, (own, _)) in results.into_iter().enumerate() {
            let mut free = Arc::clone(&own);
            let mut more = 0_usize;
            while all
                .iter()
                .any(|item| matches!(&item.name, Some((name, _)) if *name == free))
            {
                more += 1;
                free = format!("{own}{more}").into();
            }
            all.push(Item {
                name: Some(names.get(number).cloned().unwrap_or((free, call.place))),
                expr: Expr {
                    kind: ExprKind::Part(Box::new(call.clone()), number),
                    place: item.expr.place,
                },
            });
        }
    }
    Ok(all)
}

impl Machine<'_> {
    /// One result of a call; the call itself gives an array of them.
    pub(super) fn part(&self, call: &Expr, number: usize, place: Place, scope: Scope<'_>) -> Result<Bound, KqlError> {
        let ty = results(call).and_then(|results| results.get(number).map(|(_, ty)| *ty));
        let all = self.bind(call, scope)?;
        let index = Bound::constant(
            Type::Long,
            Value::Long(i64::try_from(number).unwrap_or(i64::MAX)),
            place,
        );
        let one = Bound::new(Type::Dynamic, Code::Index(all, index), place);
        match ty {
            Some(ty) if ty != Type::Dynamic => Ok(Bound::new(ty, Code::Narrow(one), place)),
            _ => Ok(one),
        }
    }
}
