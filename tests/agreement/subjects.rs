//! What is compared: rules, with their tests and logs.

use super::markdown::{blocks, documents, read};
use std::path::{Path, PathBuf};
use tripline::agreement::{Case, CaseEvent, Subject};
use tripline::compile::{self, Files};
use tripline::input::{Options, discover};
use tripline::plan::{Promise, Severity};
use tripline::settings::Settings;
use tripline::source::Catalog;
use tripline::value::Time;

/// A rule without an id has this one here.
const ID: &str = "5f0c9f0e-6d0e-4b53-8a53-7d6a4b0c1e2f";

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

/// A rule, ready to be compared, and the log that belongs to it.
pub(crate) struct Rule<'a, 'r> {
    pub(crate) subject: &'a mut Subject<'r>,
    pub(crate) log: Option<&'a Case>,
    /// The text that it stands in.
    pub(crate) page: &'a Page,
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
fn pages(folder: &str) -> Vec<Page> {
    let files = sorted(folder).into_iter();
    let rules = files.filter(|file| file.extension().is_some_and(|e| e == "trip"));
    rules.map(|file| Page::read(file, None)).collect()
}

/// Every text of rules that is compared: our own rules, the cases with their logs, what the documents show, and files that
/// are there for the comparison.
pub(crate) fn all_pages() -> Vec<Page> {
    of_library(1)
}

/// The same with every tenth of our own rules and the seeds, for what takes long; `tripline verify rules` makes cases for
/// all of them.
pub(crate) fn pages_of_each_kind() -> Vec<Page> {
    of_library(10)
}

const SEEDS: [&str; 4] = [
    "aws_cli_recon_burst",
    "azure_cloudshell_usage",
    "cloudshell_unseen_commands",
    "ssm_output_to_foreign_bucket",
];

fn of_library(step: usize) -> Vec<Page> {
    let mut all = Vec::new();
    let rules = walkdir::WalkDir::new("rules").sort_by_file_name();
    let rules = rules.into_iter().map(|entry| entry.unwrap().into_path());
    let rules = rules.filter(|path| path.extension().is_some_and(|end| end == "trip"));
    let seed = |path: &std::path::Path| {
        SEEDS
            .iter()
            .any(|seed| path.file_stem().is_some_and(|stem| stem == *seed))
    };
    let chosen = rules.enumerate().filter(|(n, path)| n % step == 0 || seed(path));
    all.extend(chosen.map(|(_, file)| Page::read(file, None)));
    for folder in sorted("tests/cases") {
        if folder.join("rule.trip").is_file() {
            all.push(Page::read(folder.join("rule.trip"), Some(folder.join("events.jsonl"))));
        }
    }
    all.extend(pages("tests/meaning"));
    all.extend(pages("tests/agreement"));
    for document in documents() {
        for block in blocks(&read(&document)).into_iter().filter(|block| block.tag == "trip") {
            all.push(Page {
                path: PathBuf::from(format!("{document}:{}", block.line)),
                text: block.text,
                log: None,
            });
        }
    }
    all
}

/// Compiles texts and gives every rule of them. What a rule lacks for a deployment it gets here, and it permits every
/// difference, so that all of its texts are compared.
pub(crate) fn each_rule(pages: &[Page], mut with: impl FnMut(Rule<'_, '_>)) {
    let catalog = Catalog::builtin().unwrap();
    let settings = Settings::default();
    for page in pages {
        let log = page.log.as_deref().map(|log| read_case(log, &catalog));
        let mut files = Files::default();
        files.add(&page.path, page.text.as_bytes());
        files.link(&Default::default());
        let world = files.world(&catalog).unwrap();
        let mut findings = std::mem::take(&mut files.findings);
        let mut compiled = compile::compile(&files.trees, &world, &mut findings);
        assert!(
            !tripline::diagnostics::has_errors(&findings),
            "{}: {findings:?}",
            page.path.display()
        );
        for rule in &mut compiled {
            let info = &mut rule.plan.rule;
            info.id.get_or_insert_with(|| ID.to_owned());
            info.version.get_or_insert_with(|| "1.0.0".to_owned());
            info.severity.get_or_insert(Severity::Low);
            let span = info.span;
            info.targets = Some(vec![Promise {
                target: "sigma".to_owned(),
                permit: Some("differs".to_owned()),
                span,
            }]);
        }
        for rule in &compiled {
            let mut subject = Subject::new(rule, &catalog, &settings).unwrap();
            with(Rule {
                subject: &mut subject,
                log: log.as_ref(),
                page,
            });
        }
    }
}

/// The events of logs; the clock is that of the latest of them.
pub(crate) fn read_case(path: &Path, catalog: &Catalog) -> Case {
    let mut events = Vec::new();
    for file in discover(&[path.to_owned()]).unwrap() {
        tripline::input::read(&file, catalog, &Options::default(), &mut |event| {
            events.extend(CaseEvent::of_log(&event));
        })
        .unwrap();
    }
    let now = events.iter().map(|event| event.time).max().unwrap_or(Time(0));
    Case { events, now }
}
