//! Rules and hunting queries as resources, with the keys in the order of the portal's export.

use super::json::{Literal, duration, quoted};
use super::limits;
use crate::settings::{self, Arm, Matching};
use crate::targets::sentinel::{self, AnalyticsRule, EntityMapping, FieldMapping, HuntingQuery};
use crate::value::Span;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// What the portal writes where a rule is not suppressed; the service wants a length all the same.
const UNUSED: Span = Span::hours(5);
/// Of saved searches.
const SAVED_SEARCH_API: &str = "2025-07-01";

/// The parameters of a template.
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    name: String,
    default: Option<String>,
}

impl Serialize for Parameters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Parameter {
            #[serde(rename = "type")]
            ty: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            default_value: Option<Literal>,
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(
            &self.name,
            &Parameter {
                ty: "String",
                default_value: self.default.clone().map(Literal),
            },
        )?;
        map.end()
    }
}

/// The parameter that names the workspace.
pub(super) fn parameters(arm: Option<&Arm>) -> Parameters {
    let arm = arm.cloned().unwrap_or_default();
    Parameters {
        name: arm.workspace_parameter,
        default: arm.workspace,
    }
}

/// A resource.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    /// An expression.
    name: String,
    #[serde(rename = "type")]
    ty: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    api_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'static str>,
    properties: Properties,
}

