//! Values of the plan as fields of the log.

use super::context::{Context, Site, place_of};
use super::formula::Formula;
use super::scope::{Meaning, Scope, through};
use crate::functions::Sigma;
use crate::plan::{Argument, Expr, ExprKind, Literal, Segment};
use crate::source::{Field, FieldType};
use crate::targets::yaml::Node;

/// One side of a test.
pub(super) enum Operand {
    Literal(Literal),
    Field(FieldName, Case),
}

/// A field as Sigma names it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FieldName {
    /// `requestParameters.userName`
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Whether every event has it.
    pub(super) always: bool,
}

/// What a field holds in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Bool,
    Time,
    /// Anything: a text may stand for a number or bool.
    Any,
}

/// What was done to a text before it is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// Nothing.
    Own,
    Lower,
    Upper,
}

impl Case {
    /// Whether a text can come out.
    pub(super) fn makes(self, text: &str) -> bool {
        match self {
            Case::Own => true,
            Case::Lower => !text.bytes().any(|b| b.is_ascii_uppercase()),
            Case::Upper => !text.bytes().any(|b| b.is_ascii_lowercase()),
        }
    }
}

impl FieldName {
    /// The field is that bool; a text takes both forms where the log may hold either.
    pub(super) fn is(&self, value: bool) -> Formula {
        let value = match self.kind {
            Kind::Any => Node::Quoted(value.to_string()),
            Kind::Text | Kind::Number | Kind::Bool | Kind::Time => Node::Bool(value),
        };
        Formula::item(&self.name, "", [value])
    }
}

impl<'a> Context<'a> {
    /// A literal or a field; anything computed is refused.
    pub(super) fn operand(&self, expr: &'a Expr, scope: Scope, site: Site) -> Option<Operand> {
        let site = site.near(place_of(expr));
        match &expr.kind {
            ExprKind::Literal(literal) => Some(Operand::Literal(literal.clone())),
            ExprKind::Constant(index) => self.constant(*index).cloned().map(Operand::Literal),
            ExprKind::Convert(inner) => self.operand(inner, scope, site),
            ExprKind::Column(slot) => match self.meaning(scope, *slot)? {
                Meaning::Field(field) => self.named(field, site).map(|name| Operand::Field(name, Case::Own)),
                Meaning::Value(value, scope, place) => self.operand(value, scope, through(site, place)),
                Meaning::Clock => self.unsaid(site, "a time of the row", "Sigma compares no times of events"),
                Meaning::Aggregate(_) => self.unsaid(
                    site,
                    "a value over all events of a group",
                    "a correlation compares one such number with a whole number, and nothing else",
                ),
                Meaning::Refused => None,
            },
            ExprKind::Member { base, path } => match self.operand(base, scope, site)? {
                Operand::Field(field, Case::Own) => self.below(field, path, site),
                Operand::Field(..) | Operand::Literal(_) => self.computed(site, PLAIN),
            },
            ExprKind::Call { function, arguments } => match (&function.0.sigma, arguments.as_slice()) {
                (Sigma::Refused(why), _) => self.computed(site, why),
                (Sigma::Rewritten, [Argument::Value(text)]) => {
                    let case = match function.0.name {
                        "lower" => Case::Lower,
                        "upper" => Case::Upper,
                        _ => return self.computed(site, PLAIN),
                    };
                    match self.operand(text, scope, site)? {
                        Operand::Field(field, Case::Own) => Some(Operand::Field(field, case)),
                        _ => self.computed(site, PLAIN),
                    }
                }
                (Sigma::Rewritten, _) => self.computed(site, "Sigma does not choose between values"),
            },
            ExprKind::Coalesce(_) => self.computed(site, "Sigma does not choose between fields"),
            ExprKind::Arithmetic { .. } => self.computed(site, "Sigma does not calculate"),
            ExprKind::Set { .. } | ExprKind::SetOf(_) => self.computed(site, "Sigma does not collect sets of values"),
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
            | ExprKind::Address(_) => self.computed(site, "Sigma compares no conditions"),
        }
    }

    fn computed(&self, site: Site, why: &str) -> Option<Operand> {
        self.unsaid(site, &format!("a computed {}", site.role), why)
    }

    fn unsaid(&self, site: Site, reason: &str, why: &str) -> Option<Operand> {
        self.refuse_because(site, &format!("this {}", site.role), reason, why, None);
        None
    }

    fn named(&self, field: &Field, site: Site) -> Option<FieldName> {
        let Some(name) = &field.sigma else {
            let reason = format!("`{}` has no Sigma name", field.name);
            let help = "ask another field, or give it a name in the source file: `sigma: Name`".to_owned();
            self.refuse(site, "this field", &reason, Some(help));
            return None;
        };
        if name.contains('|') {
            let reason = format!("`{name}` would be read as a name and a modifier");
            self.refuse(site, "this field", &reason, None);
            return None;
        }
        Some(FieldName {
            name: name.clone(),
            kind: match field.ty {
                FieldType::Text => Kind::Text,
                FieldType::Bool if field.sigma_text => Kind::Any,
                FieldType::Bool => Kind::Bool,
                FieldType::Int | FieldType::Real => Kind::Number,
                FieldType::Time => Kind::Time,
                FieldType::Json => Kind::Any,
            },
            always: field.never_missing,
        })
    }

    /// A path below an open record.
    fn below(&self, field: FieldName, path: &[Segment], site: Site) -> Option<Operand> {
        let mut name = field.name;
        for segment in path {
            let key = match segment {
                Segment::Name(key) | Segment::Key(key) => key,
                Segment::Index(_) => {
                    return self.unsaid(site, "an element by its number", "the fields of Sigma are names");
                }
            };
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            if key.is_empty() || !key.chars().all(plain) {
                let why = "the fields of Sigma are names of letters, digits, `_` and `-`, joined by dots";
                return self.unsaid(site, &format!("the key `{key}`"), why);
            }
            name.push('.');
            name.push_str(key);
        }
        let open = "what engines make of a list or object below a path is not specified; here it equals no text, and is \
                    searched as JSON";
        self.note("path", open, site.place);
        Some(Operand::Field(
            FieldName {
                name,
                kind: Kind::Any,
                always: false,
            },
            Case::Own,
        ))
    }
}

const PLAIN: &str = "Sigma compares fields as they stand in the log";
