//! A rule with its texts, and the comparison of one case.

use super::kql::KqlSide;
use super::rows::{Row, difference};
use super::sigma::SigmaSide;
use super::{Case, CaseEvent};
use crate::compile::Compiled;
use crate::diagnostics::Diagnostic;
use crate::evaluate::{self, AlertRow, Asked, Unfit};
use crate::examples;
use crate::plan::Plan;
use crate::settings::Settings;
use crate::source::{Catalog, FIELDS};
use crate::targets::ledger::{self, Difference, State};
use crate::targets::{self, Target};
use crate::value::Time;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A rule, its native evaluator, and the texts of its targets, read back.
pub struct Subject<'p> {
    /// The rule.
    pub compiled: &'p Compiled<'p>,
    plan: &'p Plan,
    base: &'p Catalog,
    pub(super) catalog: Cow<'p, Catalog>,
    pub(super) ready: evaluate::Compiled<'p>,
    sides: Vec<Side>,
}

/// A target's text and how it is run.
struct Side {
    target: Target,
    /// What the ledger says of it.
    state: State,
    differences: Vec<Difference>,
    text: String,
    witness: Witness,
}

/// Who runs a text.
enum Witness {
    Kql(Box<KqlSide>),
    /// The query in this file is that of another target, to the letter.
    Same(Target),
    Sigma(Box<SigmaSide>),
    /// The target has no text.
    Refused(Vec<Diagnostic>),
    /// Nobody can run it, for this reason, which is not in the text.
    None(String),
    /// Its witness does not read it: the text is broken.
    Unreadable(String),
}

/// What came of one target.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The target.
    pub target: Target,
    /// What the ledger says of its text.
    pub state: State,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of comparing a text with the native run.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Both find the same.
    Agree,
    /// They find different things, in the way that the ledger says.
    AsStated,
    /// They find different things.
    Disagree(Box<Disagreement>),
    /// The witness cannot say: the text turns on something that no document settles, on these events.
    Unsettled(String),
    /// The target has no text for the rule.
    Refused(String),
    /// Nobody can run the text, for this reason.
    NotRun(String),
    /// The witness does not read the text at all.
    Unreadable(String),
}

/// Two results that should be one.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// The clock of the native run; none where the whole log was compared.
    pub at: Option<Time>,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// Rows that only the native run finds.
    pub native: Vec<Row>,
    /// Rows that only the text finds.
    pub text: Vec<Row>,
}

