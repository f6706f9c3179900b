//! What a reviewer of a rule should know, and what changes none of its rows.

use super::draft::Draft;
use crate::diagnostics::Span as Place;
use crate::plan::{Plan, TemplatePart};
use crate::settings::{EventGrouping, Kind, Settings};
use crate::targets::kql::Query;
use crate::targets::ledger::Note;
use crate::value::Span;

/// How many alerts the service makes of the rows of a run.
const MAX_ALERTS: usize = 150;
/// The same near real time.
const MAX_ALERTS_NRT: usize = 30;

fn note(construct: &'static str, span: Place, text: impl Into<String>) -> Note {
    Note {
        construct,
        text: text.into(),
        span,
    }
}

/// What holds for YAML and ARM.
pub(super) fn of(
    plan: &Plan,
    settings: &Settings,
    draft: &Draft<'_>,
    query: &Query,
    near_real_time: bool,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let alert = plan.alert.span;
    if plan.rule.severity.is_none() {
        hunting(plan, settings, query, &mut notes);
    } else {
        notes.push(match settings.sentinel.grouping {
            EventGrouping::AlertPerResult => {
                let most = if near_real_time { MAX_ALERTS_NRT } else { MAX_ALERTS };
                let text =
                    format!("each row is an alert, up to {most} in a run; the last one stands for all further rows");
                note("alert", alert, text)
            }
            EventGrouping::SingleAlert => note(
                "alert",
                alert,
                "all rows of a run make one alert, as the setting `sentinel.event_grouping` asks for",
            ),
        });
        if near_real_time {
            let text = format!(
                "the service runs the query every minute over what it took in since, not every {}",
                plan.rule.every
            );
            notes.push(note("every", plan.rule.place("every"), text));
        }
        texts(plan, &mut notes);
    }
    for entity in &draft.resources {
        let text = if plan.rule.severity.is_some() {
            "Sentinel knows resources of Azure only, so this is a custom detail"
        } else {
            "Sentinel knows resources of Azure only, so this is a column and no entity"
        };
        notes.push(note("resource", entity.span, text));
    }
    if plan
        .rule
        .about
        .as_deref()
        .is_some_and(|about| about.trim().contains("\n\n"))
    {
        let text = "the description is made of the first paragraph; the others stay in the rule";
        notes.push(note("about", plan.rule.place("about"), text));
    }
    let title = plan.rule.title.as_str();
    if title.split_whitespace().collect::<Vec<_>>().join(" ") != title {
        notes.push(note(
            "title",
            plan.rule.place("title"),
            "the name has single blanks where the title has others",
        ));
    }
    notes
}

fn hunting(plan: &Plan, settings: &Settings, query: &Query, notes: &mut Vec<Note>) {
    let range = if query.delay == Span(0) {
        "over a time range of their choice".to_owned()
    } else {
        format!("over a time range that ends now and is {} long or longer", query.period)
    };
    let text = format!("a rule without `severity` is a hunting query: somebody runs it, {range}");
    notes.push(note("rule", plan.rule.span, text));
    for (word, template) in [("title", &plan.alert.title), ("message", &plan.alert.message)] {
        if let Some(template) = template {
            notes.push(note(
                word,
                template.span,
                "a hunting query makes no alert that could carry this text",
            ));
        }
    }
    if settings.sentinel.kind == Kind::Nrt {
        let place = settings.places.get("sentinel.kind").copied().unwrap_or(plan.rule.span);
        notes.push(note(
            "rule",
            place,
            "a hunting query does not run near real time; this setting is not used",
        ));
    }
}

/// What the service makes of values in titles and messages.
fn texts(plan: &Plan, notes: &mut Vec<Note>) {
    let templates = [("title", &plan.alert.title), ("message", &plan.alert.message)];
    let filled = templates.into_iter().find_map(|(word, template)| {
        let template = template.as_ref()?;
        let has_value = |part: &TemplatePart| matches!(part, TemplatePart::Column(_));
        template.parts.iter().any(has_value).then_some((word, template.span))
    });
    if let Some((word, place)) = filled {
        let text = "where a value of a title or message is missing, the alert shows the name or description of the rule; \
                    a set is shown as JSON";
        notes.push(note(word, place, text));
    }
}

/// What the YAML of a rule has no key for, where it is set.
pub(super) fn only_deployed(plan: &Plan, settings: &Settings) -> Vec<Note> {
    let sentinel = &settings.sentinel;
    let usual = crate::settings::Sentinel::default();
    let mut notes = Vec::new();
    for (set, path, what) in [
        (
            sentinel.enabled != usual.enabled,
            "sentinel.enabled",
            "whether a rule is switched on",
        ),
        (
            sentinel.suppression != usual.suppression,
            "sentinel.suppression",
            "suppression",
        ),
        (
            sentinel.incident != usual.incident,
            "sentinel.incident",
            "how incidents are made",
        ),
    ] {
        if set {
            let inside = format!("{path}.");
            let within = settings
                .places
                .iter()
                .find(|(known, _)| known.starts_with(&inside))
                .map(|(_, place)| place);
            let place = settings.places.get(path).or(within).copied().unwrap_or(plan.rule.span);
            notes.push(note(
                "rule",
                place,
                format!("the YAML has no key for {what}; the ARM template carries it"),
            ));
        }
    }
    notes
}
