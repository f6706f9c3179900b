//! Rules and hunting queries as the YAML that is published, framed by a template and read back.

use super::model::{AnalyticsRule, Content, HuntingQuery, Model, short};
use crate::plan::Severity;
use crate::settings::EventGrouping;
use crate::targets::prose;
use crate::targets::yaml::{self, Node, Style};
use minijinja::Value;
use std::collections::BTreeMap;

const STYLE: Style = Style { indent: 2 };
/// How long a line of the description may be, without its indent.
const WIDTH: usize = 98;

const RULE: &str = include_str!("../../../targets/sentinel/rule.yaml.j2");
const HUNTING: &str = include_str!("../../../targets/sentinel/hunting.yaml.j2");

/// Every key that a template may name.
const KEYS: [&str; 18] = [
    "id",
    "name",
    "description",
    "severity",
    "requiredDataConnectors",
    "queryFrequency",
    "queryPeriod",
    "triggerOperator",
    "triggerThreshold",
    "tactics",
    "relevantTechniques",
    "query",
    "entityMappings",
    "customDetails",
    "alertDetailsOverride",
    "eventGroupingSettings",
    "version",
    "kind",
];

/// The file of a model.
///
/// # Errors
/// What the text says instead, where it does not say what the model says.
pub(super) fn text(model: &Model) -> Result<String, String> {
    match model {
        Model::Analytics(rule) => framed("sentinel/rule.yaml.j2", RULE, &rule_node(rule)),
        Model::Hunting(query) => framed("sentinel/hunting.yaml.j2", HUNTING, &hunting_node(query)),
    }
}

/// Fills a template with what follows each key, and reads the text back.
fn framed(name: &'static str, template: &str, node: &[(String, Node)]) -> Result<String, String> {
    let mut values: BTreeMap<&str, Value> = KEYS.iter().map(|key| (*key, Value::from(()))).collect();
    for (key, value) in node {
        values.insert(key, Value::from(STYLE.member(value, 0)));
    }
    let text = yaml::frame(name, template, Value::from_pairs(values))?;
    let text = format!("{}\n", text.trim_end());
    yaml::read_back(&text, &[Node::Map(node.to_vec())])?;
    Ok(text)
}

fn member(key: &str, value: Node) -> (String, Node) {
    (key.to_owned(), value)
}

fn word(text: &str) -> Node {
    Node::Text(text.to_owned())
}

fn rule_node(rule: &AnalyticsRule) -> Vec<(String, Node)> {
    let content = &rule.content;
    let mut members = head(content);
    members.push(member("severity", word(severity(rule.severity))));
    members.push(connectors(content));
    if let Some(schedule) = rule.schedule {
        members.push(member("queryFrequency", Node::Text(short(schedule.frequency))));
        members.push(member("queryPeriod", Node::Text(short(schedule.period))));
        members.push(member("triggerOperator", word("gt")));
        members.push(member("triggerThreshold", Node::Int(0)));
    }
    members.extend(body(content));
    if !rule.details.is_empty() {
        let details = rule
            .details
            .iter()
            .map(|detail| member(&detail.key, word(&detail.column)));
        members.push(member("customDetails", Node::Map(details.collect())));
    }
    let mut texts = Vec::new();
    for (key, text) in [
        ("alertDisplayNameFormat", &rule.title),
        ("alertDescriptionFormat", &rule.message),
    ] {
        texts.extend(text.as_ref().map(|text| member(key, word(text))));
    }
    if !texts.is_empty() {
        members.push(member("alertDetailsOverride", Node::Map(texts)));
    }
    let grouping = member("aggregationKind", word(grouping(rule.grouping)));
    members.push(member("eventGroupingSettings", Node::Map(vec![grouping])));
    members.push(member("version", word(&content.version)));
    let kind = if rule.schedule.is_some() { "Scheduled" } else { "NRT" };
    members.push(member("kind", word(kind)));
    members
}

fn hunting_node(query: &HuntingQuery) -> Vec<(String, Node)> {
    let mut members = head(&query.content);
    members.push(connectors(&query.content));
    members.extend(body(&query.content));
    members.push(member("version", word(&query.content.version)));
    members
}

fn head(content: &Content) -> Vec<(String, Node)> {
    // Published files quote the text inside of the block, and what packs them takes off the first and the last character;
    // quotes in the text stay as they are.
    let lines = prose::wrap(&format!("'{}'", content.description), WIDTH);
    vec![
        member("id", word(&content.id)),
        member("name", word(&content.name)),
        member("description", Node::Block(format!("{}\n", lines.join("\n")))),
    ]
}

fn connectors(content: &Content) -> (String, Node) {
    let connectors = content.connectors.iter().map(|connector| {
        Node::Map(vec![
            member("connectorId", word(&connector.id)),
            member("dataTypes", Node::texts(connector.tables.iter())),
        ])
    });
    member("requiredDataConnectors", Node::List(connectors.collect()))
}

fn body(content: &Content) -> Vec<(String, Node)> {
    let mut members = vec![
        member("tactics", Node::texts(content.tactics.iter())),
        member("relevantTechniques", Node::texts(content.techniques.iter())),
        member("query", Node::Block(content.query.clone())),
    ];
    let entities = content.entities.iter().map(|entity| {
        let fields = entity.fields.iter().map(|field| {
            Node::Map(vec![
                member("identifier", word(&field.identifier)),
                member("columnName", word(&field.column)),
            ])
        });
        Node::Map(vec![
            member("entityType", word(entity.entity_type)),
            member("fieldMappings", Node::List(fields.collect())),
        ])
    });
    let entities: Vec<Node> = entities.collect();
    if !entities.is_empty() {
        members.push(member("entityMappings", Node::List(entities)));
    }
    members
}

/// As the service spells it.
pub(in crate::targets) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Informational => "Informational",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
    }
}

/// As the service spells it.
pub(in crate::targets) fn grouping(grouping: EventGrouping) -> &'static str {
    match grouping {
        EventGrouping::AlertPerResult => "AlertPerResult",
        EventGrouping::SingleAlert => "SingleAlert",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A template that loses a key, writes a value under another one or breaks the layout makes no file.
    #[test]
    fn a_template_cannot_say_something_else() {
        let node = [member("id", word("no")), member("name", word("a: b"))];
        assert_eq!(
            framed("t", "id:{{ id }}\nname:{{ name }}\n", &node).unwrap(),
            "id: 'no'\nname: 'a: b'\n"
        );
        for template in [
            "id:{{ id }}\n",
            "id:{{ name }}\nname:{{ id }}\n",
            "id:{{ id }}\nname:{{ name }}\nkind: NRT\n",
            "id:{{ id }}\nname: a: b\n",
            "id: 1\nname:{{ name }}\n",
            "id:{{ id }}\nname:{{ nome }}\n",
            "",
        ] {
            assert!(framed("t", template, &node).is_err(), "{template}");
        }
    }
}
