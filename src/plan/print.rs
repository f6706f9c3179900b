//! The plan as text, for `tripline build --emit plan`, for tests that compare plans, and as the key of an expression.

use super::{
    Argument, Column, Expr, ExprKind, Link, List, Literal, Operator, Origin, Plan, Relation, Segment, Step, StepKind,
    TemplatePart, Type,
};
use crate::source::Catalog;
use std::fmt::Write as _;

impl Type {
    /// As messages name it.
    pub fn name(self) -> String {
        match self {
            Type::Text => "text".into(),
            Type::Bool => "bool".into(),
            Type::Int => "int".into(),
            Type::Real => "real".into(),
            Type::Time => "time".into(),
            Type::Duration => "duration".into(),
            Type::Json => "json".into(),
            Type::Set(element) => format!("set of {element:?}").to_lowercase(),
        }
    }
}

/// A key that is the same for two expressions that mean the same value in one relation; columns by slot.
pub fn expression_key(expr: &Expr) -> String {
    let mut text = String::new();
    write(&mut text, expr, &|slot| format!("#{slot}"), &|n| {
        format!("constant {n}")
    });
    text
}

/// An expression with the names of columns and constants.
pub fn expression(expr: &Expr, columns: &[Column], plan: &Plan) -> String {
    let mut text = String::new();
    let column = |slot: usize| columns.get(slot).map_or_else(|| format!("#{slot}"), |c| c.name.clone());
    let constant = |n: usize| {
        plan.constants
            .get(n)
            .map_or_else(|| format!("constant {n}"), |c| c.name.clone())
    };
    write(&mut text, expr, &column, &constant);
    text
}

type Name<'a> = &'a dyn Fn(usize) -> String;

fn write(out: &mut String, expr: &Expr, column: Name<'_>, constant: Name<'_>) {
    let call = |out: &mut String, name: &str, parts: &[&Expr]| {
        let _ = write!(out, "{name}(");
        for (n, part) in parts.iter().enumerate() {
            if n > 0 {
                out.push_str(", ");
            }
            write(out, part, column, constant);
        }
        out.push(')');
    };
    let list = |list: &List| match list {
        List::Constant(n) => constant(*n),
        List::Inline(elements) => format!("[{}]", elements.iter().map(literal).collect::<Vec<_>>().join(", ")),
    };
    let with = |out: &mut String, name: &str, value: &Expr, rest: &str| {
        let _ = write!(out, "{name}(");
        write(out, value, column, constant);
        let _ = write!(out, ", {rest})");
    };
    match &expr.kind {
        ExprKind::Column(slot) => out.push_str(&column(*slot)),
        ExprKind::Literal(value) => out.push_str(&literal(value)),
        ExprKind::Constant(n) => out.push_str(&constant(*n)),
        ExprKind::SetOf(elements) => out.push_str(&list(elements)),
        ExprKind::Member { base, path } => {
            write(out, base, column, constant);
            for segment in path {
                match segment {
                    Segment::Name(name) => {
                        let _ = write!(out, ".{name}");
                    }
                    Segment::Key(key) => {
                        let _ = write!(out, "[{}]", serde_json::Value::from(key.as_str()));
                    }
                    Segment::Index(index) => {
                        let _ = write!(out, "[{index}]");
                    }
                }
            }
        }
        ExprKind::Convert(inner) => call(out, &expr.ty.name(), &[inner]),
        ExprKind::Not(inner) => call(out, "not", &[inner]),
        ExprKind::And(parts) => call(out, "and", &parts.iter().collect::<Vec<_>>()),
        ExprKind::Or(parts) => call(out, "or", &parts.iter().collect::<Vec<_>>()),
        ExprKind::Equal { left, right, fold } => call(out, if *fold { "equal_fold" } else { "equal" }, &[left, right]),
        ExprKind::Order { op, left, right } => call(out, &snake(&format!("{op:?}")), &[left, right]),
        ExprKind::In {
            value,
            list: elements,
            fold,
        } => {
            with(out, if *fold { "in_fold" } else { "in" }, value, &list(elements));
        }
        ExprKind::HasElement { list, element } => call(out, "has_element", &[list, element]),
        ExprKind::InCidr { value, blocks } => match blocks {
            List::Inline(blocks) if let [Literal::Text(block)] = blocks.as_slice() => {
                with(out, "in_cidr", value, block)
            }
            blocks => with(out, "in_cidr", value, &list(blocks)),
        },
        ExprKind::Text { op, value, needle } => call(out, &snake(&format!("{op:?}")), &[value, needle]),
        ExprKind::HasAny { value, list: needles } => with(out, "has_any", value, &list(needles)),
        ExprKind::Matches { value, pattern } => with(out, "matches", value, &pattern_text(pattern)),
        ExprKind::Present(inner) => call(out, "present", &[inner]),
        ExprKind::Empty(inner) => call(out, "empty", &[inner]),
        ExprKind::Address(inner) => call(out, "address", &[inner]),
        ExprKind::Coalesce(parts) => call(out, "coalesce", &parts.iter().collect::<Vec<_>>()),
        ExprKind::Set { op, left, right } => call(out, &snake(&format!("{op:?}")), &[left, right]),
        ExprKind::Arithmetic { op, left, right } => call(out, &snake(&format!("{op:?}")), &[left, right]),
        ExprKind::Call { function, arguments } => {
            let _ = write!(out, "{}(", function.0.name);
            for (n, argument) in arguments.iter().enumerate() {
                if n > 0 {
                    out.push_str(", ");
                }
                match argument {
                    Argument::Value(value) => write(out, value, column, constant),
                    Argument::Pattern(pattern) => out.push_str(&pattern_text(pattern)),
                }
            }
            out.push(')');
        }
    }
}

