//! Relations, steps, alert: every path gets its binding, every relation its columns.

use super::scope::path_text;
use super::{
    Binding, Column, Constant, Entity, JoinKey, Kind, Reference, Relation, Rule, Step, Template, TemplatePart, World,
    metadata,
};
use crate::diagnostics::{Code, Diagnostic, FileId, Span, nearest};
use crate::plan::{FIRST, LAST, Origin, RelationId, Slot, TIME, WINDOW_START};
use crate::runtime::template::Part;
use crate::syntax::ast::{self, AlertValue, ColumnKind, ExprKind, Link, RelationKind, StepKind};
use crate::value;
use std::collections::BTreeMap;

pub(super) struct Resolver<'a, 'f> {
    pub(super) file: FileId,
    pub(super) rule: &'a ast::Rule,
    pub(super) constants: &'f [Constant<'a>],
    pub(super) world: &'a World<'a>,
    pub(super) findings: &'f mut Vec<Diagnostic>,
    pub(super) relations: Vec<Relation<'a>>,
    pub(super) bindings: BTreeMap<(RelationId, Span), Binding>,
}

/// Words that no column may have.
const TAKEN: &[&str] = &["time", "first", "last", "window"];
const AGGREGATES: &[&str] = &["count", "distinct", "set", "min", "max", "sum", "avg"];

