//! The one condition on a number of a group that a correlation can have.

use super::condition::turned;
use super::context::{Context, Site, place_of};
use super::scope::{Meaning, Scope};
use super::selection::Demand;
use crate::diagnostics::Span as Place;
use crate::plan::{Aggregate, AggregateName, Expr, ExprKind, Literal, OrderOp};
use crate::targets::ledger::Comparison;

/// A condition on a number of a group.
pub(super) struct Threshold<'a> {
    pub(super) aggregate: &'a Aggregate,
    pub(super) test: Test,
    pub(super) number: i64,
    pub(super) site: Site,
}

/// How the number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Order(OrderOp),
    Equal,
    NotEqual,
}

impl Test {
    /// As a correlation writes it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Test::Order(OrderOp::Less) => "lt",
            Test::Order(OrderOp::LessOrEqual) => "lte",
            Test::Order(OrderOp::Greater) => "gt",
            Test::Order(OrderOp::GreaterOrEqual) => "gte",
            Test::Equal => "eq",
            Test::NotEqual => "neq",
        }
    }

    /// As the ledger writes it.
    pub(super) fn comparison(self) -> Comparison {
        match self {
            Test::Order(OrderOp::Less) => Comparison::Less,
            Test::Order(OrderOp::LessOrEqual) => Comparison::LessOrEqual,
            Test::Order(OrderOp::Greater) => Comparison::Greater,
            Test::Order(OrderOp::GreaterOrEqual) => Comparison::GreaterOrEqual,
            Test::Equal => Comparison::Equal,
            Test::NotEqual => Comparison::NotEqual,
        }
    }

    fn negated(self) -> Test {
        match self {
            Test::Order(OrderOp::Less) => Test::Order(OrderOp::GreaterOrEqual),
            Test::Order(OrderOp::LessOrEqual) => Test::Order(OrderOp::Greater),
            Test::Order(OrderOp::Greater) => Test::Order(OrderOp::LessOrEqual),
            Test::Order(OrderOp::GreaterOrEqual) => Test::Order(OrderOp::Less),
            Test::Equal => Test::NotEqual,
            Test::NotEqual => Test::Equal,
        }
    }

    pub(super) fn holds(self, number: i64, limit: i64) -> bool {
        match self {
            Test::Order(OrderOp::Less) => number < limit,
            Test::Order(OrderOp::LessOrEqual) => number <= limit,
            Test::Order(OrderOp::Greater) => number > limit,
            Test::Order(OrderOp::GreaterOrEqual) => number >= limit,
            Test::Equal => number == limit,
            Test::NotEqual => number != limit,
        }
    }

    /// Whether a larger number can only help.
    pub(super) fn grows(self) -> bool {
        matches!(self, Test::Order(OrderOp::Greater | OrderOp::GreaterOrEqual))
    }
}

impl Threshold<'_> {
    /// Whether a group with nothing to aggregate satisfies it: no event that the aggregate's own condition takes, or no
    /// value.
    pub(super) fn holds_on_nothing(&self) -> bool {
        match self.aggregate.function {
            AggregateName::Avg | AggregateName::Min | AggregateName::Max => self.test == Test::NotEqual,
            AggregateName::Count | AggregateName::Distinct | AggregateName::Set | AggregateName::Sum => {
                self.test.holds(0, self.number)
            }
        }
    }
}

/// What is asked of a group's rows.
#[derive(Default)]
pub(super) struct Asked<'a> {
    pub(super) threshold: Option<Threshold<'a>>,
    /// What only keys decide, and so every event of the group does.
    pub(super) of_events: Vec<Demand<'a>>,
}

