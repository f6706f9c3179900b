//! Names: which relation, column, field, constant every word means.
//!
//! [`resolve`] takes the trees of all files and gives, for each rule, its [`Relation`]s with their columns by slot, and a
//! table of [`Binding`]s: what every path of the rule stands for. Expressions stay trees of the syntax; the checker reads
//! them with the table beside it. Fields get a slot when they are first named, so that a relation holds what is used
//! and nothing else.

mod alert;
mod computed;
mod constants;
mod date;
mod entities;
mod groups;
mod matches;
mod metadata;
mod relations;
mod scope;
mod tests_of_rule;
mod unknown;

pub use metadata::suggested_id;
pub(crate) use scope::path_text;
pub(crate) use tests_of_rule::MAX_INDEX;

use crate::diagnostics::{Code, Diagnostic, FileId, Sources, Span};
use crate::plan::{Origin, RelationId, RuleInfo, Slot};
use crate::source::{Catalog, Source, SourceId};
use crate::syntax::ast::{self, Link, Segment};
use crate::value;
use crate::values::Values;
use std::collections::BTreeMap;
use std::ops::Range;

/// The most words that the name of a column or field has; a path may have more, which are looked up in its value.
const MOST_WORDS: usize = 256;

/// All rules of a run, names resolved.
#[derive(Debug)]
pub struct Program<'a> {
    /// Rules in the order of the files.
    pub rules: Vec<Rule<'a>>,
    /// Lists and values of files without rules.
    pub lists: Vec<Constant<'a>>,
}

/// A rule, names resolved.
#[derive(Debug)]
pub struct Rule<'a> {
    /// The file it stands in.
    pub file: FileId,
    /// As it was written.
    pub ast: &'a ast::Rule,
    /// Its metadata.
    pub info: RuleInfo,
    /// Lists and values that it can use: those of the files that its file uses, then those of its file.
    pub constants: Vec<Constant<'a>>,
    /// Its relations; each uses only those before it.
    pub relations: Vec<Relation<'a>>,
    /// The relation that the alert continues.
    pub alert: RelationId,
    /// What every path means: by the relation it is read in, and its place.
    pub bindings: BTreeMap<(RelationId, Span), Binding>,
    /// Entities, with the paths behind their identifiers.
    pub entities: Vec<Entity<'a>>,
    /// `title` and `message`, read.
    pub templates: Vec<Template>,
    /// Its tests.
    pub tests: Vec<Test<'a>>,
}

/// `message "{user} did it"`
#[derive(Debug)]
pub struct Template {
    /// `title` or `message`.
    pub key: String,
    /// Literal text and paths, in order.
    pub parts: Vec<TemplatePart>,
    /// Where the text stands.
    pub span: Span,
}

/// A part of a template.
#[derive(Debug)]
pub enum TemplatePart {
    /// As it is.
    Literal(String),
    /// A placeholder; bound in the alert's relation.
    Path(ast::Path),
}

/// A list or value.
#[derive(Clone, Copy, Debug)]
pub enum Constant<'a> {
    /// `list`
    List(&'a ast::ListDecl),
    /// `value`
    Value(&'a ast::ValueDecl),
}

impl<'a> From<&'a ast::Replacement> for Constant<'a> {
    fn from(replacement: &'a ast::Replacement) -> Constant<'a> {
        match replacement {
            ast::Replacement::List(list) => Constant::List(list),
            ast::Replacement::Value(value) => Constant::Value(value),
        }
    }
}

impl Constant<'_> {
    /// Its name.
    pub fn name(&self) -> &ast::Ident {
        match self {
            Constant::List(list) => &list.name,
            Constant::Value(value) => &value.name,
        }
    }

    /// `list` or `value`
    pub fn word(&self) -> &'static str {
        match self {
            Constant::List(_) => "list",
            Constant::Value(_) => "value",
        }
    }
}

/// A set of rows.
#[derive(Debug)]
pub struct Relation<'a> {
    /// As it was written.
    pub ast: &'a ast::Relation,
    /// How its rows are made.
    pub kind: Kind,
    /// Its columns by slot.
    pub columns: Vec<Column>,
    /// Its own steps, and after [`Relation::own_steps`] those of the alert that continues it.
    pub steps: Vec<Step<'a>>,
    /// How many of the steps are its own.
    pub own_steps: usize,
}

/// How rows are made.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Events of a source.
    Events(SourceId),
    /// Groups.
    Group {
        /// The streams.
        inputs: Vec<RelationId>,
        /// Key slots, with the name of the column.
        keys: Vec<Slot>,
        /// The window.
        per: value::Span,
        /// Column slots, in the order of the syntax.
        columns: Vec<Slot>,
    },
    /// The history of a group.
    Baseline {
        /// The group.
        group: RelationId,
        /// How long.
        over: value::Span,
    },
    /// Pairs and chains.
    Match {
        /// The parts.
        parts: Vec<RelationId>,
        /// What stands between them.
        link: Link,
        /// The keys.
        keys: Vec<JoinKey>,
        /// The distance.
        within: value::Span,
        /// Columns taken from parts: slot, part, and the path in the part.
        taken: Vec<(Slot, usize, Reference)>,
    },
}

