//! The page: documents in the key order of SigmaHQ, base rules first.

use super::correlation::{Correlation, Document, PartName, Selection};
use super::metadata::{Metadata, part_title};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::Plan;
use crate::targets::yaml::{self, Node, Style};
use minijinja::Value;
use uuid::Uuid;

const RULE: &str = include_str!("../../../targets/sigma/rule.yml.j2");
const CORRELATION: &str = include_str!("../../../targets/sigma/correlation.yml.j2");
const STYLE: Style = Style { indent: 4 };
/// The keys of both templates.
const KEYS: &[&str] = &[
    "title",
    "id",
    "name",
    "status",
    "description",
    "references",
    "author",
    "date",
    "modified",
    "tags",
    "logsource",
    "detection",
    "correlation",
    "falsepositives",
    "level",
];

/// The text of the documents.
///
/// # Errors
/// What is wrong with a template, or with the text that came out.
pub(super) fn text(documents: &[Document], metadata: &Metadata) -> Result<String, String> {
    let alone = documents.len() == 1;
    let mut texts = Vec::new();
    let mut nodes = Vec::new();
    for document in documents {
        let (name, template, members) = match document {
            Document::Rule(rule) if alone => ("rule.yml.j2", RULE, with_metadata(metadata, rule_members(rule))),
            Document::Rule(rule) => ("rule.yml.j2", RULE, with_name(metadata, &rule.name, rule_members(rule))),
            Document::Part(name, correlation) => (
                "correlation.yml.j2",
                CORRELATION,
                with_name(metadata, name, correlation_members(correlation)),
            ),
            Document::Outer(correlation) => (
                "correlation.yml.j2",
                CORRELATION,
                with_metadata(metadata, correlation_members(correlation)),
            ),
        };
        texts.push(format!("{}\n", yaml::frame(name, template, values(&members))?));
        nodes.push(Node::Map(members));
    }
    let text = texts.join("---\n");
    yaml::read_back(&text, &nodes)?;
    Ok(text)
}

/// A text that does not say what it was made of.
pub(super) fn broken(plan: &Plan, error: &str) -> Diagnostic {
    Diagnostic::new(
        Code::BrokenText,
        plan.rule.span,
        format!("the file of target `sigma` does not read back: {error}"),
    )
    .label("nothing is written for this rule")
    .help("report this rule, and leave `sigma` out until it is mended")
}

fn rule_members(rule: &Selection) -> Vec<(String, Node)> {
    let logsource = rule
        .logsource
        .iter()
        .map(|(key, value)| (key.clone(), Node::Text(value.clone())));
    vec![
        ("logsource".to_owned(), Node::Map(logsource.collect())),
        ("detection".to_owned(), Node::Map(rule.detection.clone())),
    ]
}

fn correlation_members(correlation: &Correlation) -> Vec<(String, Node)> {
    vec![("correlation".to_owned(), correlation.node())]
}

/// What alerts says everything about itself.
fn with_metadata(metadata: &Metadata, body: Vec<(String, Node)>) -> Vec<(String, Node)> {
    let text = |text: &str| Some(Node::Text(text.to_owned()));
    let date = |date: &Option<String>| date.clone().map(Node::Date);
    let texts = |texts: &[String]| (!texts.is_empty()).then(|| Node::texts(texts.iter().cloned()));
    let before = [
        ("title", text(&metadata.title)),
        ("id", text(&metadata.id.to_string())),
        ("status", text(&metadata.status)),
        ("description", text(&metadata.description)),
        ("references", texts(&metadata.references)),
        ("author", metadata.author.clone().map(Node::Text)),
        ("date", date(&metadata.date)),
        ("modified", date(&metadata.modified)),
        ("tags", texts(&metadata.tags)),
    ];
    let after = [
        ("falsepositives", texts(&metadata.false_positives)),
        ("level", text(metadata.level)),
    ];
    around(before, body, after)
}

/// What a correlation uses says no more of itself than what it is: the specification wants the rest on the outermost alone.
fn with_name(metadata: &Metadata, name: &PartName, body: Vec<(String, Node)>) -> Vec<(String, Node)> {
    let text = |text: String| Some(Node::Text(text));
    let id = Uuid::new_v5(&metadata.id, name.reference.as_bytes());
    let before = [
        ("title", text(part_title(&metadata.title, &name.own))),
        ("id", text(id.to_string())),
        ("name", text(name.reference.clone())),
        (
            "description",
            text(format!("Detects the part {} of the correlation in this file", name.own)),
        ),
    ];
    around(before, body, [("level", text("informational".to_owned()))])
}

fn around<const N: usize, const M: usize>(
    before: [(&str, Option<Node>); N],
    body: Vec<(String, Node)>,
    after: [(&str, Option<Node>); M],
) -> Vec<(String, Node)> {
    let present = |(key, node): (&str, Option<Node>)| Some((key.to_owned(), node?));
    let mut members: Vec<(String, Node)> = before.into_iter().filter_map(present).collect();
    members.extend(body);
    members.extend(after.into_iter().filter_map(present));
    members
}

/// What a template is given: the printed value of each key, none where the document has no such key.
fn values(members: &[(String, Node)]) -> Value {
    let printed = |key: &str| {
        let node = members.iter().find(|(known, _)| known == key).map(|(_, node)| node);
        node.map(|node| STYLE.member(node, 0))
    };
    Value::from_pairs(KEYS.iter().map(|key| (*key, printed(key))))
}
