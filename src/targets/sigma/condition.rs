//! Conditions of the plan as tests of fields. Sigma's tests are two-valued as the plan's are: a test of an absent field is
//! false, and `not` is its exact negation.

use super::context::{Context, Site, place_of};
use super::field::{Case, FieldName, Kind, Operand};
use super::formula::Formula;
use super::pattern;
use super::scope::{Meaning, Scope, through};
use super::text::{self, Place};
use crate::plan::{Argument, ConstantValue, Expr, ExprKind, List, Literal, OrderOp, Pattern, TextOp, Type};
use crate::runtime::address::Cidr;
use crate::targets::yaml::Node;

const CONDITION: &str = "this condition";

impl<'a> Context<'a> {
    /// A condition as tests of fields; `None` where something was refused.
    pub(super) fn formula(&self, expr: &'a Expr, scope: Scope, site: Site) -> Option<Formula> {
        let site = site.near(place_of(expr));
        match &expr.kind {
            ExprKind::Literal(Literal::Bool(b)) => Some(Formula::Known(*b)),
            ExprKind::Not(inner) => Some(self.formula(inner, scope, site)?.negated()),
            ExprKind::And(parts) => Some(Formula::all(self.formulas(parts, scope, site)?)),
            ExprKind::Or(parts) => Some(Formula::any(self.formulas(parts, scope, site)?)),
            ExprKind::Equal { left, right, fold } => self.equal(left, right, *fold, scope, site),
            ExprKind::Order { op, left, right } => self.order(*op, left, right, scope, site),
            ExprKind::In { value, list, fold } => self.is_in(value, list, *fold, scope, site),
            ExprKind::InCidr { value, blocks } => {
                let field = self.tested(value, scope, site)?;
                let mut tests = Vec::new();
                for block in self.elements(blocks, site) {
                    let Literal::Text(block) = block else { continue };
                    // The block's first address: some readers take no other.
                    let block = block
                        .parse::<Cidr>()
                        .map_or_else(|_| block.clone(), |cidr| cidr.to_string());
                    tests.push(Formula::item(&field.name, "|cidr", [Node::Quoted(block)]));
                }
                Some(Formula::any(tests))
            }
            ExprKind::Address(value) => {
                let field = self.tested(value, scope, site)?;
                let all = ["0.0.0.0/0", "::/0"].map(|block| Node::Quoted(block.to_owned()));
                Some(Formula::item(&field.name, "|cidr", all))
            }
            ExprKind::Text { op, value, needle } => {
                let field = self.tested(value, scope, site);
                let needle = self.literal(needle, scope, site);
                self.text_test(*op, &field?, &needle?, site)
            }
            ExprKind::HasAny { value, list } => {
                let field = self.tested(value, scope, site)?;
                self.written_out(list, site)?;
                let mut words = Vec::new();
                for needle in self.elements(list, site) {
                    words.push(self.text_test(TextOp::Has, &field, needle, site)?);
                }
                Some(Formula::any(words))
            }
            ExprKind::Matches { value, pattern } => {
                let field = self.tested(value, scope, site)?;
                self.matches(&field, pattern, site)
            }
            ExprKind::Present(value) => match self.operand(value, scope, site)? {
                Operand::Literal(_) => Some(Formula::Known(true)),
                Operand::Field(field, _) => Some(self.missing(field.name, site).negated()),
            },
            ExprKind::HasElement { .. } => self.refused(site, "Sigma does not look for an element of a list"),
            ExprKind::Empty(_) => self.refused(site, "Sigma does not count the elements of a list"),
            ExprKind::Column(_)
            | ExprKind::Literal(_)
            | ExprKind::Constant(_)
            | ExprKind::Convert(_)
            | ExprKind::Member { .. }
            | ExprKind::SetOf(_)
            | ExprKind::Coalesce(_)
            | ExprKind::Set { .. }
            | ExprKind::Arithmetic { .. }
            | ExprKind::Call { .. } => self.truth(expr, scope, site),
        }
    }

    pub(super) fn missing(&self, field: String, site: Site) -> Formula {
        let open = "whether `null` takes fields that are absent is left to the engine";
        self.note("missing", open, site.place);
        Formula::Missing(field)
    }