/// An equality between two parts.
#[derive(Clone, Debug)]
pub struct JoinKey {
    /// The slot of the match that holds it.
    pub slot: Slot,
    /// Part and path.
    pub left: (usize, Reference),
    /// Part and path; a later part.
    pub right: (usize, Reference),
    /// Where it is written.
    pub span: Span,
}

/// A column of a relation and a path below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The column.
    pub slot: Slot,
    /// The rest of the path, for json columns.
    pub rest: Vec<Segment>,
    /// Where it is written.
    pub span: Span,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// As the rule writes it.
    pub name: String,
    /// What fills it.
    pub origin: Origin,
    /// Where it is named first.
    pub span: Span,
    /// Whether anything reads it.
    pub used: bool,
}

/// A step with the slot it fills.
#[derive(Clone, Debug)]
pub enum Step<'a> {
    /// As it was written; `let` and `each` fill the slot.
    Written(&'a ast::Step, Option<Slot>),
    /// A computed field of the source: index into [`crate::source::Source::computed`].
    Computed(usize, Slot),
    /// The condition of the source.
    Condition,
}

/// What a path means.
#[derive(Clone, Debug)]
pub enum Binding {
    /// A column, or a path below it.
    Column(Reference),
    /// A computed field that is a condition; it is written out where it stands.
    Condition(usize),
    /// A list or value: index into [`Rule::constants`].
    Constant(usize),
    /// `past` in `past is missing`: the slot is true where there is a row.
    BaselineRow(Slot),
}

/// `account user`
#[derive(Debug)]
pub struct Entity<'a> {
    /// The word.
    pub kind: &'a ast::Ident,
    /// Identifier in the target's words, and path.
    pub identifiers: Vec<(String, &'a ast::Path)>,
    /// Where.
    pub span: Span,
}

/// A test whose events can be built.
#[derive(Debug)]
pub struct Test<'a> {
    /// As it was written.
    pub ast: &'a ast::Test,
    /// The source of every event, in order of [`ast::Test::given`].
    pub sources: Vec<SourceId>,
    /// The lists and values that it replaces: index into [`Rule::constants`], and what stands in their place.
    pub replaced: Vec<(usize, Constant<'a>)>,
}

/// Files with what the compiler needs to know about the world.
pub struct World<'w> {
    /// The source tables.
    pub catalog: &'w Catalog,
    /// Computed fields, read: by source and index. See [`World::new`].
    computed: BTreeMap<(SourceId, usize), ast::Expr>,
    /// What every row of a source satisfies, where its table holds other rows too.
    conditions: BTreeMap<SourceId, ast::Expr>,
    /// Expressions that stand in the source files of users.
    written: BTreeMap<FileId, Written>,
    /// What lists and values hold in this deployment, for each file of rules.
    pub values: BTreeMap<FileId, Values>,
}

/// Where an expression stands in a source file.
struct Written {
    file: FileId,
    /// For each byte of the expression, and for its end, the byte of the file.
    bytes: Vec<usize>,
}

