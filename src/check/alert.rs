//! What leaves: shown columns, entities, titles and messages; and what tests expect of them.

use super::{Checker, Entity, Template, TemplatePart, Test};
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::{Expr, Type};
use crate::resolve::{self, path_text};
use crate::syntax::ast::{self, AlertValue};

impl<'a> Checker<'a, '_, '_, '_> {
    /// `show`, in order; a column shown twice counts once.
    pub(super) fn shown(&mut self) -> Vec<(String, Expr)> {
        let rule = self.rule;
        let mut shown: Vec<(String, Expr)> = Vec::new();
        for item in &rule.ast.alert.items {
            let (true, AlertValue::Paths(paths)) = (item.key.name == "show", &item.value) else {
                continue;
            };
            for path in paths {
                let text = path_text(path);
                let Some(value) = self.path(rule.alert, path) else {
                    continue;
                };
                if shown.iter().any(|(known, _)| *known == text) {
                    self.findings.push(Diagnostic::new(
                        Code::DuplicateKey,
                        path.span,
                        format!("`{text}` is shown twice"),
                    ));
                    continue;
                }
                shown.push((text, value));
            }
        }
        shown
    }

    pub(super) fn entities(&mut self) -> Vec<Entity> {
        let rule = self.rule;
        let mut entities = Vec::new();
        for entity in &rule.entities {
            let mut identifiers = Vec::new();
            for (identifier, path) in &entity.identifiers {
                let Some(value) = self.path(rule.alert, path) else {
                    continue;
                };
                if let Type::Set(_) = value.ty {
                    self.findings.push(
                        Diagnostic::new(Code::SetAsScalar, path.span, "an entity takes one value, not a set")
                            .help(format!("group by it, or show it: `show {}`", path_text(path))),
                    );
                    continue;
                }
                identifiers.push((identifier.clone(), path_text(path), value));
            }
            entities.push(Entity {
                kind: entity.kind.name.clone(),
                identifiers,
                span: entity.span,
            });
        }
        entities
    }

    pub(super) fn templates(&mut self) -> Vec<Template> {
        let rule = self.rule;
        let mut templates = Vec::new();
        for template in &rule.templates {
            let mut parts = Vec::new();
            for part in &template.parts {
                match part {
                    resolve::TemplatePart::Literal(text) => parts.push(TemplatePart::Literal(text.clone())),
                    resolve::TemplatePart::Path(path) => {
                        if let Some(value) = self.path(rule.alert, path) {
                            parts.push(TemplatePart::Value(path_text(path), value));
                        }
                    }
                }
            }
            templates.push(Template {
                key: template.key.clone(),
                parts,
                span: template.span,
            });
        }
        templates
    }

    pub(super) fn tests(&mut self) -> Vec<Test<'a>> {
        let rule = self.rule;
        let mut tests = Vec::new();
        for test in &rule.tests {
            let mut expect = Vec::new();
            for expected in &test.ast.expect {
                let mut columns = Vec::new();
                for (path, literal) in expected.columns.iter().flat_map(|object| &object.pairs) {
                    if let Some(value) = self.path(rule.alert, path) {
                        self.expected_fits(&value, literal);
                        columns.push((path_text(path), value, literal.clone()));
                    }
                }
                expect.push(columns);
            }
            let replaced = test
                .replaced
                .iter()
                .filter_map(|(index, new)| self.replacement(*index, new));
            tests.push(Test {
                ast: test.ast,
                sources: test.sources.clone(),
                replaced: replaced.collect(),
                expect,
            });
        }
        tests
    }

    /// An expectation that no value can meet is a slip.
    fn expected_fits(&mut self, value: &Expr, literal: &ast::Literal) {
        use ast::LiteralKind as L;
        let fits = matches!(
            (&value.ty, &literal.kind),
            (_, L::Null)
                | (Type::Json, _)
                | (Type::Text | Type::Time, L::Text(_))
                | (Type::Int | Type::Real, L::Int(_) | L::Real(_))
                | (Type::Bool, L::Bool(_))
                | (Type::Set(_), L::List(_))
        );
        if !fits {
            let what = value.ty.name();
            let help = match value.ty {
                Type::Set(_) => "write a list: `[\"a\", \"b\"]`",
                Type::Text => "write a text in quotes",
                Type::Time => "write a time as a text: `\"2025-08-15T10:00:00Z\"`",
                _ => "write a value of that type",
            };
            self.findings.push(
                Diagnostic::new(
                    Code::BadExpectation,
                    literal.span,
                    format!("this column is {what}, so it never equals this"),
                )
                .help(help),
            );
        }
    }
}
