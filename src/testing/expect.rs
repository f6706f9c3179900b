//! Expectations against alerts.

use super::Failure;
use crate::check::{Expected, Test};
use crate::evaluate::{AlertRow, Compiled, Unfit};
use crate::runtime::compare;
use crate::runtime::set::{element, set_of};
use crate::syntax::ast::LiteralKind;
use crate::value::{Set, Time, Value};

/// What an expectation wants: how many alerts, and the columns of each.
struct Wanted {
    expect: usize,
    fits: Vec<bool>,
}

/// Whether every alert is expected, and every expected one is there. `expected` is [`Test::expect`], over the plan of
/// `ready`.
pub(super) fn passes(
    test: &Test<'_>,
    expected: &[Expected],
    ready: &Compiled<'_>,
    alerts: &[AlertRow],
) -> Result<bool, Unfit> {
    let wanted = wanted(test, expected, ready, alerts)?;
    Ok(wanted.len() == alerts.len() && assign(&wanted, alerts.len()).used.iter().all(|used| *used))
}

/// One wanted alert for each that is counted.
fn wanted(
    test: &Test<'_>,
    expected: &[Expected],
    ready: &Compiled<'_>,
    alerts: &[AlertRow],
) -> Result<Vec<Wanted>, Unfit> {
    let mut wanted = Vec::new();
    for (expect, written) in test.ast.expect.iter().enumerate() {
        let columns = expected.get(expect).map(Vec::as_slice).unwrap_or_default();
        let mut fits = Vec::with_capacity(alerts.len());
        for alert in alerts {
            let mut all = true;
            for (_, value, literal) in columns {
                all = all && equals(&ready.evaluate(value, &alert.row)?, &literal.kind);
            }
            fits.push(all);
        }
        for _ in 0..written.count {
            wanted.push(Wanted {
                expect,
                fits: fits.clone(),
            });
        }
    }
    Ok(wanted)
}

pub(super) fn compare(test: &Test<'_>, ready: &Compiled<'_>, alerts: &[AlertRow]) -> Result<Vec<Failure>, Unfit> {
    let wanted = wanted(test, &test.expect, ready, alerts)?;
    let taken = assign(&wanted, alerts.len());
    let mut failures = Vec::new();
    let found: Vec<String> = alerts.iter().map(describe).collect();
    for (number, expect) in test.ast.expect.iter().enumerate() {
        let missing = wanted
            .iter()
            .zip(&taken.of_wanted)
            .filter(|(w, alert)| w.expect == number && alert.is_none())
            .count();
        if missing > 0 {
            let what = match (missing, expect.count) {
                (_, 1) => "no alert is like this".to_owned(),
                (missing, count) => format!("{missing} of the {count} expected alerts did not come"),
            };
            let columns = test.expect.get(number).map(Vec::as_slice).unwrap_or_default();
            let mut near = Vec::new();
            for (alert, line) in alerts.iter().zip(&found) {
                let mut differs = Vec::new();
                for (path, value, literal) in columns {
                    let value = ready.evaluate(value, &alert.row)?;
                    if !equals(&value, &literal.kind) {
                        differs.push(format!("{path} is {}", printed(&value)));
                    }
                }
                if differs.is_empty() {
                    near.push(line.clone())
                } else {
                    near.push(format!("{line}: {}", differs.join(", ")))
                }
            }
            if near.is_empty() {
                near.push("no alert at all".to_owned());
            }
            failures.push(Failure {
                span: expect.span,
                message: what,
                found: near,
            });
        }
    }
    let left: Vec<String> = found
        .iter()
        .zip(&taken.used)
        .filter(|(_, used)| !**used)
        .map(|(line, _)| line.clone())
        .collect();
    if !left.is_empty() {
        let span = test.ast.expect.last().map_or(test.ast.span, |e| e.span);
        let message = match left.len() {
            1 => "an alert came that nothing expects".to_owned(),
            n => format!("{n} alerts came that nothing expects"),
        };
        failures.push(Failure {
            span,
            message,
            found: left,
        });
    }
    Ok(failures)
}