impl<'w> World<'w> {
    /// Reads the computed fields of all source tables.
    ///
    /// # Errors
    /// What is wrong in a computed field, with a place in the source table (which is added to `sources`).
    pub fn new(catalog: &'w Catalog, sources: &mut Sources) -> Result<World<'w>, Vec<Diagnostic>> {
        let mut world = World {
            catalog,
            computed: BTreeMap::new(),
            conditions: BTreeMap::new(),
            written: BTreeMap::new(),
            values: BTreeMap::new(),
        };
        let mut findings = Vec::new();
        for (id, source) in catalog.iter() {
            if let Some(text) = &source.condition {
                let what = format!("{} (condition)", source.path.display());
                let file = world.expression(source, &source.places.condition, text, what, sources);
                match crate::syntax::parse_expression(file, text) {
                    Ok(expr) => {
                        world.conditions.insert(id, expr);
                    }
                    Err(more) => findings.extend(more),
                }
            }
            for (index, field) in source.computed.iter().enumerate() {
                let what = format!("{} (computed field `{}`)", source.path.display(), field.name);
                let file = world.expression(source, &field.place, &field.text, what, sources);
                match crate::syntax::parse_expression(file, &field.text) {
                    Ok(expr) => {
                        world.computed.insert((id, index), expr);
                    }
                    Err(more) => findings.extend(more),
                }
            }
        }
        for (id, _) in catalog.iter() {
            findings.extend(computed::out_of_order(&world, id));
        }
        if findings.is_empty() {
            Ok(world)
        } else {
            world.locate(&mut findings);
            Err(findings)
        }
    }

    /// Adds an expression of a source file to the texts.
    fn expression(
        &mut self,
        source: &Source,
        place: &Range<usize>,
        text: &str,
        what: String,
        sources: &mut Sources,
    ) -> FileId {
        let file = sources.add(what, text);
        // Ours are not among the texts: they have no mistakes that anybody must find.
        if let Some(real) = sources.find(&source.path) {
            let bytes = source.bytes_of(place, text);
            self.written.insert(file, Written { file: real, bytes });
        }
        file
    }

    /// Gives findings in expressions of source files their place in the file.
    pub fn locate(&self, findings: &mut [Diagnostic]) {
        let moved = |span: &mut Span| {
            let Some(written) = self.written.get(&span.file) else {
                return;
            };
            let byte = |at: u32| {
                let found = written.bytes.get(at as usize).or(written.bytes.last());
                u32::try_from(found.copied().unwrap_or(0)).unwrap_or(u32::MAX)
            };
            let (start, end) = (byte(span.start), byte(span.end));
            *span = Span {
                file: written.file,
                start,
                end: end.max(start),
            };
        };
        for finding in findings {
            moved(&mut finding.primary.span);
            finding.secondary.iter_mut().for_each(|label| moved(&mut label.span));
        }
    }

    /// What every row of a source satisfies.
    pub fn condition(&self, source: SourceId) -> Option<&ast::Expr> {
        self.conditions.get(&source)
    }

    /// The expression of a computed field.
    pub fn computed(&self, source: SourceId, index: usize) -> Option<&ast::Expr> {
        self.computed.get(&(source, index))
    }
}

/// Resolves every name of the given files.
///
/// Findings are pushed; rules with an error are left out of the result.
pub fn resolve<'a>(
    files: &'a [(FileId, ast::File)],
    world: &'a World<'a>,
    findings: &mut Vec<Diagnostic>,
) -> Program<'a> {
    let mut rules = Vec::new();
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    let mut ids: BTreeMap<String, Span> = BTreeMap::new();
    let lists = lists_of(files);
    let by_id: BTreeMap<FileId, &ast::File> = files.iter().map(|(id, tree)| (*id, tree)).collect();
    for (file, tree) in files {
        let before = findings.len();
        let Some((constants, imported)) = constants::of(tree, &by_id, world.values.get(file), findings) else {
            continue;
        };
        let clash = findings.len() > before;
        let mut used = vec![false; constants.len()];
        let mut all_read = true;
        for rule in tree.rules() {
            if let Some(first) = names.insert(&rule.name.name, rule.name.span) {
                findings.push(
                    Diagnostic::new(
                        Code::DuplicateRule,
                        rule.name.span,
                        format!("a rule named `{}` exists already", rule.name.name),
                    )
                    .also(first, "the other one")
                    .help("rule names are unique across all files of a run"),
                );
            }
            let before = findings.len();
            let resolved = relations::Resolver::new(*file, rule, &constants, world, findings).resolve();
            if let Some(id) = &resolved.info.id
                && let Some(first) = ids.insert(id.to_ascii_lowercase(), rule.name.span)
            {
                findings.push(
                    Diagnostic::new(Code::BadId, rule.name.span, "another rule has the same id")
                        .also(first, "the other one")
                        .help(format!(
                            "give this rule an id of its own: `id \"{}\"`",
                            metadata::suggested_id(&rule.name.name)
                        )),
                );
            }
            for binding in resolved.bindings.values() {
                if let Binding::Constant(index) = binding
                    && let Some(used) = used.get_mut(*index)
                {
                    *used = true;
                }
            }
            for length in lengths(rule) {
                if let Some(at) = constants.iter().position(|c| c.name().name == length)
                    && let Some(used) = used.get_mut(at)
                {
                    *used = true;
                }
            }
            if findings
                .iter()
                .skip(before)
                .any(|f| f.severity == crate::diagnostics::Severity::Error)
            {
                all_read = false;
            } else {
                rules.push(resolved);
            }
        }
        if all_read && !clash {
            constants::unused(tree, &constants, &used, &imported, findings);
        }
    }
    Program { rules, lists }
}

/// The lists and values of files that hold nothing else.
fn lists_of(files: &[(FileId, ast::File)]) -> Vec<Constant<'_>> {
    let alone = files.iter().filter(|(_, tree)| tree.rules().next().is_none());
    alone.flat_map(|(_, tree)| constants::declared(tree)).collect()
}

/// Names of values that stand where a duration can.
fn lengths(rule: &ast::Rule) -> impl Iterator<Item = &str> {
    rule.relations.iter().filter_map(|relation| {
        let length = match &relation.kind {
            ast::RelationKind::Events { .. } => return None,
            ast::RelationKind::Group { per, .. } => per,
            ast::RelationKind::Baseline { over, .. } => over,
            ast::RelationKind::Match { within, .. } => within,
        };
        match length {
            ast::Length::Named(name) => Some(name.name.as_str()),
            ast::Length::Literal(..) => None,
        }
    })
}
