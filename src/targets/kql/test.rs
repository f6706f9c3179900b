//! Tests. Each is printed positive or negated, and either as it may stand in a `where` (a null drops the row, as false
//! does) or exactly (never null), as it must stand under `not`, in a column, in `iff`.

use super::layout::{Level, Text};
use super::literal;
use super::scope::{Bound, Scope};
use super::value::bool_of;
use crate::plan::{ConstantValue, Expr, ExprKind, List, Literal, OrderOp, Pattern, Plan, TextOp, Type};
use std::net::IpAddr;

/// Groups that `matches regex` takes.
const MAX_GROUPS: usize = 16;

fn not(text: &Text) -> Text {
    Text::atom(format!("not({})", text.plain()))
}

fn negated(text: Text, negate: bool) -> Text {
    if negate { not(&text) } else { text }
}

fn operator(left: &str, word: &str, right: &str) -> Text {
    Text::compare(format!("{left} {word} {right}"))
}

impl Scope<'_> {
    /// The test `e`, or its negation.
    pub(super) fn test(&self, e: &Expr, negate: bool, exact: bool) -> Text {
        match &e.kind {
            ExprKind::Not(inner) => self.test(inner, !negate, exact),
            ExprKind::And(parts) if !negate => self.all(parts, false, exact),
            ExprKind::Or(parts) if negate => self.all(parts, true, exact),
            ExprKind::And(parts) => not(&self.all(parts, false, true)),
            ExprKind::Or(parts) => {
                let parts: Vec<Text> = parts.iter().map(|part| self.test(part, false, exact)).collect();
                Text::any(&parts)
            }
            ExprKind::Equal { left, right, fold } => self.equal(left, right, *fold, negate),
            ExprKind::Order { op, left, right } => self.order(*op, left, right, negate, exact),
            ExprKind::In { value, list, fold } => self.one_of(e, value, list, *fold, negate),
            ExprKind::HasElement { list, element } => negated(self.has_element(list, element), negate),
            ExprKind::InCidr { value, blocks } => self.in_blocks(value, blocks, negate),
            ExprKind::Text { op, value, needle } => self.word(*op, value, needle, negate),
            ExprKind::HasAny { value, list } => self.has_any(e, value, list, negate),
            ExprKind::Matches { value, pattern } => self.matches(e, value, pattern, negate),
            ExprKind::Present(value) => self.present(value, negate),
            ExprKind::Empty(value) => self.empty(value, negate),
            ExprKind::Address(value) => {
                let text = self.operand(value);
                let test = [
                    Text::atom(format!("isnotempty(parse_ipv6({text}))")),
                    operator(&text, "!contains", "\"/\""),
                ];
                negated(Text::all(&test), negate)
            }
            ExprKind::Literal(Literal::Bool(value)) => Text::atom(if *value == negate { "false" } else { "true" }),
            ExprKind::Column(slot) => match self.bound(*slot) {
                Bound::Test(test) => self.test(test, negate, exact),
                _ => self.truth(e, negate),
            },
            ExprKind::Convert(inner) => operator(&self.text(inner), if negate { "!~" } else { "=~" }, "\"true\""),
            ExprKind::Literal(_)
            | ExprKind::Constant(_)
            | ExprKind::SetOf(_)
            | ExprKind::Member { .. }
            | ExprKind::Coalesce(_)
            | ExprKind::Set { .. }
            | ExprKind::Arithmetic { .. }
            | ExprKind::Call { .. } => self.truth(e, negate),
        }
    }

    /// A value of type bool as a test.
    fn truth(&self, e: &Expr, negate: bool) -> Text {
        if e.ty == Type::Json {
            return operator(&self.text(e), if negate { "!~" } else { "=~" }, "\"true\"");
        }
        let value = self.value(e);
        match (self.is_present(e), negate) {
            (true, false) => value,
            (true, true) => not(&value),
            (false, false) => operator(&value.at(Level::Sum), "==", "true"),
            (false, true) => operator(&value.at(Level::Sum), "!=", "true"),
        }
    }

    fn all(&self, parts: &[Expr], negate: bool, exact: bool) -> Text {
        let parts: Vec<Text> = parts.iter().map(|part| self.test(part, negate, exact)).collect();
        Text::all(&parts)
    }

    /// A text to be looked into: the text of a whole JSON column is read anew, so that its spelling does not matter.
    fn operand(&self, value: &Expr) -> String {
        match (self.json_text(value), &value.kind) {
            (Some(_), ExprKind::Convert(inner)) => format!("tostring({})", self.dynamic(inner)),
            (Some(_), _) => format!("tostring({})", self.dynamic(value)),
            (None, _) => self.text(value),
        }
    }

    /// As `operand`, for needles that look the same however JSON is spelled.
    fn haystack(&self, value: &Expr, needles: &[&str]) -> String {
        let plain = |needle: &&str| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b" _-.".contains(&b);
            needle.bytes().all(plain) && needle.bytes().any(|b| b != b' ')
        };
        match self.json_text(value) {
            Some(column) if needles.iter().all(plain) => column.to_owned(),
            _ => self.operand(value),
        }
    }

    fn equal(&self, left: &Expr, right: &Expr, fold: bool, negate: bool) -> Text {
        let is_literal = |e: &Expr| matches!(e.kind, ExprKind::Literal(_) | ExprKind::Constant(_));
        if is_literal(left) && !is_literal(right) {
            return self.equal(right, left, fold, negate);
        }
        if let ExprKind::Literal(Literal::Bool(value)) = right.kind {
            return self.equal_bool(left, value, negate);
        }
        let text = left.ty == Type::Text || left.ty == Type::Json;
        let word = match (fold, negate) {
            (false, false) => "==",
            (false, true) => "!=",
            (true, false) => "=~",
            (true, true) => "!~",
        };
        if fold && let Some(needle) = self.literal_text(right) {
            self.check_needle(right, needle, false);
        }
        let side = |e: &Expr| {
            if text {
                self.text(e)
            } else {
                self.value(e).at(Level::Sum)
            }
        };
        let (a, b) = (side(left), side(right));
        let test = operator(&a, word, &b);
        // One present side is enough: nothing is equal to a missing one then.
        if is_literal(right) || self.is_present(left) || self.is_present(right) {
            return test;
        }
        let (is, is_not) = if text {
            ("isnotempty", "isempty")
        } else {
            ("isnotnull", "isnull")
        };
        let a = if text { a } else { self.value(left).plain().to_owned() };
        if negate {
            Text::any(&[Text::atom(format!("{is_not}({a})")), test])
        } else {
            Text::all(&[Text::atom(format!("{is}({a})")), test])
        }
    }

    fn equal_bool(&self, e: &Expr, value: bool, negate: bool) -> Text {
        let is_test = match &e.kind {
            ExprKind::Column(slot) => matches!(self.bound(*slot), Bound::Test(_)),
            _ => !matches!(e.kind, ExprKind::Convert(_)) && e.ty == Type::Bool,
        };
        if is_test && self.is_present(e) {
            return self.test(e, negate == value, true);
        }
        let inner = match &e.kind {
            ExprKind::Convert(inner) => Some(&**inner),
            _ if e.ty == Type::Json => Some(e),
            _ => None,
        };
        match inner {
            Some(inner) => operator(
                &self.text(inner),
                if negate { "!~" } else { "=~" },
                &format!("\"{value}\""),
            ),
            None => {
                let word = if negate { "!=" } else { "==" };
                operator(&self.value(e).at(Level::Sum), word, &value.to_string())
            }
        }
    }

    fn order(&self, op: OrderOp, left: &Expr, right: &Expr, negate: bool, exact: bool) -> Text {
        let never_null = self.is_present(left) && self.is_present(right);
        let word = match (op, negate && never_null) {
            (OrderOp::Less, false) | (OrderOp::GreaterOrEqual, true) => "<",
            (OrderOp::LessOrEqual, false) | (OrderOp::Greater, true) => "<=",
            (OrderOp::Greater, false) | (OrderOp::LessOrEqual, true) => ">",
            (OrderOp::GreaterOrEqual, false) | (OrderOp::Less, true) => ">=",
        };
        let test = operator(
            &self.value(left).at(Level::Sum),
            word,
            &self.value(right).at(Level::Sum),
        );
        if never_null || !(exact || negate) {
            return test;
        }
        negated(Text::atom(format!("coalesce({}, false)", test.plain())), negate)
    }

    fn one_of(&self, e: &Expr, value: &Expr, list: &List, fold: bool, negate: bool) -> Text {
        let elements = self.ctx.plan.elements(list);
        let watchlist = self.ctx.plan.watchlist(list).is_some();
        if watchlist && fold {
            self.unknown_items(e);
        }
        if elements.is_empty() && !watchlist {
            return Text::atom(if negate { "true" } else { "false" });
        }
        if fold {
            for element in elements {
                if let Literal::Text(needle) = element {
                    self.check_needle(e, needle, false);
                }
            }
        }
        let word = match (fold, negate) {
            (false, false) => "in",
            (false, true) => "!in",
            (true, false) => "in~",
            (true, true) => "!in~",
        };
        // A json bool is compared as text, in any case.
        if let (ExprKind::Convert(inner), Type::Bool) = (&value.kind, value.ty) {
            let words: Vec<String> = elements
                .iter()
                .map(|l| format!("\"{}\"", literal::literal(l)))
                .collect();
            let word = if negate { "!in~" } else { "in~" };
            return operator(&self.text(inner), word, &format!("({})", words.join(", ")));
        }
        let text = match value.ty {
            Type::Text | Type::Json => self.text(value),
            _ => self.value(value).at(Level::Sum),
        };
        operator(&text, word, &self.list(list))
    }

    /// The elements in brackets; a list of texts by its name.
    pub(super) fn list(&self, list: &List) -> String {
        let elements = self.ctx.plan.elements(list);
        match list {
            List::Constant(index) if is_text_list(self.ctx.plan, *index) => {
                format!("({})", self.constant(*index).plain())
            }
            _ => format!(
                "({})",
                elements.iter().map(literal::literal).collect::<Vec<_>>().join(", ")
            ),
        }
    }

    fn has_element(&self, list: &Expr, element: &Expr) -> Text {
        let printed = self.value(element).plain().to_owned();
        if list.ty != Type::Json {
            return Text::atom(format!("set_has_element({}, {printed})", self.set(list)));
        }
        let parsed = match &list.kind {
            ExprKind::Column(slot) => match self.bound(*slot) {
                Bound::Parsed(name) => Some(name.clone()),
                _ => None,
            },
            _ => None,
        };
        // An object equals no literal, and a text that is no JSON is missing.
        let array = match parsed {
            Some(name) => format!("iff(gettype({name}) == \"array\", {name}, dynamic([]))"),
            None => self.array(list),
        };
        let has = |element: &str| Text::atom(format!("set_has_element({array}, {element})"));
        let value = match &element.kind {
            ExprKind::Literal(value) => Some(value),
            ExprKind::Constant(index) => match self.ctx.plan.constants.get(*index).map(|c| &c.value) {
                Some(ConstantValue::Scalar(value)) => Some(value),
                _ => None,
            },
            _ => None,
        };
        match value {
            // A number in the list reads as this text, and the other way round.
            Some(Literal::Text(text)) if text.parse::<i64>().is_ok_and(|n| n.to_string() == *text) => {
                Text::any(&[has(&printed), has(text)])
            }
            Some(Literal::Int(n)) => Text::any(&[has(&printed), has(&format!("\"{n}\""))]),
            Some(Literal::Text(text)) if !text.eq_ignore_ascii_case("true") && !text.eq_ignore_ascii_case("false") => {
                has(&printed)
            }
            _ => {
                self.ctx.refuse(
                    element.span,
                    "KQL finds texts and whole numbers in a JSON list, not truth values or fractions",
                    "expand the list with `each` and test the element",
                );
                has(&printed)
            }
        }
    }

    /// A json value as an array; a scalar or object counts as one element.
    pub(super) fn array(&self, list: &Expr) -> String {
        let list = self.dynamic(list);
        format!("iff(gettype({list}) == \"array\", {list}, pack_array({list}))")
    }

    /// In one of the blocks; they are written out, since Kusto's functions tell no families apart.
    fn in_blocks(&self, value: &Expr, blocks: &List, negate: bool) -> Text {
        let tests = self
            .ctx
            .plan
            .texts(blocks)
            .map(|block| negated(self.in_cidr(value, block), negate));
        let tests: Vec<Text> = tests.collect();
        match (tests.as_slice(), negate) {
            ([], _) => Text::atom(if negate { "true" } else { "false" }),
            (tests, true) => Text::all(tests),
            (tests, false) => Text::any(tests),
        }
    }

    fn in_cidr(&self, value: &Expr, block: &str) -> Text {
        let text = self.operand(value);
        let range = literal::text(block);
        let address = block
            .split('/')
            .next()
            .and_then(|address| address.parse::<IpAddr>().ok());
        match address {
            // Kusto may read `10.0.0.0/8` as the value too; a block is no address.
            Some(IpAddr::V4(_)) => Text::all(&[
                operator(&text, "!contains", "\"/\""),
                Text::atom(format!("coalesce(ipv4_is_in_range({text}, {range}), false)")),
            ]),
            // Kusto reads an IPv4 address as an IPv6 one; the language does not.
            Some(IpAddr::V6(_)) => Text::all(&[
                operator(&text, "contains", "\":\""),
                operator(&text, "!contains", "\"/\""),
                Text::atom(format!("coalesce(ipv6_is_in_range({text}, {range}), false)")),
            ]),
            None => {
                self.ctx.refuse(
                    value.span,
                    "the address block cannot be read",
                    "write it as `10.0.0.0/8`",
                );
                Text::atom("false")
            }
        }
    }

    fn word(&self, op: TextOp, value: &Expr, needle: &Expr, negate: bool) -> Text {
        let word = match op {
            TextOp::Contains => "contains",
            TextOp::StartsWith => "startswith",
            TextOp::EndsWith => "endswith",
            TextOp::Has => "has",
        };
        let literal = self.literal_text(needle);
        if let Some(literal) = literal {
            self.check_needle(needle, literal, op == TextOp::Has);
        }
        let value = match (op, literal) {
            (TextOp::Contains | TextOp::Has, Some(literal)) => self.haystack(value, &[literal]),
            _ => self.operand(value),
        };
        let word = format!("{}{word}", if negate { "!" } else { "" });
        operator(&value, &word, self.value(needle).plain())
    }

    fn has_any(&self, e: &Expr, value: &Expr, list: &List, negate: bool) -> Text {
        let elements = self.ctx.plan.elements(list);
        if self.ctx.plan.watchlist(list).is_some() {
            self.unknown_items(e);
        }
        if elements.is_empty() {
            return Text::atom(if negate { "true" } else { "false" });
        }
        let mut needles = Vec::new();
        for element in elements {
            if let Literal::Text(needle) = element {
                self.check_needle(e, needle, true);
                needles.push(needle.as_str());
            }
        }
        if needles.len() > 10_000 {
            self.ctx
                .refuse(e.span, "KQL's `has_any` takes at most 10,000 words", "split the list");
        }
        negated(
            operator(&self.haystack(value, &needles), "has_any", &self.list(list)),
            negate,
        )
    }

    fn matches(&self, e: &Expr, value: &Expr, pattern: &Pattern, negate: bool) -> Text {
        let text = self.operand(value);
        let test = operator(&text, "matches regex", &literal::pattern(pattern));
        let Ok(regex) = regex::Regex::new(&literal::pattern_text(pattern)) else {
            self.ctx
                .refuse(e.span, "the regular expression does not compile", "correct it");
            return test;
        };
        if regex.captures_len() > MAX_GROUPS + 1 {
            let reason = "KQL's `matches regex` takes at most 16 groups";
            self.ctx
                .refuse(e.span, reason, "write groups that catch nothing as `(?:..)`");
        }
        // The empty text stands for a missing one, which matches nothing.
        if regex.is_match("") && !self.is_present(value) {
            let guarded = Text::all(&[Text::atom(format!("isnotempty({text})")), test]);
            return negated(guarded, negate);
        }
        negated(test, negate)
    }

    /// Whether a value is there.
    pub(super) fn present(&self, value: &Expr, negate: bool) -> Text {
        let call = |of_text: bool, operand: &str| {
            let word = match (of_text, negate) {
                (true, false) => "isnotempty",
                (true, true) => "isempty",
                (false, false) => "isnotnull",
                (false, true) => "isnull",
            };
            Text::atom(format!("{word}({operand})"))
        };
        match (value.ty, &value.kind) {
            (Type::Set(_), _) => Text::atom(if negate { "false" } else { "true" }),
            (Type::Text, _) => match self.json_text(value) {
                Some(column) => call(true, column),
                None => call(true, &self.text(value)),
            },
            (Type::Json, ExprKind::Column(slot)) => match self.bound(*slot) {
                Bound::JsonText(column, _) => call(true, column),
                Bound::Parsed(name) => {
                    let word = if negate { "!in" } else { "in" };
                    operator(&format!("gettype({name})"), word, "(\"array\", \"dictionary\")")
                }
                _ => call(true, &self.text(value)),
            },
            (Type::Json, ExprKind::Call { function, arguments }) if function.0.name == "json" => {
                match arguments.first() {
                    Some(crate::plan::Argument::Value(text)) => {
                        let word = if negate { "!in" } else { "in" };
                        let parsed = format!("gettype(parse_json({}))", self.text(text));
                        operator(&parsed, word, "(\"array\", \"dictionary\")")
                    }
                    _ => call(true, &self.text(value)),
                }
            }
            (Type::Json, ExprKind::Call { function, arguments }) if function.0.name == "split" => {
                match arguments.first() {
                    Some(crate::plan::Argument::Value(text)) => self.present(text, negate),
                    _ => call(true, &self.text(value)),
                }
            }
            (Type::Json, _) => call(true, &self.text(value)),
            (Type::Bool, ExprKind::Convert(inner)) => call(false, &bool_of(&self.text(inner))),
            (Type::Bool | Type::Int | Type::Real | Type::Time | Type::Duration, _) => {
                call(false, self.value(value).plain())
            }
        }
    }

    fn empty(&self, value: &Expr, negate: bool) -> Text {
        if value.ty != Type::Json {
            let word = if negate { ">" } else { "==" };
            return operator(&format!("array_length({})", self.set(value)), word, "0");
        }
        let list = self.dynamic(value);
        let length = format!("array_length({list})");
        // An object or scalar has no length in KQL; it counts as one element.
        if negate {
            Text::all(&[self.present(value, false), operator(&length, "!=", "0")])
        } else {
            Text::any(&[self.present(value, true), operator(&length, "==", "0")])
        }
    }

    /// Without their case texts are compared only where their letters are known.
    fn unknown_items(&self, e: &Expr) {
        self.ctx.refuse(
            e.span,
            "the items of a watchlist are not known here, nor how KQL compares letters beyond ASCII without their case",
            "compare exactly, with `in`, and keep the items as the log writes them",
        );
    }

    /// Kusto folds ASCII letters as we do; of others its pages say nothing, nor of words without letters and digits.
    fn check_needle(&self, e: &Expr, needle: &str, terms: bool) {
        if terms && !needle.chars().any(char::is_alphanumeric) {
            let reason = "it is not settled what KQL's `has` finds without a letter or digit";
            self.ctx.refuse(e.span, reason, "use `contains`");
        }
        let cased = |c: char| !c.is_ascii() && (c.is_lowercase() || c.is_uppercase());
        if needle
            .chars()
            .any(|c| cased(c) || terms && !c.is_ascii() && c.is_alphanumeric())
        {
            self.ctx.refuse(
                e.span,
                "it is not settled how KQL compares letters beyond ASCII without their case",
                "compare exactly, with `==`, `in` or `matches`",
            );
        }
    }
}

/// Whether a list holds texts only: these are equal to a text whatever engine compares them.
pub(super) fn is_text_list(plan: &Plan, index: usize) -> bool {
    match plan.constants.get(index).map(|c| &c.value) {
        Some(ConstantValue::List(elements)) => elements.iter().all(|e| matches!(e, Literal::Text(_))),
        _ => false,
    }
}
