//! Keys of matches.

use super::relations::Resolver;
use super::scope::path_text;
use super::{Binding, JoinKey, Kind, Reference};
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::plan::{Origin, RelationId};
use crate::syntax::ast::{self};

impl<'a> Resolver<'a, '_> {
    pub(super) fn join_keys(&mut self, id: RelationId, keys: &'a [ast::JoinKey], parts: &[RelationId]) {
        for (index, key) in keys.iter().enumerate() {
            let mut sides: Vec<(usize, Reference)> = Vec::new();
            let span = key
                .right
                .as_ref()
                .map_or(key.left.span, |right| key.left.span.to(right.span));
            if let Some(right) = &key.right {
                for path in [&key.left, right] {
                    sides.extend(self.part_reference(parts, path));
                }
                if sides.len() < 2 {
                    continue;
                }
                sides.sort_by_key(|(part, _)| *part);
                if let [(a, _), (b, _)] = sides.as_slice()
                    && a == b
                {
                    let finding = Diagnostic::new(Code::AmbiguousField, span, "both sides of this key are in one part")
                        .help("write one side for each part: `a.x == b.y`");
                    self.findings.push(finding);
                    continue;
                }
            } else {
                for (part, relation) in parts.iter().enumerate() {
                    if let Some(binding) = self.lookup(*relation, &key.left)
                        && let Some(reference) = self.key_column(*relation, binding, &key.left)
                    {
                        sides.push((part, reference));
                    } else {
                        // One finding is enough.
                        break;
                    }
                }
                if sides.len() != parts.len() {
                    continue;
                }
            }
            for (part, reference) in &sides {
                if let Some(relation) = parts.get(*part) {
                    self.mark_used(*relation, reference.slot);
                }
            }
            let slot = self.add_column(id, path_text(&key.left), Origin::Key(index), span);
            self.mark_used(id, slot);
            let first = sides.remove(0);
            for right in sides {
                if let Some(Kind::Match { keys, .. }) = self.relations.get_mut(id).map(|r| &mut r.kind) {
                    keys.push(JoinKey {
                        slot,
                        left: first.clone(),
                        right,
                        span,
                    });
                }
            }
        }
        let joined = match self.relations.get(id).map(|r| &r.kind) {
            Some(Kind::Match { keys, .. }) => keys.iter().map(|k| k.right.0).collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        let alone = (1..parts.len()).find(|part| !joined.contains(part));
        if let Some(part) = alone
            .and_then(|part| parts.get(part))
            .and_then(|id| self.relations.get(*id))
            && !self
                .findings
                .iter()
                .any(|f| f.severity == crate::diagnostics::Severity::Error)
        {
            let name = &part.ast.name.name;
            let finding = Diagnostic::new(
                Code::BadWindow,
                self.relations.get(id).map_or(self.rule.span, |r| r.ast.head),
                format!("nothing joins part `{name}` to the parts before it"),
            )
            .help(format!("add a key: `on .., a.x == {name}.y`"));
            self.findings.push(finding);
        }
    }

    /// `created.userIdentity.arn`: the part and what is meant in it.
    pub(super) fn part_reference(&mut self, parts: &[RelationId], path: &ast::Path) -> Option<(usize, Reference)> {
        let part = match path.segments.first() {
            Some(ast::Segment::Name(name)) => parts
                .iter()
                .position(|id| self.relations.get(*id).is_some_and(|r| r.ast.name.name == *name)),
            _ => None,
        };
        let Some(part) = part else {
            let names: Vec<&str> = parts
                .iter()
                .filter_map(|id| self.relations.get(*id))
                .map(|r| r.ast.name.name.as_str())
                .collect();
            let finding = Diagnostic::new(
                Code::AmbiguousField,
                path.span,
                format!("`{}` does not say which part is meant", path_text(path)),
            )
            .help(format!("write `{}.{}`", names.first().unwrap_or(&""), path_text(path)))
            .note(format!("the parts are {}", names.join(", ")));
            self.findings.push(finding);
            return None;
        };
        let rest = ast::Path {
            segments: path.segments.get(1..).unwrap_or(&[]).to_vec(),
            span: path.span,
        };
        let relation = *parts.get(part)?;
        let binding = self.lookup(relation, &rest)?;
        Some((part, self.key_column(relation, binding, path)?))
    }

    /// What a key names must be a column of the part; a key is never left out in silence.
    fn key_column(&mut self, relation: RelationId, binding: Binding, path: &ast::Path) -> Option<Reference> {
        let text = path_text(path);
        let finding = match binding {
            Binding::Column(reference) => {
                let origin = self
                    .relations
                    .get(relation)
                    .and_then(|r| r.columns.get(reference.slot))
                    .map(|c| c.origin);
                match origin {
                    Some(Origin::Baseline(..) | Origin::BaselinePresent(_)) => baseline_in_match(&text, path.span),
                    _ => return Some(reference),
                }
            }
            Binding::BaselineRow(_) => baseline_in_match(&text, path.span),
            Binding::Condition(_) => Diagnostic::new(
                Code::WrongRelation,
                path.span,
                format!("`{text}` is a condition, and no key"),
            )
            .help("ask it in the selection: `where success`, or name it there: `let ok = success`"),
            Binding::Constant(_) => Diagnostic::new(
                Code::WrongRelation,
                path.span,
                format!("`{text}` is a list or a value, and no key"),
            )
            .help("name a field that both parts have"),
        };
        self.findings.push(finding);
        None
    }
}

/// A baseline is compared with the windows of its group in the alert on that group, and nowhere else.
pub(super) fn baseline_in_match(text: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::WrongRelation,
        span,
        format!("`{text}` belongs to a baseline, which a match does not see"),
    )
    .note("a baseline is there for the steps of an alert on its group")
    .help("write two rules: one alerts on the group, the other on the match")
}
