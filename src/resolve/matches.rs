//! Keys of matches.

use super::relations::Resolver;
use super::scope::path_text;
use super::{Binding, JoinKey, Kind, Reference};
use crate::diagnostics::{Code, Diagnostic};
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
                    if let Some(Binding::Column(reference)) = self.lookup(*relation, &key.left) {
                        sides.push((part, reference));
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
                self.rule.alert.head,
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
        match self.lookup(*parts.get(part)?, &rest)? {
            Binding::Column(reference) => Some((part, reference)),
            _ => None,
        }
    }
}
