//! The alert: its steps, what it shows, entities, title and message.

use super::relations::Resolver;
use super::{Entity, Kind, Template, TemplatePart, entities};
use crate::diagnostics::{Code, Diagnostic, Span, nearest};
use crate::plan::RelationId;
use crate::runtime::template::Part;
use crate::syntax::ast::{self, AlertValue};
use std::collections::BTreeMap;

impl<'a> Resolver<'a, '_> {
    /// Reads `title` and `message` and binds their placeholders.
    pub(super) fn templates(&mut self, alert: RelationId) -> Vec<Template> {
        let mut templates = Vec::new();
        for item in &self.rule.alert.items {
            let AlertValue::Text(text) = &item.value else { continue };
            if !matches!(item.key.name.as_str(), "title" | "message") || alert == usize::MAX {
                continue;
            }
            let read = match crate::runtime::template::Template::parse(&text.value) {
                Ok(read) => read,
                Err(error) => {
                    let finding = Diagnostic::new(
                        Code::BadPlaceholder,
                        text.span,
                        format!("this text has a placeholder that cannot be read: {error}"),
                    )
                    .help("a placeholder is `{column}`; a brace itself is doubled: `{{`");
                    self.findings.push(finding);
                    continue;
                }
            };
            let mut parts = Vec::new();
            let mut count = 0;
            for part in read.parts() {
                match part {
                    Part::Literal(literal) => parts.push(TemplatePart::Literal(literal.clone())),
                    Part::Placeholder { path, range } => {
                        count += 1;
                        // Exact places where the text stands in the file as it is; else the whole text.
                        let plain = !text.block && (text.span.end - text.span.start) as usize == text.value.len() + 2;
                        let offset = u32::try_from(range.start).unwrap_or(0) + 1 + text.span.start;
                        match crate::syntax::parse_path(self.file, path, if plain { offset } else { text.span.start }) {
                            Some(mut path) => {
                                if !plain {
                                    // Distinct places for distinct placeholders: bindings are found by place.
                                    let start = text.span.start + count;
                                    path.span = Span {
                                        file: self.file,
                                        start,
                                        end: text.span.end,
                                    };
                                }
                                self.bind_path(alert, &path);
                                parts.push(TemplatePart::Path(path));
                            }
                            None => self.findings.push(
                                Diagnostic::new(
                                    Code::BadPlaceholder,
                                    text.span,
                                    format!("`{{{path}}}` names no column"),
                                )
                                .help("a placeholder is a column or field: `{user}`; compute others with `let`"),
                            ),
                        }
                    }
                }
            }
            templates.push(Template {
                key: item.key.name.clone(),
                parts,
                span: text.span,
            });
        }
        templates
    }

    pub(super) fn alert(&mut self) -> RelationId {
        let alert = &self.rule.alert;
        let fits = |k: &Kind| !matches!(k, Kind::Baseline { .. });
        let Some(id) = self.input(&alert.input, "a selection, a group or a match", fits) else {
            return usize::MAX;
        };
        self.steps(id, &alert.steps);
        id
    }

    pub(super) fn items(&mut self, alert: RelationId) -> Vec<Entity<'a>> {
        let mut entities = Vec::new();
        if alert == usize::MAX {
            return entities;
        }
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for item in &self.rule.alert.items {
            let key = item.key.name.as_str();
            match (key, &item.value) {
                ("title" | "message", AlertValue::Text(_)) => {
                    if let Some(first) = seen.insert(key, item.key.span) {
                        self.findings.push(
                            Diagnostic::new(Code::DuplicateKey, item.key.span, format!("`{key}` stands twice"))
                                .also(first, "the first one"),
                        );
                    }
                }
                ("show", AlertValue::Paths(paths)) => paths.iter().for_each(|path| self.bind_path(alert, path)),
                ("title" | "message" | "show", _) => {
                    let example = if key == "show" {
                        "show user, n"
                    } else {
                        "message \"{user} did it\""
                    };
                    self.findings.push(
                        Diagnostic::new(Code::BadValue, item.span, format!("`{key}` takes something else"))
                            .help(format!("write `{example}`")),
                    );
                }
                _ => entities.extend(self.entity(alert, item)),
            }
        }
        entities
    }

    pub(super) fn entity(&mut self, alert: RelationId, item: &'a ast::AlertItem) -> Option<Entity<'a>> {
        let key = item.key.name.as_str();
        let Some((default, identifiers)) = entities::entity(key) else {
            let known = entities::ENTITIES
                .iter()
                .map(|(word, ..)| *word)
                .chain(["title", "message", "show"]);
            let mut finding = Diagnostic::new(
                Code::UnknownKey,
                item.key.span,
                format!("`{key}` is no word of an alert"),
            );
            finding = match nearest(key, known.clone()) {
                Some(meant) => finding.help(format!("did you mean `{meant}`?")),
                None => finding.help(format!("known are {}", known.collect::<Vec<_>>().join(", "))),
            };
            self.findings.push(finding);
            return None;
        };
        let mut found: Vec<(String, &'a ast::Path)> = Vec::new();
        match &item.value {
            AlertValue::Paths(paths) => {
                if let [path] = paths.as_slice() {
                    found.push((default.to_owned(), path));
                } else {
                    self.findings.push(
                        Diagnostic::new(Code::BadValue, item.span, format!("`{key}` takes one column"))
                            .help(format!("repeat the word for a second one: `{key} a` and `{key} b`")),
                    );
                }
            }
            AlertValue::Identifiers(pairs) => {
                for (word, path) in pairs {
                    match identifiers.iter().find(|known| known.eq_ignore_ascii_case(&word.name)) {
                        Some(known) if found.iter().any(|(k, _)| k == known) => self.findings.push(Diagnostic::new(
                            Code::DuplicateKey,
                            word.span,
                            format!("`{}` stands twice", word.name),
                        )),
                        Some(known) => found.push(((*known).to_owned(), path)),
                        None => self.findings.push(
                            Diagnostic::new(
                                Code::UnknownIdentifier,
                                word.span,
                                format!("`{}` does not identify `{key}`", word.name),
                            )
                            .help(format!("known are {}", entities::spelled(identifiers))),
                        ),
                    }
                }
            }
            AlertValue::Text(text) => self.findings.push(
                Diagnostic::new(Code::BadValue, text.span, format!("`{key}` takes a column, not a text"))
                    .help(format!("write `{key} userName`")),
            ),
        }
        found.iter().for_each(|(_, path)| self.bind_path(alert, path));
        Some(Entity {
            kind: &item.key,
            identifiers: found,
            span: item.span,
        })
    }
}
