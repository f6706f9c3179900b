//! What the service refuses, said before it does: each limit with the place in the rule and a way out.

use super::draft::{self, Detail, Draft};
use super::entities;
use crate::diagnostics::{Code, Diagnostic, Span as Place};
use crate::plan::{ExprKind, Operator, Plan, Template, TemplatePart};
use crate::settings::Settings;
use crate::source::Catalog;
use crate::targets::kql::Query;
use crate::value::Span;

const MAX_ENTITIES: usize = 10;
const MAX_IDENTIFIERS: usize = 3;
const MAX_DETAILS: usize = 20;
const MAX_KEY: usize = 20;
const MAX_PLACEHOLDERS: usize = 3;
/// Of a rule's name, and of an alert's.
const MAX_NAME: usize = 256;
/// Of a rule's description, and of an alert's.
const MAX_DESCRIPTION: usize = 5_000;
/// From this period on a rule may run hourly at most.
const LONG_PERIOD: Span = Span::days(2);
/// A source this late cannot be read near real time.
const MAX_DELAY: Span = Span::hours(12);

/// How long a text is for the service, which counts UTF-16.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// What an alert says about itself and what it is about. Without a query, which has refusals of its own, the names of
/// columns are those of the alert.
pub(super) fn alert(plan: &Plan, draft: &Draft<'_>, query: Option<&Query>) -> Vec<Diagnostic> {
    let mut findings = details(plan, draft);
    let name = |index: usize| super::model::column(plan, query, index);
    for (word, template, most) in [
        ("title", &plan.alert.title, MAX_NAME),
        ("message", &plan.alert.message, MAX_DESCRIPTION),
    ] {
        if let Some(template) = template {
            findings.extend(text(plan, word, template, most, &name));
        }
    }
    findings
}

// ---- when it runs ---------------------------------------------------------------------------------------------------

/// How often a scheduled rule may run.
pub(super) fn schedule(plan: &Plan, query: Option<&Query>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let every = plan.rule.every;
    let minute = Span::minutes(1).0;
    if every.0 % minute != 0 {
        findings.push(
            Diagnostic::new(
                Code::FrequencyTooShort,
                plan.rule.place("every"),
                format!("Sentinel cannot run a rule every {every}"),
            )
            .label("it counts whole minutes")
            .help(format!("write `every {}`", Span((every.0 / minute + 1) * minute))),
        );
    }
    let period = query.map_or(Span(every.0.saturating_add(plan.depth().0)), |query| query.period);
    if period >= LONG_PERIOD && every < Span::hours(1) {
        findings.push(
            Diagnostic::new(
                Code::FrequencyTooShort,
                plan.rule.place("every"),
                "Sentinel does not let a rule that looks back two days run more than hourly",
            )
            .label(format!("a run reads {period}"))
            .help("write `every 1h`, or look back less than 2 days"),
        );
    }
    findings
}

/// Whether the service can run it every minute, over what was ingested since.
pub(super) fn near_real_time(plan: &Plan, catalog: &Catalog, settings: &Settings) -> Vec<Diagnostic> {
    let setting = settings.places.get("sentinel.kind").copied();
    let asked = |mut finding: Diagnostic| {
        if let Some(place) = setting {
            finding = finding.also(place, "asked for here");
        }
        finding.help(format!(
            "let it run as scheduled: `sentinel.kind = \"scheduled\"` under `[rule.{}]`",
            plan.rule.name
        ))
    };
    let Some(relation) = plan.relations.get(plan.alert.input) else {
        return Vec::new();
    };
    let unfit = match &relation.operator {
        Operator::Scan { source } => {
            let delay = catalog.get(*source).delay;
            if delay < MAX_DELAY {
                return Vec::new();
            }
            let finding = Diagnostic::new(
                Code::NrtUnfit,
                relation.span,
                "Sentinel reads near real time only what comes within 12 hours",
            );
            return vec![asked(finding.label(format!("this source may come {delay} late")))];
        }
        Operator::Aggregate { .. } => "a group needs the whole of its window, and such a run sees a minute",
        Operator::History { .. } => "a baseline looks back, and such a run sees a minute",
        Operator::Join { .. } | Operator::AntiJoin { .. } => {
            "a match joins events, and such a run sees a minute of them"
        }
    };
    let baseline = plan
        .relations
        .iter()
        .find(|relation| matches!(relation.operator, Operator::History { .. }));
    let mut finding =
        Diagnostic::new(Code::NrtUnfit, relation.span, "this rule cannot run near real time").label(unfit);
    if let Some(baseline) = baseline {
        finding = finding.also(baseline.span, "looks back");
    }
    vec![asked(finding)]
}

// ---- what it is about -----------------------------------------------------------------------------------------------

