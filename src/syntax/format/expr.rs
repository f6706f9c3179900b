//! Expressions, literals and paths.

use super::doc::{Doc, NARROW, WIDTH, render_flat, width};
use super::place::{Entry, Layout, Space};
use crate::diagnostics::Span;
use crate::syntax::ast::{AggregateName, BinaryOp, Expr, ExprKind, Literal, LiteralKind, Object, Path, Segment, Text};

/// Elements that are no wider than this, one with another, share lines.
const SHORT: usize = 32;
/// Pairs of an object share lines if none is wider than this.
const SHORT_PAIR: usize = 64;

/// What a list or an object looks like.
pub(super) struct Brackets {
    pub(super) open: &'static str,
    pub(super) close: &'static str,
    /// With blanks inside, on one line.
    pub(super) spaced: bool,
    /// The column that one line must end before.
    pub(super) limit: usize,
    /// Several elements on a line, up to this column.
    pub(super) fill: Option<usize>,
}

impl Layout<'_> {
    /// A condition after `where`: one line where it is short, and otherwise one line for each part.
    pub(super) fn condition(&mut self, expr: &Expr) -> Doc {
        let limit = condition_limit(expr);
        Doc::group_within(limit, self.open(expr))
    }

    /// What follows `=`: `??` hangs, so that the operands stand under each other.
    pub(super) fn value(&mut self, expr: &Expr) -> Doc {
        match &expr.kind {
            ExprKind::Coalesce(parts) => Doc::Align(3, Box::new(Doc::group(self.chain("??", parts, 9)))),
            _ => self.condition(expr),
        }
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Doc {
        Doc::group(self.open(expr))
    }

    /// An expression where only what binds at least so tightly needs no parentheses.
    fn operand(&mut self, expr: &Expr, least: u8) -> Doc {
        if rank(expr) >= least {
            self.expr(expr)
        } else {
            Doc::Concat(vec![Doc::text("("), self.expr(expr), Doc::text(")")])
        }
    }

    /// Without a group of its own, which is the caller's.
    fn open(&mut self, expr: &Expr) -> Doc {
        match &expr.kind {
            ExprKind::Literal(literal) => self.literal_kind(literal, expr.span),
            ExprKind::Regex { pattern, ignore_case } => Doc::Text(regex(pattern, *ignore_case)),
            ExprKind::Path(path) => Doc::Text(path_text(path)),
            ExprKind::Call {
                name,
                arguments,
                access,
            } => {
                let mut inner = vec![Doc::Soft];
                for (index, argument) in arguments.iter().enumerate() {
                    if index > 0 {
                        inner.extend([Doc::text(","), Doc::Line]);
                    }
                    inner.push(self.expr(argument));
                }
                let call = match arguments.as_slice() {
                    [] => Doc::text("()"),
                    _ => Doc::group(Doc::Concat(vec![
                        Doc::text("("),
                        Doc::nest(Doc::Concat(inner)),
                        Doc::Soft,
                        Doc::text(")"),
                    ])),
                };
                let mut tail = String::new();
                segments(&mut tail, access);
                Doc::Concat(vec![Doc::text(&name.name), call, Doc::Text(tail)])
            }
            ExprKind::Not(_) => {
                let mut operand = expr;
                let mut words = String::new();
                while let ExprKind::Not(inner) = &operand.kind {
                    words.push_str("not ");
                    operand = inner;
                }
                Doc::Concat(vec![Doc::Text(words), self.operand(operand, 3)])
            }
            ExprKind::And(parts) => Doc::nest(self.chain("and", parts, 3)),
            ExprKind::Or(parts) => Doc::nest(self.chain("or", parts, 2)),
            ExprKind::Coalesce(parts) => Doc::nest(self.chain("??", parts, 9)),
            ExprKind::Binary { op, left, right, .. } if op.rank() == 4 => self.comparison(*op, left, right),
            ExprKind::Binary { op, .. } => self.arithmetic(expr, op.rank()),
            ExprKind::Is { .. } => {
                let mut operand = expr;
                let mut tests = Vec::new();
                while let ExprKind::Is {
                    test,
                    negated,
                    operand: inner,
                } = &operand.kind
                {
                    tests.push(format!(" is {}{}", if *negated { "not " } else { "" }, test.word()));
                    operand = inner;
                }
                tests.reverse();
                Doc::Concat(vec![self.operand(operand, 5), Doc::Text(tests.concat())])
            }
        }
    }

    /// `a and b and c`
    fn chain(&mut self, word: &str, parts: &[Expr], least: u8) -> Doc {
        let mut out = Vec::new();
        let mut before: Option<usize> = None;
        for part in parts {
            let Some(end) = before.replace(self.end(part.span)) else {
                out.push(self.operand(part, least));
                continue;
            };
            let entry = self.entry(part.span, Space::None, |layout| layout.operand(part, least));
            let gap = self.gap(end, entry.start);
            out.extend(gap.trailing.map(Doc::Comment));
            for comment in gap.above.into_iter().map(|(_, comment)| comment).chain(entry.above) {
                out.extend([Doc::Hard, Doc::Text(comment)]);
            }
            // What `??` hangs by is not the indentation of what follows it.
            let doc = if word == "??" {
                Doc::Align(0, Box::new(entry.doc))
            } else {
                entry.doc
            };
            out.extend([Doc::Line, Doc::Text(format!("{word} ")), doc]);
        }
        Doc::Concat(out)
    }

    fn comparison(&mut self, op: BinaryOp, left: &Expr, right: &Expr) -> Doc {
        let hugs = matches!(right.kind, ExprKind::Literal(LiteralKind::List(_)));
        let left = self.operand(left, 5);
        let mut right = self.operand(right, 5);
        // `has any` and `in cidr` are operators; a name that reads so needs parentheses.
        let swallowed = match op {
            BinaryOp::Has => starts_with_word(&right, "any"),
            BinaryOp::In => starts_with_word(&right, "cidr"),
            _ => false,
        };
        if swallowed {
            right = Doc::Concat(vec![Doc::text("("), right, Doc::text(")")]);
        }
        let word = op.word();
        if hugs {
            Doc::Concat(vec![left, Doc::Text(format!(" {word} ")), right])
        } else {
            let right = Doc::Concat(vec![Doc::Line, Doc::Text(format!("{word} ")), right]);
            Doc::Concat(vec![left, Doc::nest(right)])
        }
    }

    /// A chain of operators of one rank, from the left; long ones are deep in the tree.
    fn arithmetic(&mut self, expr: &Expr, rank: u8) -> Doc {
        let mut operators = Vec::new();
        let mut first = expr;
        while let ExprKind::Binary { op, left, right, .. } = &first.kind
            && op.rank() == rank
        {
            operators.push((*op, right));
            first = left;
        }
        let mut out = vec![self.operand(first, rank)];
        for (op, right) in operators.into_iter().rev() {
            let right = self.operand(right, rank + 1);
            out.extend([Doc::Line, Doc::Text(format!("{} ", op.word())), right]);
        }
        Doc::nest(Doc::Concat(out))
    }

    pub(super) fn literal(&mut self, literal: &Literal) -> Doc {
        self.literal_kind(&literal.kind, literal.span)
    }

    pub(super) fn literal_kind(&mut self, kind: &LiteralKind, span: Span) -> Doc {
        let spelled = self.spelled(span);
        let text = match kind {
            LiteralKind::Text(value) if spelled.starts_with("\"\"\"") => {
                return self.text(&Text {
                    value: value.clone(),
                    span,
                    block: true,
                });
            }
            LiteralKind::Text(value) => string(value, spelled),
            LiteralKind::Int(number) if spelled.parse() == Ok(*number) => spelled.to_owned(),
            LiteralKind::Int(number) => number.to_string(),
            LiteralKind::Real(number) if is_real(spelled, *number) => spelled.to_owned(),
            LiteralKind::Real(number) => format!("{number:?}"),
            LiteralKind::Bool(true) => "true".to_owned(),
            LiteralKind::Bool(false) => "false".to_owned(),
            LiteralKind::Null => "null".to_owned(),
            LiteralKind::Duration(length) => duration(*length, spelled),
            LiteralKind::List(elements) => return self.list(elements, span),
            LiteralKind::Object(object) => return self.object(object, WIDTH),
        };
        Doc::Text(text)
    }

    /// Elements of a list; `span` is that of its brackets.
    pub(super) fn list(&mut self, elements: &[Literal], span: Span) -> Doc {
        let close = self.end(span).saturating_sub(1);
        let entries: Vec<Entry> = elements
            .iter()
            .map(|element| self.entry(element.span, Space::None, |layout| layout.literal(element)))
            .collect();
        let widths = entries.iter().map(|entry| match &entry.doc {
            Doc::Text(text) => Some(width(text)),
            _ => None,
        });
        let fill = widths
            .sum::<Option<usize>>()
            .is_some_and(|all| all <= SHORT * entries.len());
        let brackets = Brackets {
            open: "[",
            close: "]",
            spaced: false,
            limit: WIDTH,
            fill: fill.then_some(NARROW),
        };
        self.bracketed(&brackets, span.start as usize + 1, entries, close)
    }

    pub(super) fn object(&mut self, object: &Object, limit: usize) -> Doc {
        let close = self.end(object.span).saturating_sub(1);
        let entries: Vec<Entry> = object
            .pairs
            .iter()
            .map(|(path, value)| {
                let span = path.span.to(value.span);
                self.entry(span, Space::None, |layout| {
                    let key = format!("{}: ", key_text(path));
                    Doc::Concat(vec![Doc::Text(key), layout.literal(value)])
                })
            })
            .collect();
        let short = |doc: &Doc| !doc.is_broken() && width(&render_flat(doc)) <= SHORT_PAIR;
        let brackets = Brackets {
            limit,
            fill: entries.iter().all(|entry| short(&entry.doc)).then_some(WIDTH),
            ..Brackets::OBJECT
        };
        self.bracketed(&brackets, object.span.start as usize + 1, entries, close)
    }

    /// On one line where it fits; comments stand between the elements.
    pub(super) fn bracketed(&mut self, brackets: &Brackets, open: usize, entries: Vec<Entry>, close: usize) -> Doc {
        let mut at = open;
        let mut elements: Vec<Element> = Vec::new();
        let mut opening = Vec::new();
        for entry in entries {
            let gap = self.gap(at, entry.start);
            at = entry.end;
            match elements.last_mut() {
                Some(last) => last.trailing = gap.trailing,
                None => opening.extend(gap.trailing.map(Doc::Comment)),
            }
            let above = gap.above.into_iter().map(|(_, comment)| comment).chain(entry.above);
            elements.push(Element {
                above: above.collect(),
                doc: entry.doc,
                trailing: None,
            });
        }
        let mut gap = self.gap(at, close);
        match elements.last_mut() {
            Some(last) => last.trailing = gap.trailing.take(),
            None if gap.is_empty() => return Doc::Text(format!("{}{}", brackets.open, brackets.close)),
            None => opening.extend(gap.trailing.take().map(Doc::Comment)),
        }
        let fill = brackets
            .fill
            .filter(|_| elements.iter().all(|element| element.trailing.is_none()));
        let count = elements.len();
        let mut items = Vec::new();
        for (index, element) in elements.into_iter().enumerate() {
            let mut parts = Vec::new();
            for comment in element.above {
                parts.extend([Doc::Text(comment), Doc::Hard]);
            }
            parts.push(element.doc);
            parts.push(if index + 1 < count {
                Doc::text(",")
            } else {
                Doc::Broken(",")
            });
            parts.extend(element.trailing.map(Doc::Comment));
            items.push(Doc::Concat(parts));
        }
        let edge = || if brackets.spaced { Doc::Line } else { Doc::Soft };
        let mut inner = Vec::new();
        if let Some(limit) = fill {
            inner.extend([edge(), Doc::Fill { items, limit }]);
        } else {
            for (index, item) in items.into_iter().enumerate() {
                inner.push(if index == 0 { edge() } else { Doc::Line });
                inner.push(item);
            }
        }
        for (_, comment) in gap.above {
            inner.extend([Doc::Hard, Doc::Text(comment)]);
        }
        let mut out = vec![Doc::text(brackets.open)];
        out.extend(opening);
        out.extend([Doc::nest(Doc::Concat(inner)), edge(), Doc::text(brackets.close)]);
        Doc::group_within(brackets.limit, Doc::Concat(out))
    }

    /// A string or a text block.
    pub(super) fn text(&self, text: &Text) -> Doc {
        if !text.block {
            return Doc::Text(string(&text.value, self.spelled(text.span)));
        }
        if text.value.is_empty() {
            return Doc::text("\"\"\"\"\"\"");
        }
        let mut out = vec![Doc::text("\"\"\"")];
        for line in text.value.split('\n') {
            out.extend([Doc::Hard, Doc::text(line)]);
        }
        out.extend([Doc::Hard, Doc::text("\"\"\"")]);
        Doc::nest(Doc::Concat(out))
    }
}

