//! Types: every expression gets one, json values are converted where an operator asks for text, a number or a bool, and
//! what cannot be meant is reported.
//!
//! [`check`] reads the trees of the syntax with the bindings of the resolver beside them and writes typed expressions
//! ([`crate::plan::Expr`]). It also knows which values can be missing, and warns where a missing key would drop rows.

mod aggregates;
mod alert;
mod calls;
mod expression;
pub(crate) mod facts;
mod literals;
mod matches;
mod operators;
mod relations;
mod replaced;
mod text;

use crate::diagnostics::{Diagnostic, FileId, Severity};
use crate::plan::{self, Expr, RelationId, RuleInfo, Step};
use crate::resolve::{self, Program, Rule, World};
use crate::source::SourceId;
use crate::syntax::ast;

/// A rule whose every expression has a type.
#[derive(Debug)]
pub struct Checked<'a> {
    /// The file it stands in.
    pub file: FileId,
    /// As it was written.
    pub ast: &'a ast::Rule,
    /// Metadata.
    pub info: RuleInfo,
    /// Lists and values that it can use.
    pub constants: Vec<plan::Constant>,
    /// Where each of them is declared.
    pub declared: Vec<resolve::Constant<'a>>,
    /// Relations with their own steps.
    pub relations: Vec<plan::Relation>,
    /// The relation that the alert continues.
    pub alert: RelationId,
    /// The steps of the alert.
    pub alert_steps: Vec<Step>,
    /// `show`: the path as written, its value.
    pub shown: Vec<(String, Expr)>,
    /// Entities: word, identifiers with paths and values, place.
    pub entities: Vec<Entity>,
    /// `title` and `message`.
    pub templates: Vec<Template>,
    /// Tests.
    pub tests: Vec<Test<'a>>,
}

/// An entity with typed values.
#[derive(Debug)]
pub struct Entity {
    /// The word.
    pub kind: String,
    /// Identifier, path as written, value.
    pub identifiers: Vec<(String, String, Expr)>,
    /// Where.
    pub span: crate::diagnostics::Span,
}

/// A title or message with typed values.
#[derive(Debug)]
pub struct Template {
    /// `title` or `message`.
    pub key: String,
    /// In order.
    pub parts: Vec<TemplatePart>,
    /// Where the text stands.
    pub span: crate::diagnostics::Span,
}

/// A part of a title or message.
#[derive(Debug)]
pub enum TemplatePart {
    /// As it is.
    Literal(String),
    /// A path as written and its value.
    Value(String, Expr),
}

/// A test with typed expectations.
#[derive(Debug)]
pub struct Test<'a> {
    /// As it was written.
    pub ast: &'a ast::Test,
    /// The source of each event.
    pub sources: Vec<SourceId>,
    /// Lists and values that hold something else in this test.
    pub replaced: Vec<plan::Constant>,
    /// For each expectation: columns of the alert's row as written, their values, and what they must be.
    pub expect: Vec<Expected>,
}

/// Columns of an expected alert's row as written, their values, and what they must be.
pub type Expected = Vec<(String, Expr, ast::Literal)>;

/// Checks every rule. Findings are pushed; rules with an error are left out of the result.
pub fn check<'a>(program: &Program<'a>, world: &World<'_>, findings: &mut Vec<Diagnostic>) -> Vec<Checked<'a>> {
    literals::of_lists(&program.lists, findings);
    let mut checked = Vec::new();
    let mut seen_files = Vec::new();
    for rule in &program.rules {
        let first_of_file = !seen_files.contains(&rule.file);
        seen_files.push(rule.file);
        let before = findings.len();
        let result = Checker::new(rule, world, findings).rule(first_of_file);
        if let Some(checked) = &result {
            replaced::check(rule, checked, world, findings);
        }
        let failed = findings.iter().skip(before).any(|f| f.severity == Severity::Error);
        if !failed {
            checked.extend(result);
        }
    }
    checked
}

/// What the checker knows while it reads a rule.
struct Checker<'a, 'p, 'w, 'f> {
    rule: &'p Rule<'a>,
    world: &'w World<'w>,
    findings: &'f mut Vec<Diagnostic>,
    /// What a test puts into the place of constants.
    replaced: &'p [(usize, resolve::Constant<'a>)],
    /// Constants, typed.
    constants: Vec<plan::Constant>,
    /// Relations typed so far; columns whose type is not known yet have none.
    relations: Vec<Typed>,
    /// What is known to be present after a relation's own steps, by printed expression.
    facts: Vec<facts::Facts>,
}

/// A relation while it is typed.
#[derive(Debug)]
struct Typed {
    columns: Vec<Option<(plan::Type, bool)>>,
    plan: Option<plan::Relation>,
}

impl<'a, 'p, 'w, 'f> Checker<'a, 'p, 'w, 'f> {
    fn new(rule: &'p Rule<'a>, world: &'w World<'w>, findings: &'f mut Vec<Diagnostic>) -> Self {
        Checker {
            rule,
            world,
            findings,
            replaced: &[],
            constants: Vec::new(),
            relations: Vec::new(),
            facts: Vec::new(),
        }
    }

    fn rule(mut self, first_of_file: bool) -> Option<Checked<'a>> {
        self.constants(first_of_file);
        for id in 0..self.rule.relations.len() {
            self.relation(id);
        }
        let alert_steps = self.alert_steps()?;
        let shown = self.shown();
        let entities = self.entities();
        let templates = self.templates();
        let tests = self.tests();
        let mut relations = Vec::new();
        for (id, typed) in self.relations.into_iter().enumerate() {
            let mut relation = typed.plan?;
            // Columns demanded by later relations were typed after this one was built.
            for (column, known) in relation.columns.iter_mut().zip(&typed.columns) {
                if let Some((ty, nullable)) = known {
                    column.ty = *ty;
                    column.nullable = *nullable;
                }
            }
            debug_assert_eq!(
                relation.columns.len(),
                self.rule.relations.get(id).map_or(0, |r| r.columns.len())
            );
            relations.push(relation);
        }
        Some(Checked {
            file: self.rule.file,
            ast: self.rule.ast,
            info: self.rule.info.clone(),
            constants: self.constants,
            declared: self.rule.constants.clone(),
            relations,
            alert: self.rule.alert,
            alert_steps,
            shown,
            entities,
            templates,
            tests,
        })
    }
}