impl<'a, 'f> Resolver<'a, 'f> {
    pub(super) fn new(
        file: FileId,
        rule: &'a ast::Rule,
        constants: &'f [Constant<'a>],
        world: &'a World<'a>,
        findings: &'f mut Vec<Diagnostic>,
    ) -> Self {
        Resolver {
            file,
            rule,
            constants,
            world,
            findings,
            relations: Vec::new(),
            bindings: BTreeMap::new(),
        }
    }

    pub(super) fn resolve(mut self) -> Rule<'a> {
        let info = metadata::read(self.rule, self.findings);
        for relation in &self.rule.relations {
            self.relation(relation);
        }
        let alert = self.alert();
        let entities = self.items(alert);
        let templates = self.templates(alert);
        let tests = self.tests(alert);
        self.dead_relations(alert);
        self.unused_lets();
        Rule {
            file: self.file,
            ast: self.rule,
            info,
            constants: self.constants.to_vec(),
            relations: self.relations,
            alert,
            bindings: self.bindings,
            entities,
            templates,
            tests,
        }
    }

    /// Reads `title` and `message` and binds their placeholders.
    fn templates(&mut self, alert: RelationId) -> Vec<Template> {
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
            });
        }
        templates
    }

    pub(super) fn relation_named(&self, name: &str) -> Option<RelationId> {
        self.relations.iter().position(|r| r.ast.name.name == name)
    }

    /// The relation of that name, of a kind that may stand here.
    fn input(&mut self, name: &ast::Ident, wanted: &str, fits: impl Fn(&Kind) -> bool) -> Option<RelationId> {
        let Some(id) = self.relation_named(&name.name) else {
            let mut finding = Diagnostic::new(
                Code::UnknownRelation,
                name.span,
                format!("nothing above is named `{}`", name.name),
            );
            let known: Vec<&str> = self.relations.iter().map(|r| r.ast.name.name.as_str()).collect();
            finding = match nearest(&name.name, known.iter().copied()) {
                Some(meant) => finding.help(format!("did you mean `{meant}`?")),
                None if known.is_empty() => finding.help("define it first: `events e = aws.cloudtrail where ..`"),
                None => finding.help(format!("known here are {}", known.join(", "))),
            };
            self.findings.push(finding);
            return None;
        };
        let relation = self.relations.get(id)?;
        if !fits(&relation.kind) {
            let finding = Diagnostic::new(
                Code::WrongRelation,
                name.span,
                format!("`{}` cannot stand here", name.name),
            )
            .also(relation.ast.head, "defined here")
            .help(format!("{wanted} can"));
            self.findings.push(finding);
            return None;
        }
        Some(id)
    }

    fn relation(&mut self, relation: &'a ast::Relation) {
        if let Some(other) = self
            .relation_named(&relation.name.name)
            .and_then(|id| self.relations.get(id))
        {
            let finding = Diagnostic::new(
                Code::NameTaken,
                relation.name.span,
                format!("`{}` is defined twice", relation.name.name),
            )
            .also(other.ast.name.span, "the first one");
            self.findings.push(finding);
        }
        if TAKEN.contains(&relation.name.name.as_str()) {
            self.taken(&relation.name);
        }
        let id = self.relations.len();
        let clock = |name: &str| Column {
            name: name.to_owned(),
            origin: Origin::Clock,
            span: relation.name.span,
            used: true,
        };
        let mut columns = vec![clock("time"), clock("first"), clock("last")];
        match &relation.kind {
            RelationKind::Events { source } => {
                let name = path_text(source);
                let Some(source_id) = self.world.catalog.find(&name) else {
                    let known: Vec<&str> = self.world.catalog.iter().map(|(_, s)| s.name.as_str()).collect();
                    let mut finding =
                        Diagnostic::new(Code::UnknownSource, source.span, format!("there is no source `{name}`"));
                    finding = match nearest(&name, known.iter().copied()) {
                        Some(meant) => finding.help(format!("did you mean `{meant}`?")),
                        None => finding.help(format!("known are {}", known.join(", "))),
                    };
                    self.findings.push(finding);
                    return;
                };
                self.push(relation, Kind::Events(source_id), columns);
                let world = self.world;
                if let Some(condition) = world.condition(source_id) {
                    self.bind(id, condition);
                    if let Some(relation) = self.relations.get_mut(id) {
                        relation.steps.push(Step::Condition);
                    }
                }
            }
            RelationKind::Group {
                inputs,
                keys,
                per,
                columns: body,
            } => {
                let inputs: Vec<RelationId> = inputs
                    .iter()
                    .filter_map(|name| self.input(name, "a selection (`events`)", |k| matches!(k, Kind::Events(_))))
                    .collect();
                if inputs.is_empty() {
                    return;
                }
                columns.push(clock("window.start"));
                let per = self.length(per);
                self.push(
                    relation,
                    Kind::Group {
                        inputs: inputs.clone(),
                        keys: Vec::new(),
                        per,
                        columns: Vec::new(),
                    },
                    columns,
                );
                self.group_keys(id, keys, &inputs);
                self.group_columns(id, body, &inputs);
            }
            RelationKind::Baseline { group, over } => {
                let Some(group) = self.input(group, "a group", |k| matches!(k, Kind::Group { .. })) else {
                    return;
                };
                let over = self.length(over);
                // The body of the group, in the same slots; its steps are no part of the baseline.
                let body = self.relations.get(group).map(|g| {
                    g.columns.iter().filter(|c| {
                        matches!(
                            c.origin,
                            Origin::Clock | Origin::Key(_) | Origin::Aggregate(_) | Origin::Computed(_)
                        )
                    })
                });
                let columns = body
                    .map(|body| {
                        body.map(|c| Column {
                            used: true,
                            ..c.clone()
                        })
                        .collect()
                    })
                    .unwrap_or_default();
                self.push(relation, Kind::Baseline { group, over }, columns);
            }
            RelationKind::Match {
                parts,
                links,
                keys,
                within,
            } => {
                let parts: Vec<RelationId> = parts
                    .iter()
                    .filter_map(|name| {
                        self.input(name, "a selection or a group", |k| {
                            matches!(k, Kind::Events(_) | Kind::Group { .. })
                        })
                    })
                    .collect();
                let within = self.length(within);
                let link = self.link(links);
                if parts.len() != links.len() + 1 {
                    return;
                }
                for (at, part) in parts.iter().enumerate() {
                    if parts.iter().take(at).any(|p| p == part) {
                        let finding =
                            Diagnostic::new(Code::WrongRelation, relation.head, "a part stands twice in this match")
                                .help("select the rows a second time under another name: `events again = ..`");
                        self.findings.push(finding);
                        return;
                    }
                }
                let kind = Kind::Match {
                    parts: parts.clone(),
                    link,
                    keys: Vec::new(),
                    within,
                    taken: Vec::new(),
                };
                self.push(relation, kind, columns);
                self.join_keys(id, keys, &parts);
            }
        }
        self.steps(id, &relation.steps);
        if let Some(resolved) = self.relations.get_mut(id) {
            resolved.own_steps = resolved.steps.len();
        }
    }

    fn push(&mut self, ast: &'a ast::Relation, kind: Kind, columns: Vec<Column>) {
        self.relations.push(Relation {
            ast,
            kind,
            columns,
            steps: Vec::new(),
            own_steps: 0,
        });
    }

    fn link(&mut self, links: &[(Link, Span)]) -> Link {
        let (first, first_span) = links.first().copied().unwrap_or((Link::Then, self.rule.span));
        for (link, span) in links.iter().skip(1) {
            if *link != first {
                self.findings.push(
                    Diagnostic::new(Code::BadWindow, *span, "the links of one match are all the same word")
                        .also(first_span, "the first one")
                        .help("write two rules, or one `match` over another pair"),
                );
            }
        }
        if first == Link::Without && links.len() > 1 {
            self.findings.push(
                Diagnostic::new(Code::BadWindow, first_span, "`without` has two parts")
                    .help("write `match m = a without b on .. within ..`"),
            );
        }
        first
    }

    fn length(&mut self, length: &ast::Length) -> value::Span {
        match length {
            ast::Length::Literal(span, _) => *span,
            ast::Length::Named(name) => {
                let value = self.constants.iter().find_map(|c| match c {
                    Constant::Value(value) if value.name.name == name.name => Some(&value.value.kind),
                    _ => None,
                });
                if let Some(ast::LiteralKind::Duration(span)) = value {
                    return *span;
                }
                self.findings.push(
                    Diagnostic::new(Code::BadWindow, name.span, format!("`{}` is no duration", name.name)).help(
                        format!("write a duration such as `1h`, or define `value {} = 1h`", name.name),
                    ),
                );
                // A length that the window checks accept, so that they stay silent.
                value::Span::hours(1)
            }
        }
    }

    // ---- groups -----------------------------------------------------------------------------------------------------

    fn group_keys(&mut self, id: RelationId, keys: &'a [ast::Key], inputs: &[RelationId]) {
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

    fn group_columns(&mut self, id: RelationId, body: &'a [ast::Column], inputs: &[RelationId]) {
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
    fn stream(&mut self, inputs: &[RelationId], argument: Option<&ast::Path>, span: Span) -> RelationId {
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

    // ---- matches ----------------------------------------------------------------------------------------------------

    fn join_keys(&mut self, id: RelationId, keys: &'a [ast::JoinKey], parts: &[RelationId]) {
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
    fn part_reference(&mut self, parts: &[RelationId], path: &ast::Path) -> Option<(usize, Reference)> {
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

    // ---- steps ------------------------------------------------------------------------------------------------------

    fn steps(&mut self, id: RelationId, steps: &'a [ast::Step]) {
        for step in steps {
            let slot = match &step.kind {
                StepKind::Where(expr) | StepKind::Except(_, expr) => {
                    self.bind(id, expr);
                    None
                }
                StepKind::Let(name, expr) => {
                    self.bind(id, expr);
                    self.name_is_free(id, name);
                    Some(self.add_column(id, name.name.clone(), Origin::Extend, name.span))
                }
                StepKind::Each(name, expr) => {
                    self.bind(id, expr);
                    self.name_is_free(id, name);
                    let slot = self.add_column(id, name.name.clone(), Origin::Expand, name.span);
                    self.mark_used(id, slot);
                    Some(slot)
                }
            };
            if let Some(relation) = self.relations.get_mut(id) {
                relation.steps.push(Step::Written(step, slot));
            }
        }
    }

    /// Binds every path of an expression that is read in a relation.
    pub(super) fn bind(&mut self, id: RelationId, expr: &ast::Expr) {
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Regex { .. } => {}
            ExprKind::Path(path) => self.bind_path(id, path),
            ExprKind::Call { arguments, .. } => arguments.iter().for_each(|a| self.bind(id, a)),
            ExprKind::Not(inner) | ExprKind::Is { operand: inner, .. } => self.bind(id, inner),
            ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::Coalesce(parts) => {
                parts.iter().for_each(|p| self.bind(id, p));
            }
            ExprKind::Binary { left, right, .. } => {
                self.bind(id, left);
                self.bind(id, right);
            }
        }
    }

    pub(super) fn bind_path(&mut self, id: RelationId, path: &ast::Path) {
        if let Some(binding) = self.lookup(id, path) {
            match &binding {
                Binding::Column(reference) => self.mark_used(id, reference.slot),
                Binding::BaselineRow(slot) => self.mark_used(id, *slot),
                _ => {}
            }
            self.bindings.insert((id, path.span), binding);
        }
    }

    pub(super) fn add_column(&mut self, id: RelationId, name: String, origin: Origin, span: Span) -> Slot {
        match self.relations.get_mut(id) {
            Some(relation) => {
                relation.columns.push(Column {
                    name,
                    origin,
                    span,
                    used: false,
                });
                relation.columns.len() - 1
            }
            None => 0,
        }
    }

    pub(super) fn mark_used(&mut self, id: RelationId, slot: Slot) {
        if let Some(column) = self.relations.get_mut(id).and_then(|r| r.columns.get_mut(slot)) {
            column.used = true;
        }
    }

    fn taken(&mut self, name: &ast::Ident) {
        self.findings.push(
            Diagnostic::new(Code::NameTaken, name.span, format!("`{}` is taken", name.name))
                .note("every row has `time`, `first` and `last`; a group has `window.start` and `window.end`")
                .help("choose another name"),
        );
    }

    /// A new name must not hide anything.
    fn name_is_free(&mut self, id: RelationId, name: &ast::Ident) {
        if TAKEN.contains(&name.name.as_str()) {
            self.taken(name);
            return;
        }
        let Some(relation) = self.relations.get(id) else { return };
        let mut finding = Diagnostic::new(
            Code::NameTaken,
            name.span,
            format!("`{}` hides something else", name.name),
        );
        if let Some(column) = relation
            .columns
            .iter()
            .find(|c| c.name == name.name && !matches!(c.origin, Origin::Field(_)))
        {
            finding = finding.also(column.span, "this has the name");
        } else if let Some(constant) = self.constants.iter().find(|c| c.name().name == name.name) {
            finding = finding.also(constant.name().span, "this has the name");
        } else if let Some(other) = self.relation_named(&name.name).and_then(|id| self.relations.get(id)) {
            finding = finding.also(other.ast.name.span, "this has the name");
        } else if let Kind::Events(source) = relation.kind
            && let source = self.world.catalog.get(source)
            && (source
                .fields
                .iter()
                .any(|f| f.name.split('.').next() == Some(name.name.as_str()))
                || source.computed.iter().any(|c| c.name == name.name))
        {
            finding = finding.label(format!("a field of `{}` begins with this word", source.name));
        } else {
            return;
        }
        self.findings
            .push(finding.help(format!("choose another name, such as `{}_`", name.name).replace("_`", "_value`")));
    }

    // ---- alert ------------------------------------------------------------------------------------------------------

    fn alert(&mut self) -> RelationId {
        let alert = &self.rule.alert;
        let fits = |k: &Kind| !matches!(k, Kind::Baseline { .. });
        let Some(id) = self.input(&alert.input, "a selection, a group or a match", fits) else {
            return usize::MAX;
        };
        self.steps(id, &alert.steps);
        id
    }

    fn items(&mut self, alert: RelationId) -> Vec<Entity<'a>> {
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

    fn entity(&mut self, alert: RelationId, item: &'a ast::AlertItem) -> Option<Entity<'a>> {
        let key = item.key.name.as_str();
        let azure = self.relations.iter().any(|r| match r.kind {
            Kind::Events(source) => self.world.catalog.get(source).name.starts_with("azure."),
            _ => false,
        });
        let Some((default, identifiers)) = super::scope::entity(key, azure) else {
            let known = super::scope::ENTITIES
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
                            .help(format!("known are {}", super::scope::spelled(identifiers))),
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

    // ---- after all --------------------------------------------------------------------------------------------------

    fn dead_relations(&mut self, alert: RelationId) {
        let mut alive = vec![false; self.relations.len()];
        let mut next = vec![alert];
        while let Some(id) = next.pop() {
            match alive.get_mut(id) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            match self.relations.get(id).map(|r| &r.kind) {
                Some(Kind::Group { inputs, .. }) => next.extend(inputs),
                Some(Kind::Baseline { group, .. }) => next.push(*group),
                Some(Kind::Match { parts, .. }) => next.extend(parts),
                _ => {}
            }
            let columns = self.relations.get(id).map(|r| r.columns.as_slice()).unwrap_or_default();
            next.extend(columns.iter().filter_map(|c| match c.origin {
                Origin::Baseline(id, _) | Origin::BaselinePresent(id) => Some(id),
                _ => None,
            }));
        }
        if alert == usize::MAX {
            return;
        }
        for (relation, alive) in self.relations.iter().zip(alive) {
            if !alive {
                let name = &relation.ast.name.name;
                self.findings.push(
                    Diagnostic::new(
                        Code::DeadRelation,
                        relation.ast.head,
                        format!("the alert never uses `{name}`"),
                    )
                    .help("use it, or delete it"),
                );
            }
        }
    }

    fn unused_lets(&mut self) {
        for relation in &self.relations {
            for column in relation
                .columns
                .iter()
                .filter(|c| c.origin == Origin::Extend && !c.used)
            {
                self.findings.push(
                    Diagnostic::new(Code::UnusedLet, column.span, format!("`{}` is never used", column.name))
                        .help(format!("delete it, or show it: `show {}`", column.name)),
                );
            }
        }
    }

    /// Slots of the clock by their words.
    pub(super) fn clock(words: &[&str], group: bool) -> Option<Slot> {
        match words {
            ["time"] => Some(TIME),
            ["first"] => Some(FIRST),
            ["last"] => Some(LAST),
            ["window", "start"] if group => Some(WINDOW_START),
            ["window", "end"] if group => Some(TIME),
            _ => None,
        }
    }
}
