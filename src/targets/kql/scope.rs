//! Where the slots of a relation stand in the text, and which values are known to be present there.

use super::layout::Text;
use super::names::Names;
use super::time::Clock;
use crate::diagnostics::{Code, Diagnostic, Span as Place};
use crate::functions::{Missing, Result_};
use crate::plan::{ArithmeticOp, Expr, ExprKind, Literal, Origin, Plan, Relation, RelationId, Segment, Slot, Type};
use crate::source::Catalog;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What all parts of the emitter share.
pub(super) struct Context<'a> {
    pub(super) plan: &'a Plan,
    pub(super) catalog: &'a Catalog,
    pub(super) names: RefCell<Names>,
    pub(super) clock: Clock,
    /// Indexes of the constants that the text names.
    pub(super) used_constants: RefCell<BTreeSet<usize>>,
    /// Tables that the text reads.
    pub(super) tables: RefCell<BTreeSet<String>>,
    /// `let`s of tables and functions, in order.
    pub(super) lets: RefCell<Vec<String>>,
    refusals: RefCell<Vec<Diagnostic>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(plan: &'a Plan, catalog: &'a Catalog) -> Context<'a> {
        let mut names = Names::new(plan, catalog);
        let clock = Clock::new(plan, catalog, &mut names);
        Context {
            plan,
            catalog,
            names: RefCell::new(names),
            clock,
            used_constants: RefCell::default(),
            tables: RefCell::default(),
            lets: RefCell::default(),
            refusals: RefCell::default(),
        }
    }

    /// Notes that this cannot be said; the query will not be given out.
    pub(super) fn refuse(&self, span: Place, reason: &str, help: &str) {
        let new = Diagnostic::new(Code::KqlRefused, span, "target `kql` cannot express this rule")
            .label(reason)
            .help(help);
        let mut refusals = self.refusals.borrow_mut();
        let known = |old: &Diagnostic| old.primary.span == span && old.primary.text == reason;
        if !refusals.iter().any(known) {
            refusals.push(new);
        }
    }

    pub(super) fn refusals(&self) -> Vec<Diagnostic> {
        self.refusals.take()
    }

    /// The `let` of a relation's rows.
    pub(super) fn table_name(&self, relation: RelationId) -> String {
        self.names.borrow_mut().table(relation)
    }

    pub(super) fn column_name(&self, relation: RelationId, slot: Slot) -> String {
        self.names.borrow().column(relation, slot).to_owned()
    }

    pub(super) fn push_let(&self, text: String) {
        self.lets.borrow_mut().push(text);
    }
}

/// Where a slot stands.
#[derive(Clone, Debug)]
pub(super) enum Bound<'a> {
    /// Nowhere yet.
    Nowhere,
    /// A column that holds the value in the slot's type (json: dynamic).
    Column(String),
    /// Text of JSON; parsed into the second column, where that is written.
    JsonText(String, Option<String>),
    /// An expression in the slot's type.
    Text(Text),
    /// A json value, kept as text.
    AsText(String),
    /// A dynamic column, where the slot is of another type.
    Element(String),
    /// What `parse_json` made of a text that may be no JSON.
    Parsed(String),
    /// A test, written out where it is used.
    Test(&'a Expr),
}

