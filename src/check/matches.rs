//! Matches: keys, columns taken from parts, and warnings about pairs.

use super::Checker;
use super::facts;
use crate::diagnostics::{Code, Diagnostic, Span};
use crate::plan::{self, Expr, JoinKey, Link, Operator, PartColumn, RelationId, StepKind, Type};
use crate::resolve::{Kind, Step};
use crate::syntax::ast::{self, RelationKind};
use crate::value;

impl Checker<'_, '_, '_, '_> {
    pub(super) fn match_operator(
        &mut self,
        id: RelationId,
        parts: &[RelationId],
        link: Link,
        written: &[crate::resolve::JoinKey],
        within: value::Span,
        taken: &[(usize, usize, crate::resolve::Reference)],
    ) -> Option<Operator> {
        let resolved = self.rule.relations.get(id)?;
        if within.0 <= 0 {
            let span = match &resolved.ast.kind {
                RelationKind::Match { within, .. } => within.span(),
                _ => resolved.ast.head,
            };
            self.findings.push(
                Diagnostic::new(Code::BadWindow, span, "a match reaches over some time").help("write `within 1h`"),
            );
        }
        let mut keys = Vec::new();
        for key in written {
            let left = self.side(parts, &key.left, key.span)?;
            let right = self.side(parts, &key.right, key.span)?;
            let numbers = |ty| matches!(ty, Type::Int | Type::Real);
            if left.1.ty != right.1.ty && !(numbers(left.1.ty) && numbers(right.1.ty)) {
                self.findings.push(
                    Diagnostic::new(
                        Code::TypeMismatch,
                        key.span,
                        "the sides of this key have different types",
                    )
                    .label(format!("{} and {}", left.1.ty.name(), right.1.ty.name())),
                );
                return None;
            }
            self.set_type(id, key.slot, (left.1.ty, false));
            keys.push(JoinKey {
                slot: key.slot,
                left,
                right,
            });
        }
        let mut columns = Vec::new();
        for (slot, part, reference) in taken {
            let relation = *parts.get(*part)?;
            let value = self.reference(relation, reference, reference.span)?;
            let nullable = self.nullable(relation, &value);
            self.set_type(id, *slot, (value.ty, nullable));
            columns.push(PartColumn {
                slot: *slot,
                part: *part,
                value,
            });
        }
        Some(match (link, parts) {
            (Link::Without, [left, right]) => Operator::AntiJoin {
                left: *left,
                right: *right,
                keys,
                within,
                columns,
            },
            _ => Operator::Join {
                parts: parts.to_vec(),
                link,
                keys,
                within,
                columns,
            },
        })
    }

    pub(super) fn side(
        &mut self,
        parts: &[RelationId],
        side: &(usize, crate::resolve::Reference),
        span: Span,
    ) -> Option<(usize, Expr)> {
        let relation = *parts.get(side.0)?;
        let value = self.reference(relation, &side.1, side.1.span)?;
        let value = self.key_value(value, "a key")?;
        self.guarded(
            relation,
            &value,
            if self.text_of(side.1.span) == "the key" {
                span
            } else {
                side.1.span
            },
            "key",
        );
        Some((side.0, value))
    }

    /// Warns where one row may be two parts, and where `then` follows a group.
    pub(super) fn self_pairs(&mut self, id: RelationId, parts: &[RelationId], link: Link) {
        let Some(resolved) = self.rule.relations.get(id) else {
            return;
        };
        if link == Link::Then {
            let group = parts.iter().rev().skip(1).find(|part| {
                matches!(
                    self.rule.relations.get(**part).map(|r| &r.kind),
                    Some(Kind::Group { .. })
                )
            });
            if let Some(name) = group
                .and_then(|g| self.rule.relations.get(*g))
                .map(|r| &r.ast.name.name)
            {
                self.findings.push(
                    Diagnostic::new(
                        Code::ThenAfterGroup,
                        resolved.ast.head,
                        format!("`then` after group `{name}` starts at the end of its window"),
                    )
                    .note("what happens inside the window is not after it")
                    .help(format!(
                        "write `with`, and below the match `where later.time >= {name}.last`"
                    )),
                );
            }
        }
        if link == Link::Without {
            return;
        }
        for (n, a) in parts.iter().enumerate() {
            for b in parts.iter().skip(n + 1) {
                if self.may_be_one_row(*a, *b) && !self.linked_by_inequality(id) {
                    let name = |id: &RelationId| self.rule.relations.get(*id).map_or("", |r| r.ast.name.name.as_str());
                    let (a, b) = (name(a), name(b));
                    self.findings.push(
                        Diagnostic::new(
                            Code::SelfPair,
                            resolved.ast.head,
                            format!("one event may be both `{a}` and `{b}`"),
                        )
                        .label("it would pair with itself")
                        .help(format!(
                            "make the selections disjoint, or compare the parts: `where {a}.x != {b}.x`"
                        )),
                    );
                }
            }
        }
    }

