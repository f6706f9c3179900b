//! From a checked rule to its plan: folding, lookups, the projection.

use super::fold;
use super::print::expression_key;
use super::trim::{drop_unread_fields, used_constants};
use super::{
    Alert, Argument, Column, Entity, Expr, ExprKind, Literal, Operator, Origin, OutputColumn, Plan, Relation, Step,
    StepKind, Template, TemplatePart, Type,
};
use crate::check::{self, Checked};
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::functions;
use crate::syntax::ast::{self, LiteralKind};

/// Makes the plan of a checked rule. The columns that the rule's tests expect are kept in step with the plan.
///
/// # Errors
/// Two columns of the result that would have one name.
pub fn lower(checked: &mut Checked<'_>) -> Result<Plan, Vec<Diagnostic>> {
    let mut plan = bare(checked);
    place_lookups(&mut plan);
    fold::fold(&mut plan);
    let findings = project(&mut plan, checked);
    let mut expected: Vec<(&mut Expr, &ast::Literal)> = checked
        .tests
        .iter_mut()
        .flat_map(|test| test.expect.iter_mut().flatten())
        .map(|(_, value, literal)| (value, &*literal))
        .collect();
    narrow_json(&mut plan, &mut expected);
    drop_unread_fields(
        &mut plan,
        &mut expected.into_iter().map(|(value, _)| value).collect::<Vec<_>>(),
    );
    used_constants(&mut plan);
    if findings.is_empty() { Ok(plan) } else { Err(findings) }
}

/// Makes the plan of a checked rule that is not lowered yet, with nothing folded, retyped or taken out: each expression and
/// step of the rule's text is there with its place, and means the same as in [`lower`]'s. What the rule's tests expect
/// fits it as long as the rule is not lowered.
pub fn as_written(checked: &Checked<'_>) -> Plan {
    let mut plan = bare(checked);
    place_lookups(&mut plan);
    // What is wrong with the projection is found when the rule is lowered.
    project(&mut plan, checked);
    plan
}

/// The checked rule without its projection.
fn bare(checked: &Checked<'_>) -> Plan {
    Plan {
        rule: checked.info.clone(),
        constants: checked.constants.clone(),
        relations: checked.relations.clone(),
        alert: Alert {
            input: checked.alert,
            steps: checked.alert_steps.clone(),
            columns: Vec::new(),
            keys: Vec::new(),
            entities: Vec::new(),
            title: None,
            message: None,
            span: checked.ast.alert.head,
        },
    }
}

/// A lookup stands before the first step that reads its baseline; conditions that do not read it move before it.
fn place_lookups(plan: &mut Plan) {
    let Some(input) = plan.relations.get(plan.alert.input) else {
        return;
    };
    let baseline_of = |slot: usize| match input.columns.get(slot).map(|c| c.origin) {
        Some(Origin::Baseline(id, _) | Origin::BaselinePresent(id)) => Some(id),
        _ => None,
    };
    let reads = |e: &Expr| e.slots().into_iter().filter_map(baseline_of).collect::<Vec<_>>();
    let mut steps = Vec::new();
    let mut present: Vec<usize> = Vec::new();
    for step in std::mem::take(&mut plan.alert.steps) {
        let span = step.span;
        let needed = match &step.kind {
            StepKind::Filter(e) | StepKind::Except { condition: e, .. } => reads(e),
            StepKind::Extend { value: e, .. } | StepKind::Expand { list: e, .. } => reads(e),
            StepKind::Lookup { .. } => Vec::new(),
        };
        let new: Vec<usize> = needed.into_iter().filter(|id| !present.contains(id)).collect();
        if new.is_empty() {
            steps.push(step);
            continue;
        }
        let mut rest = step;
        if let StepKind::Filter(condition) = &rest.kind
            && let ExprKind::And(parts) = &condition.kind
        {
            let (before, after): (Vec<Expr>, Vec<Expr>) = parts
                .iter()
                .cloned()
                .partition(|part| reads(part).iter().all(|id| present.contains(id)));
            if !before.is_empty() && !after.is_empty() {
                steps.push(Step {
                    kind: StepKind::Filter(all_of(before)),
                    span,
                });
                rest = Step {
                    kind: StepKind::Filter(all_of(after)),
                    span,
                };
            }
        }
        for baseline in new {
            if !present.contains(&baseline) {
                present.push(baseline);
                steps.push(Step {
                    kind: StepKind::Lookup { baseline },
                    span,
                });
            }
        }
        steps.push(rest);
    }
    // A baseline that only the projection reads.
    for column in &input.columns {
        if let Origin::Baseline(baseline, _) | Origin::BaselinePresent(baseline) = column.origin
            && !present.contains(&baseline)
        {
            present.push(baseline);
            steps.push(Step {
                kind: StepKind::Lookup { baseline },
                span: plan.alert.span,
            });
        }
    }
    plan.alert.steps = steps;
}

