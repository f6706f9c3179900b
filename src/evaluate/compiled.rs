//! A plan, prepared to be run.

use super::expr::{Code, prepare};
use super::group::GroupCode;
use super::history::HistoryCode;
use super::join::JoinCode;
use super::step::{StepCode, prepare_scan, prepare_steps};
use super::{Asked, State};
use crate::diagnostics::Span as Place;
use crate::plan::{Expr, Link, Operator, Plan, Relation, RelationId, StepKind};
use crate::source::{Catalog, SourceId};
use crate::value::{Span, Value};
use std::collections::BTreeSet;
use std::fmt;

/// A plan with everything prepared that needs to be prepared once. Threads may share it.
#[derive(Debug)]
pub struct Compiled<'p> {
    pub(super) plan: &'p Plan,
    pub(super) catalog: &'p Catalog,
    pub(super) relations: Vec<RelationCode>,
    /// Per relation: what its rows are used for.
    pub(super) uses: Vec<Vec<Use>>,
    pub(super) alert_steps: Vec<StepCode>,
    /// The values of the alert's columns.
    pub(super) columns: Vec<Code>,
    /// How far the baselines of the alert look back.
    pub(super) overs: Vec<Span>,
    pub(super) sources: BTreeSet<SourceId>,
}

/// A prepared relation.
#[derive(Debug)]
pub(super) enum RelationCode {
    Scan {
        source: SourceId,
        steps: Vec<StepCode>,
        /// Number of columns.
        width: usize,
    },
    Group {
        code: GroupCode,
        steps: Vec<StepCode>,
    },
    History(HistoryCode),
    Match(JoinCode),
}

/// What the rows of a relation are used for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Use {
    /// Stream `input` of a group.
    Group { relation: RelationId, input: usize },
    /// Part number `part` of a match.
    Part { relation: RelationId, part: usize },
    /// The alert.
    Alert,
}

/// Why a plan cannot be run. Plans made from checked rules can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// What is wrong, lower case, without a full stop.
    pub message: String,
    /// Where in the rule.
    pub span: Place,
}

impl Unfit {
    pub(super) fn at(span: Place, message: impl Into<String>) -> Unfit {
        Unfit {
            message: message.into(),
            span,
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this rule cannot be run: {}", self.message)
    }
}

impl std::error::Error for Unfit {}

impl<'p> Compiled<'p> {
    /// Prepares a plan over the sources of the catalog it was made with.
    ///
    /// # Errors
    /// When the plan does not keep its promises: a pattern that does not compile, a relation that uses a later one.
    pub fn new(plan: &'p Plan, catalog: &'p Catalog) -> Result<Compiled<'p>, Unfit> {
        let mut compiled = Compiled {
            plan,
            catalog,
            relations: Vec::new(),
            uses: vec![Vec::new(); plan.relations.len()],
            alert_steps: Vec::new(),
            columns: Vec::new(),
            overs: Vec::new(),
            sources: BTreeSet::new(),
        };
        for relation in &plan.relations {
            let code = compiled.relation(relation)?;
            compiled.relations.push(code);
        }
        let alert = &plan.alert;
        compiled.used(alert.input, Use::Alert, alert.span)?;
        let columns = plan.relations.get(alert.input).map_or(&[][..], |r| &r.columns);
        compiled.alert_steps = prepare_steps(plan, columns, &alert.steps)?;
        for step in &alert.steps {
            if let StepKind::Lookup { baseline } = &step.kind {
                match compiled.relations.get(*baseline) {
                    Some(RelationCode::History(history)) => compiled.overs.push(history.over),
                    _ => return Err(Unfit::at(step.span, "a lookup reads a baseline")),
                }
            }
        }
        for column in &alert.columns {
            compiled.columns.push(prepare(plan, &column.value)?);
        }
        Ok(compiled)
    }

    /// A state that has seen nothing. `lateness` is how late events may come; none for "nothing is late".
    #[must_use]
    pub fn state(&self, asked: Asked, lateness: Option<Span>) -> State<'_> {
        State::new(self, asked, lateness)
    }

    /// The value of an expression over the row of an alert (the columns of the relation that the alert continues).
    ///
    /// # Errors
    /// As [`Compiled::new`].
    pub fn evaluate(&self, expr: &Expr, row: &[Value]) -> Result<Value, Unfit> {
        Ok(prepare(self.plan, expr)?.value(row).into_owned())
    }

    fn relation(&mut self, relation: &Relation) -> Result<RelationCode, Unfit> {
        let (plan, here) = (self.plan, self.relations.len());
        let steps = || prepare_steps(plan, &relation.columns, &relation.steps);
        Ok(match &relation.operator {
            Operator::Scan { source } => {
                self.sources.insert(*source);
                RelationCode::Scan {
                    source: *source,
                    steps: prepare_scan(plan, &relation.columns, &relation.steps)?,
                    width: relation.columns.len(),
                }
            }
            Operator::Aggregate {
                inputs,
                keys,
                per,
                aggregates,
                computed,
            } => {
                for (input, stream) in inputs.iter().enumerate() {
                    if !matches!(self.relations.get(*stream), Some(RelationCode::Scan { .. })) {
                        return Err(Unfit::at(relation.span, "a group reads selections"));
                    }
                    self.used(*stream, Use::Group { relation: here, input }, relation.span)?;
                }
                RelationCode::Group {
                    code: GroupCode::prepare(plan, relation, *per, keys, aggregates, computed)?,
                    steps: steps()?,
                }
            }
            Operator::History { group, over } => {
                if !matches!(self.relations.get(*group), Some(RelationCode::Group { .. })) {
                    return Err(Unfit::at(relation.span, "a baseline reads a group"));
                }
                RelationCode::History(HistoryCode {
                    group: *group,
                    over: *over,
                    steps: steps()?,
                    width: relation.columns.len(),
                })
            }
            Operator::Join {
                parts,
                link,
                keys,
                within,
                columns,
            } => {
                let code = (parts.clone(), *link, *within);
                RelationCode::Match(self.join(relation, code, keys, columns, steps()?)?)
            }
            Operator::AntiJoin {
                left,
                right,
                keys,
                within,
                columns,
            } => {
                let code = (vec![*left, *right], Link::Without, *within);
                RelationCode::Match(self.join(relation, code, keys, columns, steps()?)?)
            }
        })
    }

    fn join(
        &mut self,
        relation: &Relation,
        (parts, link, within): (Vec<RelationId>, Link, Span),
        keys: &[crate::plan::JoinKey],
        columns: &[crate::plan::PartColumn],
        steps: Vec<StepCode>,
    ) -> Result<JoinCode, Unfit> {
        let here = self.relations.len();
        for (part, id) in parts.iter().enumerate() {
            self.used(*id, Use::Part { relation: here, part }, relation.span)?;
        }
        JoinCode::prepare(self.plan, relation, parts, link, within, keys, columns, steps)
    }

    /// Notes a use of the rows of a relation that stands before this place.
    fn used(&mut self, id: RelationId, as_: Use, span: Place) -> Result<(), Unfit> {
        match (self.relations.get(id), self.uses.get_mut(id)) {
            (Some(RelationCode::History(_)), _) => Err(Unfit::at(span, "a baseline has no rows of its own")),
            (Some(_), Some(uses)) => {
                uses.push(as_);
                Ok(())
            }
            _ => Err(Unfit::at(span, "a set of rows is used before it is made")),
        }
    }
}
