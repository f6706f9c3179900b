//! The clock of a query: `runEnd` is the clock moved back by the delay, `runStart` is `every` before it. Each is a `let`,
//! written only where something reads it.

use super::literal::timespan;
use super::names::Names;
use crate::plan::{Operator, Plan, RelationId};
use crate::source::Catalog;
use crate::value::Span;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// The `let`s of time.
pub(super) struct Clock {
    delay: Span,
    every: Span,
    run_end: String,
    run_start: String,
    window_end: String,
    window_start: String,
    max_gap: (String, Span),
    /// The lengths of windows, each once.
    windows: Vec<(String, Span)>,
    histories: Vec<(RelationId, String, Span)>,
    used: RefCell<BTreeSet<String>>,
}

/// What part of a table is read.
pub(super) enum Range {
    /// All that the service hands over.
    All,
    /// `after < time <= upto`
    Run { after: String, upto: String },
    /// `from <= time < to`
    Windows { from: String, to: String },
}

impl Range {
    /// The condition on a column of times.
    pub(super) fn condition(&self, column: &str) -> Option<String> {
        match self {
            Range::All => None,
            Range::Run { after, upto } => Some(format!("{column} > {after} and {column} <= {upto}")),
            Range::Windows { from, to } => Some(format!("{column} >= {from} and {column} < {to}")),
        }
    }
}

impl Clock {
    pub(super) fn new(plan: &Plan, catalog: &Catalog, names: &mut Names) -> Clock {
        let mut delay = Span::minutes(5);
        let mut windows: Vec<(String, Span)> = Vec::new();
        let mut histories: Vec<(RelationId, String, Span)> = Vec::new();
        let mut max_gap = Span(0);
        for (id, relation) in plan.relations.iter().enumerate() {
            match &relation.operator {
                Operator::Scan { source } => delay = delay.max(catalog.get(*source).delay),
                Operator::Aggregate { per, .. } => {
                    if !windows.iter().any(|(_, span)| span == per) {
                        let name = if windows.is_empty() {
                            names.new_let("window", "Size")
                        } else {
                            names.new_let(&format!("{}Window", relation.name), "Size")
                        };
                        windows.push((name, *per));
                    }
                }
                Operator::History { over, .. } => {
                    let name = if histories.is_empty() {
                        names.new_let("history", "Length")
                    } else {
                        names.new_let(&format!("{}History", relation.name), "Length")
                    };
                    histories.push((id, name, *over));
                }
                Operator::Join { within, .. } | Operator::AntiJoin { within, .. } => max_gap = *within,
            }
        }
        Clock {
            delay,
            every: plan.rule.every,
            run_end: names.new_let("runEnd", "Time"),
            run_start: names.new_let("runStart", "Time"),
            window_end: names.new_let("windowEnd", "Time"),
            // No column of a rule has this name, and where this `let` is written no group names its windows.
            window_start: "windowStart".to_owned(),
            max_gap: (names.new_let("maxGap", "Length"), max_gap),
            windows,
            histories,
            used: RefCell::new(BTreeSet::new()),
        }
    }

    fn used(&self, name: &str) -> String {
        self.used.borrow_mut().insert(name.to_owned());
        name.to_owned()
    }

    /// How far the clock is moved back.
    pub(super) fn delay(&self) -> Span {
        self.delay
    }

    pub(super) fn run_end(&self) -> String {
        self.used(&self.run_end)
    }

    pub(super) fn run_start(&self) -> String {
        self.used(&self.run_start)
    }

    pub(super) fn window_end(&self) -> String {
        self.used(&self.window_end)
    }

    pub(super) fn window_start(&self) -> String {
        self.used(&self.window_start)
    }

    pub(super) fn max_gap(&self) -> String {
        self.used(&self.max_gap.0)
    }

    pub(super) fn window(&self, per: Span) -> String {
        match self.windows.iter().find(|(_, span)| *span == per) {
            Some((name, _)) => self.used(name),
            None => timespan(per),
        }
    }

    pub(super) fn history(&self, baseline: RelationId) -> String {
        match self.histories.iter().find(|(id, _, _)| *id == baseline) {
            Some((_, name, _)) => self.used(name),
            None => "0s".to_owned(),
        }
    }

    /// The longest history among these baselines.
    pub(super) fn longest_history(&self, baselines: &[RelationId]) -> String {
        let known = self.histories.iter().filter(|(id, _, _)| baselines.contains(id));
        match known.max_by_key(|(_, _, over)| *over) {
            Some((id, _, _)) => self.history(*id),
            None => "0s".to_owned(),
        }
    }

    /// Rows of `S - back < time <= E`.
    pub(super) fn run(&self, back: bool) -> Range {
        let start = self.run_start();
        Range::Run {
            after: if back {
                format!("{start} - {}", self.max_gap())
            } else {
                start
            },
            upto: self.run_end(),
        }
    }

    /// Events of the windows that end in `(S - back, E]`.
    pub(super) fn windows(&self, per: Span, back: bool) -> Range {
        let (start, window) = (self.run_start(), self.window(per));
        let start = if back {
            format!("{start} - {}", self.max_gap())
        } else {
            start
        };
        Range::Windows {
            from: format!("bin({start}, {window})"),
            to: format!("bin({}, {window})", self.run_end()),
        }
    }

    /// The `let`s that are used, each after those it reads.
    pub(super) fn lets(&self) -> Vec<String> {
        let mut used = self.used.borrow().clone();
        let window = self.windows.first().map_or("", |(name, _)| name.as_str());
        if used.contains(&self.window_start) {
            used.insert(self.window_end.clone());
        }
        if used.contains(&self.window_end) {
            used.insert(window.to_owned());
            used.insert(self.run_end.clone());
        }
        if used.contains(&self.run_start) {
            used.insert(self.run_end.clone());
        }
        let mut lets: Vec<(&str, String)> = Vec::new();
        lets.extend(self.windows.iter().map(|(name, span)| (name.as_str(), timespan(*span))));
        lets.extend(
            self.histories
                .iter()
                .map(|(_, name, span)| (name.as_str(), timespan(*span))),
        );
        lets.push((&self.max_gap.0, timespan(self.max_gap.1)));
        lets.push((&self.run_end, format!("now() - {}", timespan(self.delay))));
        lets.push((&self.run_start, format!("{} - {}", self.run_end, timespan(self.every))));
        lets.push((&self.window_end, format!("bin({}, {window})", self.run_end)));
        lets.push((&self.window_start, format!("{} - {window}", self.window_end)));
        lets.into_iter()
            .filter(|(name, _)| used.contains(*name))
            .map(|(name, value)| format!("let {name} = {value};"))
            .collect()
    }
}