impl Brackets {
    pub(super) const OBJECT: Brackets = Brackets {
        open: "{",
        close: "}",
        spaced: true,
        limit: WIDTH,
        fill: None,
    };
}

struct Element {
    above: Vec<String>,
    doc: Doc,
    trailing: Option<String>,
}

/// How long a condition on one line may be.
pub(super) fn condition_limit(expr: &Expr) -> usize {
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) if parts.len() > 3 => NARROW,
        _ => WIDTH,
    }
}

/// How tightly it binds; what needs no parentheses anywhere is 9.
fn rank(expr: &Expr) -> u8 {
    match &expr.kind {
        ExprKind::Or(_) => 1,
        ExprKind::And(_) => 2,
        ExprKind::Not(_) => 3,
        ExprKind::Is { .. } => 4,
        ExprKind::Binary { op, .. } => op.rank(),
        ExprKind::Coalesce(_) => 8,
        ExprKind::Literal(_) | ExprKind::Regex { .. } | ExprKind::Path(_) | ExprKind::Call { .. } => 9,
    }
}

/// Whether it begins with an aggregate's word where that would be read as an aggregate.
pub(super) fn starts_with_aggregate(doc: &Doc) -> bool {
    use AggregateName::*;
    let text = render_flat(doc);
    [Count, Distinct, Set, Min, Max, Sum, Avg].into_iter().any(|name| {
        text.strip_prefix(name.word())
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "_(.".contains(c)))
    })
}

