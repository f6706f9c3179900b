//! Mutation testing: a rule is changed in one place, and one of its own tests should notice.
//!
//! A mutant is the rule's plan as it was written ([`crate::plan::as_written`]) with one change at a place that the rule's
//! text wrote: a condition left out or negated, an item left out of a list, a bound moved by one, a window widened. It is
//! killed when one of the tests that pass over the rule fails over the mutant. A survivor shows what no test is about.
//!
//! | step | what happens | where |
//! |---|---|---|
//! | sites | every change, with its place and the words that name it | `sites`, `expr`, `operators`, `written` |
//! | proofs | changes that cannot matter are left out and counted | `proof` |
//! | edit | the plan with the change | `edit` |
//! | run | the tests, those that killed before first, until one fails | [`mutate`] |
//! | listed | survivors that somebody says are equivalent, with a reason | `listed` |
//! | show | events on which a survivor and the rule differ, as a test | `show` |

mod edit;
mod expr;
pub mod listed;
mod operators;
mod proof;
mod show;
mod sites;
mod written;

use crate::compile::Compiled;
use crate::diagnostics::{FileId, Sources, Span};
use crate::evaluate::{self, Unfit};
use crate::plan::Plan;
use crate::source::Catalog;
use crate::syntax::ast;
use crate::testing::{self, TestEvent};
use edit::Edit;
use std::borrow::Cow;

pub use show::show;

/// A change to a rule.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// What is changed, in the words of the rule's text; no two mutants of a rule have the same.
    pub what: String,
    /// Where.
    pub span: Span,
    /// What a test would be about that notices it.
    pub help: String,
    /// A list without elements that the changed condition asks for: only a test that fills it can notice.
    empty: Option<Empty>,
    edit: Edit,
}

/// A list without elements, and what is looked for in it.
#[derive(Clone, Debug)]
struct Empty {
    list: String,
    /// The field, where it is one.
    field: Option<Vec<ast::Segment>>,
}

/// What came of the mutants of a rule.
#[derive(Clone, Debug)]
pub struct Mutation {
    /// The rule.
    pub rule: String,
    /// Its name's place.
    pub span: Span,
    /// Mutants that a test notices, with the first such test.
    pub killed: Vec<(Mutant, String)>,
    /// Mutants that no test notices, in the order of the text.
    pub survivors: Vec<Mutant>,
    /// Survivors that are listed as equivalent ([`listed::take`]), each with its entry.
    pub listed: Vec<(Mutant, listed::Entry)>,
    /// Changes that are no mutants, because they are proved to change nothing.
    pub proved: Vec<Mutant>,
    /// Tests that fail over the rule itself: they cannot notice anything.
    pub failing: Vec<String>,
    /// How many tests the mutants were run through.
    pub tests: usize,
}

impl Mutation {
    /// How many mutants there are.
    pub fn mutants(&self) -> usize {
        self.killed.len() + self.survivors.len() + self.listed.len()
    }
}

/// Changes a rule in every place that its text wrote, one at a time, and runs its tests over each. `trees` are the files
/// that the rule and its lists stand in.
///
/// # Errors
/// Why the rule itself cannot be run.
pub fn mutate(
    compiled: &Compiled<'_>,
    catalog: &Catalog,
    trees: &[(FileId, ast::File)],
    sources: &Sources,
) -> Result<Mutation, Unfit> {
    let (plan, tests) = (&compiled.written.plan, &compiled.checked.tests);
    let events: Vec<Vec<TestEvent>> = tests.iter().map(|test| testing::events(test, catalog)).collect();
    let passes = |plan: &Plan, ready: &evaluate::Compiled<'_>, number: usize| -> Result<bool, Unfit> {
        let (Some(test), Some(expected), Some(events)) = (
            tests.get(number),
            compiled.written.expect.get(number),
            events.get(number),
        ) else {
            return Ok(true);
        };
        match testing::plan_of(test, plan) {
            Cow::Borrowed(_) => testing::passes(test, expected, ready, events),
            Cow::Owned(own) => testing::passes(test, expected, &evaluate::Compiled::new(&own, catalog)?, events),
        }
    };
    let ready = evaluate::Compiled::new(plan, catalog)?;
    let name = |number: usize| tests.get(number).map_or("", |test| test.ast.name.value.as_str());
    let mut mutation = Mutation {
        rule: plan.rule.name.clone(),
        span: plan.rule.span,
        killed: Vec::new(),
        survivors: Vec::new(),
        listed: Vec::new(),
        proved: Vec::new(),
        failing: Vec::new(),
        tests: 0,
    };
    // Tests that killed before come first.
    let mut order: Vec<usize> = Vec::new();
    for number in 0..tests.len() {
        if passes(plan, &ready, number)? {
            order.push(number);
        } else {
            mutation.failing.push(name(number).to_owned());
        }
    }
    mutation.tests = order.len();
    let (mutants, proved) = sites::all(plan, &compiled.checked, trees, sources);
    mutation.proved = proved;
    for mutant in mutants {
        let plan = edit::applied(plan, &mutant.edit);
        // What cannot be run is no mutant.
        let Ok(ready) = evaluate::Compiled::new(&plan, catalog) else {
            continue;
        };
        let mut killer = None;
        for (at, number) in order.iter().enumerate() {
            if !passes(&plan, &ready, *number)? {
                killer = Some(at);
                break;
            }
        }
        match killer {
            Some(at) => {
                let number = order.remove(at);
                order.insert(0, number);
                mutation.killed.push((mutant, name(number).to_owned()));
            }
            None => mutation.survivors.push(mutant),
        }
    }
    Ok(mutation)
}

#[cfg(test)]
mod tests;
