//! Lists and values that a test replaces: the rule is checked once more with what the test puts into their place.

use super::{Checked, Checker};
use crate::diagnostics::{Code, Diagnostic, Severity, Span};
use crate::resolve::{Rule, Test, World};

/// Reports what is wrong with the replacements of a rule's tests. A plan with a test's constants must be the plan that
/// the rule would have if they stood in its declarations; where it would not, the test is refused.
pub(super) fn check(rule: &Rule<'_>, checked: &Checked<'_>, world: &World<'_>, findings: &mut Vec<Diagnostic>) {
    for (test, typed) in rule.tests.iter().zip(&checked.tests) {
        // One that did not type has been reported.
        if test.replaced.is_empty() || typed.replaced.len() < test.replaced.len() {
            continue;
        }
        let Some((_, first)) = test.replaced.first() else {
            continue;
        };
        let mut found = Vec::new();
        let mut checker = Checker::new(rule, world, &mut found);
        checker.replaced = &test.replaced;
        let again = checker.rule(true);
        let before = findings.len();
        findings.extend(
            found
                .into_iter()
                .filter_map(|finding| in_test(finding, test, first.name().span)),
        );
        let wrong = findings.iter().skip(before).any(|f| f.severity == Severity::Error);
        if !wrong && again.is_none_or(|again| shape(&again) != shape(checked)) {
            let name = &first.name().name;
            findings.push(
                Diagnostic::new(
                    Code::TypeMismatch,
                    first.name().span,
                    format!("the rule is not compiled for what this test puts into `{name}`"),
                )
                .note("a list that is empty where it is declared holds texts beside a json value")
                .help(format!(
                    "declare `{name}` with an element of the kind that it is to hold"
                )),
            );
        }
    }
}

/// What the rule makes of its lists and values, without what they hold.
fn shape(checked: &Checked<'_>) -> String {
    format!(
        "{:?}",
        (
            &checked.relations,
            &checked.alert_steps,
            &checked.shown,
            &checked.entities,
            &checked.templates
        )
    )
}

/// A finding of the second check: one about the test's own elements as it is, an error elsewhere at the test.
fn in_test(finding: Diagnostic, test: &Test<'_>, name: Span) -> Option<Diagnostic> {
    let place = finding.primary.span;
    let own = test
        .ast
        .replaced
        .iter()
        .map(crate::syntax::ast::Replacement::span)
        .any(|span| span.file == place.file && span.start <= place.start && place.end <= span.end);
    if own {
        return Some(finding);
    }
    if finding.severity != Severity::Error {
        return None;
    }
    let text = if finding.primary.text.is_empty() {
        "read here".to_owned()
    } else {
        finding.primary.text.clone()
    };
    let mut moved = finding.also(place, text);
    moved.primary.span = name;
    moved.primary.text = "with what this test puts here".to_owned();
    Some(moved)
}
