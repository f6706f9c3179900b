//! `tripline prove`

use super::args::Prove;
use super::rules::{self, Rules};
use super::watchlists::Items;
use super::{Exit, Misuse, output, values};
use crate::agreement::{Subject, prove as proof};
use crate::diagnostics::nearest;
use crate::testing::{self, Verdict};
use std::path::PathBuf;

pub(super) fn prove(options: &Prove) -> Result<Exit, Misuse> {
    rules::with_values(
        &paths(options),
        values::Source::of_tests(options.values.as_deref()),
        Items::None,
        |rules| run(options, rules),
    )
}

/// A rule is named by its file, or by its name among the rules of `rules/`.
fn paths(options: &Prove) -> Vec<PathBuf> {
    let file = PathBuf::from(&options.rule);
    let is_file = options.rule.ends_with(".trip") || file.exists();
    vec![if is_file { file } else { options.rules.clone() }]
}

fn run(options: &Prove, rules: Rules<'_>) -> Result<Exit, Misuse> {
    let Some((compiled, loaded)) = rules.sound("nothing was proved") else {
        return Ok(Exit::Findings);
    };
    let named = compiled.iter().find(|rule| rule.plan.rule.name == options.rule);
    let rule = match (named, compiled) {
        (Some(rule), _) => rule,
        (None, [rule]) => rule,
        (None, _) => {
            let names: Vec<&str> = compiled.iter().map(|rule| rule.plan.rule.name.as_str()).collect();
            let rules = options.rules.display();
            return Err(Misuse(match nearest(&options.rule, names.iter().copied()) {
                Some(near) => format!(
                    "there is no rule `{}` below {rules}; did you mean `{near}`?",
                    options.rule
                ),
                None => format!(
                    "there is no rule `{}` among the {} below {rules}",
                    options.rule,
                    names.len()
                ),
            }));
        }
    };
    let tests = &rule.checked.tests;
    let test = match (&options.test, tests.as_slice()) {
        (Some(name), _) => tests.iter().find(|test| test.ast.name.value == *name),
        (None, [test]) => Some(test),
        (None, _) => None,
    };
    if tests.is_empty() {
        return Err(Misuse(format!(
            "the rule `{}` has no test to prove",
            rule.plan.rule.name
        )));
    }
    let Some(test) = test else {
        let names: Vec<String> = tests
            .iter()
            .map(|test| format!("  {:?}", test.ast.name.value))
            .collect();
        let what = match &options.test {
            Some(name) => format!("the rule `{}` has no test {name:?}", rule.plan.rule.name),
            None => "--test names the test to prove".to_owned(),
        };
        return Err(Misuse(format!("{what}; its tests are\n{}", names.join("\n"))));
    };
    let plan = testing::plan_of(test, &rule.plan);
    let subject = Subject::with_plan(rule, &plan, &loaded.catalog, loaded.settings(rule))?;
    match proof(&subject, &test.ast.name.value, &subject.case_of_test(test)) {
        Ok(text) => {
            output::result(&text)?;
            let verdicts = testing::run(rule, &loaded.catalog)?;
            let failed = |verdict: &Verdict| verdict.test == test.ast.name.value && !verdict.failures.is_empty();
            if verdicts.iter().any(failed) {
                say!("the test expects something else than the rule finds, which is what stands in the proof");
                return Ok(Exit::Findings);
            }
            Ok(Exit::Clean)
        }
        Err(why) => {
            say!("{}: {why}", rule.plan.rule.name);
            Ok(Exit::Findings)
        }
    }
}