/// Entities of a rule or a hunting query.
pub(super) fn entities(plan: &Plan, draft: &Draft<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    for entity in &draft.unknown {
        findings.push(
            Diagnostic::new(
                Code::EntityUnfit,
                entity.span,
                format!("Sentinel has no entity for `{}`", entity.kind),
            )
            .help("show its columns instead: `show a, b`"),
        );
    }
    if let Some((extra, _)) = draft.entities.get(MAX_ENTITIES) {
        let columns = draft.entities.iter().skip(MAX_ENTITIES).flat_map(|(entity, _)| {
            let columns = entity.identifiers.iter();
            columns.filter_map(|(_, column)| plan.alert.columns.get(*column))
        });
        let mut paths: Vec<&str> = columns.map(|column| column.path.as_str()).collect();
        paths.sort_unstable();
        paths.dedup();
        findings.push(
            Diagnostic::new(
                Code::TooManyEntities,
                extra.span,
                "the alert has more entities than Sentinel takes",
            )
            .label(format!("{} entities, {MAX_ENTITIES} at most", draft.entities.len()))
            .help(format!(
                "show the columns of the others instead: `show {}`",
                paths.join(", ")
            )),
        );
    }
    for (entity, kind) in &draft.entities {
        if entity.identifiers.len() > MAX_IDENTIFIERS {
            findings.push(
                Diagnostic::new(
                    Code::EntityUnfit,
                    entity.span,
                    format!("Sentinel takes {MAX_IDENTIFIERS} identifiers of `{}`", kind.word),
                )
                .label(format!("{} of them", entity.identifiers.len()))
                .help("keep three, and `show` the columns of the others"),
            );
        }
        let has = |identifier: &str| entity.identifiers.iter().any(|(known, _)| known == identifier);
        if !kind.required.iter().any(|(identifier, _)| has(identifier)) {
            let known: Vec<String> = kind.required.iter().map(|(_, word)| format!("`{word}`")).collect();
            let words = known.join(", ");
            let first = kind.required.first().map_or("", |(_, word)| word);
            findings.push(
                Diagnostic::new(
                    Code::EntityUnfit,
                    entity.span,
                    format!("this does not identify `{}` for Sentinel", kind.word),
                )
                .label(if known.len() == 1 {
                    format!("{words} is needed")
                } else {
                    format!("one of {words} is needed")
                })
                .help(format!("add one: `{} {{ {first}: column, .. }}`", kind.word)),
            );
        }
        for (identifier, column) in &entity.identifiers {
            let Some(column) = plan.alert.columns.get(*column) else {
                continue;
            };
            if !entities::fits(identifier, column.value.ty) {
                findings.push(
                    Diagnostic::new(
                        Code::EntityUnfit,
                        entity.span,
                        format!(
                            "`{}` is {}, and Sentinel takes text for `{identifier}`",
                            column.path,
                            column.value.ty.name()
                        ),
                    )
                    .help(format!(
                        "map a column of text, or show this one: `show {}`",
                        column.path
                    )),
                );
            }
        }
    }
    findings
}

fn details(plan: &Plan, draft: &Draft<'_>) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    if let Some(extra) = draft.details.get(MAX_DETAILS) {
        findings.push(
            Diagnostic::new(
                Code::TooManyDetails,
                extra.output.value.span,
                "the alert shows more columns than Sentinel takes as custom details",
            )
            .label(format!("{} columns, {MAX_DETAILS} at most", draft.details.len()))
            .note("those are the shown columns and keys that no entity holds")
            .help("show fewer columns"),
        );
    }
    for detail in &draft.details {
        let key = &detail.key;
        let found = |message: String| Diagnostic::new(Code::BadDetailName, place(plan, detail), message);
        let finding = if length(key) > MAX_KEY {
            found(format!("`{key}` is too long as the name of a custom detail"))
                .label(format!("{} characters, {MAX_KEY} at most", length(key)))
        } else if !key.starts_with(|c: char| c.is_ascii_alphabetic()) {
            found(format!("`{key}` cannot be the name of a custom detail")).label("it has to begin with a letter")
        } else {
            continue;
        };
        findings.push(renamed(finding, plan, detail));
    }
    for detail in draft.twins() {
        let finding = Diagnostic::new(
            Code::BadDetailName,
            place(plan, detail),
            format!("two custom details would be named `{}`", detail.key),
        )
        .label("Azure takes small and capital letters for the same");
        findings.push(renamed(finding, plan, detail));
    }
    findings
}

/// How to give a column another name: by a `let`, or where a key gets its name.
fn renamed(finding: Diagnostic, plan: &Plan, detail: &Detail<'_>) -> Diagnostic {
    let path = &detail.output.path;
    let short = shorter(plan, &detail.key);
    finding.help(match key_of(plan, detail).map(|(key, _)| key) {
        None => format!("name it in the alert: `let {short} = {path}`, and `show {short}`"),
        Some(Key::Path) => format!("name the key: `by {short} = {path}`"),
        Some(Key::Name) => format!("give the key another name: `by {short} = ..`"),
        Some(Key::Joined) => format!("name it in each part, `let {short} = ..`, and match `on {short}`"),
    })
}

/// Where a detail gets its name.
fn place(plan: &Plan, detail: &Detail<'_>) -> Place {
    key_of(plan, detail).map_or(detail.output.value.span, |(_, place)| place)
}

/// What names a key.
enum Key {
    /// A path behind `by`.
    Path,
    /// A name before a path.
    Name,
    /// The key of a match.
    Joined,
}

