//! Keys and columns of groups.

use super::Kind;
use super::relations::Resolver;
use super::scope::path_text;
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::plan::{Origin, RelationId};
use crate::syntax::ast::{self, ColumnKind};

const AGGREGATES: &[&str] = &["count", "distinct", "set", "min", "max", "sum", "avg"];

impl<'a> Resolver<'a, '_> {
    pub(super) fn group_keys(&mut self, id: RelationId, keys: &'a [ast::Key], inputs: &[RelationId]) {
        for (index, key) in keys.iter().enumerate() {
            for input in inputs {
                self.bind_path(*input, &key.path);
            }
            let name = key
                .name
                .as_ref()
                .map_or_else(|| path_text(&key.path), |name| name.name.clone());
            let span = key.name.as_ref().map_or(key.path.span, |name| name.span);
            if let Some(name) = &key.name {
                self.name_is_free(id, name);
            }
            let slot = self.add_column(id, name, Origin::Key(index), span);
            self.mark_used(id, slot);
            if let Some(Kind::Group { keys, .. }) = self.relations.get_mut(id).map(|r| &mut r.kind) {
                keys.push(slot);
            }
        }
    }

    pub(super) fn group_columns(&mut self, id: RelationId, body: &'a [ast::Column], inputs: &[RelationId]) {
        let (mut aggregates, mut computed) = (0, 0);
        for column in body {
            if AGGREGATES.contains(&column.name.name.as_str()) {
                let finding = Diagnostic::new(
                    Code::NameTaken,
                    column.name.span,
                    format!("`{}` is an aggregate's word", column.name.name),
                )
                .help("give the column another name, such as `n`");
                self.findings.push(finding);
            }
            self.name_is_free(id, &column.name);
            let origin = match &column.kind {
                ColumnKind::Aggregate {
                    function_span,
                    argument,
                    condition,
                    ..
                } => {
                    let input = self.stream(inputs, argument.as_ref(), *function_span);
                    if let Some(path) = argument
                        && !self.names_stream(input, path)
                    {
                        self.bind_path(input, path);
                    }
                    if let Some(condition) = condition {
                        self.bind(input, condition);
                    }
                    aggregates += 1;
                    Origin::Aggregate(aggregates - 1)
                }
                ColumnKind::Computed(expr) => {
                    self.bind(id, expr);
                    computed += 1;
                    Origin::Computed(computed - 1)
                }
            };
            let slot = self.add_column(id, column.name.name.clone(), origin, column.name.span);
            if let Some(Kind::Group { columns, .. }) = self.relations.get_mut(id).map(|r| &mut r.kind) {
                columns.push(slot);
            }
        }
    }

    /// Whether the path is the bare name of the stream (as after `count`).
    pub(super) fn names_stream(&self, input: RelationId, path: &ast::Path) -> bool {
        self.relations
            .get(input)
            .is_some_and(|r| path_text(path) == r.ast.name.name)
    }

    /// The stream an aggregate is over: the one that its argument begins with, or the only one.
    pub(super) fn stream(&mut self, inputs: &[RelationId], argument: Option<&ast::Path>, span: Span) -> RelationId {
        let first = inputs.first().copied().unwrap_or(0);
        let named = argument.and_then(|path| match path.segments.first() {
            Some(ast::Segment::Name(name)) => self.relation_named(name).filter(|id| inputs.contains(id)),
            _ => None,
        });
        match named {
            Some(id) => id,
            None if inputs.len() == 1 => first,
            None => {
                let names: Vec<&str> = inputs
                    .iter()
                    .filter_map(|id| self.relations.get(*id))
                    .map(|r| r.ast.name.name.as_str())
                    .collect();
                let example = argument.map_or_else(
                    || format!("count {}", names.first().unwrap_or(&"")),
                    |path| format!("{}.{}", names.first().unwrap_or(&""), path_text(path)),
                );
                let finding = Diagnostic::new(
                    Code::StreamNeeded,
                    argument.map_or(span, |p| p.span),
                    "this group has several streams",
                )
                .label("which one is meant?")
                .note(format!("the streams are {}", names.join(", ")))
                .help(format!("write `{example}`"));
                self.findings.push(finding);
                first
            }
        }
    }
}
