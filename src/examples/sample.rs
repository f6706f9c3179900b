//! Sample events: the least that a selection takes. They are found by going through the selection's conditions and giving
//! each field a value that fits; whether the selection really takes one is for the evaluator to say.

use super::pattern::example;
use crate::plan::{
    Argument, ConstantValue, Expr, ExprKind, List, Literal, Operator, OrderOp, Origin, Pattern, Plan, RelationId,
    Segment, Slot, StepKind, TextOp,
};
use crate::source::{Catalog, FieldType, Source};
use crate::testing::Tree;
use crate::value::Json;
use std::collections::BTreeMap;

/// How many ways to satisfy a selection are tried.
const MOST: usize = 32;

/// A place in an event: a field of the source and a path below it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    segments: Vec<Segment>,
    ty: FieldType,
}

impl Place {
    fn key(&self) -> String {
        format!("{:?}", self.segments)
    }

    /// A value of the place's type that differs for each number.
    pub(super) fn numbered(&self, n: usize) -> Json {
        match self.ty {
            FieldType::Int | FieldType::Real => Json::Int(i64::try_from(n).unwrap_or(i64::MAX)),
            FieldType::Bool => Json::Bool(n.is_multiple_of(2)),
            FieldType::Time => Json::Text(format!("2025-01-01T00:00:00.{n:07}Z").into()),
            FieldType::Text | FieldType::Json => Json::Text(format!("example {n}").into()),
        }
    }
}

/// What a value has to be.
#[derive(Clone, Debug)]
enum Wish {
    Is(Json),
    OneOf(Vec<Literal>),
    Starts(String),
    Holds(String),
    Word(String),
    Ends(String),
    Matches(Pattern),
    Above(f64),
    Below(f64),
    Inside(String),
    Present,
}

/// Wishes by place.
#[derive(Clone, Debug, Default)]
struct Draft(BTreeMap<String, (Option<Place>, Vec<Wish>)>);

/// The events of one selection.
pub(crate) struct Sampler<'p> {
    plan: &'p Plan,
    relation: RelationId,
    source: &'p Source,
}

