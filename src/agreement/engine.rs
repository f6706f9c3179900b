//! The engine that runs Sigma texts: `rsigma-eval`, written by somebody else, asked what a text finds in some events.
//!
//! It takes the events as JSON, with the raw log's names; a dotted field is a path. It does not look at the log source.
//! Where it is known to leave the specification in a way that can be mended from outside, it is mended here:
//!
//! * it counts in whole seconds, so times and time spans are handed over in ticks;
//! * it fires a `temporal` correlation without a condition when one rule has matched, where the specification wants all.
//!
//! `tests/sigma_witness.rs` holds the rest of what is peculiar to it.

use crate::value::{TICKS_PER_SECOND, Time};
use rsigma_eval::event::JsonEvent;
use rsigma_eval::{CorrelationConfig, CorrelationEngine};
use rsigma_parser::{ConditionOperator, CorrelationCondition, CorrelationRule, CorrelationType, WindowMode};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The values of a correlation's `group-by`, in its order; none where an event has no such field.
pub type Key = Vec<Option<String>>;

/// What a Sigma text finds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The events that a rule matches, by their place in what was given.
    pub events: BTreeSet<usize>,
    /// The same for each rule of the text, by its name, else its title.
    pub by_rule: BTreeMap<String, BTreeSet<usize>>,
    /// The correlation that no other one reads: the event that made it fire, and its key. It fires anew with each event for
    /// as long as its condition holds.
    pub fired: Vec<(usize, Key)>,
}

impl Found {
    /// The keys that alert.
    pub fn keys(&self) -> BTreeSet<Key> {
        self.fired.iter().map(|(_, key)| key.clone()).collect()
    }
}

/// How a time span lies over the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Windows {
    /// It ends at each event, as the specification wants it; both ends belong to it.
    Sliding,
    /// It is a multiple of itself since 1970, as several backends do it; its end does not belong to it. Counts and other
    /// values only: the temporal types slide.
    Fixed,
}

/// What a Sigma text finds: rules, or rules and a correlation of them in one text of several documents. Events are fed in the
/// order of their times, those of one time as they are given.
///
/// # Errors
/// What the engine does not take, in its words.
pub fn detect(text: &str, events: &[(Time, Value)]) -> Result<Found, String> {
    detect_in(Windows::Sliding, text, events)
}

/// `detect`, with a word about windows.
pub fn detect_in(windows: Windows, text: &str, events: &[(Time, Value)]) -> Result<Found, String> {
    let mut collection = rsigma_parser::parse_sigma_yaml(text).map_err(|error| error.to_string())?;
    if let Some(error) = collection.errors.first() {
        return Err(error.clone());
    }
    if collection.rules.is_empty() {
        return Err("there is no rule".to_owned());
    }
    collection.correlations.iter_mut().for_each(|rule| mend(rule, windows));
    let names: BTreeMap<(Option<String>, String), String> = collection
        .rules
        .iter()
        .map(|rule| {
            let name = rule.name.clone().unwrap_or_else(|| rule.title.clone());
            ((rule.id.clone(), rule.title.clone()), name)
        })
        .collect();
    let outer = outer(&collection.correlations)?;
    let mut engine = CorrelationEngine::new(CorrelationConfig {
        max_state_entries: usize::MAX,
        ..CorrelationConfig::default()
    });
    engine.add_collection(&collection).map_err(|error| error.to_string())?;

    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|&at| events.get(at).map(|(time, _)| *time));
    let mut found = Found::default();
    for at in order {
        let Some((time, event)) = events.get(at).filter(|(time, _)| time.0 >= 0) else {
            return Err("the engine knows no time before 1970".to_owned());
        };
        for result in engine.process_event_at(&JsonEvent::borrow(event), time.0) {
            let header = (result.header.rule_id.clone(), result.header.rule_title.clone());
            match (result.as_correlation(), &outer) {
                (None, _) => {
                    found.events.insert(at);
                    let name = names.get(&header).cloned().unwrap_or_default();
                    found.by_rule.entry(name).or_default().insert(at);
                }
                (Some(body), Some((id, group_by))) if *id == header => {
                    let values: BTreeMap<&str, &str> =
                        body.group_key.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
                    let key = group_by
                        .iter()
                        .map(|k| values.get(k.as_str()).map(|&v| v.to_owned()))
                        .collect();
                    found.fired.push((at, key));
                }
                (Some(_), _) => {}
            }
        }
    }
    Ok(found)
}

fn mend(rule: &mut CorrelationRule, windows: Windows) {
    rule.timespan.seconds = rule.timespan.seconds.saturating_mul(TICKS_PER_SECOND.unsigned_abs());
    let temporal = matches!(
        rule.correlation_type,
        CorrelationType::Temporal | CorrelationType::TemporalOrdered
    );
    if windows == Windows::Fixed && !temporal {
        rule.window = WindowMode::Tumbling;
    }
    // This is what it makes of a condition that is not there.
    if let CorrelationCondition::Threshold { predicates, .. } = &mut rule.condition
        && temporal
        && *predicates == [(ConditionOperator::Gte, 1)]
    {
        *predicates = vec![(ConditionOperator::Gte, rule.rules.len() as u64)];
    }
}

type Outer = ((Option<String>, String), Vec<String>);

/// The correlation that no other one reads, by id and title, and its `group-by`.
fn outer(correlations: &[CorrelationRule]) -> Result<Option<Outer>, String> {
    let read: BTreeSet<&str> = correlations
        .iter()
        .flat_map(|rule| &rule.rules)
        .map(String::as_str)
        .collect();
    let is_read = |name: &Option<String>| name.as_deref().is_some_and(|name| read.contains(name));
    let mut outer = correlations
        .iter()
        .filter(|rule| !is_read(&rule.id) && !is_read(&rule.name));
    match (outer.next(), outer.next()) {
        (None, _) => Ok(None),
        (Some(rule), None) => Ok(Some(((rule.id.clone(), rule.title.clone()), rule.group_by.clone()))),
        (Some(_), Some(_)) => Err("there is more than one correlation".to_owned()),
    }
}
