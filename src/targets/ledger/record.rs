//! `ledger.json`: the entries as a file. `docs/ledger.schema.json` describes it.

use super::{Entry, Example, State};
use crate::diagnostics::{Diagnostic, FileId, Sources, Span};
use crate::source::Catalog;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The version of the format.
pub const SCHEMA_VERSION: u32 = 1;

/// The file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// [`SCHEMA_VERSION`].
    pub version: u32,
    /// Records by the name of their target, in the order of rule names.
    pub targets: BTreeMap<String, Vec<Record>>,
    /// Templates of whole folders, with `/`; they belong to the rules whose files lie in their folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<String>,
    /// Files that belong to no rule any more and were not removed, with `/`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

/// What is recorded of a rule and a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// The rule's name.
    pub rule: String,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The file of the rule, with `/`.
    pub source: String,
    /// How the text compares with the rule.
    pub state: State,
    /// Whether the rule's `targets` line names the target.
    pub promised: bool,
    /// The file that was written, below the folder of the ledger, with `/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where it is not exact.
    pub differences: Vec<DifferenceRecord>,
    /// Why there is no text.
    pub refusals: Vec<RefusalRecord>,
    /// What changes no result.
    pub notes: Vec<NoteRecord>,
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DifferenceRecord {
    state: State,
    construct: String,
    reason: String,
    place: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<ExampleRecord>,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RefusalRecord {
    code: String,
    reason: String,
    place: Place,
    help: Vec<String>,
}

/// A note.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NoteRecord {
    construct: String,
    text: String,
    place: Place,
}

/// A range of a rule's file. Lines and columns count from 1, columns in characters; the end is one past the last one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Place {
    /// The file.
    pub file: String,
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// One past the last column.
    pub end_column: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ExampleRecord {
    events: Vec<EventRecord>,
    native: Vec<Vec<String>>,
    target: Vec<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EventRecord {
    time: String,
    source: String,
    fields: serde_json::Value,
}

/// What names stand for in a record.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The texts that places point into.
    pub sources: &'a Sources,
    /// The sources of events.
    pub catalog: &'a Catalog,
    /// A path as the ledger writes it.
    pub path: &'a dyn Fn(&Path) -> PathBuf,
}

impl Place {
    /// A span as lines and columns.
    fn of(span: Span, names: &Names<'_>) -> Place {
        let (line, column) = names.sources.position(span.file, span.start);
        let (end_line, end_column) = names.sources.position(span.file, span.end);
        Place {
            file: names.path(span.file),
            line,
            column,
            end_line,
            end_column,
        }
    }
}

impl Names<'_> {
    fn path(&self, file: FileId) -> String {
        slashes(&(self.path)(self.sources.path(file)))
    }
}

/// A path with `/`, as files on every system write it.
pub(crate) fn slashes(path: &Path) -> String {
    let words: Vec<String> = path
        .components()
        .map(|c| c.as_os_str().to_string_lossy().into_owned())
        .collect();
    words.join("/").replace("//", "/")
}

impl Record {
    /// An entry as a record; `file` is the path of the text that was written for it.
    pub fn new(entry: &Entry, source: FileId, file: Option<&Path>, names: &Names<'_>) -> Record {
        let differences = entry.differences.iter().map(|d| DifferenceRecord {
            state: d.state,
            construct: d.construct.to_owned(),
            reason: d.reason.clone(),
            place: Place::of(d.span, names),
            example: d.example.as_ref().map(|e| ExampleRecord::new(e, names.catalog)),
        });
        let refusals = entry.refusals.iter().map(|r| RefusalRecord {
            code: r.code.as_str().to_owned(),
            reason: reason(r),
            place: Place::of(r.primary.span, names),
            help: r.help.clone(),
        });
        let notes = entry.notes.iter().map(|n| NoteRecord {
            construct: n.construct.to_owned(),
            text: n.text.clone(),
            place: Place::of(n.span, names),
        });
        Record {
            rule: entry.rule.clone(),
            id: entry.id.clone(),
            source: names.path(source),
            state: entry.state,
            promised: entry.promised,
            file: file.map(slashes),
            differences: differences.collect(),
            refusals: refusals.collect(),
            notes: notes.collect(),
        }
    }
}

/// A refusal in one line.
pub(super) fn reason(finding: &Diagnostic) -> String {
    match finding.primary.text.as_str() {
        "" => finding.message.clone(),
        label => format!("{}: {label}", finding.message),
    }
}

impl ExampleRecord {
    fn new(example: &Example, catalog: &Catalog) -> ExampleRecord {
        let events = example.events.iter().map(|event| EventRecord {
            time: event.time.to_string(),
            source: catalog.get(event.source).name.clone(),
            fields: event.body.to_serde(),
        });
        ExampleRecord {
            events: events.collect(),
            native: example.native.clone(),
            target: example.target.clone(),
        }
    }
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger {
            version: SCHEMA_VERSION,
            targets: BTreeMap::new(),
            templates: Vec::new(),
            gone: Vec::new(),
        }
    }
}

impl Ledger {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(text: &str) -> Result<Ledger, String> {
        let ledger: Ledger = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if ledger.version != SCHEMA_VERSION {
            return Err(format!("it has version {}, and not {SCHEMA_VERSION}", ledger.version));
        }
        Ok(ledger)
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never: keys are text.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}