fn pattern_text(pattern: &super::Pattern) -> String {
    format!(
        "/{}/{}",
        pattern.text.replace('/', "\\/"),
        if pattern.ignore_case { "i" } else { "" }
    )
}

fn snake(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
        Literal::Int(n) => n.to_string(),
        Literal::Real(n) => format!("{n:?}"),
        Literal::Bool(b) => b.to_string(),
        Literal::Duration(span) => span.to_string(),
    }
}

/// The whole plan, one operator or step a line, each followed by the columns it fills with their types.
pub fn plan(plan: &Plan, catalog: &Catalog) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "rule {} every {} depth {}",
        plan.rule.name,
        plan.rule.every,
        plan.depth()
    );
    for constant in &plan.constants {
        if let Some(watchlist) = &constant.watchlist {
            let (name, alias, column) = (&constant.name, &watchlist.alias, &watchlist.column);
            let _ = writeln!(out, "constant {name} = watchlist {alias:?} column {column:?}");
            continue;
        }
        let value = match &constant.value {
            super::ConstantValue::Scalar(value) => literal(value),
            super::ConstantValue::List(elements) => {
                format!("[{}]", elements.iter().map(literal).collect::<Vec<_>>().join(", "))
            }
        };
        let _ = writeln!(out, "constant {} = {value}", constant.name);
    }
    for relation in &plan.relations {
        let _ = writeln!(out, "{}:", relation.name);
        operator(&mut out, relation, plan, catalog);
        steps(&mut out, &relation.steps, relation, plan);
    }
    let Some(input) = plan.relations.get(plan.alert.input) else {
        return out;
    };
    let _ = writeln!(out, "alert {}:", input.name);
    steps(&mut out, &plan.alert.steps, input, plan);
    for column in &plan.alert.columns {
        let shown = if column.shown { "project" } else { "project (not shown)" };
        let value = expression(&column.value, &input.columns, plan);
        let _ = writeln!(out, "  {shown} {} = {value}: {}", column.name, column.value.ty.name());
    }
    let name = |index: usize| plan.alert.columns.get(index).map_or("?", |c| c.name.as_str());
    for entity in &plan.alert.entities {
        let identifiers: Vec<String> = entity
            .identifiers
            .iter()
            .map(|(id, c)| format!("{id} = {}", name(*c)))
            .collect();
        let _ = writeln!(out, "  entity {} {}", entity.kind, identifiers.join(", "));
    }
    for (word, template) in [("title", &plan.alert.title), ("message", &plan.alert.message)] {
        if let Some(template) = template {
            let parts = template.parts.iter().map(|part| match part {
                TemplatePart::Literal(text) => text.replace('\n', "\\n"),
                TemplatePart::Column(index) => format!("{{{}}}", name(*index)),
            });
            let _ = writeln!(out, "  {word} {}", parts.collect::<String>());
        }
    }
    out
}