/// Conditions joined with `and`; one stays alone.
pub(super) fn all_of(mut parts: Vec<Expr>) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            let span = parts.first().map_or(last.span, |first| first.span);
            parts.push(last);
            Expr {
                kind: ExprKind::And(parts),
                ty: Type::Bool,
                span,
            }
        }
        None => {
            let span = Span {
                file: crate::diagnostics::FileId(0),
                start: 0,
                end: 0,
            };
            Expr {
                kind: ExprKind::Literal(Literal::Bool(true)),
                ty: Type::Bool,
                span,
            }
        }
    }
}

// ---- the projection -------------------------------------------------------------------------------------------------

struct Projection<'p> {
    columns: Vec<OutputColumn>,
    spans: Vec<Span>,
    keys: Vec<String>,
    findings: Vec<Diagnostic>,
    relation: &'p Relation,
}

impl Projection<'_> {
    /// The column of a value, made where it is not there yet.
    fn column(&mut self, path: &str, value: &Expr, shown: bool) -> usize {
        let value = match value.ty {
            Type::Json => Expr {
                span: value.span,
                ty: Type::Text,
                kind: ExprKind::Convert(Box::new(value.clone())),
            },
            _ => value.clone(),
        };
        let key = expression_key(&value);
        if let Some(index) = self.keys.iter().position(|known| *known == key) {
            if let Some(column) = self.columns.get_mut(index) {
                column.shown = column.shown || shown;
            }
            return index;
        }
        let name = output_name(path);
        if let Some(index) = self.columns.iter().position(|c| c.name == name) {
            let first = self.spans.get(index).copied().unwrap_or(value.span);
            self.findings.push(
                Diagnostic::new(
                    Code::ColumnClash,
                    value.span,
                    format!("two columns of the alert would be named `{name}`"),
                )
                .also(first, "the first one")
                .help(format!("give one a name of its own: `let {name}_2 = {path}`")),
            );
        }
        self.spans.push(value.span);
        self.keys.push(key);
        self.columns.push(OutputColumn {
            name,
            path: path.to_owned(),
            value,
            shown,
        });
        self.columns.len() - 1
    }
}

/// The words of a path joined by `_`.
fn output_name(path: &str) -> String {
    let mut name = String::new();
    for c in path.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' => name.push(c),
            // `resources[0].ARN` is `resources_0_ARN`.
            _ if name.ends_with('_') || c == ']' || c == '"' => {}
            _ => name.push('_'),
        }
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name
    }
}

