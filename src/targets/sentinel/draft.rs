//! What a rule's alert becomes, before its query is known: entities, custom details, texts.

use super::entities::{self, Kind};
use crate::diagnostics::Span;
use crate::plan::{Entity, Operator, OutputColumn, Plan, Template, TemplatePart};
use crate::source::Catalog;
use std::collections::{BTreeMap, BTreeSet};

/// An alert in Sentinel's terms.
pub(super) struct Draft<'p> {
    /// Entities that are mapped.
    pub(super) entities: Vec<(&'p Entity, &'static Kind)>,
    /// Entities that Sentinel has no type for.
    pub(super) unknown: Vec<&'p Entity>,
    /// Resources of another cloud, which are details.
    pub(super) resources: Vec<&'p Entity>,
    /// Custom details.
    pub(super) details: Vec<Detail<'p>>,
}

/// A custom detail.
pub(super) struct Detail<'p> {
    /// Its key.
    pub(super) key: String,
    /// An index into the alert's columns.
    pub(super) column: usize,
    /// That column.
    pub(super) output: &'p OutputColumn,
}

impl<'p> Draft<'p> {
    pub(super) fn new(plan: &'p Plan, catalog: &Catalog) -> Draft<'p> {
        let azure = only_azure(plan, catalog);
        let mut draft = Draft {
            entities: Vec::new(),
            unknown: Vec::new(),
            resources: Vec::new(),
            details: Vec::new(),
        };
        for entity in &plan.alert.entities {
            match entities::kind(&entity.kind) {
                Some(kind) if kind.word == "resource" && !azure => draft.resources.push(entity),
                Some(kind) => draft.entities.push((entity, kind)),
                None => draft.unknown.push(entity),
            }
        }
        let columns = |entity: &Entity| entity.identifiers.iter().map(|(_, column)| *column).collect::<Vec<_>>();
        let mapped: BTreeSet<usize> = draft.entities.iter().flat_map(|(entity, _)| columns(entity)).collect();
        let wanted: BTreeSet<usize> = draft.resources.iter().flat_map(|entity| columns(entity)).collect();
        let outputs = plan.alert.columns.iter().enumerate();
        let chosen: Vec<(usize, &OutputColumn)> = outputs
            .filter(|(index, output)| (output.shown && !mapped.contains(index)) || wanted.contains(index))
            .collect();
        let mut words: BTreeMap<String, usize> = BTreeMap::new();
        for (_, output) in &chosen {
            *words.entry(last_word(&output.path).to_ascii_lowercase()).or_default() += 1;
        }
        for (column, output) in chosen {
            let word = last_word(&output.path);
            let alone = words.get(&word.to_ascii_lowercase()).is_some_and(|count| *count == 1);
            let key = if alone { word } else { output.name.clone() };
            draft.details.push(Detail { key, column, output });
        }
        draft
    }

    /// Details whose key differs from that of an earlier one in case at most.
    pub(super) fn twins(&self) -> Vec<&Detail<'p>> {
        let mut seen = BTreeSet::new();
        let details = self.details.iter();
        details
            .filter(|detail| !seen.insert(detail.key.to_ascii_lowercase()))
            .collect()
    }
}

/// Whether every event of a rule comes from Azure.
fn only_azure(plan: &Plan, catalog: &Catalog) -> bool {
    plan.relations.iter().all(|relation| match relation.operator {
        Operator::Scan { source } => catalog.get(source).name.starts_with("azure."),
        Operator::Aggregate { .. } | Operator::History { .. } | Operator::Join { .. } | Operator::AntiJoin { .. } => {
            true
        }
    })
}

/// The last word of a path, as a name: `owner` of `upload.owner`, `ARN` of `resources[0].ARN`. An index is no word of its
/// own: `resources_0` of `resources[0]`.
fn last_word(path: &str) -> String {
    let mut start = 0;
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in path.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => {
                if !quoted {
                    start = at + 1;
                }
                quoted = !quoted;
            }
            '.' if !quoted => start = at + 1,
            _ => {}
        }
    }
    let mut name = String::new();
    for c in path.get(start..).unwrap_or_default().chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('_') && c != ']' && c != '"' {
            name.push('_');
        }
    }
    name
}

/// A title or message as Sentinel fills it.
pub(super) struct Format {
    /// `{{Column}}` where a value goes.
    pub(super) text: String,
    /// How many values go into it.
    pub(super) placeholders: usize,
    /// Whether its own braces would be read as a placeholder's.
    pub(super) braces: bool,
    /// Where it stands in the rule.
    pub(super) span: Span,
}

/// Writes a template with the names of the result's columns.
pub(super) fn format(template: &Template, name: impl Fn(usize) -> String) -> Format {
    let mut text = String::new();
    let mut placeholders = 0;
    let mut braces = false;
    let mut after_value = false;
    for part in &template.parts {
        match part {
            TemplatePart::Literal(literal) => {
                braces |= literal.contains("{{") || literal.contains("}}") || (after_value && literal.starts_with('}'));
                text.push_str(literal);
                after_value = false;
            }
            TemplatePart::Column(index) => {
                braces |= text.ends_with('{');
                text.push_str(&format!("{{{{{}}}}}", name(*index)));
                placeholders += 1;
                after_value = true;
            }
        }
    }
    Format {
        text,
        placeholders,
        braces,
        span: template.span,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words() {
        for (path, word) in [
            ("account", "account"),
            ("upload.recipientAccountId", "recipientAccountId"),
            ("resources[0].ARN", "ARN"),
            ("resources[0]", "resources_0"),
            ("a.items[0][1]", "items_0_1"),
            (r#"requestParameters["x y"]"#, "x_y"),
            (r#"requestParameters["x.\"y"]"#, "x_y"),
            (r#"requestParameters["x"].y"#, "y"),
            (r#"requestParameters["x"][0]"#, "x_0"),
            (r#"requestParameters["\u00e9"]"#, "u00e9"),
            (r#"requestParameters["-"]"#, ""),
        ] {
            assert_eq!(last_word(path), word, "{path}");
        }
    }
}