    /// Every part, so that all refusals are found.
    fn formulas(&self, parts: &'a [Expr], scope: Scope, site: Site) -> Option<Vec<Formula>> {
        let formulas: Vec<Option<Formula>> = parts.iter().map(|part| self.formula(part, scope, site)).collect();
        formulas.into_iter().collect()
    }

    fn refused(&self, site: Site, reason: &str) -> Option<Formula> {
        self.refuse(site, CONDITION, reason, None);
        None
    }

    /// A value that is a condition.
    fn truth(&self, expr: &'a Expr, scope: Scope, site: Site) -> Option<Formula> {
        self.is(expr, true, scope, site)
    }

    /// A truth value equals `true` or `false`. A test is never missing, so it is false where it is not true.
    fn is(&self, expr: &'a Expr, wanted: bool, scope: Scope, site: Site) -> Option<Formula> {
        if let ExprKind::Column(slot) = &expr.kind
            && let Some(Meaning::Value(value, scope, place)) = self.meaning(scope, *slot)
        {
            return self.is(value, wanted, scope, through(site, place));
        }
        match &expr.kind {
            ExprKind::Call { function, arguments } if function.0.name == "if" => {
                self.choice(arguments, wanted, scope, site)
            }
            _ if expr.is_test() => {
                let formula = self.formula(expr, scope, site)?;
                Some(if wanted { formula } else { formula.negated() })
            }
            _ => match self.operand(expr, scope, site)? {
                Operand::Literal(Literal::Bool(b)) => Some(Formula::Known(b == wanted)),
                Operand::Literal(_) => self.refused(site, "no condition"),
                Operand::Field(field, _) => Some(field.is(wanted)),
            },
        }
    }

    /// `if(c, a, b)` of conditions, where its result is the wanted one.
    fn choice(&self, arguments: &'a [Argument], wanted: bool, scope: Scope, site: Site) -> Option<Formula> {
        let [
            Argument::Value(condition),
            Argument::Value(then),
            Argument::Value(otherwise),
        ] = arguments
        else {
            return self.refused(site, "a computed value");
        };
        let condition = self.formula(condition, scope, site);
        let then = self.is(then, wanted, scope, site);
        let otherwise = self.is(otherwise, wanted, scope, site);
        let (condition, then, otherwise) = (condition?, then?, otherwise?);
        Some(Formula::any([
            Formula::all([condition.clone(), then]),
            Formula::all([condition.negated(), otherwise]),
        ]))
    }

    fn equal(&self, left: &'a Expr, right: &'a Expr, fold: bool, scope: Scope, site: Site) -> Option<Formula> {
        for (test, other) in [(left, right), (right, left)] {
            if let ExprKind::Literal(Literal::Bool(wanted)) = other.kind {
                return self.is(test, wanted, scope, site);
            }
        }
        let (a, b) = (self.operand(left, scope, site), self.operand(right, scope, site));
        match (a?, b?) {
            (Operand::Literal(a), Operand::Literal(b)) if !fold => Some(Formula::Known(a.same(&b))),
            (Operand::Literal(_), Operand::Literal(_)) => self.refused(site, "no field is asked"),
            (Operand::Field(field, case), Operand::Literal(literal))
            | (Operand::Literal(literal), Operand::Field(field, case)) => {
                self.equals_any(&field, case, fold, std::slice::from_ref(&literal), site)
            }
            (Operand::Field(a, x), Operand::Field(b, y)) => {
                if a.kind == Kind::Time || b.kind == Kind::Time {
                    return self.refused(site, "Sigma does not compare times");
                }
                let fold = match (x, y) {
                    (Case::Own, Case::Own) => fold,
                    (x, y) if x == y || fold => true,
                    _ => return self.refused(site, "a computed value"),
                };
                let texts = matches!(left.ty, Type::Text) || matches!(right.ty, Type::Text);
                let modifiers = if texts && !fold { "|cased|fieldref" } else { "|fieldref" };
                if texts && !fold {
                    let open = "whether `cased` holds for a reference to a field is left to the engine";
                    self.note("field against field", open, site.place);
                }
                Some(Formula::all([
                    Formula::item(&a.name, modifiers, [Node::Quoted(b.name)]),
                    self.missing(a.name, site).negated(),
                ]))
            }
        }
    }

