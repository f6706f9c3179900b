//! What the service refuses, said before it does: each limit with the place in the rule and a way out.

use super::draft::{self, Detail, Draft};
use super::entities;
use crate::diagnostics::{Code, Diagnostic, Span as Place};
use crate::plan::{Expr, ExprKind, Operator, Origin, Plan, Template};
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
            findings.extend(text(word, template, most, &name));
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
            .help(format!("show the columns of the others: `show {}`", paths.join(", "))),
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
                .help("leave some out, and `show` their columns"),
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
        if length(key) > MAX_KEY {
            let finding = Diagnostic::new(
                Code::BadDetailName,
                detail.output.value.span,
                format!("`{key}` is too long as the name of a custom detail"),
            )
            .label(format!("{} characters, {MAX_KEY} at most", length(key)));
            findings.push(renamed(finding, plan, detail));
        } else if !key.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let finding = Diagnostic::new(
                Code::BadDetailName,
                detail.output.value.span,
                format!("`{key}` cannot be the name of a custom detail"),
            )
            .label("it has to begin with a letter");
            findings.push(renamed(finding, plan, detail));
        }
    }
    for detail in draft.twins() {
        let finding = Diagnostic::new(
            Code::BadDetailName,
            detail.output.value.span,
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
    let key = match detail.output.value.kind {
        ExprKind::Column(slot) => key_of(plan, slot, path),
        _ => Key::No,
    };
    finding.help(match key {
        Key::No => format!("name it in the alert: `let {short} = {path}`, and `show {short}`"),
        Key::Path => format!("name the key: `by {short} = {path}`"),
        Key::Name => format!("give the key another name: `by {short} = ..`"),
        Key::Joined => format!("name it in each part, `let {short} = ..`, and match `on {short}`"),
    })
}

/// What names a column.
enum Key {
    /// It is no key.
    No,
    /// A path behind `by`.
    Path,
    /// A name before a path.
    Name,
    /// The key of a match.
    Joined,
}

fn key_of(plan: &Plan, slot: usize, path: &str) -> Key {
    let Some(relation) = plan.relations.get(plan.alert.input) else {
        return Key::No;
    };
    if !relation
        .columns
        .get(slot)
        .is_some_and(|column| matches!(column.origin, Origin::Key(_)))
    {
        return Key::No;
    }
    match &relation.operator {
        Operator::Aggregate { inputs, keys, .. } => {
            let value = keys
                .iter()
                .find(|key| key.slot == slot)
                .and_then(|key| key.values.first());
            let original = match value {
                Some(Expr {
                    kind: ExprKind::Column(inner),
                    ..
                }) => inputs
                    .first()
                    .and_then(|input| plan.relations.get(*input)?.columns.get(*inner)),
                _ => None,
            };
            match original {
                Some(column) if column.name == *path => Key::Path,
                _ => Key::Name,
            }
        }
        Operator::Join { .. } | Operator::AntiJoin { .. } => Key::Joined,
        Operator::Scan { .. } | Operator::History { .. } => Key::No,
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
fn text(word: &str, template: &Template, most: usize, name: &dyn Fn(usize) -> String) -> Vec<Diagnostic> {
    let format = draft::format(template, name);
    let mut findings = Vec::new();
    let found = |message: String| Diagnostic::new(Code::BadOverride, format.span, message);
    if format.placeholders > MAX_PLACEHOLDERS {
        findings.push(
            found(format!("Sentinel fills {MAX_PLACEHOLDERS} placeholders of a `{word}`"))
                .label(format!("{} placeholders", format.placeholders))
                .help("name three columns in the text, and `show` the others"),
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
