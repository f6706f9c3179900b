//! Relations, steps, alert: every path gets its binding, every relation its columns.

use super::scope::path_text;
use super::{Binding, Column, Constant, Kind, Relation, Rule, Step, World, metadata};
use crate::diagnostics::{Code, Diagnostic, FileId, Span, nearest};
use crate::plan::{FIRST, LAST, Origin, RelationId, Slot, TIME, WINDOW_START};
use crate::syntax::ast::{self, BinaryOp, ExprKind, Link, RelationKind, StepKind};
use crate::value;
use std::collections::BTreeMap;

pub(super) struct Resolver<'a, 'f> {
    pub(super) file: FileId,
    pub(super) rule: &'a ast::Rule,
    pub(super) constants: &'f [Constant<'a>],
    pub(super) world: &'a World<'a>,
    pub(super) findings: &'f mut Vec<Diagnostic>,
    pub(super) relations: Vec<Relation<'a>>,
    /// Names of relations that could not be made; what is wrong with them is said already.
    failed: Vec<&'a str>,
    /// Computed fields whose names are being looked up.
    pub(super) computing: Vec<usize>,
    /// A word that stands where a list is meant.
    pub(super) list_meant: Option<Span>,
    pub(super) bindings: BTreeMap<(RelationId, Span), Binding>,
}

/// Words that no column may have.
const TAKEN: &[&str] = &["time", "first", "last", "window"];

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
            failed: Vec::new(),
            computing: Vec::new(),
            list_meant: None,
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

    pub(super) fn relation_named(&self, name: &str) -> Option<RelationId> {
        self.relations.iter().position(|r| r.ast.name.name == name)
    }

    /// The relation of that name, of a kind that may stand here.
    pub(super) fn input(
        &mut self,
        name: &ast::Ident,
        wanted: &str,
        fits: impl Fn(&Kind) -> bool,
    ) -> Option<RelationId> {
        let Some(id) = self.relation_named(&name.name) else {
            if self.failed.contains(&name.name.as_str()) {
                return None;
            }
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
        let before = self.relations.len();
        self.make(relation);
        if self.relations.len() == before {
            self.failed.push(&relation.name.name);
        }
    }

    fn make(&mut self, relation: &'a ast::Relation) {
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

    pub(super) fn push(&mut self, ast: &'a ast::Relation, kind: Kind, columns: Vec<Column>) {
        self.relations.push(Relation {
            ast,
            kind,
            columns,
            steps: Vec::new(),
            own_steps: 0,
        });
    }

    pub(super) fn link(&mut self, links: &[(Link, Span)]) -> Link {
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

    pub(super) fn length(&mut self, length: &ast::Length) -> value::Span {
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

    // ---- steps ------------------------------------------------------------------------------------------------------

    pub(super) fn steps(&mut self, id: RelationId, steps: &'a [ast::Step]) {
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
            ExprKind::Binary { op, left, right, .. } => {
                self.bind(id, left);
                if matches!(
                    op,
                    BinaryOp::In | BinaryOp::InFold | BinaryOp::InCidr | BinaryOp::HasAny
                ) {
                    self.list_meant = Some(right.span);
                }
                self.bind(id, right);
                self.list_meant = None;
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

    pub(super) fn taken(&mut self, name: &ast::Ident) {
        self.findings.push(
            Diagnostic::new(Code::NameTaken, name.span, format!("`{}` is taken", name.name))
                .note("every row has `time`, `first` and `last`; a group has `window.start` and `window.end`")
                .help("choose another name"),
        );
    }

    /// A new name must not hide anything.
    pub(super) fn name_is_free(&mut self, id: RelationId, name: &ast::Ident) {
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
