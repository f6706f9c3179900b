//! What is compared: rules, with their tests and logs.

use std::path::{Path, PathBuf};
use tripline::compile::{self, Compiled, Files};
use tripline::input::{Event, Options, Place, discover, read};
use tripline::plan::Operator;
use tripline::source::{Catalog, FIELDS};
use tripline::testing;
use tripline::value::Span;

/// A text of rules.
pub(crate) struct Page {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// A log that belongs to it.
    pub(crate) log: Option<PathBuf>,
}

impl Page {
    fn read(path: PathBuf, log: Option<PathBuf>) -> Page {
        let text = std::fs::read_to_string(&path).unwrap();
        Page { path, text, log }
    }
}

/// A rule.
pub(crate) struct Subject<'p> {
    pub(crate) name: String,
    /// The text that it stands in.
    pub(crate) text: &'p str,
    pub(crate) compiled: &'p Compiled<'p>,
    pub(crate) catalog: &'p Catalog,
    log: Option<&'p Path>,
}

impl Subject<'_> {
    /// How often it runs.
    pub(crate) fn frequency(&self) -> Span {
        self.compiled.plan.rule.every
    }

    /// How late its events may come.
    pub(crate) fn delay(&self) -> Span {
        let delays = self
            .compiled
            .plan
            .relations
            .iter()
            .filter_map(|relation| match relation.operator {
                Operator::Scan { source } => Some(self.catalog.get(source).delay),
                Operator::Aggregate { .. }
                | Operator::History { .. }
                | Operator::Join { .. }
                | Operator::AntiJoin { .. } => None,
            });
        delays.max().unwrap()
    }

    /// The events of the log that belongs to it.
    pub(crate) fn log(&self) -> Option<Vec<Event>> {
        self.log.map(|log| read_events(log, self.catalog))
    }
}

/// A number that the environment may set.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

fn sorted(folder: &str) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    entries
}

/// The rule files of a folder.
pub(crate) fn pages(folder: &str) -> Vec<Page> {
    let files = sorted(folder).into_iter();
    let rules = files.filter(|file| file.extension().is_some_and(|e| e == "trip"));
    rules.map(|file| Page::read(file, None)).collect()
}

/// Our own rules, and the cases with their logs.
pub(crate) fn rule_files() -> Vec<Page> {
    let mut files = Vec::new();
    for folder in sorted("rules").into_iter().filter(|p| p.is_dir()) {
        files.extend(pages(folder.to_str().unwrap()));
    }
    for folder in sorted("tests/cases") {
        if folder.join("rule.trip").is_file() {
            files.push(Page::read(folder.join("rule.trip"), Some(folder.join("events.jsonl"))));
        }
    }
    files
}

/// Compiles texts and gives every rule of them.
pub(crate) fn each_subject(pages: &[Page], mut with: impl FnMut(&Subject<'_>)) {
    let catalog = Catalog::builtin().unwrap();
    for page in pages {
        let mut files = Files::default();
        files.add(&page.path, page.text.as_bytes());
        let world = files.world(&catalog).unwrap();
        let mut findings = std::mem::take(&mut files.findings);
        let compiled = compile::compile(&files.trees, &world, &mut findings);
        assert!(
            !tripline::diagnostics::has_errors(&findings),
            "{}: {findings:?}",
            page.path.display()
        );
        for rule in &compiled {
            with(&Subject {
                name: rule.plan.rule.name.clone(),
                text: &page.text,
                compiled: rule,
                catalog: &catalog,
                log: page.log.as_deref(),
            });
        }
    }
}

pub(crate) fn read_events(path: &Path, catalog: &Catalog) -> Vec<Event> {
    let mut events = Vec::new();
    for file in discover(&[path.to_owned()]).unwrap() {
        read(&file, catalog, &Options::default(), &mut |event| events.push(event)).unwrap();
    }
    events
}

pub(crate) fn test_events(test: &tripline::check::Test<'_>, catalog: &Catalog) -> Vec<Event> {
    let event = |event: testing::TestEvent| Event {
        source: event.source,
        shape: FIELDS,
        body: event.body,
        time: Some(event.time),
        id: event.id,
        place: Place::default(),
    };
    testing::events(test, catalog).into_iter().map(event).collect()
}