fn starts_with_word(doc: &Doc, word: &str) -> bool {
    render_flat(doc)
        .strip_prefix(word)
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}

/// As written, where that says the same, or else with JSON's escapes.
pub(super) fn string(value: &str, spelled: &str) -> String {
    let inner = spelled.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    // A tab may stand in a string as it is, which JSON does not allow.
    let read = |inner: &str| serde_json::from_str::<String>(&format!("\"{}\"", inner.replace('\t', "\\t"))).ok();
    if inner.and_then(read).as_deref() == Some(value) {
        spelled.to_owned()
    } else {
        serde_json::Value::from(value).to_string()
    }
}

/// As written, or else the shortest.
pub(super) fn duration(length: crate::value::Span, spelled: &str) -> String {
    let is_duration = spelled.ends_with(['d', 'h', 'm', 's'])
        && spelled.starts_with(|c: char| c.is_ascii_digit())
        && spelled.chars().all(|c| c.is_ascii_digit() || ".dhms".contains(c));
    if is_duration {
        spelled.to_owned()
    } else {
        length.to_string()
    }
}

fn is_real(spelled: &str, number: f64) -> bool {
    spelled.contains(['.', 'e', 'E'])
        && spelled.ends_with(|c: char| c.is_ascii_digit())
        && spelled
            .parse::<f64>()
            .is_ok_and(|read| read.to_bits() == number.to_bits())
}