/// What names a detail that is a key, and where.
fn key_of(plan: &Plan, detail: &Detail<'_>) -> Option<(Key, Place)> {
    let ExprKind::Column(slot) = detail.output.value.kind else {
        return None;
    };
    let relation = plan.relations.get(plan.alert.input)?;
    match &relation.operator {
        Operator::Aggregate { inputs, keys, .. } => {
            let value = keys.iter().find(|key| key.slot == slot)?.values.first()?;
            let path = detail.output.path.as_str();
            let original = match value.kind {
                ExprKind::Column(inner) => plan.relations.get(*inputs.first()?)?.columns.get(inner),
                _ => None,
            };
            // A name has no dots.
            let is_path = path.contains(['.', '[']) || original.is_some_and(|column| column.name == path);
            Some((if is_path { Key::Path } else { Key::Name }, value.span))
        }
        Operator::Join { keys, .. } | Operator::AntiJoin { keys, .. } => {
            let key = keys.iter().find(|key| key.slot == slot)?;
            Some((Key::Joined, key.left.1.span))
        }
        Operator::Scan { .. } | Operator::History { .. } => None,
    }
}

/// A name for the column that has room: the first words of the long one, as many as fit.
fn shorter(plan: &Plan, key: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for c in key.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).chars() {
        match words.last_mut() {
            Some(word)
                if !(c == '_' || c.is_ascii_uppercase() && !word.ends_with(|l: char| l.is_ascii_uppercase())) =>
            {
                word.push(c);
            }
            _ => words.push(c.to_string()),
        }
    }
    let mut name = String::new();
    for word in words {
        // Two places for a number.
        if name.len() + word.len() > MAX_KEY - 2 {
            break;
        }
        name.push_str(&word);
    }
    let mut letters = name.trim_end_matches('_').chars();
    let name = match letters.next() {
        Some(first) => first.to_ascii_lowercase().to_string() + letters.as_str(),
        None => "detail".to_owned(),
    };
    let taken = |name: &str| {
        let relations = plan.relations.iter().flat_map(|relation| &relation.columns);
        relations
            .map(|column| column.name.as_str())
            .chain(plan.alert.columns.iter().map(|c| c.name.as_str()))
            .any(|known| known.eq_ignore_ascii_case(name))
    };
    let numbered = (2..).map(|n: u32| format!("{name}{n}"));
    std::iter::once(name.clone())
        .chain(numbered)
        .find(|name| !taken(name))
        .unwrap_or(name)
}

/// A title or message.
fn text(plan: &Plan, word: &str, template: &Template, most: usize, name: &dyn Fn(usize) -> String) -> Vec<Diagnostic> {
    let format = draft::format(template, name);
    let mut findings = Vec::new();
    let found = |message: String| Diagnostic::new(Code::BadOverride, format.span, message);
    if format.placeholders > MAX_PLACEHOLDERS {
        let columns = template.parts.iter().filter_map(|part| match part {
            TemplatePart::Column(index) => plan.alert.columns.get(*index),
            TemplatePart::Literal(_) => None,
        });
        let others: Vec<&str> = columns
            .skip(MAX_PLACEHOLDERS)
            .map(|column| column.path.as_str())
            .collect();
        findings.push(
            found(format!("Sentinel fills {MAX_PLACEHOLDERS} placeholders of a `{word}`"))
                .label(format!("{} placeholders", format.placeholders))
                .help(format!(
                    "name {MAX_PLACEHOLDERS} columns in the text, and show the others: `show {}`",
                    others.join(", ")
                )),
        );
    }
    if format.braces {
        findings.push(
            found(format!("Sentinel would read braces of this `{word}` as a placeholder"))
                .label("it takes `{{` and `}}` for the ends of one")
                .help("leave a blank between the braces, or write round brackets"),
        );
    }
    if format.text.trim().is_empty() {
        findings.push(found(format!("this `{word}` is empty")).help(format!("leave `{word}` out")));
    }
    if length(&format.text) > most {
        findings.push(
            found(format!("this `{word}` is longer than Sentinel allows"))
                .label(format!("{} characters, {most} at most", length(&format.text)))
                .note("a placeholder counts with the name of its column and four braces")
                .help("shorten it"),
        );
    }
    findings
}

// ---- what it is called ----------------------------------------------------------------------------------------------

/// The name and the description.
pub(super) fn names(plan: &Plan, name: &str, description: &str) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut check = |what: &str, text: &str, most: usize, place: Place, help: &str| {
        if length(text) > most {
            findings.push(
                Diagnostic::new(
                    Code::TextTooLong,
                    place,
                    format!("the {what} is longer than Sentinel allows"),
                )
                .label(format!("{} characters, {most} at most", length(text)))
                .help(help),
            );
        }
    };
    check(
        "title",
        name,
        MAX_NAME,
        plan.rule.place("title"),
        "say in a few words what the rule finds",
    );
    check(
        "description",
        description,
        MAX_DESCRIPTION,
        plan.rule.place("about"),
        "shorten the first paragraph of `about`: an empty line ends it",
    );
    findings
}
