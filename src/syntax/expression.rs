//! Expressions: the flat list of the grammar becomes a tree. The table of precedence stands here and nowhere else.

use super::ast::{BinaryOp, Expr, ExprKind, IsTest, LiteralKind, Segment};
use super::build::Builder;
use super::{MAX_DEPTH, Pair, Rule};
use crate::diagnostics::{Code, Diagnostic, Span};
use pest::pratt_parser::{Assoc, Op, PrattParser};
use std::cell::RefCell;
use std::sync::OnceLock;

/// Loosest first.
fn precedence() -> &'static PrattParser<Rule> {
    static TABLE: OnceLock<PrattParser<Rule>> = OnceLock::new();
    TABLE.get_or_init(|| {
        PrattParser::new()
            .op(Op::infix(Rule::k_or, Assoc::Left))
            .op(Op::infix(Rule::k_and, Assoc::Left))
            .op(Op::prefix(Rule::k_not))
            .op(Op::infix(Rule::compare, Assoc::Left) | Op::postfix(Rule::is_test))
            .op(Op::infix(Rule::set_op, Assoc::Left))
            .op(Op::infix(Rule::arith, Assoc::Left))
            .op(Op::infix(Rule::multiply, Assoc::Left))
            .op(Op::infix(Rule::coalesce, Assoc::Left))
    })
}

impl Builder {
    pub(super) fn expression(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(&pair);
        // Every one of these makes the tree deeper; `and`, `or` and `??` are flat.
        let deepens = |rule: Rule| {
            matches!(
                rule,
                Rule::k_not | Rule::set_op | Rule::arith | Rule::multiply | Rule::compare | Rule::is_test
            )
        };
        let depth = pair.clone().into_inner().filter(|p| deepens(p.as_rule())).count() + 1;
        if self.depth + depth > MAX_DEPTH * 4 {
            self.findings.push(
                Diagnostic::new(Code::TooDeep, span, "this expression has too many operators")
                    .help("name a part with `let`, or put the alternatives in a `list` and write `in`"),
            );
            return Expr {
                kind: ExprKind::Literal(LiteralKind::Bool(false)),
                span,
            };
        }
        self.depth += depth;
        let tree = self.tree(pair);
        self.depth -= depth;
        tree
    }

    fn tree(&mut self, pair: Pair<'_>) -> Expr {
        let this = RefCell::new(self);
        precedence()
            .map_primary(|pair| this.borrow_mut().atom(pair))
            .map_prefix(|op, operand| {
                let span = this.borrow().span(&op).to(operand.span);
                Expr {
                    kind: ExprKind::Not(Box::new(operand)),
                    span,
                }
            })
            .map_postfix(|operand, op| this.borrow_mut().is_test(operand, op))
            .map_infix(|left, op, right| this.borrow_mut().infix(left, op, right))
            .parse(pair.into_inner())
    }

