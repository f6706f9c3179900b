//! What came of many comparisons of one rule, a target each.

use super::{Case, Comparison, Disagreement, Outcome};
use crate::targets::Target;
use crate::targets::ledger::State;
use std::collections::BTreeMap;

/// What came of comparing one rule with its texts, over some cases.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many cases were run natively.
    pub cases: usize,
    /// In how many of them the native run alerts.
    pub alerting: usize,
    /// A target each, in the order of output.
    pub targets: Vec<TargetTally>,
}

/// What came of one target.
#[derive(Clone, Debug)]
pub struct TargetTally {
    /// The target.
    pub target: Target,
    /// What the ledger says of its text.
    pub state: State,
    /// In how many cases both sides find the same.
    pub agree: usize,
    /// In how many they differ as the ledger says.
    pub as_stated: usize,
    /// Cases in which the witness cannot say: why, and how often.
    pub unsettled: BTreeMap<String, usize>,
    /// Why there is no text.
    pub refused: Option<String>,
    /// Why nobody ran the text.
    pub not_run: Option<String>,
    /// Why its witness does not read the text, which is a fault of the text.
    pub unreadable: Option<String>,
    /// Cases that disagree, the first few of them; each with what it is called.
    pub disagreements: Vec<(String, Case, Disagreement)>,
    /// How many disagree.
    pub disagree: usize,
    /// Examples of the ledger that show their difference.
    pub examples: usize,
    /// What is wrong with those that do not.
    pub bad_examples: Vec<String>,
}

/// Disagreements of one target that are kept; they are likely of one kind.
const KEPT: usize = 2;

impl TargetTally {
    fn new(target: Target, state: State) -> TargetTally {
        TargetTally {
            target,
            state,
            agree: 0,
            as_stated: 0,
            unsettled: BTreeMap::new(),
            refused: None,
            not_run: None,
            unreadable: None,
            disagreements: Vec::new(),
            disagree: 0,
            examples: 0,
            bad_examples: Vec::new(),
        }
    }

    /// In a word: `agree`, `wider`, `narrower`, `differs`, `disagree`, `broken`, `refused`, `unsettled`,
    /// `not run`.
    pub fn word(&self) -> &'static str {
        if self.disagree > 0 || !self.bad_examples.is_empty() {
            "disagree"
        } else if self.unreadable.is_some() {
            "broken"
        } else if self.refused.is_some() {
            "refused"
        } else if self.not_run.is_some() {
            "not run"
        } else if self.agree + self.as_stated == 0 && !self.unsettled.is_empty() {
            "unsettled"
        } else {
            match self.state {
                State::Exact => "agree",
                state => state.word(),
            }
        }
    }

    /// Whether no case was compared.
    pub fn is_idle(&self) -> bool {
        self.agree + self.as_stated + self.disagree == 0
    }

    /// Counts one outcome.
    pub fn take(&mut self, called: &str, case: &Case, outcome: Outcome) {
        match outcome {
            Outcome::Agree => self.agree += 1,
            Outcome::AsStated => self.as_stated += 1,
            Outcome::Unsettled(why) => *self.unsettled.entry(why).or_default() += 1,
            Outcome::Refused(why) => self.refused = Some(why),
            Outcome::NotRun(why) => self.not_run = Some(why),
            Outcome::Unreadable(why) => self.unreadable = Some(why),
            Outcome::Disagree(found) => {
                self.disagree += 1;
                if self.disagreements.len() < KEPT {
                    self.disagreements.push((called.to_owned(), case.clone(), *found));
                }
            }
        }
    }

    fn merge(&mut self, other: TargetTally) {
        self.agree += other.agree;
        self.as_stated += other.as_stated;
        self.disagree += other.disagree;
        self.examples += other.examples;
        self.bad_examples.extend(other.bad_examples);
        for (why, count) in other.unsettled {
            *self.unsettled.entry(why).or_default() += count;
        }
        self.refused = self.refused.take().or(other.refused);
        self.not_run = self.not_run.take().or(other.not_run);
        self.unreadable = self.unreadable.take().or(other.unreadable);
        self.disagreements.extend(other.disagreements);
        self.disagreements.truncate(KEPT);
    }
}

impl Tally {
    /// Counts what came of one case.
    pub fn take(&mut self, called: &str, case: &Case, alerts: bool, comparisons: Vec<Comparison>) {
        self.cases += 1;
        self.alerting += usize::from(alerts);
        for Comparison { target, state, outcome } in comparisons {
            self.target(target, state).take(called, case, outcome);
        }
    }

    /// Counts the examples of the ledger.
    pub fn take_examples(&mut self, judged: Vec<(Target, Result<(), String>)>) {
        for (target, result) in judged {
            let Some(tally) = self.targets.iter_mut().find(|tally| tally.target == target) else {
                continue;
            };
            match result {
                Ok(()) => tally.examples += 1,
                Err(why) => tally.bad_examples.push(why),
            }
        }
    }

    /// The tally of a target.
    pub fn target(&mut self, target: Target, state: State) -> &mut TargetTally {
        let at = match self.targets.iter().position(|tally| tally.target == target) {
            Some(at) => at,
            None => {
                self.targets.push(TargetTally::new(target, state));
                self.targets.len() - 1
            }
        };
        // It stands there: it was found or pushed.
        &mut self.targets[at]
    }

    /// Adds what another part of the cases gave.
    pub fn merge(&mut self, other: Tally) {
        self.cases += other.cases;
        self.alerting += other.alerting;
        for tally in other.targets {
            self.target(tally.target, tally.state).merge(tally);
        }
    }

    /// Whether any target disagrees, or has a text that its witness does not read.
    pub fn disagrees(&self) -> bool {
        let wrong =
            |tally: &TargetTally| tally.disagree > 0 || !tally.bad_examples.is_empty() || tally.unreadable.is_some();
        self.targets.iter().any(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Time;

    /// A text that its own reader does not take must never pass for one that nobody can run.
    #[test]
    fn a_text_that_is_not_read_is_a_fault_and_one_that_is_not_run_is_none() {
        let case = Case {
            events: Vec::new(),
            now: Time(0),
        };
        for (outcome, word, wrong) in [
            (Outcome::Unreadable("why".to_owned()), "broken", true),
            (Outcome::NotRun("why".to_owned()), "not run", false),
            (Outcome::Unsettled("why".to_owned()), "unsettled", false),
            (Outcome::Refused("why".to_owned()), "refused", false),
            (Outcome::Agree, "agree", false),
        ] {
            let mut tally = Tally::default();
            tally.target(Target::Kql, State::Exact).take("case", &case, outcome);
            let mut whole = Tally::default();
            whole.merge(tally);
            assert_eq!(whole.targets.first().map(TargetTally::word), Some(word));
            assert_eq!(whole.disagrees(), wrong, "{word}");
        }
    }
}