    fn order(&self, op: OrderOp, left: &'a Expr, right: &'a Expr, scope: Scope, site: Site) -> Option<Formula> {
        if left.ty == Type::Time {
            return self.refused(site, "Sigma does not compare times");
        }
        let (a, b) = (self.operand(left, scope, site), self.operand(right, scope, site));
        let (field, op, literal) = match (a?, b?) {
            (Operand::Field(field, _), Operand::Literal(literal)) => (field, op, literal),
            (Operand::Literal(literal), Operand::Field(field, _)) => (field, turned(op), literal),
            (Operand::Literal(_), Operand::Literal(_)) => return self.refused(site, "no field is asked"),
            (Operand::Field(..), Operand::Field(..)) => {
                return self.refused(site, "Sigma compares two fields for equality only");
            }
        };
        let modifiers = match op {
            OrderOp::Less => "|lt",
            OrderOp::LessOrEqual => "|lte",
            OrderOp::Greater => "|gt",
            OrderOp::GreaterOrEqual => "|gte",
        };
        Some(Formula::item(&field.name, modifiers, number(&literal)))
    }

    fn is_in(&self, value: &'a Expr, list: &'a List, fold: bool, scope: Scope, site: Site) -> Option<Formula> {
        self.written_out(list, site)?;
        match self.operand(value, scope, site)? {
            Operand::Literal(_) => self.refused(site, "no field is asked"),
            Operand::Field(field, case) => self.equals_any(&field, case, fold, self.elements(list, site), site),
        }
    }

    /// Refuses a list whose items are kept elsewhere.
    fn written_out(&self, list: &List, site: Site) -> Option<()> {
        match self.plan.watchlist(list) {
            None => Some(()),
            Some((name, _)) => {
                let why = format!("`{name}` is a watchlist, and Sigma writes the items of a list out");
                self.refuse(site, CONDITION, &why, None);
                None
            }
        }
    }