#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
enum Properties {
    Rule(Box<RuleProperties>),
    Search(SearchProperties),
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleProperties {
    display_name: Literal,
    description: Literal,
    severity: &'static str,
    enabled: bool,
    query: Literal,
    #[serde(flatten)]
    schedule: Option<Schedule>,
    suppression_duration: String,
    suppression_enabled: bool,
    tactics: Vec<String>,
    techniques: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_techniques: Option<Vec<String>>,
    incident_configuration: IncidentConfiguration,
    event_grouping_settings: EventGroupingSettings,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_details_override: Option<AlertDetailsOverride>,
    #[serde(skip_serializing_if = "Details::is_empty")]
    custom_details: Details,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entity_mappings: Vec<Mapping>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Schedule {
    query_frequency: String,
    query_period: String,
    trigger_operator: &'static str,
    trigger_threshold: u32,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct IncidentConfiguration {
    create_incident: bool,
    grouping_configuration: GroupingConfiguration,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupingConfiguration {
    enabled: bool,
    reopen_closed_incident: bool,
    lookback_duration: String,
    matching_method: &'static str,
    group_by_entities: Vec<String>,
    group_by_alert_details: Vec<String>,
    group_by_custom_details: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EventGroupingSettings {
    aggregation_kind: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertDetailsOverride {
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_display_name_format: Option<Literal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_description_format: Option<Literal>,
}

/// Keys and columns in the order of the rule.
#[derive(Clone, Debug)]
struct Details(Vec<sentinel::Detail>);

impl Details {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Details {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|detail| (&detail.key, &detail.column)))
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Mapping {
    entity_type: &'static str,
    field_mappings: Vec<Field>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Field {
    identifier: String,
    column_name: String,
}

impl From<&EntityMapping> for Mapping {
    fn from(mapping: &EntityMapping) -> Mapping {
        let field = |field: &FieldMapping| Field {
            identifier: field.identifier.clone(),
            column_name: field.column.clone(),
        };
        Mapping {
            entity_type: mapping.entity_type,
            field_mappings: mapping.fields.iter().map(field).collect(),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SearchProperties {
    category: &'static str,
    display_name: Literal,
    query: Literal,
    tags: Vec<Tag>,
    version: u32,
}

#[derive(Clone, Debug, Serialize)]
struct Tag {
    name: &'static str,
    value: Literal,
}

fn literal(text: &str) -> Literal {
    Literal(text.to_owned())
}

/// The techniques that sub-techniques belong to, each once.
pub(super) fn parents(techniques: &[&str]) -> Vec<String> {
    let mut parents: Vec<String> = Vec::new();
    for technique in techniques {
        let parent = technique.split('.').next().unwrap_or(technique);
        if !parents.iter().any(|known| known == parent) {
            parents.push(parent.to_owned());
        }
    }
    parents
}

/// An analytics rule.
pub(super) fn alert_rule(rule: &AnalyticsRule, version: &str, parameter: &str) -> Resource {
    let content = &rule.content;
    let techniques: Vec<&str> = content.techniques.iter().map(String::as_str).collect();
    let below: Vec<String> = content
        .techniques
        .iter()
        .filter(|id| id.contains('.'))
        .cloned()
        .collect();
    let texts = rule.title.is_some() || rule.message.is_some();
    Resource {
        name: format!(
            "[concat(parameters({}),'/Microsoft.SecurityInsights/{}')]",
            quoted(parameter),
            content.id
        ),
        ty: "Microsoft.OperationalInsights/workspaces/providers/alertRules",
        kind: Some(if rule.schedule.is_some() { "Scheduled" } else { "NRT" }),
        api_version: version.to_owned(),
        etag: None,
        properties: Properties::Rule(Box::new(RuleProperties {
            display_name: literal(&content.name),
            description: literal(&content.description),
            severity: sentinel::yaml::severity(rule.severity),
            enabled: rule.enabled,
            query: literal(&content.query),
            schedule: rule.schedule.map(|schedule| Schedule {
                query_frequency: duration(schedule.frequency),
                query_period: duration(schedule.period),
                trigger_operator: "GreaterThan",
                trigger_threshold: 0,
            }),
            suppression_duration: duration(rule.suppression.unwrap_or(UNUSED)),
            suppression_enabled: rule.suppression.is_some(),
            tactics: content.tactics.clone(),
            techniques: parents(&techniques),
            sub_techniques: (!below.is_empty() && limits::has_sub_techniques(version)).then_some(below),
            incident_configuration: IncidentConfiguration {
                create_incident: rule.incident.create,
                grouping_configuration: grouping(rule.incident.grouping.as_ref()),
            },
            event_grouping_settings: EventGroupingSettings {
                aggregation_kind: sentinel::yaml::grouping(rule.grouping),
            },
            alert_details_override: texts.then(|| AlertDetailsOverride {
                alert_display_name_format: rule.title.as_deref().map(literal),
                alert_description_format: rule.message.as_deref().map(literal),
            }),
            custom_details: Details(rule.details.clone()),
            entity_mappings: content.entities.iter().map(Mapping::from).collect(),
        })),
    }
}

/// How alerts are put into incidents; where they are not, what the portal writes then.
fn grouping(grouping: Option<&settings::IncidentGrouping>) -> GroupingConfiguration {
    let none = || GroupingConfiguration {
        enabled: false,
        reopen_closed_incident: false,
        lookback_duration: duration(UNUSED),
        matching_method: "AllEntities",
        group_by_entities: Vec::new(),
        group_by_alert_details: Vec::new(),
        group_by_custom_details: Vec::new(),
    };
    let Some(grouping) = grouping else { return none() };
    let mut out = GroupingConfiguration {
        enabled: true,
        reopen_closed_incident: grouping.reopen_closed,
        lookback_duration: duration(grouping.lookback),
        ..none()
    };
    match &grouping.matching {
        Matching::AllEntities => {}
        Matching::AnyAlert => out.matching_method = "AnyAlert",
        Matching::Selected {
            entities,
            details,
            custom_details,
        } => {
            out.matching_method = "Selected";
            out.group_by_entities.clone_from(entities);
            out.group_by_alert_details.clone_from(details);
            out.group_by_custom_details.clone_from(custom_details);
        }
    }
    out
}

/// A hunting query, which the workspace keeps as a saved search.
pub(super) fn saved_search(query: &HuntingQuery, parameter: &str) -> Resource {
    let content = &query.content;
    let techniques: Vec<&str> = content.techniques.iter().map(String::as_str).collect();
    let below: Vec<String> = content
        .techniques
        .iter()
        .filter(|id| id.contains('.'))
        .cloned()
        .collect();
    let tags = [
        ("description", content.description.clone()),
        ("tactics", content.tactics.join(",")),
        ("techniques", parents(&techniques).join(",")),
        ("subTechniques", below.join(",")),
    ];
    Resource {
        name: format!("[concat(parameters({}),'/{}')]", quoted(parameter), content.id),
        ty: "Microsoft.OperationalInsights/workspaces/savedSearches",
        kind: None,
        api_version: SAVED_SEARCH_API.to_owned(),
        // Takes the place of one that is there.
        etag: Some("*"),
        properties: Properties::Search(SearchProperties {
            category: "Hunting Queries",
            display_name: literal(&content.name),
            query: literal(&content.query),
            tags: tags
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| Tag {
                    name,
                    value: Literal(value),
                })
                .collect(),
            version: 2,
        }),
    }
}
