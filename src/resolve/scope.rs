//! What a word means in a relation: the one place where names are looked up.

use super::matches::baseline_in_match;
use super::relations::Resolver;
use super::{Binding, Kind, MOST_WORDS, Reference, Step};
use crate::diagnostics::{Code, Diagnostic, Span, nearest};
use crate::plan::{Origin, RelationId, Slot};
use crate::source::SourceId;
use crate::syntax::ast::{self, Segment};

/// A path as it is written in its plainest form.
pub(crate) fn path_text(path: &ast::Path) -> String {
    segments_text(&path.segments)
}

pub(super) fn segments_text(segments: &[Segment]) -> String {
    let mut text = String::new();
    for segment in segments {
        match segment {
            Segment::Name(name) if text.is_empty() => text.push_str(name),
            Segment::Name(name) => {
                text.push('.');
                text.push_str(name);
            }
            Segment::Key(key) => text.push_str(&format!("[{}]", serde_json::Value::from(key.as_str()))),
            Segment::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

/// The leading words of a path (up to the first index or key).
pub(super) fn words(segments: &[Segment]) -> Vec<&str> {
    segments
        .iter()
        .map_while(|s| match s {
            Segment::Name(name) => Some(name.as_str()),
            _ => None,
        })
        .collect()
}

impl Resolver<'_, '_> {
    /// What a path means in a relation; a finding where it means nothing.
    pub(super) fn lookup(&mut self, id: RelationId, path: &ast::Path) -> Option<Binding> {
        let kind = self.relations.get(id).map(|r| r.kind.clone())?;
        let found = match kind {
            Kind::Events(source) => self.in_events(id, source, path),
            Kind::Group { .. } => self.in_group(id, path),
            Kind::Baseline { .. } => self.in_baseline(id, path),
            Kind::Match { parts, .. } => self.in_match(id, &parts, path),
        };
        match found {
            Ok(binding) => Some(binding),
            Err(finding) => {
                let finding = match self.no_list(path, &finding) {
                    Some(better) => better,
                    None => *finding,
                };
                self.findings.push(finding);
                None
            }
        }
    }

    /// A column of the relation by its name, taking as many words of the path as it has.
    fn column(&self, id: RelationId, path: &ast::Path) -> Option<Binding> {
        let relation = self.relations.get(id)?;
        let group = matches!(relation.kind, Kind::Group { .. } | Kind::Baseline { .. });
        let leading = words(&path.segments);
        if let Some(slot) = Self::clock(&leading, group).filter(|_| leading.len() == path.segments.len()) {
            return Some(column(slot, &[], path.span));
        }
        // Keys can be dotted; the longest name wins.
        (1..=leading.len().min(MOST_WORDS)).rev().find_map(|n| {
            let name = leading.get(..n)?.join(".");
            let slot = relation.columns.iter().position(|c| {
                c.name == name
                    && !matches!(
                        c.origin,
                        Origin::Clock
                            | Origin::Field(_)
                            | Origin::Part(_)
                            | Origin::Baseline(..)
                            | Origin::BaselinePresent(_)
                    )
            })?;
            Some(column(slot, path.segments.get(n..).unwrap_or(&[]), path.span))
        })
    }

    fn constant(&self, path: &ast::Path) -> Option<Binding> {
        let [Segment::Name(name)] = path.segments.as_slice() else {
            return None;
        };
        self.constants
            .iter()
            .position(|c| c.name().name == *name)
            .map(Binding::Constant)
    }

    fn in_events(&mut self, id: RelationId, source: SourceId, path: &ast::Path) -> Result<Binding, Box<Diagnostic>> {
        let name = self
            .relations
            .get(id)
            .map(|r| r.ast.name.name.clone())
            .unwrap_or_default();
        if let Some(found) = self.column(id, path) {
            return Ok(found);
        }
        let field = self.field(id, source, path);
        let constant = self.constant(path);
        if let (Some(_), Some(Binding::Constant(index))) = (&field, &constant)
            && let Some(constant) = self.constants.get(*index)
        {
            let text = path_text(path);
            return Err(Box::new(
                Diagnostic::new(
                    Code::NameTaken,
                    constant.name().span,
                    format!("`{text}` hides a field of `{}`", self.world.catalog.get(source).name),
                )
                .also(path.span, "which one is meant here?")
                .help(format!("rename it, such as `{text}_list`")),
            ));
        }
        if let Some(found) = field.or(constant) {
            return Ok(found);
        }
        // `e.field`, also for fields whose first word is reserved.
        if let [Segment::Name(first), rest @ ..] = path.segments.as_slice()
            && *first == name
            && matches!(rest.first(), Some(Segment::Name(_)))
        {
            return self.in_events(
                id,
                source,
                &ast::Path {
                    segments: rest.to_vec(),
                    span: path.span,
                },
            );
        }
        Err(Box::new(self.unknown_field(id, source, path)))
    }

    /// A field of the source, or one of its computed fields.
    fn field(&mut self, id: RelationId, source: SourceId, path: &ast::Path) -> Option<Binding> {
        let table = self.world.catalog.get(source);
        let leading = words(&path.segments);
        for n in (1..=leading.len().min(MOST_WORDS)).rev() {
            let name = leading.get(..n)?.join(".");
            let rest = path.segments.get(n..).unwrap_or(&[]);
            if let Some(field) = table.field(&name) {
                if field == table.time && rest.is_empty() {
                    return Some(column(crate::plan::TIME, &[], path.span));
                }
                let slot = self.column_of(id, Origin::Field(field), &name, path.span);
                return Some(column(slot, rest, path.span));
            }
            if let Some(index) = table.computed.iter().position(|c| c.name == name) {
                return self.computed(id, source, index, rest, path.span);
            }
        }
        None
    }

    /// A computed field: conditions are written out where they stand, others are extended once before their first use.
    fn computed(
        &mut self,
        id: RelationId,
        source: SourceId,
        index: usize,
        rest: &[Segment],
        span: Span,
    ) -> Option<Binding> {
        let world = self.world;
        let expr = world.computed(source, index)?;
        // Only through the name that a rule gives its set can a field still come back to itself.
        if self.computing.contains(&index) {
            return None;
        }
        self.computing.push(index);
        self.bind(id, expr);
        self.computing.pop();
        if is_condition(expr) {
            return Some(Binding::Condition(index));
        }
        let name = world.catalog.get(source).computed.get(index)?.name.clone();
        let relation = self.relations.get_mut(id)?;
        let present = relation.steps.iter().find_map(|step| match step {
            Step::Computed(i, slot) if *i == index => Some(*slot),
            _ => None,
        });
        let slot = match present {
            Some(slot) => slot,
            None => {
                relation.columns.push(super::Column {
                    name,
                    origin: Origin::Extend,
                    span,
                    used: true,
                });
                let slot = relation.columns.len() - 1;
                relation.steps.push(Step::Computed(index, slot));
                slot
            }
        };
        Some(column(slot, rest, span))
    }

    /// The slot of a column by what fills it; made on first use.
    fn column_of(&mut self, id: RelationId, origin: Origin, name: &str, span: Span) -> Slot {
        let known = self
            .relations
            .get(id)
            .and_then(|r| r.columns.iter().position(|c| c.origin == origin));
        known.unwrap_or_else(|| self.add_column(id, name.to_owned(), origin, span))
    }

    fn in_group(&mut self, id: RelationId, path: &ast::Path) -> Result<Binding, Box<Diagnostic>> {
        if let Some(found) = self.column(id, path) {
            return Ok(found);
        }
        // `past.ok`, `past is missing`
        if let Some(Segment::Name(first)) = path.segments.first()
            && let Some(baseline) = self.relation_named(first)
            && let Some(Kind::Baseline { group, .. }) = self.relations.get(baseline).map(|r| &r.kind)
            && *group == id
        {
            if path.segments.len() == 1 {
                let slot = self.column_of(id, Origin::BaselinePresent(baseline), first, path.span);
                return Ok(Binding::BaselineRow(slot));
            }
            return match self.in_baseline(baseline, path)? {
                Binding::Column(Reference { slot, rest, .. }) => {
                    self.mark_used(baseline, slot);
                    let name = self
                        .relations
                        .get(baseline)
                        .and_then(|r| r.columns.get(slot))
                        .map(|c| c.name.clone());
                    let name = format!("{first}.{}", name.unwrap_or_default());
                    let slot = self.column_of(id, Origin::Baseline(baseline, slot), &name, path.span);
                    Ok(column(slot, &rest, path.span))
                }
                other => Ok(other),
            };
        }
        if let Some(found) = self.constant(path) {
            return Ok(found);
        }
        // The group's own name before a column.
        let name = self
            .relations
            .get(id)
            .map(|r| r.ast.name.name.clone())
            .unwrap_or_default();
        if let [Segment::Name(first), rest @ ..] = path.segments.as_slice()
            && *first == name
            && matches!(rest.first(), Some(Segment::Name(_)))
        {
            return self.in_group(
                id,
                &ast::Path {
                    segments: rest.to_vec(),
                    span: path.span,
                },
            );
        }
        let text = path_text(path);
        let mut finding = Diagnostic::new(
            Code::UnknownField,
            path.span,
            format!("group `{name}` has no column `{text}`"),
        );
        let columns: Vec<&str> = self
            .relations
            .get(id)
            .map(|r| r.columns.iter().map(|c| c.name.as_str()).collect())
            .unwrap_or_default();
        let inputs = match self.relations.get(id).map(|r| &r.kind) {
            Some(Kind::Group { inputs, .. }) => inputs.clone(),
            _ => Vec::new(),
        };
        let is_field = inputs
            .iter()
            .any(|input| match self.relations.get(*input).map(|r| &r.kind) {
                Some(Kind::Events(source)) => {
                    let table = self.world.catalog.get(*source);
                    (1..=words(&path.segments).len().min(MOST_WORDS)).any(|n| {
                        let name = words(&path.segments).get(..n).unwrap_or(&[]).join(".");
                        table.field(&name).is_some() || table.computed.iter().any(|c| c.name == name)
                    })
                }
                _ => false,
            });
        let constants = self.constants.iter().map(|c| c.name().name.as_str());
        finding = if is_field {
            let last = words(&path.segments).last().copied().unwrap_or("values");
            let many = if last.ends_with('s') { "es" } else { "s" };
            finding
                .note("after grouping only the keys and the columns of the group are left")
                .help(format!(
                    "add a column to the group, such as `{last}{many} = set {text}`, or group by it"
                ))
        } else if let Some(meant) = nearest(&text, columns.iter().copied().chain(constants)) {
            finding.help(format!("did you mean `{meant}`?"))
        } else {
            finding.help(format!("its columns are {}", columns.join(", ")))
        };
        Err(Box::new(finding))
    }

    fn in_baseline(&mut self, id: RelationId, path: &ast::Path) -> Result<Binding, Box<Diagnostic>> {
        let name = self
            .relations
            .get(id)
            .map(|r| r.ast.name.name.clone())
            .unwrap_or_default();
        let prefixed = match path.segments.as_slice() {
            [Segment::Name(first), rest @ ..] if *first == name && !rest.is_empty() => Some(ast::Path {
                segments: rest.to_vec(),
                span: path.span,
            }),
            _ => None,
        };
        if let Some(rest) = &prefixed
            && matches!(words(&rest.segments).first(), Some(&"time" | &"window"))
        {
            return Err(Box::new(
                Diagnostic::new(Code::UnknownField, path.span, "a baseline has no time of its own")
                    .note("it covers the history before each window")
                    .help(format!(
                        "for its earliest and latest event write `{name}.first` and `{name}.last`"
                    )),
            ));
        }
        if let Some(found) = prefixed.as_ref().and_then(|rest| self.column(id, rest)) {
            return Ok(found);
        }
        if prefixed.is_none()
            && let Some(found) = self.constant(path)
        {
            return Ok(found);
        }
        let text = path_text(path);
        let columns: Vec<&str> = self
            .relations
            .get(id)
            .map(|r| r.columns.iter().map(|c| c.name.as_str()).collect())
            .unwrap_or_default();
        let mut finding = Diagnostic::new(
            Code::UnknownField,
            path.span,
            format!("baseline `{name}` has no column `{text}`"),
        );
        finding = if columns.contains(&text.as_str()) {
            finding.help(format!("write `{name}.{text}`"))
        } else {
            finding.help(format!(
                "its columns are {}",
                columns
                    .iter()
                    .map(|c| format!("{name}.{c}"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ))
        };
        Err(Box::new(finding))
    }

    fn in_match(&mut self, id: RelationId, parts: &[RelationId], path: &ast::Path) -> Result<Binding, Box<Diagnostic>> {
        if let Some(found) = self.column(id, path) {
            return Ok(found);
        }
        let part = match path.segments.first() {
            Some(Segment::Name(first)) => parts
                .iter()
                .position(|part| self.relations.get(*part).is_some_and(|r| r.ast.name.name == *first)),
            _ => None,
        };
        if let Some(part) = part
            && path.segments.len() > 1
        {
            return self.taken_from(id, parts, part, path);
        }
        if let Some(found) = self.constant(path) {
            return Ok(found);
        }
        let text = path_text(path);
        let names: Vec<&str> = parts
            .iter()
            .filter_map(|p| self.relations.get(*p))
            .map(|r| r.ast.name.name.as_str())
            .collect();
        let name = self
            .relations
            .get(id)
            .map(|r| r.ast.name.name.clone())
            .unwrap_or_default();
        Err(Box::new(
            Diagnostic::new(
                Code::AmbiguousField,
                path.span,
                format!("`{text}` is no key of match `{name}`"),
            )
            .label("which part's?")
            .note(format!("the parts are {}", names.join(", ")))
            .help(format!("write `{}.{text}`", names.first().unwrap_or(&""))),
        ))
    }

    /// `upload.owner`: a column that the match takes from a part; a join key where it is one.
    fn taken_from(
        &mut self,
        id: RelationId,
        parts: &[RelationId],
        part: usize,
        path: &ast::Path,
    ) -> Result<Binding, Box<Diagnostic>> {
        let link = match self.relations.get(id).map(|r| &r.kind) {
            Some(Kind::Match { link, .. }) => *link,
            _ => ast::Link::Then,
        };
        let relation = parts.get(part).copied().unwrap_or(0);
        if link == ast::Link::Without && part == 1 {
            let name = self
                .relations
                .get(relation)
                .map(|r| r.ast.name.name.clone())
                .unwrap_or_default();
            return Err(Box::new(
                Diagnostic::new(
                    Code::WrongRelation,
                    path.span,
                    format!("`{name}` is what did not happen: it has no columns"),
                )
                .help("name a column of the first part"),
            ));
        }
        let rest = ast::Path {
            segments: path.segments.get(1..).unwrap_or(&[]).to_vec(),
            span: path.span,
        };
        let kind = self.relations.get(relation).map(|r| r.kind.clone());
        let binding = match kind {
            Some(Kind::Events(source)) => self.in_events(relation, source, &rest)?,
            Some(Kind::Group { .. }) => self.in_group(relation, &rest)?,
            _ => {
                return Err(Box::new(Diagnostic::new(
                    Code::WrongRelation,
                    path.span,
                    "this part has no columns",
                )));
            }
        };
        let reference = match binding {
            Binding::Column(reference) => reference,
            Binding::BaselineRow(_) => return Err(Box::new(baseline_in_match(&path_text(path), path.span))),
            Binding::Condition(_) => {
                return Err(Box::new(
                    Diagnostic::new(
                        Code::WrongRelation,
                        path.span,
                        "a condition of the source cannot be asked after a match",
                    )
                    .help("ask it in the selection: `events .. where success`, or name it there: `let ok = success`"),
                ));
            }
            other => return Ok(other),
        };
        let origin = self.relations.get(relation).and_then(|r| r.columns.get(reference.slot));
        if matches!(origin.map(|c| c.origin), Some(Origin::Baseline(..))) {
            return Err(Box::new(baseline_in_match(&path_text(path), path.span)));
        }
        self.mark_used(relation, reference.slot);
        let same = |a: &Reference| a.slot == reference.slot && a.rest == reference.rest;
        if let Some(Kind::Match { keys, taken, .. }) = self.relations.get(id).map(|r| &r.kind) {
            let key = keys
                .iter()
                .find(|k| (k.left.0 == part && same(&k.left.1)) || (k.right.0 == part && same(&k.right.1)));
            if let Some(key) = key {
                return Ok(column(key.slot, &[], path.span));
            }
            if let Some((slot, ..)) = taken.iter().find(|(_, p, r)| *p == part && same(r)) {
                return Ok(column(*slot, &[], path.span));
            }
        }
        let number = match self.relations.get(id).map(|r| &r.kind) {
            Some(Kind::Match { taken, .. }) => taken.len(),
            _ => 0,
        };
        let slot = self.add_column(id, path_text(path), Origin::Part(number), path.span);
        if let Some(Kind::Match { taken, .. }) = self.relations.get_mut(id).map(|r| &mut r.kind) {
            taken.push((slot, part, reference));
        }
        Ok(column(slot, &[], path.span))
    }
}

fn column(slot: Slot, rest: &[Segment], span: Span) -> Binding {
    Binding::Column(Reference {
        slot,
        rest: rest.to_vec(),
        span,
    })
}

/// Whether a computed field is a condition, by its shape.
pub(crate) fn is_condition(expr: &ast::Expr) -> bool {
    use ast::ExprKind;
    match &expr.kind {
        ExprKind::Not(_) | ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Is { .. } => true,
        ExprKind::Binary { op, .. } => op.rank() == 4,
        ExprKind::Call { name, arguments, .. } if name.name == "if" => arguments.get(1).is_some_and(is_condition),
        _ => false,
    }
}