    /// The elements of a list; an empty one is noted, since its test is never true.
    fn elements(&self, list: &'a List, site: Site) -> &'a [Literal] {
        let elements = self.plan.elements(list);
        if elements.is_empty() {
            let name = match list {
                List::Constant(index) => self.plan.constants.get(*index).map(|constant| constant.name.as_str()),
                List::Inline(_) => None,
            };
            let list = name.map_or_else(|| "the list".to_owned(), |name| format!("`{name}`"));
            self.note("list", format!("{list} is empty: its test is left out"), site.place);
        }
        elements
    }

    /// The field equals one of the literals.
    fn equals_any(
        &self,
        field: &FieldName,
        case: Case,
        fold: bool,
        literals: &[Literal],
        site: Site,
    ) -> Option<Formula> {
        let mut texts: Vec<&str> = Vec::new();
        let mut tests = Vec::new();
        for literal in literals {
            match literal {
                Literal::Text(text) => texts.push(text),
                Literal::Bool(b) => tests.push(field.is(*b)),
                Literal::Int(_) | Literal::Real(_) => {
                    tests.push(Formula::item(&field.name, "", number(literal)));
                }
                Literal::Duration(_) => return self.refused(site, "a length of time"),
            }
        }
        // What `lower` makes equals only texts without capitals.
        texts.retain(|text| fold || case.makes(text));
        let fold = fold || case != Case::Own;
        for text in &texts {
            self.foldable(text, fold, site)?;
        }
        tests.push(self.one_of(field, Place::Whole, fold, &texts, site));
        Some(Formula::any(tests))
    }

    fn text_test(&self, op: TextOp, field: &FieldName, needle: &Literal, site: Site) -> Option<Formula> {
        let Literal::Text(needle) = needle else {
            return self.refused(site, "no text");
        };
        self.foldable(needle, true, site)?;
        let place = match op {
            TextOp::Contains => Place::Within,
            TextOp::StartsWith => Place::Start,
            TextOp::EndsWith => Place::End,
            TextOp::Has => {
                let open = "letters beyond ASCII beside a word do not count as parts of it";
                self.note("has", open, site.place);
                return Some(Formula::item(&field.name, text::re(true), [text::word(needle)]));
            }
        };
        Some(self.one_of(field, place, true, &[needle.as_str()], site))
    }

    fn one_of(&self, field: &FieldName, place: Place, fold: bool, texts: &[&str], site: Site) -> Formula {
        let formula = text::one_of(&field.name, place, fold, texts);
        if matches!(place, Place::Whole | Place::End) && text::has_pattern(texts, place) {
            self.note("text", pattern::note("`$`"), site.place);
        }
        formula
    }

    /// How engines fold letters beyond ASCII is not specified.
    fn foldable(&self, text: &str, fold: bool, site: Site) -> Option<()> {
        if fold && text.chars().any(|c| !c.is_ascii() && c.is_alphabetic()) {
            let reason = "letters beyond ASCII without their case";
            let why = "how engines fold such letters is not specified";
            let help = "compare the whole text with its case: `==`, `in`".to_owned();
            self.refuse_because(site, CONDITION, reason, why, Some(help));
            return None;
        }
        Some(())
    }

    fn matches(&self, field: &FieldName, pattern: &Pattern, site: Site) -> Option<Formula> {
        let common = match pattern::common(&pattern.text, pattern.ignore_case) {
            Ok(common) => common,
            Err(unshared) => {
                let what = format!("{} is not read by all engines", unshared.what);
                self.refuse(site, "this pattern", &what, unshared.instead);
                return None;
            }
        };
        if !common.open.is_empty() {
            self.note("matches", pattern::note(&common.open.join(", ")), site.place);
        }
        let test = Formula::item(&field.name, text::re(pattern.ignore_case), [Node::Quoted(common.text)]);
        let empty = crate::runtime::pattern::compile(&pattern.text, pattern.ignore_case)
            .is_ok_and(|pattern| pattern.is_match(""));
        Some(match empty {
            // The empty text is missing here, and a text there.
            true => Formula::all([test, self.missing(field.name.clone(), site).negated()]),
            false => test,
        })
    }

    /// A field as it is, or one whose case makes no difference to the test.
    fn tested(&self, value: &'a Expr, scope: Scope, site: Site) -> Option<FieldName> {
        match self.operand(value, scope, site)? {
            Operand::Field(field, _) => Some(field),
            Operand::Literal(_) => {
                self.refuse(site, CONDITION, "no field is asked", None);
                None
            }
        }
    }

    fn literal(&self, value: &'a Expr, scope: Scope, site: Site) -> Option<Literal> {
        match self.operand(value, scope, site)? {
            Operand::Literal(literal) => Some(literal),
            Operand::Field(..) => {
                self.refuse(site, CONDITION, "a field where a literal is needed", None);
                None
            }
        }
    }

    /// The value of a constant.
    pub(super) fn constant(&self, index: usize) -> Option<&'a Literal> {
        match self.plan.constants.get(index).map(|constant| &constant.value) {
            Some(ConstantValue::Scalar(literal)) => Some(literal),
            _ => None,
        }
    }
}

/// The same order with its sides exchanged.
pub(super) fn turned(op: OrderOp) -> OrderOp {
    match op {
        OrderOp::Less => OrderOp::Greater,
        OrderOp::LessOrEqual => OrderOp::GreaterOrEqual,
        OrderOp::Greater => OrderOp::Less,
        OrderOp::GreaterOrEqual => OrderOp::LessOrEqual,
    }
}

/// A number as a value; a whole one without a point.
fn number(literal: &Literal) -> Option<Node> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match literal {
        Literal::Int(n) => Some(Node::Int(*n)),
        Literal::Real(n) if n.fract() == 0.0 && n.abs() < EXACT => Some(Node::Int(*n as i64)),
        Literal::Real(n) => Some(Node::Real(*n)),
        Literal::Text(_) | Literal::Bool(_) | Literal::Duration(_) => None,
    }
}