/// The columns of a relation at one place of its pipeline.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    pub(super) ctx: &'a Context<'a>,
    pub(super) id: RelationId,
    pub(super) relation: &'a Relation,
    bound: Vec<Bound<'a>>,
    present: BTreeSet<String>,
    aliases: BTreeMap<Slot, String>,
    /// Columns that hold a value other than a slot's: by what the value is known by; a json value as text.
    named: BTreeMap<String, String>,
    /// Columns that hold a list below a json value.
    lists: BTreeMap<String, String>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(ctx: &'a Context<'a>, id: RelationId, relation: &'a Relation) -> Scope<'a> {
        Scope {
            ctx,
            id,
            relation,
            bound: vec![Bound::Nowhere; relation.columns.len()],
            present: BTreeSet::new(),
            aliases: BTreeMap::new(),
            named: BTreeMap::new(),
            lists: BTreeMap::new(),
        }
    }

    /// A column holds this json value.
    pub(super) fn name_list(&mut self, e: &Expr, column: &str) {
        if let Some(key) = self.key(e) {
            self.lists.insert(key, column.to_owned());
        }
    }

    /// The column that holds a json value as it is.
    pub(super) fn named_list(&self, e: &Expr) -> Option<&str> {
        match &e.kind {
            ExprKind::Member { .. } => self.lists.get(&self.key(e)?).map(String::as_str),
            _ => None,
        }
    }

    /// A column holds this value; a json value as text.
    pub(super) fn name_value(&mut self, e: &Expr, column: &str) {
        if let Some(key) = self.key(e) {
            self.named.insert(key, column.to_owned());
        }
    }

    /// The column that holds a converted value.
    pub(super) fn named_value(&self, e: &Expr) -> Option<&str> {
        match (&e.kind, e.ty) {
            (ExprKind::Convert(_), ty) if ty != Type::Json => self.named.get(&self.key(e)?).map(String::as_str),
            _ => None,
        }
    }

    /// The column that holds the text of a json value.
    pub(super) fn named_text(&self, e: &Expr) -> Option<&str> {
        match (&e.kind, e.ty) {
            (ExprKind::Member { .. }, Type::Json) => self.named.get(&self.key(e)?).map(String::as_str),
            (ExprKind::Convert(_), _) => self.named_value(e),
            _ => None,
        }
    }

    pub(super) fn bind(&mut self, slot: Slot, bound: Bound<'a>) {
        if let Some(place) = self.bound.get_mut(slot) {
            *place = bound;
        }
    }

    pub(super) fn bound(&self, slot: Slot) -> &Bound<'a> {
        self.bound.get(slot).unwrap_or(&Bound::Nowhere)
    }

    /// The slot has the value of this expression.
    pub(super) fn alias(&mut self, slot: Slot, value: &Expr) {
        if self.is_present(value) {
            self.learn_slot(slot);
        }
        if let Some(key) = self.key(value) {
            self.aliases.insert(slot, key);
        }
    }

    pub(super) fn ty(&self, slot: Slot) -> Type {
        self.relation.columns.get(slot).map_or(Type::Text, |column| column.ty)
    }

    pub(super) fn name(&self, slot: Slot) -> String {
        self.ctx.column_name(self.id, slot)
    }

    /// Whether a slot comes from an outer join, so that a set in it can be null.
    pub(super) fn is_looked_up(&self, slot: Slot) -> bool {
        let origin = self.relation.columns.get(slot).map(|column| column.origin);
        matches!(origin, Some(Origin::Baseline(..)))
    }

    /// What a value is known by; a converted number or bool is another value than the json it comes from.
    pub(super) fn key(&self, e: &Expr) -> Option<String> {
        match &e.kind {
            ExprKind::Column(slot) => Some(self.aliases.get(slot).cloned().unwrap_or_else(|| format!("#{slot}"))),
            ExprKind::Member { base, path } => {
                let mut key = self.key(base)?;
                for segment in path {
                    match segment {
                        Segment::Name(name) | Segment::Key(name) => key.push_str(&format!("[{name:?}]")),
                        Segment::Index(n) => key.push_str(&format!("[{n}]")),
                    }
                }
                Some(key)
            }
            ExprKind::Convert(inner) => match e.ty {
                Type::Text | Type::Json => self.key(inner),
                _ => Some(format!("{:?} of {}", e.ty, self.key(inner)?)),
            },
            _ => None,
        }
    }

    pub(super) fn learn_slot(&mut self, slot: Slot) {
        self.present.insert(format!("#{slot}"));
    }

    /// From here on only rows are left in which this value is present.
    pub(super) fn learn(&mut self, e: &Expr) {
        if let ExprKind::Column(slot) = e.kind {
            self.learn_slot(slot);
        }
        if let Some(key) = self.key(e) {
            self.present.insert(key);
        }
        // A number read from json is only there where the json is.
        if let ExprKind::Convert(inner) = &e.kind {
            self.learn(inner);
        }
    }

    /// From here on this condition holds.
    pub(super) fn assume(&mut self, condition: &Expr) {
        match &condition.kind {
            ExprKind::And(parts) => parts.iter().for_each(|part| self.assume(part)),
            ExprKind::Equal { left, right, .. } | ExprKind::Order { left, right, .. } => {
                self.learn(left);
                self.learn(right);
            }
            ExprKind::Present(value)
            | ExprKind::In { value, .. }
            | ExprKind::InCidr { value, .. }
            | ExprKind::Text { value, .. }
            | ExprKind::HasAny { value, .. }
            | ExprKind::Matches { value, .. }
            | ExprKind::Address(value) => self.learn(value),
            ExprKind::HasElement { list, .. } => self.learn(list),
            ExprKind::Column(slot) => {
                if let Bound::Test(test) = *self.bound(*slot) {
                    self.assume(test);
                }
                self.learn(condition);
            }
            ExprKind::Not(inner) => {
                if let ExprKind::Empty(value) = &inner.kind {
                    self.learn(value);
                }
            }
            ExprKind::Literal(_)
            | ExprKind::Constant(_)
            | ExprKind::SetOf(_)
            | ExprKind::Member { .. }
            | ExprKind::Convert(_)
            | ExprKind::Or(_)
            | ExprKind::Empty(_)
            | ExprKind::Coalesce(_)
            | ExprKind::Set { .. }
            | ExprKind::Arithmetic { .. }
            | ExprKind::Call { .. } => {}
        }
    }

    /// Whether a value is known to be present.
    pub(super) fn is_present(&self, e: &Expr) -> bool {
        if self.key(e).is_some_and(|key| self.present.contains(&key)) {
            return true;
        }
        match &e.kind {
            ExprKind::Literal(_) | ExprKind::Constant(_) | ExprKind::SetOf(_) => true,
            ExprKind::Column(slot) => {
                let column = self.relation.columns.get(*slot);
                matches!(self.bound(*slot), Bound::Test(_))
                    || column.is_some_and(|column| !column.nullable || matches!(column.ty, Type::Set(_)))
                    || self.present.contains(&format!("#{slot}"))
            }
            ExprKind::Member { .. } => false,
            ExprKind::Convert(inner) => matches!(e.ty, Type::Text | Type::Json) && self.is_present(inner),
            ExprKind::Coalesce(parts) => parts.iter().any(|part| self.is_present(part)),
            ExprKind::Arithmetic { op, left, right } => {
                let divides = *op == ArithmeticOp::Divide && !is_nonzero(right);
                !divides && self.is_present(left) && self.is_present(right)
            }
            ExprKind::Call { function, arguments } => {
                let present = |argument: &crate::plan::Argument| match argument {
                    crate::plan::Argument::Value(value) => self.is_present(value),
                    crate::plan::Argument::Pattern(_) => true,
                };
                match function.0.result {
                    // `if` gives one of the two values behind its condition.
                    Result_::OfArguments => arguments.iter().skip(1).all(present),
                    Result_::Of {
                        missing: Missing::Never,
                        ..
                    } => true,
                    Result_::Of {
                        missing: Missing::WithArgument,
                        ..
                    } => arguments.iter().all(present),
                    Result_::Of {
                        missing: Missing::Possibly,
                        ..
                    } => false,
                }
            }
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
            | ExprKind::Address(_)
            | ExprKind::Set { .. } => true,
        }
    }

    /// The column that a dynamic value stands in.
    pub(super) fn bound_name(&self, e: &Expr) -> Option<String> {
        let ExprKind::Column(slot) = e.kind else {
            return None;
        };
        match self.bound(slot) {
            Bound::Column(name) | Bound::Parsed(name) | Bound::JsonText(_, Some(name)) => Some(name.clone()),
            Bound::Nowhere
            | Bound::JsonText(_, None)
            | Bound::Text(_)
            | Bound::AsText(_)
            | Bound::Element(_)
            | Bound::Test(_) => None,
        }
    }

    /// How often the text of an expression would parse each JSON column.
    pub(super) fn count_parses(&self, e: &Expr, count: &mut BTreeMap<String, usize>) {
        let is_json = |slot: Slot| matches!(self.bound(slot), Bound::JsonText(_, None));
        let mut slots = BTreeMap::new();
        super::live::parses(e, &is_json, &mut slots);
        for (slot, times) in slots {
            if let Bound::JsonText(column, None) = self.bound(slot) {
                *count.entry(column.clone()).or_default() += times;
            }
        }
    }

    /// The columns that an expression reads, as the text names them.
    pub(super) fn columns_of(&self, e: &Expr, out: &mut Vec<String>) {
        let name = match self.named_text(e).or_else(|| self.named_list(e)) {
            Some(name) => Some(name),
            None => match &e.kind {
                ExprKind::Column(slot) => match self.bound(*slot) {
                    Bound::Nowhere | Bound::Text(_) => None,
                    Bound::Test(test) => return self.columns_of(test, out),
                    Bound::Column(name) | Bound::AsText(name) | Bound::Element(name) | Bound::Parsed(name) => {
                        Some(&**name)
                    }
                    Bound::JsonText(column, parsed) => Some(parsed.as_deref().unwrap_or(column)),
                },
                _ => return e.children(&mut |child| self.columns_of(child, out)),
            },
        };
        if let Some(name) = name
            && !out.iter().any(|known| known == name)
        {
            out.push(name.to_owned());
        }
    }
}

/// A number that is written out and is not zero.
pub(super) fn is_nonzero(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Literal(Literal::Int(n)) => *n != 0,
        ExprKind::Literal(Literal::Real(n)) => *n != 0.0,
        _ => false,
    }
}
