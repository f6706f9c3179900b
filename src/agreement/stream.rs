//! Runs laid end to end: what all runs of the text report together, against the stream.

use super::{Case, Outcome, Subject};
use crate::evaluate::{AlertRow, Asked};
use crate::value::{Span, Time};
use std::collections::{BTreeMap, BTreeSet};

/// How many silent runs are compared at most; of more they are sampled evenly. Runs that alert are all compared.
const MOST: usize = 96;

impl Subject<'_> {
    /// Compares what the query finds in runs laid end to end, from the first event until nothing more can come, with the
    /// stream of the native evaluator. Gives how many runs were compared, and the first outcome that is not agreement.
    pub fn laid_end_to_end(&self, case: &Case) -> (usize, Option<(Time, Outcome)>) {
        let Some(side) = self.kql() else { return (0, None) };
        let times = case.events.iter().map(|event| event.time);
        let (Some(first), Some(last)) = (times.clone().min(), times.max()) else {
            return (0, None);
        };
        let every = self.plan().rule.every;
        let mut of_run: BTreeMap<Time, Vec<AlertRow>> = BTreeMap::new();
        for alert in self.native(case, Asked::Stream) {
            of_run
                .entry(end_of_run(alert.alert.time, every))
                .or_default()
                .push(alert);
        }
        let begin = first.bin(every);
        let length = last.plus(self.plan().depth()).plus(every).since(begin);
        let runs = usize::try_from(length.0 / every.0.max(1)).unwrap_or(0) + 2;
        let step = runs.div_ceil(MOST).max(1);
        let silent = (0..runs).step_by(step).filter_map(|n| {
            let n = i64::try_from(n).ok()?;
            Some(begin.plus(Span(every.0.saturating_mul(n))))
        });
        let chosen: BTreeSet<Time> = silent.chain(of_run.keys().copied()).collect();
        let none = Vec::new();
        for at in &chosen {
            let native = of_run.get(at).unwrap_or(&none);
            match self.compare_run(side, case, *at, native) {
                Outcome::Agree => {}
                other => return (chosen.len(), Some((*at, other))),
            }
        }
        (chosen.len(), None)
    }
}

/// The clock of the run that reports an alert of that time: the first multiple of `every` at or after it.
fn end_of_run(time: Time, every: Span) -> Time {
    let end = time.bin(every);
    if end == time { end } else { end.plus(every) }
}
