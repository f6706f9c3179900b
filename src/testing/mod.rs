//! Tests beside a rule: a test is the run at its `now` over its events.
//!
//! [`run`] builds the events, evaluates the plan and compares. Every `expect` takes an alert of its own, and no alert may
//! be left over; only the columns that are named are compared, sets as sets.

mod events;
mod expect;

use crate::check::{Expected, Test};
use crate::compile::Compiled;
use crate::diagnostics::Span;
use crate::evaluate::{self, Asked};
use crate::plan::Plan;
use crate::source::Catalog;
use std::borrow::Cow;

pub(crate) use events::Tree;
pub use events::{TestEvent, events};

/// What came of one test.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The rule.
    pub rule: String,
    /// The test's name.
    pub test: String,
    /// Where it stands.
    pub span: Span,
    /// What is wrong, a line each; nothing when it passed.
    pub failures: Vec<Failure>,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The expectation, or the test where alerts are left over.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What was found instead.
    pub found: Vec<String>,
}

/// The plan as a test runs it: with the test's own lists and values in the place of the rule's.
pub fn plan_of<'p>(test: &Test<'_>, plan: &'p Plan) -> Cow<'p, Plan> {
    if test.replaced.is_empty() {
        return Cow::Borrowed(plan);
    }
    let mut own = plan.clone();
    for constant in &mut own.constants {
        if let Some(new) = test.replaced.iter().find(|new| new.name == constant.name) {
            constant.value = new.value.clone();
        }
    }
    Cow::Owned(own)
}

/// Runs every test of a rule.
///
/// # Errors
/// Why the rule cannot be run at all.
pub fn run(compiled: &Compiled<'_>, catalog: &Catalog) -> Result<Vec<Verdict>, evaluate::Unfit> {
    let ready = evaluate::Compiled::new(&compiled.plan, catalog)?;
    let mut verdicts = Vec::new();
    for test in &compiled.checked.tests {
        let failures = match plan_of(test, &compiled.plan) {
            Cow::Borrowed(_) => run_one(test, &ready, catalog)?,
            Cow::Owned(plan) => run_one(test, &evaluate::Compiled::new(&plan, catalog)?, catalog)?,
        };
        verdicts.push(Verdict {
            rule: compiled.plan.rule.name.clone(),
            test: test.ast.name.value.clone(),
            span: test.ast.name.span,
            failures,
        });
    }
    Ok(verdicts)
}

fn run_one(
    test: &Test<'_>,
    ready: &evaluate::Compiled<'_>,
    catalog: &Catalog,
) -> Result<Vec<Failure>, evaluate::Unfit> {
    let mut state = ready.state(Asked::Now(test.ast.now), None);
    for event in &events(test, catalog) {
        state.push(&event.as_event());
    }
    expect::compare(test, ready, &state.finish().alerts)
}

/// Whether a test passes over a plan that is not the rule's own. `expected` is what the test expects over the columns of
/// that plan.
///
/// # Errors
/// Why an expectation cannot be computed.
pub fn passes(
    test: &Test<'_>,
    expected: &[Expected],
    ready: &evaluate::Compiled<'_>,
    events: &[TestEvent],
) -> Result<bool, evaluate::Unfit> {
    let mut state = ready.state(Asked::Now(test.ast.now), None);
    for event in events {
        state.push(&event.as_event());
    }
    expect::passes(test, expected, ready, &state.finish().alerts)
}

#[cfg(test)]
mod tests;
