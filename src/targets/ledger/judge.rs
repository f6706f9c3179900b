//! From what a target answers to an entry of the ledger, and to errors where a promise is broken.

use super::{Answer, Difference, Note, State};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::{Promise, RuleInfo};
use crate::targets::Target;
use std::collections::BTreeSet;

/// What the ledger says of a rule and a target.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The rule's name.
    pub rule: String,
    /// Its id.
    pub id: Option<String>,
    /// How the text compares with the rule.
    pub state: State,
    /// Whether the rule's `targets` line names this target.
    pub promised: bool,
    /// Where it is not exact.
    pub differences: Vec<Difference>,
    /// What changes no result.
    pub notes: Vec<Note>,
    /// Why there is no text.
    pub refusals: Vec<Diagnostic>,
}

/// An entry, its text, and what is an error for whoever builds.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// For the ledger.
    pub entry: Entry,
    /// The file; none where the target has no text, or a text that the rule does not permit.
    pub text: Option<String>,
    /// Broken promises, denied differences, texts of ours that are broken.
    pub errors: Vec<Diagnostic>,
}

/// Judges an answer by the promises of its rule and by what the command line denies.
///
/// A promised target that refuses is an error, and so is a difference that the promise does not permit. Without a promise
/// both are refusals, which are no errors.
pub fn judge(rule: &RuleInfo, target: Target, answer: Answer, deny: &BTreeSet<State>) -> Verdict {
    let promise = rule.targets.iter().flatten().find(|p| p.target == target.promise());
    let mut entry = Entry {
        rule: rule.name.clone(),
        id: rule.id.clone(),
        state: State::Exact,
        promised: promise.is_some(),
        differences: Vec::new(),
        notes: Vec::new(),
        refusals: Vec::new(),
    };
    let mut errors = Vec::new();
    let mut kept = None;
    match answer {
        Ok(text) => {
            entry.state = text
                .differences
                .iter()
                .fold(State::Exact, |state, d| state.and(d.state));
            entry.differences = text.differences;
            entry.notes = text.notes;
            if entry.state.permitted(promise.and_then(|p| p.permit.as_deref())) {
                kept = Some(text.text);
            } else {
                let refusals: Vec<Diagnostic> = entry
                    .differences
                    .iter()
                    .map(|difference| not_permitted(rule, target, promise, entry.state, difference))
                    .collect();
                match promise {
                    Some(_) => errors.extend(refusals),
                    None => {
                        entry.state = State::Refused;
                        entry.refusals = refusals;
                        entry.notes = Vec::new();
                    }
                }
            }
        }
        Err(reasons) => {
            entry.state = State::Refused;
            // A text of ours that is broken is nobody's refusal.
            let (broken, refusals) = reasons.into_iter().partition(|r| r.code == Code::BrokenText);
            errors = broken;
            match promise {
                Some(_) => errors.extend(refusals),
                None => entry.refusals = refusals,
            }
        }
    }
    if errors.is_empty() && deny.contains(&entry.state) {
        errors.extend(denied(rule, target, &entry));
    }
    if !errors.is_empty() {
        kept = None;
    }
    Verdict {
        entry,
        text: kept,
        errors,
    }
}

/// What is found instead, for messages.
fn what(state: State) -> &'static str {
    match state {
        State::Exact => "finds the same",
        State::Wider => "finds everything that the rule finds, and more",
        State::Narrower => "finds some of what the rule finds, and nothing else",
        State::Differs => "finds some things that the rule does not, and misses others",
        State::Refused => "has no text for the rule",
    }
}

fn not_permitted(
    rule: &RuleInfo,
    target: Target,
    promise: Option<&Promise>,
    state: State,
    difference: &Difference,
) -> Diagnostic {
    let word = target.promise();
    let finding = Diagnostic::new(
        Code::NotPermitted,
        difference.span,
        format!("target `{}` {}", target.word(), what(state)),
    )
    .label(format!("`{}`, which the rule does not permit", difference.state.word()))
    .note(difference.reason.clone());
    let permit = format!("{word} {}", state.word());
    match (promise, &rule.targets) {
        (Some(promise), _) => finding
            .also(promise.span, "promised here, without permission for a difference")
            .help(format!("permit it: `targets {}`", line(rule, promise, &permit))),
        (None, Some(targets)) => {
            let mut words: Vec<String> = targets.iter().map(spelled).collect();
            words.push(permit);
            finding.help(format!("permit it: `targets {}`", words.join(", ")))
        }
        (None, None) => finding.help(format!("permit it: `targets native, sentinel, {permit}`")),
    }
}

fn spelled(promise: &Promise) -> String {
    match &promise.permit {
        Some(permit) => format!("{} {permit}", promise.target),
        None => promise.target.clone(),
    }
}

/// The rule's `targets` line with one promise written otherwise.
fn line(rule: &RuleInfo, changed: &Promise, written: &str) -> String {
    let words = rule.targets.iter().flatten().map(|promise| {
        if promise.target == changed.target {
            written.to_owned()
        } else {
            spelled(promise)
        }
    });
    words.collect::<Vec<_>>().join(", ")
}