impl<'p> Sampler<'p> {
    /// For a relation that scans a source; none for others.
    pub(crate) fn new(plan: &'p Plan, catalog: &'p Catalog, relation: RelationId) -> Option<Sampler<'p>> {
        match plan.relations.get(relation)?.operator {
            Operator::Scan { source } => Some(Sampler {
                plan,
                relation,
                source: catalog.get(source),
            }),
            _ => None,
        }
    }

    /// Where the value of an expression stands in an event; none where it is computed.
    pub(super) fn place(&self, expr: &Expr) -> Option<Place> {
        match &expr.kind {
            ExprKind::Column(slot) => self.place_of(*slot),
            ExprKind::Convert(inner) => self.place(inner),
            ExprKind::Member { base, path } => {
                let mut place = self.place(base)?;
                place.segments.extend(path.iter().cloned());
                Some(place)
            }
            _ => None,
        }
    }

    fn place_of(&self, slot: Slot) -> Option<Place> {
        let relation = self.plan.relations.get(self.relation)?;
        match relation.columns.get(slot)?.origin {
            Origin::Field(field) => {
                let field = self.source.get(field);
                let words = field.name.split('.').map(|word| Segment::Name(word.to_owned()));
                Some(Place {
                    segments: words.collect(),
                    ty: field.ty,
                })
            }
            Origin::Extend => self.place(self.value_of(slot)?),
            _ => None,
        }
    }

    /// The expression that a step fills a slot with.
    fn value_of(&self, slot: Slot) -> Option<&'p Expr> {
        let relation = self.plan.relations.get(self.relation)?;
        relation.steps.iter().find_map(|step| match &step.kind {
            StepKind::Extend { slot: filled, value } if *filled == slot => Some(value),
            _ => None,
        })
    }

    /// Events that the selection may take, the likeliest first. `fixed` are values that they must have; `also` are further
    /// conditions.
    pub(crate) fn events(&self, fixed: &[(Place, Json)], also: &[&Expr]) -> Vec<Json> {
        let mut drafts = vec![Draft::default()];
        for (place, value) in fixed {
            drafts
                .iter_mut()
                .for_each(|d| d.add(place.clone(), Wish::Is(value.clone())));
        }
        let steps = self.plan.relations.get(self.relation).map_or(&[][..], |r| &r.steps);
        for step in steps {
            match &step.kind {
                StepKind::Filter(condition) => drafts = self.wish(drafts, condition, true),
                StepKind::Except { condition, .. } => drafts = self.wish(drafts, condition, false),
                StepKind::Extend { .. } | StepKind::Expand { .. } | StepKind::Lookup { .. } => {}
            }
        }
        for condition in also {
            drafts = self.wish(drafts, condition, true);
        }
        drafts.iter().filter_map(Draft::event).collect()
    }

    /// The drafts, with what makes a condition true (or false).
    fn wish(&self, drafts: Vec<Draft>, condition: &Expr, wanted: bool) -> Vec<Draft> {
        let mut out = match &condition.kind {
            ExprKind::Not(inner) => self.wish(drafts, inner, !wanted),
            ExprKind::And(parts) if wanted => parts.iter().fold(drafts, |d, part| self.wish(d, part, true)),
            ExprKind::Or(parts) if !wanted => parts.iter().fold(drafts, |d, part| self.wish(d, part, false)),
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                let each = parts.iter().flat_map(|part| self.wish(drafts.clone(), part, wanted));
                each.take(MOST).collect()
            }
            ExprKind::Call { function, arguments } if function.0.name == "if" => match arguments.as_slice() {
                [
                    Argument::Value(condition),
                    Argument::Value(then),
                    Argument::Value(otherwise),
                ] => {
                    let yes = self.wish(self.wish(drafts.clone(), condition, true), then, wanted);
                    let no = self.wish(self.wish(drafts, condition, false), otherwise, wanted);
                    yes.into_iter().chain(no).collect()
                }
                _ => drafts,
            },
            // A bool column that a step fills with a test.
            ExprKind::Column(slot) if self.place_of(*slot).is_none() => match self.value_of(*slot) {
                Some(value) => self.wish(drafts, value, wanted),
                None => drafts,
            },
            // A test that is not to hold holds least where its value is missing, which it is unless something asks for it.
            _ if !wanted => drafts,
            _ => self.leaf(drafts, condition),
        };
        out.truncate(MOST);
        out
    }

    fn leaf(&self, mut drafts: Vec<Draft>, test: &Expr) -> Vec<Draft> {
        let text = |e: &Expr| match self.literal(e) {
            Some(Literal::Text(text)) => Some(text),
            _ => None,
        };
        let found = match &test.kind {
            ExprKind::Equal { left, right, .. } => match (self.literal(left), self.literal(right)) {
                (None, None) => {
                    // Two fields: one value for both.
                    let same = Wish::Is(Json::Text("same".into()));
                    for side in [left, right] {
                        if let Some(place) = self.place(side) {
                            drafts.iter_mut().for_each(|d| d.add(place.clone(), same.clone()));
                        }
                    }
                    return drafts;
                }
                (Some(literal), _) => Some((right, Wish::OneOf(vec![literal]))),
                (_, Some(literal)) => Some((left, Wish::OneOf(vec![literal]))),
            },
            ExprKind::In { value, list, .. } => Some((value, Wish::OneOf(self.elements(list)))),
            ExprKind::Text { op, value, needle } => text(needle).map(|needle| {
                let wish = match op {
                    TextOp::Contains => Wish::Holds(needle),
                    TextOp::StartsWith => Wish::Starts(needle),
                    TextOp::EndsWith => Wish::Ends(needle),
                    TextOp::Has => Wish::Word(needle),
                };
                (value, wish)
            }),
            ExprKind::HasAny { value, list } => {
                let first = self.elements(list).into_iter().find_map(|literal| match literal {
                    Literal::Text(text) => Some(text),
                    _ => None,
                });
                first.map(|word| (value, Wish::Word(word)))
            }
            ExprKind::Matches { value, pattern } => Some((value, Wish::Matches(pattern.clone()))),
            ExprKind::Present(value) => Some((value, Wish::Present)),
            ExprKind::Address(value) => Some((value, Wish::Inside("192.0.2.1/32".to_owned()))),
            ExprKind::InCidr { value, blocks } => match self.elements(blocks).into_iter().next() {
                Some(Literal::Text(block)) => Some((value, Wish::Inside(block))),
                _ => return Vec::new(),
            },
            ExprKind::Order { op, left, right } => match (self.number(left), self.number(right)) {
                (None, Some(bound)) => Some((left, order(*op, bound))),
                (Some(bound), None) => Some((right, order(turned(*op), bound))),
                _ => None,
            },
            ExprKind::Column(_) | ExprKind::Convert(_) | ExprKind::Member { .. } => {
                let place = self.place(test);
                return match place {
                    Some(place) => {
                        drafts
                            .iter_mut()
                            .for_each(|d| d.add(place.clone(), Wish::Is(Json::Bool(true))));
                        drafts
                    }
                    None => drafts,
                };
            }
            ExprKind::Literal(Literal::Bool(false)) => return Vec::new(),
            _ => None,
        };
        if let Some((value, wish)) = found
            && let Some(place) = self.place(value).or_else(|| self.inside(value))
        {
            drafts.iter_mut().for_each(|d| d.add(place.clone(), wish.clone()));
        }
        drafts
    }

    /// The first place that a computed value is made of.
    fn inside(&self, value: &Expr) -> Option<Place> {
        match &value.kind {
            ExprKind::Column(slot) => self.inside(self.value_of(*slot)?),
            ExprKind::Coalesce(parts) => parts.first().and_then(|part| self.place(part)),
            ExprKind::Call { arguments, .. } => match arguments.first()? {
                Argument::Value(value) => self.place(value),
                Argument::Pattern(_) => None,
            },
            _ => None,
        }
    }

    fn literal(&self, e: &Expr) -> Option<Literal> {
        match &e.kind {
            ExprKind::Literal(literal) => Some(literal.clone()),
            ExprKind::Constant(n) => match &self.plan.constants.get(*n)?.value {
                ConstantValue::Scalar(literal) => Some(literal.clone()),
                ConstantValue::List(_) => None,
            },
            ExprKind::Convert(inner) => self.literal(inner),
            _ => None,
        }
    }

    fn number(&self, e: &Expr) -> Option<f64> {
        match self.literal(e)? {
            Literal::Int(n) => Some(n as f64),
            Literal::Real(n) => Some(n),
            _ => None,
        }
    }

    fn elements(&self, list: &List) -> Vec<Literal> {
        self.plan.elements(list).to_vec()
    }
}

