//! The one layout of rule files.
//!
//! Everything that the tree does not hold comes from the text: how numbers, strings and times are spelled, comments,
//! and which constants and lines of metadata have an empty line between them. Other line breaks of the text do not
//! matter; where lines end follows from the length of what is written:
//!
//! - two blanks for each level; one empty line between rules, relations and tests;
//! - what fits in 100 columns stands on one line; conditions of four and more parts only where they fit in 80, and the
//!   events of a test, which are read one under the other, up to 120;
//! - a condition that does not fit has its `and`s and `or`s on lines of their own, one step deeper;
//! - a list that does not fit fills lines up to 80 columns where its elements are short, an event's fields lines up to
//!   100; otherwise each element has its own line; all end with a comma then;
//! - words of metadata (up to an empty line or a text block) and of alerts, names of columns, names of `let`s one after
//!   the other, and offsets of a test's events are filled up to the widest;
//! - an alert with nothing but one short `where` has it on its first line.
//!
//! Comments are kept. One on a line of its own stays above what follows it, one behind something stays there. Where a
//! line cannot end behind a comment (in the middle of a comparison, say) it goes above the line, element or condition
//! that it stands in.

mod doc;
mod expr;
mod place;
mod rule;

use super::ast::{Expr, File, LiteralKind, Object};
use crate::diagnostics::{FileId, Span};
use doc::{Doc, render, render_flat};
use place::Layout;

/// Trees are as deep as brackets may nest; laying one out takes more stack than a test's or a worker's thread has.
const STACK: usize = 64 << 20;

/// Writes a file in the one layout. `text` is what `file` was read from.
pub fn format(file: &File, text: &str) -> String {
    std::thread::scope(|scope| {
        let writer = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || {
            let mut layout = Layout::new(text, &file.comments);
            let doc = layout.twice(|layout| layout.file(file));
            let lines = render(&doc);
            let lines = lines.trim_start_matches('\n');
            if lines.is_empty() {
                String::new()
            } else {
                format!("{lines}\n")
            }
        });
        match writer.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(formatted)) => formatted,
            // No memory for a thread: as it was is at least a layout.
            _ => text.to_owned(),
        }
    })
}

/// An expression on one line.
pub fn expr_to_string(expr: &Expr) -> String {
    one_line(|layout| layout.expr(expr))
}

/// A literal on one line.
pub fn literal_to_string(literal: &LiteralKind) -> String {
    let nowhere = Span {
        file: FileId(0),
        start: 0,
        end: 0,
    };
    one_line(|layout| layout.literal_kind(literal, nowhere))
}

/// An object of a test on one line.
pub fn object_to_string(object: &Object) -> String {
    one_line(|layout| layout.object(object, doc::WIDE))
}

fn one_line(make: impl FnOnce(&mut Layout<'_>) -> Doc) -> String {
    render_flat(&make(&mut Layout::new("", &[])))
}
