//! The order of computed fields: each uses fields and the computed fields above it, so none can end in itself.

use super::scope::words;
use super::{MOST_WORDS, World};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::SourceId;
use crate::syntax::ast::{self, ExprKind};

/// Computed fields of a source that use themselves or one that stands below them.
pub(super) fn out_of_order(world: &World<'_>, source: SourceId) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let fields = &world.catalog.get(source).computed;
    for (index, field) in fields.iter().enumerate() {
        for (path, used) in uses(world, source, index) {
            let Some(other) = fields.get(used).filter(|_| used >= index) else {
                continue;
            };
            let (name, below) = (&field.name, &other.name);
            let message = if used == index {
                format!("the computed field `{name}` uses itself")
            } else {
                format!("the computed field `{name}` uses `{below}`, which stands below it")
            };
            let finding = Diagnostic::new(Code::UnfitSource, path.span, message);
            findings.push(if used == index {
                finding.help("compute it from fields, and from the computed fields above it")
            } else if reaches(world, source, used, index) {
                finding
                    .note(format!("`{below}` is itself computed from `{name}`"))
                    .help("compute one of the two from fields alone")
            } else {
                finding.help(format!("move `{below}` above `{name}`"))
            });
        }
    }
    findings
}

/// The paths of a computed field that mean a computed field, and which.
fn uses<'w>(world: &'w World<'_>, source: SourceId, index: usize) -> Vec<(&'w ast::Path, usize)> {
    let mut all = Vec::new();
    if let Some(expr) = world.computed(source, index) {
        paths(expr, &mut all);
    }
    let table = world.catalog.get(source);
    let means = |path: &'w ast::Path| {
        let leading = words(&path.segments);
        // The longest name wins, as it does in a rule.
        (1..=leading.len().min(MOST_WORDS)).rev().find_map(|n| {
            let name = leading.get(..n)?.join(".");
            let computed = table.computed.iter().position(|c| c.name == name);
            (table.field(&name).is_some() || computed.is_some()).then_some((path, computed))
        })
    };
    all.into_iter()
        .filter_map(means)
        .filter_map(|(path, computed)| Some((path, computed?)))
        .collect()
}

/// Whether a computed field is computed, by whatever way, from another.
fn reaches(world: &World<'_>, source: SourceId, from: usize, to: usize) -> bool {
    let (mut seen, mut open) = (vec![from], vec![from]);
    while let Some(at) = open.pop() {
        for (_, used) in uses(world, source, at) {
            if used == to {
                return true;
            }
            if !seen.contains(&used) {
                seen.push(used);
                open.push(used);
            }
        }
    }
    false
}

fn paths<'e>(expr: &'e ast::Expr, found: &mut Vec<&'e ast::Path>) {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Regex { .. } => {}
        ExprKind::Path(path) => found.push(path),
        ExprKind::Call { arguments: parts, .. }
        | ExprKind::And(parts)
        | ExprKind::Or(parts)
        | ExprKind::Coalesce(parts) => parts.iter().for_each(|part| paths(part, found)),
        ExprKind::Not(inner) | ExprKind::Is { operand: inner, .. } => paths(inner, found),
        ExprKind::Binary { left, right, .. } => {
            paths(left, found);
            paths(right, found);
        }
    }
}
