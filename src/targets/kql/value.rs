//! Values: each printed in its own type, a json value also as text or as dynamic.

use super::keywords::needs_brackets;
use super::layout::{Level, Text};
use super::literal;
use super::scope::{Bound, Scope, is_nonzero};
use crate::functions::{Accepts, FunctionId, KqlArgument};
use crate::plan::{Argument, ArithmeticOp, ConstantValue, Expr, ExprKind, List, Literal, Segment, SetOp, Slot, Type};

/// A literal list of a set's or list's elements as a dynamic; nothing is a null.
const NO_JSON: &str = "dynamic(null)";

impl Scope<'_> {
    /// A value in its type; json as dynamic. A test as a truth value that is never null.
    pub(super) fn value(&self, e: &Expr) -> Text {
        if let Some(name) = self.named_value(e) {
            return Text::atom(name);
        }
        match &e.kind {
            ExprKind::Column(slot) => self.column(e, *slot),
            ExprKind::Literal(value) => Text::atom(literal::literal(value)),
            ExprKind::Constant(index) => self.constant(*index),
            ExprKind::SetOf(list @ List::Constant(index)) => match self.ctx.plan.watchlist(list) {
                None => self.constant(*index),
                Some(_) => Text::atom(format!(
                    "toscalar({} | summarize make_set(Item))",
                    self.constant(*index).plain()
                )),
            },
            ExprKind::SetOf(List::Inline(elements)) => {
                let elements: Vec<String> = elements.iter().map(literal::literal).collect();
                Text::atom(format!("dynamic([{}])", elements.join(", ")))
            }
            ExprKind::Member { .. } => Text::atom(self.dynamic(e)),
            ExprKind::Convert(inner) => self.convert(inner, e.ty),
            ExprKind::Coalesce(parts) => self.coalesce(e, parts),
            ExprKind::Set { op, left, right } => {
                let function = match op {
                    SetOp::Minus => "set_difference",
                    SetOp::Union => "set_union",
                    SetOp::Intersect => "set_intersect",
                };
                Text::atom(format!("{function}({}, {})", self.set(left), self.set(right)))
            }
            ExprKind::Arithmetic { op, left, right } => self.arithmetic(*op, left, right),
            ExprKind::Call { function, arguments } => match e.ty {
                Type::Json => Text::atom(self.dynamic(e)),
                _ if function.0.name == "if" => self.choice(e.ty, arguments),
                _ => self.call(*function, arguments),
            },
            ExprKind::Not(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Equal { .. }
            | ExprKind::Order { .. }
            | ExprKind::In { .. }
            | ExprKind::HasElement { .. }
            | ExprKind::InCidr { .. }
            | ExprKind::Text { .. }
            | ExprKind::HasAny { .. }
            | ExprKind::Matches { .. }
            | ExprKind::Present(_)
            | ExprKind::Empty(_)
            | ExprKind::Address(_) => self.test(e, false, true),
        }
    }

    fn column(&self, e: &Expr, slot: Slot) -> Text {
        let (ty, bound) = (self.ty(slot), self.bound(slot));
        match bound {
            Bound::Nowhere => {
                self.ctx.refuse(
                    e.span,
                    "this value is not there at this place of the query",
                    "move it to an earlier step",
                );
                Text::atom("false")
            }
            Bound::Column(name) if matches!(ty, Type::Set(_)) && self.is_looked_up(slot) => {
                Text::atom(format!("coalesce({name}, dynamic([]))"))
            }
            Bound::Column(name) => Text::atom(name),
            Bound::Text(text) => text.clone(),
            Bound::Test(test) => self.test(test, false, true),
            Bound::Element(name) => Text::atom(element(name, ty)),
            Bound::JsonText(..) | Bound::AsText(_) | Bound::Parsed(_) => Text::atom(self.dynamic(e)),
        }
    }

    pub(super) fn constant(&self, index: usize) -> Text {
        self.ctx.used_constants.borrow_mut().insert(index);
        let names = self.ctx.names.borrow();
        Text::atom(names.constants.get(index).cloned().unwrap_or_default())
    }

    /// A value as text.
    pub(super) fn text(&self, e: &Expr) -> String {
        if let Some(name) = self.named_text(e) {
            return name.to_owned();
        }
        match &e.kind {
            _ if e.ty == Type::Text => self.value(e).plain().to_owned(),
            ExprKind::Column(slot) => match self.bound(*slot) {
                Bound::AsText(name) => name.clone(),
                _ => format!("tostring({})", self.dynamic(e)),
            },
            ExprKind::Coalesce(parts) if e.ty == Type::Json => {
                let parts: Vec<String> = parts.iter().map(|part| self.text(part)).collect();
                format!("coalesce({})", parts.join(", "))
            }
            ExprKind::Call { function, arguments } if e.ty == Type::Json && function.0.name == "if" => {
                match arguments.as_slice() {
                    [
                        Argument::Value(condition),
                        Argument::Value(then),
                        Argument::Value(otherwise),
                    ] => format!(
                        "iff({}, {}, {})",
                        self.test(condition, false, true).plain(),
                        self.text(then),
                        self.text(otherwise)
                    ),
                    _ => String::new(),
                }
            }
            _ if e.ty == Type::Json => format!("tostring({})", self.dynamic(e)),
            _ => format!("tostring({})", self.value(e).plain()),
        }
    }

    /// The text of JSON in the table, where the value is that whole column.
    pub(super) fn json_text(&self, e: &Expr) -> Option<&str> {
        match &e.kind {
            ExprKind::Convert(inner) => self.json_text(inner),
            ExprKind::Column(slot) => match self.bound(*slot) {
                Bound::JsonText(column, _) => Some(column),
                _ => None,
            },
            _ => None,
        }
    }

    /// A json value as dynamic; null where it is missing, but for an empty text.
    pub(super) fn dynamic(&self, e: &Expr) -> String {
        if let Some(name) = self.named_list(e) {
            return name.to_owned();
        }
        match &e.kind {
            ExprKind::Column(slot) => match self.bound(*slot) {
                Bound::Parsed(name) => only_json(name),
                Bound::AsText(name) => {
                    self.ctx
                        .refuse(e.span, "this json value was kept as text", "read the path directly");
                    name.clone()
                }
                _ => self.base(e),
            },
            ExprKind::Call { function, arguments } => match (function.0.name, arguments.as_slice()) {
                ("json", _) => only_json(&self.base(e)),
                ("split", [Argument::Value(text), _]) if !self.is_present(text) => {
                    format!("iff(isnotempty({}), {}, {NO_JSON})", self.text(text), self.base(e))
                }
                (
                    "if",
                    [
                        Argument::Value(condition),
                        Argument::Value(then),
                        Argument::Value(otherwise),
                    ],
                ) => format!(
                    "iff({}, {}, {})",
                    self.test(condition, false, true).plain(),
                    self.dynamic(then),
                    self.dynamic(otherwise)
                ),
                _ => self.base(e),
            },
            ExprKind::Coalesce(parts) => {
                let mut parts = parts.iter().rev();
                let last = parts.next().map_or(NO_JSON.to_owned(), |part| self.dynamic(part));
                parts.fold(last, |rest, part| {
                    format!("iff(isnotempty({}), {}, {rest})", self.text(part), self.dynamic(part))
                })
            }
            ExprKind::Member { base, path } => {
                let mut out = self.base(base);
                for segment in path {
                    match segment {
                        Segment::Name(name) if !needs_brackets(name) => out.push_str(&format!(".{name}")),
                        Segment::Name(name) | Segment::Key(name) => out.push_str(&format!("[{}]", literal::text(name))),
                        Segment::Index(n) => out.push_str(&format!("[{n}]")),
                    }
                }
                out
            }
            ExprKind::Convert(inner) if e.ty == Type::Json => self.dynamic(inner),
            _ => self.value(e).plain().to_owned(),
        }
    }

    /// A json value of which only members are read, so that text that is no JSON does no harm.
    fn base(&self, e: &Expr) -> String {
        match &e.kind {
            ExprKind::Column(slot) => match self.bound(*slot) {
                Bound::JsonText(_, Some(parsed)) => parsed.clone(),
                Bound::JsonText(column, None) => format!("parse_json({column})"),
                Bound::Column(name) | Bound::Element(name) | Bound::Parsed(name) => name.clone(),
                Bound::Nowhere | Bound::Text(_) | Bound::AsText(_) | Bound::Test(_) => {
                    self.column(e, *slot).at(Level::Atom)
                }
            },
            ExprKind::Call { function, arguments } if function.0.name != "if" => {
                self.call(*function, arguments).at(Level::Atom)
            }
            _ => self.dynamic(e),
        }
    }

    fn convert(&self, inner: &Expr, ty: Type) -> Text {
        if inner.ty == Type::Int && ty == Type::Real {
            return Text::atom(self.as_type(inner, ty));
        }
        let text = self.text(inner);
        match ty {
            Type::Text => Text::atom(text),
            Type::Bool => Text::atom(bool_of(&text)),
            Type::Int => Text::atom(format!("tolong({text})")),
            Type::Real => Text::atom(format!("toreal({text})")),
            Type::Time => Text::atom(format!("todatetime({text})")),
            Type::Json => Text::atom(self.dynamic(inner)),
            Type::Duration | Type::Set(_) => {
                self.ctx.refuse(
                    inner.span,
                    "a json value cannot be read so",
                    "read it as text, number or bool",
                );
                Text::atom("false")
            }
        }
    }

    fn coalesce(&self, e: &Expr, parts: &[Expr]) -> Text {
        // A set is never missing.
        if let (Type::Set(_), Some(first)) = (e.ty, parts.first()) {
            return Text::atom(self.set(first));
        }
        if e.ty == Type::Json {
            return Text::atom(self.dynamic(e));
        }
        if parts.len() > 64 {
            self.ctx
                .refuse(e.span, "KQL takes at most 64 alternatives", "write fewer `??`");
        }
        let parts: Vec<String> = parts.iter().map(|part| self.as_type(part, e.ty)).collect();
        Text::atom(format!("coalesce({})", parts.join(", ")))
    }

    /// A value where another type than its own is asked for: an int as real, json as text.
    pub(super) fn as_type(&self, e: &Expr, ty: Type) -> String {
        match (e.ty, ty) {
            (Type::Json, Type::Text) => self.text(e),
            (Type::Int, Type::Real) => match &e.kind {
                ExprKind::Literal(Literal::Int(n)) => format!("real({n})"),
                _ => format!("toreal({})", self.value(e).plain()),
            },
            _ => self.value(e).plain().to_owned(),
        }
    }

    /// A set; never null.
    pub(super) fn set(&self, e: &Expr) -> String {
        if e.ty == Type::Json {
            self.ctx.refuse(
                e.span,
                "KQL has sets of one type only, and this list may hold anything",
                "collect it with `each` and a `set` column",
            );
        }
        self.value(e).plain().to_owned()
    }

    fn arithmetic(&self, op: ArithmeticOp, left: &Expr, right: &Expr) -> Text {
        let (a, b) = (self.value(left), self.value(right));
        let number = |text: &Text, level: Level| {
            // A minus sign behind an operator reads badly, and two of them begin no comment here but might.
            if text.plain().starts_with('-') {
                format!("({})", text.plain())
            } else {
                text.at(level)
            }
        };
        match op {
            ArithmeticOp::Add => Text::new(
                format!("{} + {}", number(&a, Level::Sum), number(&b, Level::Product)),
                Level::Sum,
            ),
            ArithmeticOp::Subtract => Text::new(
                format!("{} - {}", number(&a, Level::Sum), number(&b, Level::Product)),
                Level::Sum,
            ),
            ArithmeticOp::Multiply => Text::new(
                format!("{} * {}", number(&a, Level::Product), number(&b, Level::Atom)),
                Level::Product,
            ),
            ArithmeticOp::Divide => {
                let a = if left.ty == Type::Real {
                    number(&a, Level::Product)
                } else {
                    format!("toreal({})", a.plain())
                };
                let quotient = format!("{a} / {}", number(&b, Level::Atom));
                if is_nonzero(right) {
                    Text::new(quotient, Level::Product)
                } else {
                    Text::atom(format!("iff({} == 0, real(null), {quotient})", b.at(Level::Sum)))
                }
            }
        }
    }

    /// `if` behind `if` is one `case`.
    fn choice(&self, ty: Type, arguments: &[Argument]) -> Text {
        let mut parts = Vec::new();
        let mut arguments = arguments;
        while let [
            Argument::Value(condition),
            Argument::Value(then),
            Argument::Value(otherwise),
        ] = arguments
        {
            parts.push(self.test(condition, false, true).plain().to_owned());
            parts.push(self.as_type(then, ty));
            match &otherwise.kind {
                ExprKind::Call {
                    function,
                    arguments: inner,
                } if function.0.name == "if" => arguments = inner,
                _ => {
                    parts.push(self.as_type(otherwise, ty));
                    break;
                }
            }
        }
        let function = if parts.len() > 3 { "case" } else { "iff" };
        Text::atom(format!("{function}({})", parts.join(", ")))
    }

    fn call(&self, function: FunctionId, arguments: &[Argument]) -> Text {
        let accepts = function.0.parameters.iter().map(|parameter| parameter.accepts);
        let arguments: Vec<KqlArgument> = arguments
            .iter()
            .zip(accepts)
            .map(|(argument, accepts)| match argument {
                Argument::Pattern(pattern) => KqlArgument {
                    text: literal::pattern(pattern),
                    dynamic: literal::pattern(pattern),
                    ty: Type::Text,
                    literal: Some(literal::pattern_text(pattern)),
                },
                Argument::Value(value) => self.argument(value, accepts),
            })
            .collect();
        Text::atom((function.0.kql)(&arguments))
    }

    fn argument(&self, value: &Expr, accepts: Accepts) -> KqlArgument {
        let text = match accepts {
            Accepts::Text | Accepts::Collection if !matches!(value.ty, Type::Set(_)) => self.text(value),
            Accepts::Condition => self.test(value, false, true).plain().to_owned(),
            Accepts::Text | Accepts::Collection | Accepts::Any | Accepts::Separator | Accepts::Pattern => {
                self.value(value).plain().to_owned()
            }
        };
        let dynamic = match value.ty {
            Type::Json if accepts == Accepts::Collection => self.dynamic(value),
            Type::Set(_) => self.set(value),
            _ => text.clone(),
        };
        KqlArgument {
            text,
            dynamic,
            ty: value.ty,
            literal: self.literal_text(value).map(str::to_owned),
        }
    }

    /// The text of a literal or constant.
    pub(super) fn literal_text<'b>(&'b self, e: &'b Expr) -> Option<&'b str> {
        match &e.kind {
            ExprKind::Literal(Literal::Text(text)) => Some(text),
            ExprKind::Constant(index) => match self.ctx.plan.constants.get(*index).map(|c| &c.value) {
                Some(ConstantValue::Scalar(Literal::Text(text))) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }
}

/// A dynamic where it is an object or array, else nothing.
fn only_json(dynamic: &str) -> String {
    format!("iff(gettype({dynamic}) in (\"array\", \"dictionary\"), {dynamic}, {NO_JSON})")
}

/// Text read as a bool.
pub(super) fn bool_of(text: &str) -> String {
    format!("case({text} =~ \"true\", true, {text} =~ \"false\", false, bool(null))")
}

fn element(name: &str, ty: Type) -> String {
    match ty {
        Type::Text => format!("tostring({name})"),
        Type::Bool => format!("tobool({name})"),
        Type::Int => format!("tolong({name})"),
        Type::Real => format!("toreal({name})"),
        Type::Time => format!("todatetime({name})"),
        Type::Json | Type::Duration | Type::Set(_) => name.to_owned(),
    }
}