    pub(super) fn may_be_one_row(&self, a: RelationId, b: RelationId) -> bool {
        let source = |id: RelationId| match self.rule.relations.get(id).map(|r| &r.kind) {
            Some(Kind::Events(source)) => Some(*source),
            _ => None,
        };
        let (Some(x), Some(y)) = (source(a), source(b)) else {
            return false;
        };
        if x != y {
            return false;
        }
        let disjoint = |one: RelationId, other: RelationId| {
            let (fixed, excluded) = (self.fixed_fields(other), self.excluded_fields(other));
            self.fixed_fields(one).iter().any(|(field, literals)| {
                let among = |l: &plan::Literal, others: &[plan::Literal]| others.iter().any(|o| o.same(l));
                let apart = |others: &Vec<plan::Literal>| !literals.iter().any(|l| among(l, others));
                let within = |others: &Vec<plan::Literal>| literals.iter().all(|l| among(l, others));
                fixed.get(field).is_some_and(apart) || excluded.get(field).is_some_and(within)
            })
        };
        !disjoint(a, b) && !disjoint(b, a)
    }

    /// Literals that a selection fixes its fields to, by the field's name.
    pub(super) fn fixed_fields(&self, id: RelationId) -> std::collections::BTreeMap<String, Vec<plan::Literal>> {
        let Some(relation) = self.relations.get(id).and_then(|r| r.plan.as_ref()) else {
            return Default::default();
        };
        let mut literals = facts::Literals::new();
        for step in &relation.steps {
            if let StepKind::Filter(condition) = &step.kind {
                facts::fixed(condition, &self.constants, &mut literals);
            }
        }
        by_name(relation, literals)
    }

    /// Literals that no row of a selection has in a field, by the field's name.
    fn excluded_fields(&self, id: RelationId) -> std::collections::BTreeMap<String, Vec<plan::Literal>> {
        let Some(relation) = self.relations.get(id).and_then(|r| r.plan.as_ref()) else {
            return Default::default();
        };
        let mut literals = facts::Literals::new();
        for step in &relation.steps {
            match &step.kind {
                StepKind::Filter(condition) => facts::excluded(condition, &self.constants, &mut literals),
                StepKind::Except { condition, .. } => facts::excluded_by(condition, &self.constants, &mut literals),
                _ => {}
            }
        }
        by_name(relation, literals)
    }

    /// Whether the rule compares two parts with `!=` after the match.
    pub(super) fn linked_by_inequality(&self, id: RelationId) -> bool {
        let Some(resolved) = self.rule.relations.get(id) else {
            return false;
        };
        fn asks(tree: &ast::Expr) -> bool {
            match &tree.kind {
                ast::ExprKind::Binary {
                    op: ast::BinaryOp::NotEqual | ast::BinaryOp::NotEqualFold,
                    left,
                    right,
                    ..
                } => {
                    matches!(
                        (&left.kind, &right.kind),
                        (ast::ExprKind::Path(_), ast::ExprKind::Path(_))
                    )
                }
                ast::ExprKind::And(parts) => parts.iter().any(asks),
                _ => false,
            }
        }
        resolved.steps.iter().any(|step| match step {
            Step::Written(step, _) => matches!(&step.kind, ast::StepKind::Where(tree) if asks(tree)),
            Step::Computed(..) | Step::Condition => false,
        })
    }
}

fn by_name(
    relation: &plan::Relation,
    literals: facts::Literals,
) -> std::collections::BTreeMap<String, Vec<plan::Literal>> {
    // A `let` of one name may be something else in another selection.
    let field = |slot: usize| {
        let column = relation.columns.get(slot)?;
        matches!(column.origin, plan::Origin::Field(_)).then(|| column.name.clone())
    };
    literals
        .into_iter()
        .filter_map(|(slot, values)| Some((field(slot)?, values)))
        .collect()
}
