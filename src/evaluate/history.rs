//! Baselines: what the windows before a window add up to.
//!
//! The row of a baseline for the window `[start, end)` is computed from the group's windows in `[end - over, start)`
//! of the same key: none of the group's own steps has a say in it, the baseline's steps have. Windows of one key are
//! asked for in the order of time, so sums are carried along in two halves: `later` grows by merging, `earlier` holds
//! the sums from each of its windows to its newest, so that the oldest is taken off without subtracting anything. What
//! comes out is what merging all windows anew would give, since states do not depend on the order of merging.

use super::group::{Body, GroupCode, Groups, Windows};
use super::step::{Around, Row, StepCode, clock, run};
use crate::plan::{RelationId, TIME, WINDOW_START};
use crate::value::{Span, Time, Value};
use std::collections::BTreeMap;

/// A prepared baseline.
#[derive(Debug)]
pub(super) struct HistoryCode {
    pub(super) group: RelationId,
    pub(super) over: Span,
    pub(super) steps: Vec<StepCode>,
    /// Number of columns.
    pub(super) width: usize,
}

/// Computes rows of baselines.
#[derive(Default)]
pub(super) struct Histories<'g> {
    baselines: BTreeMap<RelationId, Baseline<'g>>,
}

/// One baseline and where it stands.
struct Baseline<'g> {
    code: &'g HistoryCode,
    group: &'g GroupCode,
    groups: &'g Groups,
    key: Vec<Value>,
    slide: Option<Slide<'g>>,
}

impl<'g> Histories<'g> {
    pub(super) fn add(
        &mut self,
        relation: RelationId,
        code: &'g HistoryCode,
        group: &'g GroupCode,
        groups: &'g Groups,
    ) {
        let baseline = Baseline {
            code,
            group,
            groups,
            key: Vec::new(),
            slide: None,
        };
        self.baselines.insert(relation, baseline);
    }

    /// The baseline's row for the key and window of a row of its group; none where no event lies there or a step of
    /// the baseline removes it, several where an `each` of the baseline gives several.
    pub(super) fn rows(&mut self, relation: RelationId, row: &[Value]) -> Vec<Row> {
        let mut out = Vec::new();
        let Some(baseline) = self.baselines.get_mut(&relation) else {
            return out;
        };
        let (start, end) = (clock(row, WINDOW_START), clock(row, TIME));
        let key = baseline.group.key_of(row);
        if let Some(body) = baseline.body(&key, end.minus(baseline.code.over), start) {
            let mut values = baseline.group.row(&key, start, &body);
            values.resize(baseline.code.width, Value::Missing);
            run(&baseline.code.steps, Row::new(values), &mut Around::Nothing, &mut out);
        }
        out
    }
}

impl Baseline<'_> {
    fn body(&mut self, key: &[Value], from: Time, to: Time) -> Option<Body> {
        let stands = self.key == key && self.slide.as_ref().is_some_and(|slide| slide.taken <= to);
        if !stands {
            self.slide = Some(Slide::new(self.groups.0.get(key)?));
            self.key = key.to_vec();
        }
        self.slide.as_mut().and_then(|slide| slide.sum(from, to))
    }
}

/// A window over windows that moves forward.
struct Slide<'g> {
    windows: &'g Windows,
    /// All windows that start before this have been taken in.
    taken: Time,
    /// Oldest last: each with the sum from it to the newest of this half.
    earlier: Vec<(Time, Body)>,
    /// Oldest first.
    later: Vec<(Time, &'g Body)>,
    /// The sum of `later`.
    sum: Option<Body>,
}

impl<'g> Slide<'g> {
    fn new(windows: &'g Windows) -> Slide<'g> {
        Slide {
            windows,
            taken: Time(i64::MIN),
            earlier: Vec::new(),
            later: Vec::new(),
            sum: None,
        }
    }

    /// The sum of the windows that start in `[from, to)`; neither end may be before that of the call before.
    fn sum(&mut self, from: Time, to: Time) -> Option<Body> {
        if to < from {
            return None;
        }
        for (start, window) in self.windows.range(self.taken.max(from)..to.max(self.taken.max(from))) {
            self.later.push((*start, &window.body));
            merge(&mut self.sum, &window.body);
        }
        self.taken = self.taken.max(to);
        while self.earlier.last().is_some_and(|(start, _)| *start < from) {
            self.earlier.pop();
        }
        if self.later.first().is_some_and(|(start, _)| *start < from) {
            // Then everything earlier is gone as well.
            for (start, body) in self.later.drain(..).rev().take_while(|(start, _)| *start >= from) {
                let mut sum = body.clone();
                if let Some((_, newer)) = self.earlier.last() {
                    sum.merge(newer);
                }
                self.earlier.push((start, sum));
            }
            self.sum = None;
        }
        let mut sum = self.sum.clone();
        if let Some((_, earlier)) = self.earlier.last() {
            merge(&mut sum, earlier);
        }
        sum
    }
}

fn merge(sum: &mut Option<Body>, body: &Body) {
    match sum {
        Some(sum) => sum.merge(body),
        None => *sum = Some(body.clone()),
    }
}