/// Between slashes.
fn regex(pattern: &str, ignore_case: bool) -> String {
    let mut out = String::from("/");
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '/' => out.push_str("\\/"),
            '\\' => {
                out.push(c);
                out.extend(chars.next());
            }
            _ => out.push(c),
        }
    }
    out.push('/');
    if ignore_case {
        out.push('i');
    }
    out
}

pub(super) fn path_text(path: &Path) -> String {
    let mut out = String::new();
    segments(&mut out, &path.segments);
    out.strip_prefix('.').map(str::to_owned).unwrap_or(out)
}

fn segments(out: &mut String, path: &[Segment]) {
    for segment in path {
        match segment {
            Segment::Name(name) => {
                out.push('.');
                out.push_str(name);
            }
            Segment::Key(key) => {
                out.push('[');
                out.push_str(&serde_json::Value::from(key.as_str()).to_string());
                out.push(']');
            }
            Segment::Index(index) => {
                out.push('[');
                out.push_str(&index.to_string());
                out.push(']');
            }
        }
    }
}

/// The key of an object's pair: words as they are, anything else in quotes.
fn key_text(path: &Path) -> String {
    match path.segments.as_slice() {
        [Segment::Key(key)] => serde_json::Value::from(key.as_str()).to_string(),
        [Segment::Name(name)] if !is_segment(name) => serde_json::Value::from(name.as_str()).to_string(),
        _ => path_text(path),
    }
}

fn is_segment(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || "_@".contains(c))
        && name
            .chars()
            .skip(1)
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}
