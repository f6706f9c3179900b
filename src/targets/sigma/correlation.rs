//! Correlations as documents have them.

use super::context::Context;
use crate::plan::RelationId;
use crate::targets::yaml::Node;
use crate::value::Span;

/// A document of a rule, in the order of the file.
pub(super) enum Document {
    /// A rule that a correlation counts or joins, or the whole rule where there is no correlation.
    Rule(Selection),
    /// A correlation that another one joins.
    Part(PartName, Correlation),
    /// The correlation that alerts.
    Outer(Correlation),
}

/// A detection with its log.
pub(super) struct Selection {
    pub(super) name: PartName,
    /// Sigma's logsource, in the order of the source.
    pub(super) logsource: Vec<(String, String)>,
    /// Sections and condition.
    pub(super) detection: Vec<(String, Node)>,
}

/// What a document is called inside of its file.
#[derive(Clone, Debug)]
pub(super) struct PartName {
    /// Unique among all rules: `login_burst_failure`.
    pub(super) reference: String,
    /// The rule's own name for it: `failure`.
    pub(super) own: String,
}

/// What stands below `correlation`.
pub(super) struct Correlation {
    /// `event_count`
    pub(super) kind: &'static str,
    /// Names of rules, in order.
    pub(super) rules: Vec<String>,
    /// What a name of `group-by` is in each rule.
    pub(super) aliases: Vec<(String, Vec<(String, String)>)>,
    pub(super) group_by: Vec<String>,
    pub(super) timespan: String,
    /// `field`, then the comparison; empty for none.
    pub(super) condition: Vec<(String, Node)>,
}

impl Correlation {
    pub(super) fn node(&self) -> Node {
        let texts = |texts: &[String]| Node::texts(texts.iter().cloned());
        let mut members = vec![
            ("type".to_owned(), Node::Text(self.kind.to_owned())),
            ("rules".to_owned(), texts(&self.rules)),
        ];
        if !self.aliases.is_empty() {
            let aliases = self.aliases.iter().map(|(alias, fields)| {
                let fields = fields
                    .iter()
                    .map(|(rule, field)| (rule.clone(), Node::Text(field.clone())));
                (alias.clone(), Node::Map(fields.collect()))
            });
            members.push(("aliases".to_owned(), Node::Map(aliases.collect())));
        }
        members.push(("group-by".to_owned(), texts(&self.group_by)));
        members.push(("timespan".to_owned(), Node::Text(self.timespan.clone())));
        if !self.condition.is_empty() {
            members.push(("condition".to_owned(), Node::Map(self.condition.clone())));
        }
        Node::Map(members)
    }
}

impl<'a> Context<'a> {
    pub(super) fn part_name(&self, id: RelationId) -> PartName {
        let own = self.name(id);
        PartName {
            reference: format!("{}_{own}", self.plan.rule.name).to_ascii_lowercase(),
            own: own.to_owned(),
        }
    }

    /// A selection of events with its log.
    pub(super) fn selection(&self, id: RelationId, detection: Vec<(String, Node)>) -> Option<Selection> {
        Some(Selection {
            name: self.part_name(id),
            logsource: self.source(id)?.logsource.clone(),
            detection,
        })
    }
}

/// A length of time as Sigma writes it: one number and one unit. None for parts of a second.
pub(super) fn timespan(span: Span) -> Option<String> {
    let units = [
        (Span::days(1), 'd'),
        (Span::hours(1), 'h'),
        (Span::minutes(1), 'm'),
        (Span::seconds(1), 's'),
    ];
    let (unit, letter) = units.into_iter().find(|(unit, _)| span.0 % unit.0 == 0)?;
    Some(format!("{}{letter}", span.0 / unit.0))
}
