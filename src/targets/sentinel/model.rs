//! What an analytics rule or a hunting query says, whatever it is written as. Made once; YAML and ARM print it.

use super::draft::{self, Draft};
use super::{limits, notes};
use crate::diagnostics::Diagnostic;
use crate::plan::{Operator, Plan, Severity};
use crate::settings::{EventGrouping, Incident, Kind, Settings};
use crate::source::Catalog;
use crate::targets::kql::{self, Query};
use crate::targets::ledger::Note;
use crate::targets::{Target, attack, needs, prose};
use crate::value::Span;
use std::collections::{BTreeMap, BTreeSet};

/// What a rule becomes.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// A rule with a severity.
    Analytics(Box<AnalyticsRule>),
    /// A rule without one: somebody runs it by hand.
    Hunting(Box<HuntingQuery>),
}

impl Model {
    /// What both kinds say.
    pub fn content(&self) -> &Content {
        match self {
            Model::Analytics(rule) => &rule.content,
            Model::Hunting(query) => &query.content,
        }
    }
}

/// What rules and hunting queries have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// A UUID, hyphenated.
    pub id: String,
    /// On one line, without a final period.
    pub name: String,
    /// One paragraph that begins with the verb that reviewers expect.
    pub description: String,
    /// Where the events come from, by connector.
    pub connectors: Vec<Connector>,
    /// Of the techniques, each once: `InitialAccess`.
    pub tactics: Vec<String>,
    /// `T1078.004`
    pub techniques: Vec<String>,
    /// KQL, with a line end.
    pub query: String,
    /// What it is about.
    pub entities: Vec<EntityMapping>,
    /// `1.0.0`
    pub version: String,
}

/// A data connector and the tables that it fills.
#[derive(Clone, Debug, PartialEq)]
pub struct Connector {
    /// Sentinel's name for it.
    pub id: String,
    /// Sorted.
    pub tables: Vec<String>,
}

/// An entity.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityMapping {
    /// `Account`, `IP`
    pub entity_type: &'static str,
    /// One to three.
    pub fields: Vec<FieldMapping>,
}

/// What identifies an entity.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldMapping {
    /// `FullName`
    pub identifier: String,
    /// A column of the query's result.
    pub column: String,
}

/// A value that an alert carries.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// Its name in the alert.
    pub key: String,
    /// A column of the query's result.
    pub column: String,
}

/// A rule that makes alerts.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalyticsRule {
    /// What hunting queries have too.
    pub content: Content,
    /// How bad an alert is.
    pub severity: Severity,
    /// How often it runs; none where it runs near real time.
    pub schedule: Option<Schedule>,
    /// Shown columns that no entity holds.
    pub details: Vec<Detail>,
    /// The name of an alert, with `{{Column}}` for values; the rule's where there is none.
    pub title: Option<String>,
    /// The description of an alert.
    pub message: Option<String>,
    /// What becomes of the rows of a run.
    pub grouping: EventGrouping,
    /// Whether the deployed rule is switched on.
    pub enabled: bool,
    /// Incidents made of alerts.
    pub incident: Incident,
    /// No further run for so long after an alert.
    pub suppression: Option<Span>,
}

/// When a rule runs, in whole minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// How often.
    pub frequency: Span,
    /// How far back its query reads.
    pub period: Span,
}

/// A query for people.
#[derive(Clone, Debug, PartialEq)]
pub struct HuntingQuery {
    /// What rules have too.
    pub content: Content,
}