struct Assignment {
    of_wanted: Vec<Option<usize>>,
    used: Vec<bool>,
}

/// Gives each wanted alert one of its own, as many as can be (augmenting paths).
fn assign(wanted: &[Wanted], alerts: usize) -> Assignment {
    let mut owner: Vec<Option<usize>> = vec![None; alerts];
    for start in 0..wanted.len() {
        let mut tried = vec![false; alerts];
        claim(start, wanted, &mut owner, &mut tried);
    }
    let mut of_wanted = vec![None; wanted.len()];
    for (alert, owner) in owner.iter().enumerate() {
        if let Some(slot) = owner.and_then(|w| of_wanted.get_mut(w)) {
            *slot = Some(alert);
        }
    }
    Assignment {
        of_wanted,
        used: owner.iter().map(Option::is_some).collect(),
    }
}

fn claim(want: usize, wanted: &[Wanted], owner: &mut [Option<usize>], tried: &mut [bool]) -> bool {
    let Some(w) = wanted.get(want) else { return false };
    for (alert, fits) in w.fits.iter().enumerate() {
        if !*fits || tried.get(alert).copied().unwrap_or(true) {
            continue;
        }
        if let Some(seen) = tried.get_mut(alert) {
            *seen = true;
        }
        let free = match owner.get(alert).copied().flatten() {
            None => true,
            Some(other) => claim(other, wanted, owner, tried),
        };
        if free {
            if let Some(slot) = owner.get_mut(alert) {
                *slot = Some(want);
            }
            return true;
        }
    }
    false
}

/// Whether a column has the expected value; sets compare as sets, `null` is missing.
fn equals(value: &Value, expected: &LiteralKind) -> bool {
    match expected {
        LiteralKind::Null => !value.is_present(),
        LiteralKind::Text(text) if text.is_empty() => !value.is_present(),
        LiteralKind::Text(text) => match value {
            Value::Time(time) => crate::syntax::read_time(text).is_ok_and(|t: Time| t == *time),
            _ => compare::equals_text(value, text),
        },
        LiteralKind::Int(n) => compare::equals(value, &Value::Int(*n)),
        LiteralKind::Real(n) => compare::equals(value, &Value::Real(*n)),
        LiteralKind::Bool(b) => compare::equals_bool(value, *b),
        LiteralKind::List(elements) => {
            let times = matches!(value, Value::Set(set) if set.iter().any(|e| matches!(e, Value::Time(_))));
            let wanted: Set = elements
                .iter()
                .map(|e| match &e.kind {
                    LiteralKind::Text(text) if times => {
                        crate::syntax::read_time(text).map_or(Value::text(text.as_str()), Value::Time)
                    }
                    LiteralKind::Text(text) => Value::text(text.as_str()),
                    LiteralKind::Int(n) => Value::Int(*n),
                    LiteralKind::Real(n) => Value::real(*n),
                    LiteralKind::Bool(b) => Value::Bool(*b),
                    other => element(&Value::json(&super::events::json(other, 1))),
                })
                .collect();
            let found = set_of(value);
            let among = |one: &Value, set: &Set| set.iter().any(|other| compare::equals(one, other));
            wanted.iter().all(|one| among(one, &found)) && found.iter().all(|one| among(one, &wanted))
        }
        LiteralKind::Object(_) => compare::equals(value, &Value::Json(super::events::json(expected, 1))),
        LiteralKind::Duration(_) => false,
    }
}

fn printed(value: &Value) -> String {
    value
        .to_json()
        .map_or_else(|| "missing".to_owned(), |json| json.to_string())
}

/// An alert in a line: its time and its columns.
fn describe(alert: &AlertRow) -> String {
    let columns: Vec<String> = alert
        .alert
        .columns
        .iter()
        .map(|(name, value)| format!("{name}: {}", printed(value)))
        .collect();
    format!("alert at {} {{ {} }}", alert.alert.time, columns.join(", "))
}