impl<'p> Subject<'p> {
    /// Compiles the rule for every target and reads the texts back.
    ///
    /// # Errors
    /// Why the rule cannot be run natively.
    pub fn new(compiled: &'p Compiled<'p>, catalog: &'p Catalog, settings: &'p Settings) -> Result<Subject<'p>, Unfit> {
        Subject::with_plan(compiled, &compiled.plan, catalog, settings)
    }

    /// The rule with another plan of it, as a test has it that replaces lists.
    ///
    /// # Errors
    /// As [`Subject::new`].
    pub fn with_plan(
        compiled: &'p Compiled<'p>,
        plan: &'p Plan,
        catalog: &'p Catalog,
        settings: &'p Settings,
    ) -> Result<Subject<'p>, Unfit> {
        let mut subject = Subject {
            compiled,
            plan,
            base: catalog,
            catalog: settings.catalog(catalog),
            ready: evaluate::Compiled::new(plan, catalog)?,
            sides: Vec::new(),
        };
        for target in Target::ALL {
            let side = subject.side(target, settings);
            subject.sides.push(side);
        }
        Ok(subject)
    }

    /// The same with another text for a target, as a test of the comparison itself.
    ///
    /// # Errors
    /// Why its witness does not read the text.
    pub fn with_text(&mut self, target: Target, text: &str) -> Result<(), String> {
        let Some(index) = self.sides.iter().position(|side| side.target == target) else {
            return Ok(());
        };
        let witness = self.witness(target, text)?;
        if let Some(side) = self.sides.get_mut(index) {
            side.witness = witness;
            side.text = text.to_owned();
        }
        Ok(())
    }

    /// The plan of the rule.
    pub fn plan(&self) -> &'p Plan {
        self.plan
    }

    /// The sources as the rule was compiled with them.
    pub fn base_catalog(&self) -> &'p Catalog {
        self.base
    }

    /// The sources, with the names of the workspace.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The text of a target; none where it has none.
    pub fn text(&self, target: Target) -> Option<&str> {
        let side = self.sides.iter().find(|side| side.target == target)?;
        (!matches!(side.witness, Witness::Refused(_))).then_some(side.text.as_str())
    }

    /// Whether the file of this target holds the query of `kql`, to the letter.
    pub fn holds_the_query(&self, target: Target) -> bool {
        let mut sides = self.sides.iter();
        sides.any(|side| side.target == target && matches!(side.witness, Witness::Same(_)))
    }

    fn side(&self, target: Target, settings: &Settings) -> Side {
        let answer = targets::emit(target, self.plan(), &self.catalog, settings);
        let verdict = ledger::judge(&self.plan().rule, target, answer, &BTreeSet::new());
        let state = verdict.entry.state;
        let Some(text) = verdict.text else {
            let reasons = verdict.errors.into_iter().chain(verdict.entry.refusals).collect();
            return Side {
                target,
                state,
                differences: Vec::new(),
                text: String::new(),
                witness: Witness::Refused(reasons),
            };
        };
        let witness = self.witness(target, &text).unwrap_or_else(Witness::Unreadable);
        Side {
            target,
            state,
            differences: verdict.entry.differences,
            text,
            witness,
        }
    }

    /// Who runs a text of that target.
    fn witness(&self, target: Target, text: &str) -> Result<Witness, String> {
        let query = match target {
            Target::Sigma => {
                return match SigmaSide::not_for(self.plan()) {
                    Some(why) => Ok(Witness::None(why.to_owned())),
                    None => SigmaSide::new(self.plan(), text).map(|side| Witness::Sigma(Box::new(side))),
                };
            }
            Target::Kql => text.to_owned(),
            Target::Sentinel => query_of_yaml(text).ok_or("the file holds no query")?,
            Target::Arm => query_of_template(text).ok_or("the template holds no query")?,
        };
        if target != Target::Kql && self.text(Target::Kql) == Some(query.as_str()) {
            return Ok(Witness::Same(Target::Kql));
        }
        let emitted = targets::kql::emit(self.plan(), &self.catalog);
        let emitted = emitted.map_err(|_| "the query alone is refused".to_owned())?;
        let side = KqlSide::new(&query, &emitted).map_err(|error| format!("the reader of KQL: {error}"))?;
        Ok(Witness::Kql(Box::new(side)))
    }

    /// The alerts of the native run.
    pub fn native(&self, case: &Case, asked: Asked) -> Vec<AlertRow> {
        let mut state = self.ready.state(asked, None);
        for event in &case.events {
            state.push(&event.as_event());
        }
        state.finish().alerts
    }

    /// Compares every target on a case.
    pub fn compare(&self, case: &Case) -> Vec<Comparison> {
        let native = self.native(case, Asked::Now(case.now));
        let mut all: Vec<Comparison> = Vec::new();
        for side in &self.sides {
            let outcome = match &side.witness {
                Witness::Same(other) => {
                    let other = all.iter().find(|comparison| comparison.target == *other);
                    other.map_or(Outcome::Agree, |other| other.outcome.clone())
                }
                _ => self.compare_side(side, case, &native),
            };
            all.push(Comparison {
                target: side.target,
                state: side.state,
                outcome,
            });
        }
        all
    }

    /// For each difference that the ledger states: whether its example, run by both sides, shows it. Differences without an
    /// example, and texts that nobody runs, are left out.
    pub fn examples(&self) -> Vec<(Target, Result<(), String>)> {
        let mut judged = Vec::new();
        for side in &self.sides {
            let Witness::Sigma(sigma) = &side.witness else { continue };
            for difference in &side.differences {
                if let Some(example) = examples::find(self.plan(), &self.catalog, &difference.cause) {
                    judged.push((side.target, sigma.judge_example(self, &example)));
                }
            }
        }
        judged
    }

    /// Compares one target on a case.
    pub fn compare_target(&self, target: Target, case: &Case) -> Outcome {
        match self.sides.iter().find(|side| side.target == target) {
            Some(side) => match &side.witness {
                Witness::Same(other) => self.compare_target(*other, case),
                _ => self.compare_side(side, case, &self.native(case, Asked::Now(case.now))),
            },
            None => Outcome::NotRun("there is no such target".to_owned()),
        }
    }

    fn compare_side(&self, side: &Side, case: &Case, native: &[AlertRow]) -> Outcome {
        match &side.witness {
            Witness::Kql(kql) => self.compare_run(kql, case, case.now, native),
            Witness::Sigma(sigma) => sigma.compare(self, case, side.state),
            // Whoever asks has looked the other one up.
            Witness::Same(_) => Outcome::Agree,
            Witness::Refused(reasons) => Outcome::Refused(why_not(reasons)),
            Witness::None(why) => Outcome::NotRun(why.clone()),
            Witness::Unreadable(why) => Outcome::Unreadable(why.clone()),
        }
    }

    /// Compares one run of the query with the alerts that the native run has for it.
    pub(super) fn compare_run(&self, side: &KqlSide, case: &Case, at: Time, native: &[AlertRow]) -> Outcome {
        let text = match side.run(&self.catalog, case, at) {
            Ok(rows) => rows,
            Err(why) => return Outcome::Unsettled(why),
        };
        let (native, text) = difference(side.native(self, native), text);
        if native.is_empty() && text.is_empty() {
            return Outcome::Agree;
        }
        Outcome::Disagree(Box::new(Disagreement {
            at: Some(at),
            columns: side.columns(),
            native,
            text,
        }))
    }

    /// How many rows leave each line of the query of a case's run; empty where there is no query.
    pub fn trace(&self, case: &Case) -> Vec<crate::kql::Traced> {
        let side = self.kql();
        side.map(|side| side.trace(&self.catalog, case, case.now))
            .unwrap_or_default()
    }

    /// The KQL side; none where the rule has no query.
    pub(super) fn kql(&self) -> Option<&KqlSide> {
        self.sides.iter().find_map(|side| match &side.witness {
            Witness::Kql(kql) if side.target == Target::Kql => Some(kql.as_ref()),
            _ => None,
        })
    }

    /// The events of a test, as a case.
    pub fn case_of_test(&self, test: &crate::check::Test<'_>) -> Case {
        let event = |event: crate::testing::TestEvent| CaseEvent {
            source: event.source,
            shape: FIELDS,
            time: event.time,
            body: event.body,
            id: event.id,
        };
        Case {
            events: crate::testing::events(test, &self.catalog)
                .into_iter()
                .map(event)
                .collect(),
            now: test.ast.now,
        }
    }
}

/// The first reason of several, in a line.
fn why_not(reasons: &[Diagnostic]) -> String {
    let Some(first) = reasons.first() else {
        return String::new();
    };
    let label = match first.primary.text.as_str() {
        "" => String::new(),
        label => format!(": {label}"),
    };
    let more = match reasons.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("{}{label}{more}", first.message)
}

/// The query of a Sentinel rule in YAML.
fn query_of_yaml(text: &str) -> Option<String> {
    let rule: serde_json::Value = serde_yaml::from_str(text).ok()?;
    Some(rule.get("query")?.as_str()?.to_owned())
}

/// The query of a template with one rule.
fn query_of_template(text: &str) -> Option<String> {
    let template: serde_json::Value = serde_json::from_str(text).ok()?;
    let resources = template.get("resources")?.as_array()?;
    let queries = resources
        .iter()
        .filter_map(|resource| resource.pointer("/properties/query"));
    let mut queries = queries.filter_map(|query| query.as_str());
    Some(queries.next()?.to_owned())
}