fn project(plan: &mut Plan, checked: &Checked<'_>) -> Vec<Diagnostic> {
    let Some(relation) = plan.relations.get(plan.alert.input) else {
        return Vec::new();
    };
    let mut projection = Projection {
        columns: Vec::new(),
        spans: Vec::new(),
        keys: Vec::new(),
        findings: Vec::new(),
        relation,
    };
    let mut keys = Vec::new();
    for (slot, column) in projection.relation.columns.iter().enumerate() {
        if matches!(column.origin, Origin::Key(_)) {
            let value = Expr {
                kind: ExprKind::Column(slot),
                ty: column.ty,
                span: relation.span,
            };
            projection.column(&column.name, &value, true);
            keys.push(slot);
        }
    }
    for (path, value) in &checked.shown {
        projection.column(path, value, true);
    }
    let mut entities = Vec::new();
    for entity in &checked.entities {
        let identifiers = entity
            .identifiers
            .iter()
            .map(|(identifier, path, value)| (identifier.clone(), projection.column(path, value, false)))
            .collect();
        entities.push(Entity {
            kind: entity.kind.clone(),
            identifiers,
            span: entity.span,
        });
    }
    let (mut title, mut message) = (None, None);
    for template in &checked.templates {
        let parts = template
            .parts
            .iter()
            .map(|part| match part {
                check::TemplatePart::Literal(text) => TemplatePart::Literal(text.clone()),
                check::TemplatePart::Value(path, value) => TemplatePart::Column(projection.column(path, value, false)),
            })
            .collect();
        let lowered = Some(Template {
            parts,
            span: template.span,
        });
        if template.key == "title" {
            title = lowered
        } else {
            message = lowered
        }
    }
    let Projection { columns, findings, .. } = projection;
    plan.alert.columns = columns;
    plan.alert.keys = keys;
    plan.alert.entities = entities;
    plan.alert.title = title;
    plan.alert.message = message;
    findings
}

// ---- tidying --------------------------------------------------------------------------------------------------------

/// A `let` of a json value that is only ever read as text becomes text. Tests have no say in it: what they expect inside
/// of the value is read out of the text.
fn narrow_json(plan: &mut Plan, expected: &mut [(&mut Expr, &ast::Literal)]) {
    for id in 0..plan.relations.len() {
        let slots: Vec<usize> = plan
            .relations
            .get(id)
            .map(|r| {
                let candidates = r.columns.iter().enumerate();
                candidates
                    .filter(|(_, c)| c.origin == Origin::Extend && c.ty == Type::Json)
                    .map(|(slot, _)| slot)
                    .collect()
            })
            .unwrap_or_default();
        for slot in slots {
            let mut only_text = true;
            visit_relation(plan, id, &mut |expr| {
                // `text(x)` and `present(x)` are fine; any other reading needs the value itself.
                match &expr.kind {
                    ExprKind::Convert(inner) if expr.ty == Type::Text => is_column(inner, slot),
                    ExprKind::Present(inner) => is_column(inner, slot),
                    ExprKind::Column(s) if *s == slot => {
                        only_text = false;
                        false
                    }
                    _ => false,
                }
            });
            if only_text {
                retype(plan, id, slot);
                if plan.alert.input == id {
                    expected
                        .iter_mut()
                        .for_each(|(value, literal)| read_inside(value, literal, slot));
                }
            }
        }
    }
}

/// An expectation that is about the object or list itself.
fn read_inside(value: &mut Expr, literal: &ast::Literal, slot: usize) {
    let whole = is_column(value, slot);
    if whole && !matches!(literal.kind, LiteralKind::List(_) | LiteralKind::Object(_)) {
        return;
    }
    let Some(json) = functions::find("json") else { return };
    fold::map(value, &mut |expr| {
        if is_column(expr, slot) {
            let column = expr.clone();
            let call = ExprKind::Call {
                function: json,
                arguments: vec![Argument::Value(column.clone())],
            };
            let read = Expr {
                kind: call,
                ..column.clone()
            };
            // What holds no object or list stays what it is.
            expr.kind = ExprKind::Coalesce(vec![read, column]);
        }
    });
}

fn is_column(expr: &Expr, slot: usize) -> bool {
    matches!(expr.kind, ExprKind::Column(s) if s == slot)
}

