//! What is said of names that are not there.

use super::relations::Resolver;
use super::scope::{path_text, segments_text, words};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::plan::RelationId;
use crate::source::SourceId;
use crate::syntax::ast::{self, Segment};

impl Resolver<'_, '_> {
    /// What is said of one plain word where a list is meant, unless it is near to something that is there.
    pub(super) fn no_list(&self, path: &ast::Path, finding: &Diagnostic) -> Option<Diagnostic> {
        let ([Segment::Name(name)], true) = (path.segments.as_slice(), self.list_meant == Some(path.span)) else {
            return None;
        };
        if finding.code != Code::UnknownField || !finding.help.is_empty() {
            return None;
        }
        let what = format!("there is no list, value or field `{name}`");
        Some(Diagnostic::new(Code::UnknownConstant, path.span, what).help(format!(
            "write `list {name} = [\"a\"]` above the rule, or `use` the file that has it"
        )))
    }

    /// What is said of a path that is no field of a source and no other name there.
    pub(super) fn unknown_field(&self, id: RelationId, source: SourceId, path: &ast::Path) -> Diagnostic {
        let text = path_text(path);
        let table = self.world.catalog.get(source);
        let finding = Diagnostic::new(
            Code::UnknownField,
            path.span,
            format!("`{}` has no field `{text}`", table.name),
        );
        if matches!(text.as_str(), "null" | "NULL" | "nil" | "None") {
            return finding.help("to ask for a missing value write `x is missing`, for another `x is present`");
        }
        let first = words(&path.segments).first().copied().unwrap_or("");
        if let Some(field) = table.by_column(first) {
            let name = &table.get(field).name;
            let rest = segments_text(path.segments.get(1..).unwrap_or(&[]));
            let written = if rest.is_empty() {
                name.clone()
            } else {
                segments_text(&[Segment::Name(name.clone()), Segment::Name(rest)])
            };
            return finding
                .note(format!(
                    "`{first}` is the column of the table {}; rules name the fields of the log",
                    table.table
                ))
                .help(format!("write `{written}`"));
        }
        let locals = self
            .relations
            .get(id)
            .map(|r| r.columns.iter().map(|c| c.name.as_str()))
            .into_iter()
            .flatten();
        let constants = self.constants.iter().map(|c| c.name().name.as_str());
        let fields = table
            .fields
            .iter()
            .map(|f| f.name.as_str())
            .chain(table.computed.iter().map(|c| c.name.as_str()));
        // One word with a capital may be a text without its quotes.
        let finding = if path.segments.len() == 1 && text.starts_with(|c: char| c.is_ascii_uppercase()) {
            finding.help(format!("a text stands in quotes: `{text:?}`"))
        } else {
            finding
        };
        match nearest(&text, locals.chain(constants).chain(fields)) {
            Some(meant) => finding.help(format!("did you mean `{meant}`?")),
            None => {
                // The last words alone may be a field: `userName` for `userIdentity.userName`.
                let tail = format!(".{text}");
                match table
                    .fields
                    .iter()
                    .find(|f| f.name.to_ascii_lowercase().ends_with(&tail.to_ascii_lowercase()))
                {
                    Some(field) => finding.help(format!("did you mean `{}`?", field.name)),
                    // That no list is there says more: see `no_list`.
                    None if self.list_meant == Some(path.span) => finding,
                    None => finding.help(format!(
                        "the fields are listed in the source table {}",
                        table.path.display()
                    )),
                }
            }
        }
    }
}