fn order(op: OrderOp, bound: f64) -> Wish {
    match op {
        OrderOp::Less => Wish::Below(bound),
        OrderOp::LessOrEqual => Wish::Below(bound + 1.0),
        OrderOp::Greater => Wish::Above(bound),
        OrderOp::GreaterOrEqual => Wish::Above(bound - 1.0),
    }
}

fn turned(op: OrderOp) -> OrderOp {
    match op {
        OrderOp::Less => OrderOp::Greater,
        OrderOp::LessOrEqual => OrderOp::GreaterOrEqual,
        OrderOp::Greater => OrderOp::Less,
        OrderOp::GreaterOrEqual => OrderOp::LessOrEqual,
    }
}

impl Draft {
    fn add(&mut self, place: Place, wish: Wish) {
        let entry = self.0.entry(place.key()).or_default();
        entry.0 = Some(place);
        entry.1.push(wish);
    }

    fn event(&self) -> Option<Json> {
        let mut tree = Tree::default();
        for (place, wishes) in self.0.values() {
            let place = place.as_ref()?;
            tree.put(&place.segments, value(place.ty, wishes)?);
        }
        Some(tree.into_json())
    }
}

/// A value that fits the wishes, where one is easily found.
fn value(ty: FieldType, wishes: &[Wish]) -> Option<Json> {
    let mut one_of: Option<Vec<Json>> = None;
    let (mut start, mut middle, mut end) = (String::new(), Vec::new(), String::new());
    let (mut above, mut below) = (None, None);
    for wish in wishes {
        let choices = match wish {
            Wish::Is(json) => vec![json.clone()],
            Wish::OneOf(literals) => literals.iter().map(json).collect(),
            Wish::Inside(block) => vec![Json::Text(block.split('/').next().unwrap_or("").into())],
            Wish::Starts(text) => {
                start.clone_from(text);
                continue;
            }
            Wish::Ends(text) => {
                end.clone_from(text);
                continue;
            }
            Wish::Holds(text) | Wish::Word(text) => {
                middle.push(text.clone());
                continue;
            }
            Wish::Matches(pattern) => vec![Json::Text(example(pattern)?.into())],
            Wish::Above(n) => {
                above = Some(*n);
                continue;
            }
            Wish::Below(n) => {
                below = Some(*n);
                continue;
            }
            Wish::Present => continue,
        };
        one_of = Some(match one_of {
            None => choices,
            Some(known) => known
                .into_iter()
                .filter(|j| choices.iter().any(|c| same(c, j)))
                .collect(),
        });
    }
    if let Some(choices) = one_of {
        return choices.into_iter().next();
    }
    if let Some(n) = above.map(|n| n + 1.0).or(below.map(|n| n - 1.0)) {
        return Some(Json::Int(n.floor() as i64));
    }
    let words: Vec<String> = [start]
        .into_iter()
        .chain(middle)
        .chain([end])
        .filter(|w| !w.is_empty())
        .collect();
    if !words.is_empty() {
        return Some(Json::Text(words.join(" ").into()));
    }
    Some(match ty {
        FieldType::Bool => Json::Bool(true),
        FieldType::Int | FieldType::Real => Json::Int(1),
        FieldType::Time => Json::Text("2025-01-01T00:00:00Z".into()),
        FieldType::Text | FieldType::Json => Json::Text("example".into()),
    })
}

/// A literal as a value of an event.
pub(crate) fn json(literal: &Literal) -> Json {
    match literal {
        Literal::Text(text) => Json::Text(text.as_str().into()),
        Literal::Int(n) => Json::Int(*n),
        Literal::Real(n) => Json::Real(*n),
        Literal::Bool(b) => Json::Bool(*b),
        Literal::Duration(span) => Json::Text(span.to_string().into()),
    }
}

fn same(a: &Json, b: &Json) -> bool {
    a.as_text()
        .is_some_and(|a| b.as_text().is_some_and(|b| a.eq_ignore_ascii_case(&b)))
}