/// The model of a rule, and what a reviewer should know of it; `target` is who asks, for messages.
///
/// # Errors
/// Everything that KQL cannot say and the service does not take.
pub fn model(
    plan: &Plan,
    catalog: &Catalog,
    settings: &Settings,
    target: Target,
) -> Result<(Model, Vec<Note>), Vec<Diagnostic>> {
    let near_real_time = plan.rule.severity.is_some() && settings.sentinel.kind == Kind::Nrt;
    let query = if near_real_time {
        kql::emit_near_real_time(plan, catalog)
    } else {
        kql::emit(plan, catalog)
    };
    let (query, mut findings) = match query {
        Ok(query) => (Some(query), Vec::new()),
        Err(refusals) => (None, refusals),
    };
    let draft = Draft::new(plan, catalog);
    let verb = match plan.rule.severity {
        Some(_) => "Identifies",
        None => "This query searches for",
    };
    let name = prose::heading(&plan.rule.title);
    let about = plan.rule.about.as_deref();
    let description = prose::describe(verb, &plan.rule.title, about, &prose::names(catalog));

    findings.extend(needs::missing(&plan.rule, target.word(), needs::SENTINEL));
    findings.extend(limits::names(plan, &name, &description));
    findings.extend(limits::entities(plan, &draft));
    if plan.rule.severity.is_some() {
        findings.extend(limits::alert(plan, &draft, query.as_ref()));
        if near_real_time {
            findings.extend(limits::near_real_time(plan, catalog, settings));
        } else {
            findings.extend(limits::schedule(plan, query.as_ref()));
        }
    }
    let Some(query) = query.filter(|_| findings.is_empty()) else {
        return Err(findings);
    };

    let attack = attack::map(&plan.rule.attack, settings.sentinel.attack);
    let mut notes = notes::of(plan, settings, &draft, &query, near_real_time);
    notes.extend(attack.changes.iter().map(attack::Change::note));
    let column = |index: usize| self::column(plan, Some(&query), index);
    let content = Content {
        id: plan.rule.id.clone().unwrap_or_default(),
        name,
        description,
        connectors: connectors(plan, catalog),
        tactics: attack.sentinel_tactics(),
        techniques: attack.techniques.into_iter().map(|technique| technique.id).collect(),
        entities: draft
            .entities
            .iter()
            .map(|(entity, kind)| EntityMapping {
                entity_type: kind.entity_type,
                fields: entity
                    .identifiers
                    .iter()
                    .map(|(identifier, index)| FieldMapping {
                        identifier: identifier.clone(),
                        column: column(*index),
                    })
                    .collect(),
            })
            .collect(),
        version: plan.rule.version.clone().unwrap_or_default(),
        query: query.text.clone(),
    };
    let Some(severity) = plan.rule.severity else {
        return Ok((Model::Hunting(Box::new(HuntingQuery { content })), notes));
    };
    let text = |template: &Option<_>| template.as_ref().map(|template| draft::format(template, column).text);
    let rule = AnalyticsRule {
        content,
        severity,
        schedule: (!near_real_time).then(|| Schedule {
            frequency: query.frequency,
            period: whole_minutes(query.period),
        }),
        details: draft
            .details
            .iter()
            .map(|detail| Detail {
                key: detail.key.clone(),
                column: column(detail.column),
            })
            .collect(),
        title: text(&plan.alert.title),
        message: text(&plan.alert.message),
        grouping: settings.sentinel.grouping,
        enabled: settings.sentinel.enabled,
        incident: settings.sentinel.incident.clone(),
        suppression: settings.sentinel.suppression,
    };
    Ok((Model::Analytics(Box::new(rule)), notes))
}

/// What a column of the alert is called in the query's result; without a query, in the alert.
pub(super) fn column(plan: &Plan, query: Option<&Query>, index: usize) -> String {
    let found = query.and_then(|query| query.columns.iter().find(|column| column.output == Some(index)));
    match found {
        Some(column) => column.name.clone(),
        None => plan
            .alert
            .columns
            .get(index)
            .map(|column| column.name.clone())
            .unwrap_or_default(),
    }
}

/// The connectors of a rule's sources, in order, each with its tables. A source without one is left out.
fn connectors(plan: &Plan, catalog: &Catalog) -> Vec<Connector> {
    let mut tables: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for relation in &plan.relations {
        if let Operator::Scan { source } = relation.operator {
            let source = catalog.get(source);
            if let Some(connector) = &source.connector {
                tables.entry(connector).or_default().insert(&source.table);
            }
        }
    }
    let connector = |(id, tables): (&str, BTreeSet<&str>)| Connector {
        id: id.to_owned(),
        tables: tables.into_iter().map(str::to_owned).collect(),
    };
    tables.into_iter().map(connector).collect()
}

/// The next whole minute: reading further back than needed changes nothing, the query has its own clock.
fn whole_minutes(span: Span) -> Span {
    let minute = Span::minutes(1).0;
    Span(span.0.saturating_add(minute - 1) / minute * minute)
}

/// A length as the YAML of rules writes it: one whole number of minutes, hours or days.
pub(super) fn short(span: Span) -> String {
    let units = [("d", Span::days(1)), ("h", Span::hours(1))];
    match units.iter().find(|(_, unit)| span.0 >= unit.0 && span.0 % unit.0 == 0) {
        Some((letter, unit)) => format!("{}{letter}", span.0 / unit.0),
        None => format!("{}m", span.0 / Span::minutes(1).0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_one_whole_number() {
        for (span, text) in [
            (Span::minutes(5), "5m"),
            (Span::minutes(60), "1h"),
            (Span::minutes(90), "90m"),
            (Span::hours(48), "2d"),
            (Span::minutes(1445), "1445m"),
            (Span::days(14), "14d"),
        ] {
            assert_eq!(short(span), text);
        }
        assert_eq!(whole_minutes(Span::seconds(61)), Span::minutes(2));
        assert_eq!(whole_minutes(Span::minutes(2)), Span::minutes(2));
    }
}