fn operator(out: &mut String, relation: &Relation, plan: &Plan, catalog: &Catalog) {
    let name = |id: usize| plan.relations.get(id).map_or("?", |r| r.name.as_str());
    let columns = |id: usize| plan.relations.get(id).map(|r| r.columns.as_slice()).unwrap_or_default();
    let own = |slot: usize| {
        relation.columns.get(slot).map_or_else(String::new, |c| {
            format!("{}: {}{}", c.name, c.ty.name(), if c.nullable { "?" } else { "" })
        })
    };
    match &relation.operator {
        Operator::Scan { source } => {
            let source = catalog.get(*source);
            let _ = writeln!(out, "  scan {} ({})", source.name, source.table);
            for (slot, column) in relation.columns.iter().enumerate() {
                if matches!(column.origin, Origin::Field(_)) {
                    let _ = writeln!(out, "    {}", own(slot));
                }
            }
        }
        Operator::Aggregate {
            inputs,
            keys,
            per,
            aggregates,
            computed,
        } => {
            let names: Vec<&str> = inputs.iter().map(|i| name(*i)).collect();
            let _ = writeln!(out, "  aggregate {} per {per}", names.join(", "));
            for key in keys {
                let values = key
                    .values
                    .iter()
                    .zip(inputs)
                    .map(|(value, input)| expression(value, columns(*input), plan));
                let _ = writeln!(
                    out,
                    "    key {} = {}",
                    own(key.slot),
                    values.collect::<Vec<_>>().join(" | ")
                );
            }
            for aggregate in aggregates {
                let input = inputs.get(aggregate.input).copied().unwrap_or(0);
                let text = |e: &Expr| expression(e, columns(input), plan);
                let argument = aggregate
                    .argument
                    .as_ref()
                    .map(|a| format!(" {}", text(a)))
                    .unwrap_or_default();
                let condition = aggregate
                    .condition
                    .as_ref()
                    .map(|c| format!(" where {}", text(c)))
                    .unwrap_or_default();
                let word = aggregate.function.word();
                let _ = writeln!(
                    out,
                    "    {} = {word} {}{argument}{condition}",
                    own(aggregate.slot),
                    name(input)
                );
            }
            for (slot, value) in computed {
                let _ = writeln!(
                    out,
                    "    {} = {}",
                    own(*slot),
                    expression(value, &relation.columns, plan)
                );
            }
        }
        Operator::History { group, over } => {
            let _ = writeln!(out, "  history of {} over {over}", name(*group));
        }
        Operator::Join {
            parts,
            link,
            keys,
            within,
            columns: taken,
        } => {
            let word = if *link == Link::Then { " then " } else { " with " };
            let names: Vec<&str> = parts.iter().map(|p| name(*p)).collect();
            let _ = writeln!(out, "  join {} within {within}", names.join(word));
            join(out, relation, parts, keys, taken, plan);
        }
        Operator::AntiJoin {
            left,
            right,
            keys,
            within,
            columns: taken,
        } => {
            let _ = writeln!(
                out,
                "  anti-join {} without {} within {within}",
                name(*left),
                name(*right)
            );
            join(out, relation, &[*left, *right], keys, taken, plan);
        }
    }
}

fn join(
    out: &mut String,
    relation: &Relation,
    parts: &[usize],
    keys: &[super::JoinKey],
    taken: &[super::PartColumn],
    plan: &Plan,
) {
    let own = |slot: usize| {
        relation
            .columns
            .get(slot)
            .map_or_else(String::new, |c| format!("{}: {}", c.name, c.ty.name()))
    };
    let side = |part: usize, value: &Expr| {
        let part = parts.get(part).and_then(|id| plan.relations.get(*id));
        part.map_or_else(String::new, |part| {
            format!("{}.{}", part.name, expression(value, &part.columns, plan))
        })
    };
    for key in keys {
        let (left, right) = (side(key.left.0, &key.left.1), side(key.right.0, &key.right.1));
        let _ = writeln!(out, "    key {} = {left} == {right}", own(key.slot));
    }
    for column in taken {
        let _ = writeln!(out, "    {} = {}", own(column.slot), side(column.part, &column.value));
    }
}

fn steps(out: &mut String, steps: &[Step], relation: &Relation, plan: &Plan) {
    let text = |e: &Expr| expression(e, &relation.columns, plan);
    let own = |slot: usize| {
        relation.columns.get(slot).map_or_else(String::new, |c| {
            format!("{}: {}{}", c.name, c.ty.name(), if c.nullable { "?" } else { "" })
        })
    };
    for step in steps {
        let line = match &step.kind {
            StepKind::Filter(condition) => format!("filter {}", text(condition)),
            StepKind::Except { reason, condition } => format!("except {reason:?} {}", text(condition)),
            StepKind::Extend { slot, value } => format!("extend {} = {}", own(*slot), text(value)),
            StepKind::Expand { slot, list } => format!("expand {} in {}", own(*slot), text(list)),
            StepKind::Lookup { baseline } => {
                format!(
                    "lookup {}",
                    plan.relations.get(*baseline).map_or("?", |r| r.name.as_str())
                )
            }
        };
        let _ = writeln!(out, "  {line}");
    }
}