impl<'a> Context<'a> {
    /// Parts the demands on a group; `None` where something was refused.
    pub(super) fn asked(&self, demands: Vec<Demand<'a>>) -> Option<Asked<'a>> {
        let mut asked = Asked::default();
        let mut whole = true;
        let mut rest: Vec<Demand<'a>> = demands.into_iter().rev().collect();
        while let Some(demand) = rest.pop() {
            let demand = self.unfolded(demand);
            let reads = self.reads_of(demand.expr, demand.scope);
            if reads.refused {
                whole = false;
            } else if !reads.aggregate && !reads.clock {
                asked.of_events.push(demand);
            } else if let Some(parts) = demand.split() {
                rest.extend(parts.into_iter().rev());
            } else {
                let new = self.threshold(&demand);
                match (new, &asked.threshold) {
                    (Some(new), None) => asked.threshold = Some(new),
                    (Some(new), Some(first)) => {
                        self.second(new.site.place, first.site.place);
                        whole = false;
                    }
                    (None, _) => whole = false,
                }
            }
        }
        whole.then_some(asked)
    }

    /// A column that is a condition, as that condition.
    fn unfolded(&self, demand: Demand<'a>) -> Demand<'a> {
        match demand.expr.kind {
            ExprKind::Column(slot) => match self.meaning(demand.scope, slot) {
                Some(Meaning::Value(expr, scope, _)) => self.unfolded(Demand { expr, scope, ..demand }),
                Some(Meaning::Field(_) | Meaning::Clock | Meaning::Aggregate(_) | Meaning::Refused) | None => demand,
            },
            _ => demand,
        }
    }

    fn threshold(&self, demand: &Demand<'a>) -> Option<Threshold<'a>> {
        let site = Site::at(demand.place).near(place_of(demand.expr));
        let (left, right, test) = match &demand.expr.kind {
            ExprKind::Order { op, left, right } => (left, right, Test::Order(*op)),
            ExprKind::Equal { left, right, .. } => (left, right, Test::Equal),
            _ => return self.no_threshold(demand, site),
        };
        let turned = match test {
            Test::Order(op) => Test::Order(turned(op)),
            other => other,
        };
        let sides = [(left, right, test), (right, left, turned)];
        let found = sides.into_iter().find_map(|(number, limit, test)| {
            Some((self.aggregate_of(number, demand.scope)?, self.literal_of(limit)?, test))
        });
        let Some((aggregate, limit, test)) = found else {
            return self.no_threshold(demand, site);
        };
        let number = match limit {
            Literal::Int(n) => Some(n),
            Literal::Real(n) if n.fract() == 0.0 && n.abs() < 9e15 => Some(n as i64),
            _ => None,
        };
        let Some(number) = number else {
            let help = "compare it with a whole number".to_owned();
            let reason = "a correlation compares with whole numbers";
            self.refuse(site, "this condition on a group", reason, Some(help));
            return None;
        };
        Some(Threshold {
            aggregate,
            test: if demand.negated { test.negated() } else { test },
            number,
            site,
        })
    }

    fn no_threshold(&self, demand: &Demand<'a>, site: Site) -> Option<Threshold<'a>> {
        const WHAT: &str = "this condition on a group";
        if self.reads_of(demand.expr, demand.scope).clock {
            self.refuse(site, WHAT, "Sigma compares no times of events", None);
        } else if self.reads_of(demand.expr, demand.scope).set {
            let help = "count the values, where that is enough: `n = distinct ..`, `where n >= 2`".to_owned();
            self.refuse(site, WHAT, "Sigma does not collect sets of values", Some(help));
        } else {
            let reason = "a correlation compares one number of the group with a whole number";
            self.refuse(site, WHAT, reason, None);
        }
        None
    }

    fn second(&self, place: Place, first: Place) {
        use super::context::refusal;
        let finding = refusal(
            Site::at(place),
            "a second condition on a group",
            "a correlation has one",
        );
        self.report_with_way_out(finding.also(first, "the first one"));
    }

    /// The aggregate that an expression names, through `let`s that only rename.
    fn aggregate_of(&self, expr: &'a Expr, scope: Scope) -> Option<&'a Aggregate> {
        match &expr.kind {
            ExprKind::Convert(inner) => self.aggregate_of(inner, scope),
            ExprKind::Column(slot) => match self.meaning(scope, *slot)? {
                Meaning::Aggregate(aggregate) => Some(aggregate),
                Meaning::Value(value, scope, _) => self.aggregate_of(value, scope),
                Meaning::Field(_) | Meaning::Clock | Meaning::Refused => None,
            },
            _ => None,
        }
    }

    fn literal_of(&self, expr: &'a Expr) -> Option<Literal> {
        match &expr.kind {
            ExprKind::Convert(inner) => self.literal_of(inner),
            ExprKind::Literal(literal) => Some(literal.clone()),
            ExprKind::Constant(index) => self.constant(*index).cloned(),
            _ => None,
        }
    }
}
