//! Relations: operators, keys, steps, windows.

use super::aggregates::Written;
use super::facts::{self, Facts};
use super::{Checker, Typed};
use crate::diagnostics::{Code, Diagnostic, Severity, Span};
use crate::plan::{self, Column, Expr, ExprKind, Key, Operator, Origin, Relation, RelationId, StepKind, Type};
use crate::resolve::{Kind, Step};
use crate::syntax::ast::{self, ColumnKind, RelationKind};
use crate::value;

impl<'a> Checker<'a, '_, '_, '_> {
    pub(super) fn relation(&mut self, id: RelationId) {
        let Some(resolved) = self.rule.relations.get(id) else {
            return;
        };
        self.relations.push(Typed {
            columns: vec![None; resolved.columns.len()],
            plan: None,
        });
        for slot in 0..resolved.columns.len() {
            // Fields and the clock are known at once; the rest is typed where it is made.
            self.column_type(id, slot);
        }
        let mut known = Facts::new();
        let operator = match &resolved.kind {
            Kind::Events(source) => Some(Operator::Scan { source: *source }),
            Kind::Group {
                inputs,
                keys,
                per,
                columns,
            } => self.group(id, inputs, keys, *per, columns),
            Kind::Baseline { group, over } => {
                self.check_over(id, *group, *over);
                let body = self
                    .relations
                    .get(*group)
                    .map(|g| g.columns.clone())
                    .unwrap_or_default();
                for (slot, column) in resolved.columns.iter().enumerate() {
                    if column.origin != Origin::Extend
                        && let Some(known) = body.get(slot).copied().flatten()
                    {
                        self.set_type(id, slot, known);
                    }
                }
                Some(Operator::History {
                    group: *group,
                    over: *over,
                })
            }
            Kind::Match {
                parts,
                link,
                keys,
                within,
                taken,
            } => {
                self.self_pairs(id, parts, *link);
                self.match_operator(id, parts, *link, keys, *within, taken)
            }
        };
        let own = if id == self.rule.alert {
            resolved.own_steps
        } else {
            resolved.steps.len()
        };
        let steps = self.steps(id, resolved.steps.get(..own).unwrap_or(&[]));
        let (Some(operator), Some(steps)) = (operator, steps) else {
            self.facts.push(known);
            return;
        };
        // Group keys are never missing: rows without them are left out.
        for (slot, column) in resolved.columns.iter().enumerate() {
            if matches!(column.origin, Origin::Key(_)) {
                known.insert(format!("#{slot}"));
            }
        }
        known = facts::after(known, &steps);
        self.facts.push(known);
        let columns = resolved
            .columns
            .iter()
            .map(|c| Column {
                name: c.name.clone(),
                ty: Type::Text,
                nullable: true,
                origin: c.origin,
            })
            .collect();
        if let Some(typed) = self.relations.get_mut(id) {
            typed.plan = Some(Relation {
                name: resolved.ast.name.name.clone(),
                columns,
                operator,
                steps,
                span: resolved.ast.head,
            });
        }
    }

    /// Steps in order; columns get their types.
    pub(super) fn steps(&mut self, id: RelationId, steps: &[Step<'a>]) -> Option<Vec<plan::Step>> {
        let mut typed = Vec::new();
        let mut failed = false;
        for step in steps {
            match self.step(id, step) {
                Some(step) => typed.push(step),
                None => failed = true,
            }
        }
        (!failed).then_some(typed)
    }

    fn step(&mut self, id: RelationId, step: &Step<'a>) -> Option<plan::Step> {
        let (written, slot) = match step {
            Step::Written(written, slot) => (*written, *slot),
            Step::Condition => {
                let resolved = self.rule.relations.get(id)?;
                let Kind::Events(source) = resolved.kind else {
                    return None;
                };
                let world = self.world;
                let condition = self.condition(id, world.condition(source)?)?;
                return Some(plan::Step {
                    kind: StepKind::Filter(condition),
                    span: resolved.ast.head,
                });
            }
            Step::Computed(index, slot) => {
                let resolved = self.rule.relations.get(id)?;
                let Kind::Events(source) = resolved.kind else {
                    return None;
                };
                let world = self.world;
                let tree = world.computed(source, *index)?;
                let span = resolved.columns.get(*slot).map_or(resolved.ast.head, |c| c.span);
                let value = self.typed(id, tree)?;
                let nullable = self.nullable(id, &value);
                self.set_type(id, *slot, (value.ty, nullable));
                return Some(plan::Step {
                    kind: StepKind::Extend { slot: *slot, value },
                    span,
                });
            }
        };
        let kind = match &written.kind {
            ast::StepKind::Where(condition) => {
                let condition = self.condition(id, condition)?;
                self.never_passes(&condition, false);
                StepKind::Filter(condition)
            }
            ast::StepKind::Except(reason, condition) => {
                let condition = self.condition(id, condition)?;
                self.never_passes(&condition, true);
                StepKind::Except {
                    reason: reason.value.clone(),
                    condition,
                }
            }
            ast::StepKind::Let(_, tree) => {
                let slot = slot?;
                let value = self.typed(id, tree)?;
                if value.ty == Type::Duration {
                    self.findings.push(
                        Diagnostic::new(Code::TypeMismatch, tree.span, "a duration is no value of a row")
                            .help("durations stand after `per`, `over`, `within` and `every`"),
                    );
                    return None;
                }
                let nullable = self.nullable(id, &value);
                self.set_type(id, slot, (value.ty, nullable));
                StepKind::Extend { slot, value }
            }
            ast::StepKind::Each(_, tree) => {
                let slot = slot?;
                let list = self.typed(id, tree)?;
                let element = match list.ty {
                    Type::Json => Type::Json,
                    Type::Set(plan::Scalar::Text) => Type::Text,
                    Type::Set(plan::Scalar::Bool) => Type::Bool,
                    Type::Set(plan::Scalar::Int) => Type::Int,
                    Type::Set(plan::Scalar::Real) => Type::Real,
                    Type::Set(plan::Scalar::Time) => Type::Time,
                    other => {
                        self.findings.push(
                            Diagnostic::new(Code::NotAList, tree.span, "`each` takes a list or a set apart")
                                .label(other.name())
                                .help("a text with marks becomes a list with `split(x, \",\")`, JSON in text with `json(x)`"),
                        );
                        return None;
                    }
                };
                self.set_type(id, slot, (element, true));
                StepKind::Expand { slot, list }
            }
        };
        Some(plan::Step {
            kind,
            span: written.span,
        })
    }

    // ---- groups -----------------------------------------------------------------------------------------------------

    fn group(
        &mut self,
        id: RelationId,
        inputs: &[RelationId],
        slots: &[usize],
        per: value::Span,
        columns: &[usize],
    ) -> Option<Operator> {
        let resolved = self.rule.relations.get(id)?;
        let RelationKind::Group {
            keys: written,
            columns: body,
            per: length,
            ..
        } = &resolved.ast.kind
        else {
            return None;
        };
        let day = value::Span::days(1).0;
        if per.0 <= 0 || day % per.0 != 0 {
            self.findings.push(
                Diagnostic::new(
                    Code::BadWindow,
                    length.span(),
                    format!("a window of {per} does not divide a day"),
                )
                .note("windows are aligned to the epoch, so that every run cuts the same ones")
                .help("use 1m, 5m, 10m, 15m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h or 1d"),
            );
        }
        let mut keys = Vec::new();
        for (key, slot) in written.iter().zip(slots) {
            let mut values = Vec::new();
            for input in inputs {
                let value = self.path(*input, &key.path)?;
                let value = self.key_value(value, "a key")?;
                self.guarded(*input, &value, key.path.span, "key");
                values.push(value);
            }
            let ty = values.first().map(|v| v.ty)?;
            if let Some(other) = values.iter().find(|v| v.ty != ty) {
                let finding = Diagnostic::new(
                    Code::TypeMismatch,
                    key.path.span,
                    "this key has different types in the streams",
                )
                .note(format!("{} and {}", ty.name(), other.ty.name()));
                self.findings.push(finding);
            }
            self.set_type(id, *slot, (ty, false));
            keys.push(Key { slot: *slot, values });
        }
        let (mut aggregates, mut computed) = (Vec::new(), Vec::new());
        let mut failed = false;
        for (column, slot) in body.iter().zip(columns) {
            match &column.kind {
                ColumnKind::Aggregate {
                    function,
                    function_span,
                    argument,
                    condition,
                } => {
                    let input = self.input_of(inputs, argument.as_ref());
                    let written = Written {
                        function: *function,
                        span: *function_span,
                        argument: argument.as_ref(),
                        condition: condition.as_ref(),
                    };
                    match self.aggregate(inputs, input, *slot, &written) {
                        Some((aggregate, ty, nullable)) => {
                            self.set_type(id, *slot, (ty, nullable));
                            aggregates.push(aggregate);
                        }
                        None => failed = true,
                    }
                }
                ColumnKind::Computed(tree) => match self.typed(id, tree) {
                    Some(value) => {
                        let nullable = self.nullable(id, &value);
                        self.set_type(id, *slot, (value.ty, nullable));
                        computed.push((*slot, value));
                    }
                    None => failed = true,
                },
            }
        }
        (!failed).then(|| Operator::Aggregate {
            inputs: inputs.to_vec(),
            keys,
            per,
            aggregates,
            computed,
        })
    }

    /// Which stream an aggregate is over (the resolver has reported it where that is not clear).
    fn input_of(&self, inputs: &[RelationId], argument: Option<&ast::Path>) -> usize {
        let first = match argument.and_then(|path| path.segments.first()) {
            Some(ast::Segment::Name(name)) => name.as_str(),
            _ => return 0,
        };
        inputs
            .iter()
            .position(|id| self.rule.relations.get(*id).is_some_and(|r| r.ast.name.name == first))
            .unwrap_or(0)
    }

    /// Warns where a key may be missing and nothing says so.
    pub(super) fn guarded(&mut self, relation: RelationId, value: &Expr, span: Span, what: &str) {
        let inner = match &value.kind {
            ExprKind::Convert(inner) => inner,
            _ => value,
        };
        // Nothing is known of rows whose steps could not be read.
        if self.relations.get(relation).is_none_or(|typed| typed.plan.is_none()) {
            return;
        }
        let known = self
            .facts
            .get(relation)
            .is_some_and(|facts| facts::is_present(facts, value) || facts::is_present(facts, inner));
        if known || !self.nullable(relation, value) {
            return;
        }
        let (name, head) = self
            .rule
            .relations
            .get(relation)
            .map(|r| (r.ast.name.name.as_str(), r.ast.head))
            .unwrap_or(("", span));
        let path = self.text_of(span);
        let path = path.strip_prefix(&format!("{name}.")).unwrap_or(&path).to_owned();
        let finding = Diagnostic::new(
            Code::UnguardedKey,
            span,
            format!("this {what} may be missing in `{name}`"),
        )
        .label("rows without it are left out")
        .also(head, "these rows")
        .help(if value.ty == Type::Text {
            let filled = if path == "k" { "key" } else { "k" };
            format!("say so in `{name}`: `where {path} is present`; or fill it: `let {filled} = {path} ?? \"unknown\"`")
        } else {
            format!("say so in `{name}`: `where {path} is present`")
        });
        // In a chain the first part's key is asked for once for each later part.
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// What the rule's text says at a place of a key.
    pub(super) fn text_of(&self, span: Span) -> String {
        for relation in &self.rule.ast.relations {
            match &relation.kind {
                RelationKind::Group { keys, .. } => {
                    if let Some(key) = keys.iter().find(|k| k.path.span == span) {
                        return crate::resolve::path_text(&key.path);
                    }
                }
                RelationKind::Match { keys, .. } => {
                    for path in keys.iter().flat_map(|k| std::iter::once(&k.left).chain(&k.right)) {
                        if path.span == span {
                            return crate::resolve::path_text(path);
                        }
                    }
                }
                RelationKind::Events { .. } | RelationKind::Baseline { .. } => {}
            }
        }
        "the key".to_owned()
    }

    fn check_over(&mut self, id: RelationId, group: RelationId, over: value::Span) {
        let Some(Kind::Group { per, .. }) = self.rule.relations.get(group).map(|r| &r.kind) else {
            return;
        };
        let span = match self.rule.relations.get(id).map(|r| &r.ast.kind) {
            Some(RelationKind::Baseline { over, .. }) => over.span(),
            _ => self.rule.ast.span,
        };
        if per.0 > 0 && (over.0 % per.0 != 0 || over.0 <= per.0) {
            self.findings.push(
                Diagnostic::new(
                    Code::BadWindow,
                    span,
                    format!("a history of {over} is not made of windows of {per}"),
                )
                .note("it reaches from `over` before the end of a window to the window's start")
                .help(format!("use a multiple of {per} that is larger than it")),
            );
        }
    }

    // ---- the alert's steps ------------------------------------------------------------------------------------------

    pub(super) fn alert_steps(&mut self) -> Option<Vec<plan::Step>> {
        let id = self.rule.alert;
        let resolved = self.rule.relations.get(id)?;
        let own = resolved.own_steps;
        let steps = self.steps(id, resolved.steps.get(own..).unwrap_or(&[]));
        if self.findings.iter().any(|f| f.severity == Severity::Error) && steps.is_none() {
            return None;
        }
        steps
    }
}