    fn atom(&mut self, pair: Pair<'_>) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::expr => return self.expression(pair),
            Rule::list => ExprKind::Literal(self.literal(pair).kind),
            Rule::string | Rule::text_block | Rule::number | Rule::k_true | Rule::k_false => {
                ExprKind::Literal(self.literal(pair).kind)
            }
            Rule::duration => ExprKind::Literal(LiteralKind::Duration(self.duration(pair.as_str(), span))),
            Rule::regex => {
                let text = pair.as_str();
                let (body, ignore_case) = match text.strip_suffix('i') {
                    Some(body) => (body, true),
                    None => (text, false),
                };
                let pattern = body
                    .strip_prefix('/')
                    .and_then(|b| b.strip_suffix('/'))
                    .unwrap_or("")
                    .replace("\\/", "/");
                ExprKind::Regex { pattern, ignore_case }
            }
            Rule::call => self.call(pair),
            _ => ExprKind::Path(self.path(pair)),
        };
        Expr { kind, span }
    }

    pub(super) fn call(&mut self, pair: Pair<'_>) -> ExprKind {
        let mut inner = pair.into_inner();
        let name = self.ident(inner.next());
        let (mut arguments, mut access) = (Vec::new(), Vec::new());
        for part in inner {
            match part.as_rule() {
                Rule::expr => arguments.push(self.expression(part)),
                Rule::segment => access.push(Segment::Name(part.as_str().to_owned())),
                _ => access.push(self.index(part)),
            }
        }
        ExprKind::Call {
            name,
            arguments,
            access,
        }
    }

    fn is_test(&mut self, operand: Expr, op: Pair<'_>) -> Expr {
        let span = operand.span.to(self.span(&op));
        let mut negated = false;
        let mut test = IsTest::Present;
        for word in op.into_inner() {
            match word.as_rule() {
                Rule::k_not => negated = true,
                Rule::k_missing => test = IsTest::Missing,
                Rule::k_empty => test = IsTest::Empty,
                Rule::k_address => test = IsTest::Address,
                _ => {}
            }
        }
        Expr {
            kind: ExprKind::Is {
                test,
                negated,
                operand: Box::new(operand),
            },
            span,
        }
    }

    fn infix(&mut self, left: Expr, op: Pair<'_>, right: Expr) -> Expr {
        let span = left.span.to(right.span);
        let op_span = self.span(&op);
        let kind = match op.as_rule() {
            Rule::k_and => {
                let mut parts = if let ExprKind::And(parts) = left.kind {
                    parts
                } else {
                    vec![left]
                };
                match right.kind {
                    ExprKind::And(more) => parts.extend(more),
                    _ => parts.push(right),
                }
                ExprKind::And(parts)
            }
            Rule::k_or => {
                let mut parts = if let ExprKind::Or(parts) = left.kind {
                    parts
                } else {
                    vec![left]
                };
                match right.kind {
                    ExprKind::Or(more) => parts.extend(more),
                    _ => parts.push(right),
                }
                ExprKind::Or(parts)
            }
            Rule::coalesce => {
                let mut parts = if let ExprKind::Coalesce(parts) = left.kind {
                    parts
                } else {
                    vec![left]
                };
                match right.kind {
                    ExprKind::Coalesce(more) => parts.extend(more),
                    _ => parts.push(right),
                }
                ExprKind::Coalesce(parts)
            }
            _ => {
                let op = self.binary_op(op, op_span, &left);
                ExprKind::Binary {
                    op,
                    op_span,
                    left: Box::new(left),
                    right: Box::new(right),
                }
            }
        };
        Expr { kind, span }
    }

    fn binary_op(&mut self, op: Pair<'_>, op_span: Span, left: &Expr) -> BinaryOp {
        let is_comparison = op.as_rule() == Rule::compare;
        let text = op.as_str().to_owned();
        // A bracket between the two: `(a == b) == c` compares two truths.
        let between = op
            .get_input()
            .get(left.span.end as usize..op.as_span().start())
            .unwrap_or("");
        let bracketed = between.contains(')');
        let word = op.into_inner().next();
        let chained = matches!(&left.kind, ExprKind::Binary { op, .. } if op.rank() == 4)
            || matches!(left.kind, ExprKind::Is { .. });
        if is_comparison && chained && !bracketed {
            self.findings.push(
                Diagnostic::new(Code::ChainedComparison, op_span, "comparisons do not chain")
                    .also(left.span, "this is true or false already")
                    .help("join two comparisons with `and`"),
            );
        }
        match word.as_ref().map(Pair::as_rule) {
            Some(Rule::single_equals) => {
                self.findings.push(
                    Diagnostic::new(Code::SingleEquals, op_span, "a comparison is written `==`")
                        .label("`=` names something")
                        .help("write `==` (exact) or `=~` (any case)"),
                );
                return BinaryOp::Equal;
            }
            Some(Rule::not_word) => {
                let operator = text.trim_start_matches('!').trim_start_matches("not").trim();
                self.findings.push(
                    Diagnostic::new(Code::MisplacedNot, op_span, "`not` stands before the whole test")
                        .help(format!("write `not <left side> {operator} ..`")),
                );
                return BinaryOp::In;
            }
            Some(Rule::in_fold) => return BinaryOp::InFold,
            Some(Rule::in_cidr) => return BinaryOp::InCidr,
            Some(Rule::k_in) => return BinaryOp::In,
            Some(Rule::k_contains) => return BinaryOp::Contains,
            Some(Rule::starts_with) => return BinaryOp::StartsWith,
            Some(Rule::ends_with) => return BinaryOp::EndsWith,
            Some(Rule::has_any) => return BinaryOp::HasAny,
            Some(Rule::k_has) => return BinaryOp::Has,
            Some(Rule::k_matches) => return BinaryOp::Matches,
            Some(Rule::k_minus) => return BinaryOp::Minus,
            Some(Rule::k_union) => return BinaryOp::Union,
            Some(Rule::k_intersect) => return BinaryOp::Intersect,
            _ => {}
        }
        match text.as_str() {
            "!=" => BinaryOp::NotEqual,
            "=~" => BinaryOp::EqualFold,
            "!~" => BinaryOp::NotEqualFold,
            "<" => BinaryOp::Less,
            "<=" => BinaryOp::LessOrEqual,
            ">" => BinaryOp::Greater,
            ">=" => BinaryOp::GreaterOrEqual,
            "+" => BinaryOp::Add,
            "-" => BinaryOp::Subtract,
            "*" => BinaryOp::Multiply,
            "/" => BinaryOp::Divide,
            _ => BinaryOp::Equal,
        }
    }
}