fn denied(rule: &RuleInfo, target: Target, entry: &Entry) -> Vec<Diagnostic> {
    let message = format!("target `{}` {}", target.word(), what(entry.state));
    let help = format!("change the rule, or build without `--deny {}`", entry.state.word());
    if entry.differences.is_empty() {
        let finding = Diagnostic::new(Code::Denied, rule.span, message).label("denied by `--deny`");
        let reasons = entry.refusals.iter().filter(|r| r.primary.span != rule.span);
        let finding = reasons.fold(finding, |finding, r| {
            finding.also(r.primary.span, r.primary.text.clone())
        });
        return vec![finding.help(help)];
    }
    let one = |difference: &Difference| {
        Diagnostic::new(Code::Denied, difference.span, message.clone())
            .label("denied by `--deny`")
            .note(difference.reason.clone())
            .help(help.clone())
    };
    entry.differences.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{FileId, Span};
    use crate::targets::ledger::{Cause, Comparison, Text, Threshold};

    const PLACE: Span = Span {
        file: FileId(0),
        start: 0,
        end: 1,
    };

    fn rule(targets: Option<&[(&str, Option<&str>)]>) -> RuleInfo {
        RuleInfo {
            name: "r".into(),
            title: "R".into(),
            id: None,
            version: None,
            severity: None,
            attack: Vec::new(),
            every: crate::value::Span::hours(1),
            targets: targets.map(|list| {
                let promise = |(target, permit): &(&str, Option<&str>)| Promise {
                    target: (*target).to_owned(),
                    permit: permit.map(str::to_owned),
                    span: PLACE,
                };
                list.iter().map(promise).collect()
            }),
            about: None,
            references: Vec::new(),
            false_positives: Vec::new(),
            status: None,
            author: None,
            date: None,
            modified: None,
            span: PLACE,
            places: std::collections::BTreeMap::new(),
        }
    }

    fn wider() -> Answer {
        Ok(Text {
            text: "text".into(),
            differences: vec![Difference {
                state: State::Wider,
                construct: "group",
                reason: "windows slide".into(),
                span: PLACE,
                cause: Cause::SlidingWindow(Threshold {
                    group: 1,
                    aggregate: 0,
                    comparison: Comparison::GreaterOrEqual,
                    bound: 10,
                }),
                example: None,
            }],
            notes: Vec::new(),
        })
    }

    fn refused() -> Answer {
        Err(vec![Diagnostic::new(Code::SigmaRefused, PLACE, "no")])
    }

    fn of(targets: Option<&[(&str, Option<&str>)]>, answer: Answer, deny: &[State]) -> (State, bool, Vec<Code>) {
        let verdict = judge(&rule(targets), Target::Sigma, answer, &deny.iter().copied().collect());
        let codes = verdict.errors.iter().map(|e| e.code).collect();
        (verdict.entry.state, verdict.text.is_some(), codes)
    }

    #[test]
    fn a_difference_needs_permission() {
        assert_eq!(of(None, wider(), &[]), (State::Refused, false, vec![]));
        assert_eq!(
            of(Some(&[("native", None)]), wider(), &[]),
            (State::Refused, false, vec![])
        );
        let promised = [("sigma", None)];
        assert_eq!(
            of(Some(&promised), wider(), &[]),
            (State::Wider, false, vec![Code::NotPermitted])
        );
        for permit in ["wider", "differs"] {
            let permitted = [("sigma", Some(permit))];
            assert_eq!(of(Some(&permitted), wider(), &[]), (State::Wider, true, vec![]));
            assert_eq!(
                of(Some(&permitted), wider(), &[State::Wider]),
                (State::Wider, false, vec![Code::Denied])
            );
        }
        let other = [("sigma", Some("narrower"))];
        assert_eq!(of(Some(&other), wider(), &[]).2, [Code::NotPermitted]);
    }

    #[test]
    fn a_refusal_is_an_error_only_where_it_was_promised_or_is_denied() {
        assert_eq!(of(None, refused(), &[]), (State::Refused, false, vec![]));
        let promised = [("sigma", Some("wider"))];
        assert_eq!(of(Some(&promised), refused(), &[]).2, [Code::SigmaRefused]);
        assert_eq!(of(None, refused(), &[State::Refused]).2, [Code::Denied]);
        let broken = Err(vec![Diagnostic::new(Code::BrokenText, PLACE, "broken")]);
        assert_eq!(of(None, broken, &[]).2, [Code::BrokenText]);
    }

    #[test]
    fn the_way_out_is_the_rules_own_line() {
        let verdict = judge(
            &rule(Some(&[("native", None), ("sigma", None)])),
            Target::Sigma,
            wider(),
            &BTreeSet::new(),
        );
        assert_eq!(verdict.errors[0].help, ["permit it: `targets native, sigma wider`"]);
        let verdict = judge(&rule(None), Target::Sigma, wider(), &BTreeSet::new());
        assert_eq!(
            verdict.entry.refusals[0].help,
            ["permit it: `targets native, sentinel, sigma wider`"]
        );
    }
}