/// Calls `visit` on every expression over the columns of a relation; where it answers true, not on those below.
pub(super) fn visit_relation(plan: &Plan, id: usize, visit: &mut dyn FnMut(&Expr) -> bool) {
    let mut roots: Vec<&Expr> = Vec::new();
    for (other, relation) in plan.relations.iter().enumerate() {
        if other == id {
            roots.extend(relation.steps.iter().filter_map(step_expr));
        }
        match &relation.operator {
            Operator::Scan { .. } | Operator::History { .. } => {}
            Operator::Aggregate {
                inputs,
                keys,
                aggregates,
                computed,
                ..
            } => {
                if other == id {
                    roots.extend(computed.iter().map(|(_, e)| e));
                }
                for (n, input) in inputs.iter().enumerate().filter(|(_, input)| **input == id) {
                    roots.extend(keys.iter().filter_map(|k| k.values.get(n)));
                    let own = aggregates.iter().filter(|a| inputs.get(a.input) == Some(input));
                    roots.extend(own.flat_map(|a| a.argument.iter().chain(&a.condition)));
                }
            }
            Operator::Join {
                parts, keys, columns, ..
            } => part_roots(&mut roots, parts, id, keys, columns),
            Operator::AntiJoin {
                left,
                right,
                keys,
                columns,
                ..
            } => {
                part_roots(&mut roots, &[*left, *right], id, keys, columns);
            }
        }
    }
    if plan.alert.input == id {
        roots.extend(plan.alert.steps.iter().filter_map(step_expr));
        roots.extend(plan.alert.columns.iter().map(|c| &c.value));
    }
    for root in roots {
        visit_below(root, visit);
    }
}

fn part_roots<'p>(
    roots: &mut Vec<&'p Expr>,
    parts: &[usize],
    id: usize,
    keys: &'p [super::JoinKey],
    columns: &'p [super::PartColumn],
) {
    let is_part = |part: usize| parts.get(part) == Some(&id);
    for key in keys {
        roots.extend(
            [&key.left, &key.right]
                .into_iter()
                .filter(|side| is_part(side.0))
                .map(|side| &side.1),
        );
    }
    roots.extend(columns.iter().filter(|c| is_part(c.part)).map(|c| &c.value));
}

fn step_expr(step: &Step) -> Option<&Expr> {
    match &step.kind {
        StepKind::Filter(e)
        | StepKind::Except { condition: e, .. }
        | StepKind::Extend { value: e, .. }
        | StepKind::Expand { list: e, .. } => Some(e),
        StepKind::Lookup { .. } => None,
    }
}

fn visit_below(expr: &Expr, visit: &mut dyn FnMut(&Expr) -> bool) {
    if visit(expr) {
        return;
    }
    expr.children(&mut |child| visit_below(child, visit));
}

/// Makes a json column a text column, in its step, in its type, and where it is read.
fn retype(plan: &mut Plan, id: usize, slot: usize) {
    if let Some(relation) = plan.relations.get_mut(id) {
        if let Some(Column { ty, .. }) = relation.columns.get_mut(slot) {
            *ty = Type::Text;
        }
        relation.steps.iter_mut().for_each(|step| text_extend(step, slot));
        if let Operator::Join { columns, .. } | Operator::AntiJoin { columns, .. } = &mut relation.operator {
            columns
                .iter_mut()
                .filter(|c| c.slot == slot)
                .for_each(|c| to_text(&mut c.value));
        }
    }
    if plan.alert.input == id {
        plan.alert.steps.iter_mut().for_each(|step| text_extend(step, slot));
    }
    fold::map_relation(plan, id, &mut |expr| read_as_text(expr, slot));
}

fn text_extend(step: &mut Step, slot: usize) {
    if let StepKind::Extend { slot: filled, value } = &mut step.kind
        && *filled == slot
        && value.ty == Type::Json
    {
        to_text(value);
    }
}

fn to_text(value: &mut Expr) {
    let span = value.span;
    *value = Expr {
        kind: ExprKind::Convert(Box::new(value.clone())),
        ty: Type::Text,
        span,
    };
}

fn read_as_text(expr: &mut Expr, slot: usize) {
    if let ExprKind::Convert(inner) = &expr.kind
        && is_column(inner, slot)
    {
        *expr = Expr {
            kind: ExprKind::Column(slot),
            ty: Type::Text,
            span: expr.span,
        };
    } else if is_column(expr, slot) {
        expr.ty = Type::Text;
    }
}
