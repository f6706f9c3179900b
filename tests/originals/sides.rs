//! Our query and the original, edited in every way that is asked for, on one case.

use super::spec::{Class, Spec};
use serde_json::Value;
use tripline::agreement::{Case, CaseEvent, Generator, Outcome, Subject, block};
use tripline::compile::Compiled;
use tripline::evaluate::Asked;
use tripline::kql::{self, Clock, Database};
use tripline::settings::Settings;
use tripline::source::Catalog;
use tripline::targets::{self, Target};
use tripline::value::Span;

/// A row, a text a column; empty where it is missing.
pub(crate) type Row = Vec<String>;

/// What a query finds, sorted; or why the reader of KQL refuses to say.
pub(crate) type Found = Result<Vec<Row>, String>;

pub(crate) struct Sides<'p> {
    pub(crate) spec: &'p Spec,
    subject: Subject<'p>,
    pub(crate) generator: Generator<'p>,
    original: String,
    ours: kql::Query,
    plain: kql::Query,
    full: kql::Query,
    /// With all edits but those of one class.
    lacking: Vec<kql::Query>,
    delay: Span,
    period: Span,
}

impl<'p> Sides<'p> {
    pub(crate) fn new(
        spec: &'p Spec,
        original: String,
        rule: &'p Compiled<'p>,
        catalog: &'p Catalog,
        settings: &'p Settings,
    ) -> Sides<'p> {
        let emitted = targets::kql::emit(&rule.plan, catalog).unwrap();
        let read = |text: String| kql::parse(&text).unwrap_or_else(|error| panic!("{}: {error}\n{text}", spec.title));
        let lacking = |without: &Class| read(spec.edited(&original, &|class| class.name != without.name));
        Sides {
            ours: read(spec.ours(&emitted.text)),
            plain: read(spec.edited(&original, &|_| false)),
            full: read(spec.edited(&original, &|_| true)),
            lacking: spec.classes.iter().map(lacking).collect(),
            subject: Subject::new(rule, catalog, settings).unwrap(),
            generator: Generator::new(rule, catalog).unwrap(),
            delay: emitted.delay,
            period: emitted.period,
            original,
            spec,
        }
    }

    /// What both sides see of a case.
    pub(crate) fn on<'s>(&'s self, case: &'s Case) -> On<'s> {
        let events: Vec<_> = case.events.iter().map(CaseEvent::as_input).collect();
        On {
            sides: self,
            case,
            tables: kql::database(self.subject.catalog(), Database::default(), &events),
            clock: Clock::new(case.now.plus(self.delay).0, Some(self.period.0)).unwrap(),
        }
    }

    /// A case as a test of our rule.
    pub(crate) fn block(&self, case: &Case) -> String {
        let native = self.subject.native(case, Asked::Now(case.now));
        block(
            "a difference",
            self.subject.compiled,
            self.subject.plan(),
            self.subject.catalog(),
            case,
            &native,
        )
    }

    /// The events of a test.
    pub(crate) fn case_of(&self, name: &str) -> Case {
        let mut tests = self.subject.compiled.checked.tests.iter();
        let test = tests.find(|test| test.ast.name.value == name).unwrap();
        self.subject.case_of_test(test)
    }
}

/// A case as both sides see it: the same rows, at the clock that belongs to our native run.
pub(crate) struct On<'s> {
    sides: &'s Sides<'s>,
    case: &'s Case,
    tables: Database,
    clock: Clock,
}

impl On<'_> {
    fn find(&self, query: &kql::Query) -> Found {
        let table = kql::run(query, &self.tables, self.clock).map_err(|error| error.message)?;
        let json = table.to_json();
        let rows = json["rows"].as_array().unwrap().iter();
        let mut rows: Vec<Row> = rows
            .map(|row| row.as_array().unwrap().iter().map(cell).collect())
            .collect();
        rows.sort();
        Ok(rows)
    }

    /// Ours, which is also what the native run finds.
    pub(crate) fn ours(&self) -> Vec<Row> {
        let agreed = self.sides.subject.compare_target(Target::Kql, self.case);
        assert_eq!(agreed, Outcome::Agree, "{}: {:#?}", self.sides.spec.title, self.case);
        self.find(&self.sides.ours).unwrap()
    }

    /// The original as it is.
    pub(crate) fn original(&self) -> Found {
        self.find(&self.sides.plain)
    }

    /// The original with every edit.
    pub(crate) fn full(&self) -> Found {
        self.find(&self.sides.full)
    }

    /// The original with the edits of some classes.
    pub(crate) fn with(&self, wanted: &dyn Fn(&Class) -> bool) -> Found {
        let text = self.sides.spec.edited(&self.sides.original, wanted);
        self.find(&kql::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}")))
    }

    /// The classes without whose edits the original differs from ours.
    pub(crate) fn needed(&self, ours: &[Row]) -> Vec<usize> {
        let differs = |query: &kql::Query| self.find(query).as_deref() != Ok(ours);
        let classes = self.sides.lacking.iter().enumerate();
        classes
            .filter(|(_, query)| differs(query))
            .map(|(index, _)| index)
            .collect()
    }
}

/// A cell as a text; sets are sorted, for neither side gives them an order.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(elements) => {
            let mut elements: Vec<String> = elements.iter().map(ToString::to_string).collect();
            elements.sort();
            format!("[{}]", elements.join(", "))
        }
        other => other.to_string(),
    }
}
