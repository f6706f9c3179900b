//! The files that say how a rule differs from the query that it was made from.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tripline::compile::{self, Compiled, Files};
use tripline::source::Catalog;
use tripline::{diagnostics, testing};

/// A rule and its original.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    /// What the original is called.
    pub(crate) title: String,
    /// Its file among the original queries.
    original: String,
    /// The file of our rule.
    pub(crate) rule: PathBuf,
    /// What both results have, and what they have not.
    pub(crate) compared: String,
    columns: Columns,
    /// The columns that are shown of every row.
    pub(crate) shown: Vec<String>,
    /// Events that several examples have, `@` for their offset.
    #[serde(default)]
    pub(crate) parts: BTreeMap<String, String>,
    /// In the order in which their edits are made.
    pub(crate) classes: Vec<Class>,
}

/// What both queries are projected to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    original: String,
    ours: String,
}

/// A class of difference.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Class {
    /// A few words.
    pub(crate) name: String,
    /// What each side does.
    pub(crate) differs: String,
    /// Who is right, and why.
    pub(crate) right: String,
    /// Classes whose edits the example wants on both sides.
    #[serde(default)]
    pub(crate) given: Vec<String>,
    /// What the reader says where the documents leave the original's answer open.
    pub(crate) unsettled: Option<String>,
    /// Turn the original into ours in this respect.
    pub(crate) edits: Vec<Edit>,
    /// The body of a test of our rule.
    pub(crate) example: String,
    /// Another, where the edits of the other classes together do without this one on the example.
    pub(crate) also: Option<String>,
}

impl Class {
    /// The name of the test that its example becomes.
    pub(crate) fn test(&self) -> String {
        format!("original: {}", self.name)
    }

    /// The name of the test that the other one becomes.
    pub(crate) fn also_test(&self) -> String {
        format!("original, also: {}", self.name)
    }
}

/// A replacement, wherever the words stand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// All of them, by the name of the rule's file.
pub(crate) fn all() -> Vec<(String, Spec)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join("tests/originals")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let spec = serde_yaml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            found.push((path.file_stem().unwrap().to_str().unwrap().to_owned(), spec));
        }
    }
    found.sort_by(|a: &(String, Spec), b| a.1.original.cmp(&b.1.original));
    found
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Spec {
    /// The text of the original.
    pub(crate) fn original(&self, shared: &Path) -> String {
        let path = shared.join("seed-queries").join(&self.original);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The original with the edits of some classes, projected.
    pub(crate) fn edited(&self, original: &str, wanted: &dyn Fn(&Class) -> bool) -> String {
        let mut text = original.to_owned();
        for class in self.classes.iter().filter(|class| wanted(class)) {
            for Edit { from, to } in &class.edits {
                assert!(
                    text.contains(from),
                    "{}: `{}` finds no `{from}`",
                    self.original,
                    class.name
                );
                text = text.replace(from, to);
            }
        }
        format!("{}\n| project {}\n", text.trim_end(), self.columns.original)
    }

    /// Our query, projected.
    pub(crate) fn ours(&self, query: &str) -> String {
        format!("{}\n| project {}\n", query.trim_end(), self.columns.ours)
    }

    /// The names of the compared columns.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |part: &str| part.split('=').next().unwrap_or(part).trim().to_owned();
        self.columns.ours.split(',').map(name).collect()
    }

    /// The text of the rule with the examples as further tests.
    pub(crate) fn text(&self) -> String {
        let rule = std::fs::read_to_string(root().join(&self.rule)).unwrap();
        let mut text = rule.trim_end().strip_suffix('}').unwrap().to_owned();
        for class in &self.classes {
            let also = class.also.as_ref().map(|also| (class.also_test(), also));
            for (name, example) in std::iter::once((class.test(), &class.example)).chain(also) {
                let body = self.written_out(example);
                text.push_str(&format!("\n  test \"{name}\" {{\n{body}\n  }}\n"));
            }
        }
        text.push_str("}\n");
        text
    }

    /// An example with its parts.
    fn written_out(&self, example: &str) -> String {
        let mut out = String::new();
        for line in example.lines() {
            match line
                .split_once(" at ")
                .and_then(|(name, at)| Some((self.parts.get(name)?, at)))
            {
                Some((part, at)) => out.push_str(&part.replace('@', at)),
                None => out.push_str(&format!("{line}\n")),
            }
        }
        out
    }

    /// Compiles the rule with the examples, which are tests that pass.
    pub(crate) fn compiled(&self, catalog: &Catalog, with: &mut dyn FnMut(&Compiled<'_>)) {
        let text = self.text();
        let mut files = Files::default();
        files.add(&self.rule, text.as_bytes());
        files.link(&Default::default());
        let world = files.world(catalog).unwrap();
        let mut findings = std::mem::take(&mut files.findings);
        let compiled = compile::compile(&files.trees, &world, &mut findings);
        assert!(
            !diagnostics::has_errors(&findings),
            "{}: {findings:#?}",
            self.rule.display()
        );
        let [rule] = compiled.as_slice() else {
            panic!("{}: {} rules", self.rule.display(), compiled.len())
        };
        for verdict in testing::run(rule, catalog).unwrap() {
            assert!(verdict.failures.is_empty(), "{}: {verdict:#?}", self.rule.display());
        }
        with(rule);
    }
}
