//! The end of the input: groups give their rows, then matches; what the alert finds in them is put in order.

use super::compiled::RelationCode;
use super::history::Histories;
use super::state::Behind;
use super::step::{Around, Row, run};
use super::{AlertRow, Outcome, State, alert};
use crate::runtime::alert::event_ids;
use crate::value::Value;
use std::sync::Arc;

pub(super) fn finish(state: State<'_>) -> Outcome {
    let now = state.run();
    let State {
        compiled,
        mut sinks,
        matched,
        earliest,
        ..
    } = state;
    let groups = std::mem::take(&mut sinks.groups);
    let mut histories = Histories::default();
    for (relation, code) in compiled.relations.iter().enumerate() {
        if let RelationCode::History(history) = code
            && let Some(RelationCode::Group { code, .. }) = compiled.relations.get(history.group)
            && let Some(groups) = groups.get(history.group)
        {
            histories.add(relation, history, code, groups);
        }
    }
    for (relation, code) in compiled.relations.iter().enumerate() {
        match code {
            RelationCode::Group { code, steps } => {
                let of_keys = groups.get(relation).into_iter().flat_map(|groups| &groups.0);
                for (key, windows) in of_keys {
                    for (start, window) in windows {
                        let end = start.plus(code.per);
                        if !now.needs(relation, end) {
                            continue;
                        }
                        let row = Row::new(code.row(key, *start, &window.body));
                        let mut rows = Vec::new();
                        run(steps, row, &mut Around::Nothing, &mut rows);
                        let behind = Behind {
                            identity: key.iter().cloned().chain([Value::Time(end)]).collect(),
                            events: window.events.iter().cloned().collect(),
                        };
                        for row in rows {
                            sinks.feed(now, relation, row, &behind, &mut Around::Histories(&mut histories));
                        }
                    }
                }
            }
            RelationCode::Match(code) => {
                let mut parts = sinks.parts.get_mut(relation).map(std::mem::take).unwrap_or_default();
                code.pairs(&mut parts, &mut |pair| {
                    if !now.needs(relation, pair.time()) {
                        return;
                    }
                    let mut rows = Vec::new();
                    run(&code.steps, pair.row, &mut Around::Nothing, &mut rows);
                    if rows.is_empty() {
                        return;
                    }
                    let parts = pair.parts.iter();
                    let behind = Behind {
                        identity: parts.clone().flat_map(|part| &part.identity).cloned().collect(),
                        events: event_ids(parts.flat_map(|part| &part.events).map(Arc::clone)),
                    };
                    for row in rows {
                        sinks.feed(now, relation, row, &behind, &mut Around::Nothing);
                    }
                });
            }
            RelationCode::Scan { .. } | RelationCode::History(_) => {}
        }
    }
    let mut alerts: Vec<AlertRow> = Vec::new();
    let mut short_baselines = 0;
    let longest = compiled.overs.iter().max();
    for found in sinks.found {
        let made = alert::project(compiled, found);
        let reach = longest.map(|over| made.alert.time.minus(*over));
        if reach.zip(earliest).is_some_and(|(reach, earliest)| reach < earliest) {
            short_baselines += 1;
        }
        alerts.push(made);
    }
    alerts.sort_by(|a, b| a.alert.in_order(&b.alert).then_with(|| a.row.cmp(&b.row)));
    let names = || compiled.plan.relations.iter().zip(&compiled.relations);
    let selections = names().zip(matched);
    let selections = selections.filter(|((_, code), _)| matches!(code, RelationCode::Scan { .. }));
    let left_out = names().zip(sinks.left_out).filter(|(_, count)| *count > 0);
    Outcome {
        alerts,
        matched: selections
            .map(|((relation, _), n)| (relation.name.clone(), n))
            .collect(),
        left_out: left_out.map(|((relation, _), n)| (relation.name.clone(), n)).collect(),
        late: sinks.late,
        short_baselines,
    }
}
