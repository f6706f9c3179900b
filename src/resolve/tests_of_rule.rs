//! Tests of a rule: the source of every event, the columns that expectations name, fields that exist.

use super::relations::Resolver;
use super::scope::path_text;
use super::{Binding, Constant, Kind, Test};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::plan::RelationId;
use crate::source::SourceId;
use crate::syntax::ast::{self, LiteralKind, Segment};

/// The last element of a list that an event of a test may name by its number.
pub(crate) const MAX_INDEX: u16 = 999;

impl<'a> Resolver<'a, '_> {
    pub(super) fn tests(&mut self, alert: RelationId) -> Vec<Test<'a>> {
        let mut sources: Vec<SourceId> = Vec::new();
        for relation in &self.relations {
            if let Kind::Events(source) = relation.kind
                && !sources.contains(&source)
            {
                sources.push(source);
            }
        }
        let mut names: Vec<&ast::Text> = Vec::new();
        let mut tests = Vec::new();
        for test in &self.rule.tests {
            if let Some(first) = names.iter().find(|n| n.value == test.name.value) {
                self.findings.push(
                    Diagnostic::new(Code::DuplicateTest, test.name.span, "two tests have this name")
                        .also(first.span, "the first one"),
                );
            }
            names.push(&test.name);
            if test.expect.is_empty() {
                self.findings.push(
                    Diagnostic::new(
                        Code::BadExpectation,
                        test.name.span,
                        "this test expects nothing, so it cannot fail",
                    )
                    .help("end it with `expect none`, `expect 2` or `expect { column: value }`"),
                );
            }
            let none = test.expect.iter().filter(|e| e.count == 0).count();
            if none > 0 && test.expect.len() > 1 {
                self.findings.push(
                    Diagnostic::new(Code::BadExpectation, test.name.span, "`expect none` stands alone")
                        .help("delete the other expectation"),
                );
            }
            let mut of_events = Vec::new();
            for given in &test.given {
                if let Some(source) = self.source_of(given, &sources) {
                    self.fields(&given.fields, source);
                    of_events.push(source);
                }
            }
            if let (Some(common), Some(source)) = (&test.common, of_events.first().or(sources.first())) {
                self.fields(common, *source);
            }
            if alert != usize::MAX {
                for expect in &test.expect {
                    for (path, _) in expect.columns.iter().flat_map(|object| &object.pairs) {
                        self.bind_path(alert, path);
                    }
                }
            }
            tests.push(Test {
                ast: test,
                sources: of_events,
                replaced: self.replaced(test),
            });
        }
        tests
    }

    /// The lists and values that a test replaces. Each must be there, be used by the rule, and stand there once.
    fn replaced(&mut self, test: &'a ast::Test) -> Vec<(usize, Constant<'a>)> {
        let mut replaced: Vec<(usize, Constant<'a>)> = Vec::new();
        for replacement in &test.replaced {
            let new = Constant::from(replacement);
            let name = new.name();
            let Some(index) = self.constants.iter().position(|c| c.name().name == name.name) else {
                let mut finding = Diagnostic::new(
                    Code::UnknownConstant,
                    name.span,
                    format!("there is no {} `{}` to replace", new.word(), name.name),
                );
                let known = self.constants.iter().map(|c| c.name().name.as_str());
                finding = match nearest(&name.name, known) {
                    Some(meant) => finding.help(format!("did you mean `{meant}`?")),
                    None => finding.help(format!(
                        "declare `{} {} = ..` above the rule, and let the rule use it",
                        new.word(),
                        name.name
                    )),
                };
                self.findings.push(finding);
                continue;
            };
            if let Some((_, first)) = replaced.iter().find(|(other, _)| *other == index) {
                let what = format!("this test replaces `{}` twice", name.name);
                let finding = Diagnostic::new(Code::NameTaken, name.span, what);
                let finding = finding.also(first.name().span, "the first time");
                self.findings.push(finding.help("delete one of the two"));
                continue;
            }
            if let Some(finding) = self.unfit(index, new) {
                self.findings.push(finding);
                continue;
            }
            replaced.push((index, new));
        }
        replaced
    }

    /// Why a test cannot put something into the place of a list or value.
    fn unfit(&self, index: usize, new: Constant<'a>) -> Option<Diagnostic> {
        let old = self.constants.get(index)?;
        let name = new.name();
        let finding = |code, what: String| {
            let finding = Diagnostic::new(code, name.span, what);
            Some(finding.also(old.name().span, "declared here"))
        };
        if old.word() != new.word() {
            let what = format!("`{}` is a {}, not a {}", name.name, old.word(), new.word());
            return finding(Code::TypeMismatch, what)
                .map(|f| f.help(format!("write `{} {} = ..`", old.word(), name.name)));
        }
        if let Constant::List(list) = new
            && let Some(watchlist) = &list.watchlist
        {
            let what = "a test says itself what a watchlist holds";
            return Some(
                Diagnostic::new(Code::BadEvent, watchlist.span, what)
                    .help(format!("write the items: `list {} = [\"..\"]`", name.name)),
            );
        }
        let is_length =
            |c: &Constant<'_>| matches!(c, Constant::Value(v) if matches!(v.value.kind, LiteralKind::Duration(_)));
        if is_length(old) || is_length(&new) {
            let what = format!("a test cannot replace `{}`: it is a length of time", name.name);
            return finding(Code::TypeMismatch, what)
                .map(|f| f.help("a window is part of what the rule means: test it as it is"));
        }
        let used = self
            .bindings
            .values()
            .any(|binding| matches!(binding, Binding::Constant(used) if *used == index));
        if !used {
            let what = format!("the rule does not use `{}`, so replacing it changes nothing", name.name);
            return finding(Code::VainReplacement, what)
                .map(|f| f.help("delete this line, or replace a list or value that the rule reads"));
        }
        None
    }

    fn source_of(&mut self, given: &ast::Given, sources: &[SourceId]) -> Option<SourceId> {
        let Some(path) = &given.source else {
            if let [one] = sources {
                return Some(*one);
            }
            if !sources.is_empty() {
                let names: Vec<&str> = sources
                    .iter()
                    .map(|s| self.world.catalog.get(*s).name.as_str())
                    .collect();
                let finding = Diagnostic::new(Code::SourceNeeded, given.before_span, "this rule reads several sources")
                    .label("which one's event is this?")
                    .help(format!(
                        "name the source before the fields: `-5m {} {{ .. }}`",
                        names.first().unwrap_or(&"")
                    ))
                    .note(format!("they are {}", names.join(", ")));
                self.findings.push(finding);
            }
            return None;
        };
        let name = path_text(path);
        let found = sources
            .iter()
            .copied()
            .find(|s| self.world.catalog.get(*s).name == name);
        if found.is_none() {
            let names: Vec<&str> = sources
                .iter()
                .map(|s| self.world.catalog.get(*s).name.as_str())
                .collect();
            let finding = Diagnostic::new(
                Code::UnknownSource,
                path.span,
                format!("this rule does not read a source `{name}`"),
            )
            .help(format!("it reads {}", names.join(", ")));
            self.findings.push(finding);
        }
        found
    }

    /// Every field of an event must be one of the source's (or hold some).
    fn fields(&mut self, object: &ast::Object, source: SourceId) {
        self.fields_below(object, "", source);
    }

    fn fields_below(&mut self, object: &ast::Object, prefix: &str, source: SourceId) {
        let table = self.world.catalog.get(source);
        for (path, value) in &object.pairs {
            let bad = path
                .segments
                .iter()
                .find(|s| matches!(s, Segment::Index(index) if !(0..=i64::from(MAX_INDEX)).contains(index)));
            if bad.is_some() {
                self.findings.push(
                    Diagnostic::new(
                        Code::BadEvent,
                        path.span,
                        format!("an event names elements of a list from 0 to {MAX_INDEX}"),
                    )
                    .help("write the list: `resources: [{ ARN: \"..\" }]`"),
                );
                continue;
            }
            let mut name = prefix.to_owned();
            let mut known = false;
            for segment in &path.segments {
                let (Segment::Name(word) | Segment::Key(word)) = segment else {
                    known = known || !name.is_empty();
                    break;
                };
                if !name.is_empty() {
                    name.push('.');
                }
                name.push_str(word);
                if let Some(field) = table.field(&name) {
                    known = true;
                    if field == table.time {
                        self.findings.push(
                            Diagnostic::new(Code::BadEvent, path.span, "an event's time is the offset before it")
                                .help("delete this field, and write the offset: `-5m { .. }`"),
                        );
                    }
                    break;
                }
            }
            if known {
                continue;
            }
            let inside = format!("{name}.");
            if let LiteralKind::Object(inner) = &value.kind
                && table.fields.iter().any(|f| f.name.starts_with(&inside))
            {
                self.fields_below(inner, &name, source);
                continue;
            }
            let mut finding = Diagnostic::new(
                Code::BadEvent,
                path.span,
                format!("`{}` has no field `{name}`", table.name),
            );
            if table.computed.iter().any(|c| c.name == name) {
                finding = finding.help(format!("`{name}` is computed: set the fields that it is made of"));
            } else if let Some(field) = table.by_column(&name) {
                finding = finding.help(format!("write `{}`", table.get(field).name));
            } else if let Some(meant) = nearest(&name, table.fields.iter().map(|f| f.name.as_str())) {
                finding = finding.help(format!("did you mean `{meant}`?"));
            }
            self.findings.push(finding);
        }
    }
}
