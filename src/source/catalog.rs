use super::path::Alternative;
use super::{Shape, ShapeId, Source, SourceError, SourceId, TABLE, read};
use crate::diagnostics::{Code, Diagnostic, FileId, Severity, Sources, Span};
use crate::value::Json;
use std::path::{Path, PathBuf};

/// All sources that are known.
#[derive(Clone, Debug)]
pub struct Catalog {
    sources: Vec<Source>,
}

/// The source tables that Tripline comes with.
const BUILTIN: [(&str, &str); 8] = [
    (
        "targets/sources/aws.cloudtrail.yaml",
        include_str!("../../targets/sources/aws.cloudtrail.yaml"),
    ),
    (
        "targets/sources/azure.activity.yaml",
        include_str!("../../targets/sources/azure.activity.yaml"),
    ),
    // Before `linux.process`: both are rows of one table, and those of Windows are known by their paths.
    (
        "targets/sources/defender.process.yaml",
        include_str!("../../targets/sources/defender.process.yaml"),
    ),
    (
        "targets/sources/entra.audit.yaml",
        include_str!("../../targets/sources/entra.audit.yaml"),
    ),
    (
        "targets/sources/entra.signin.yaml",
        include_str!("../../targets/sources/entra.signin.yaml"),
    ),
    (
        "targets/sources/linux.process.yaml",
        include_str!("../../targets/sources/linux.process.yaml"),
    ),
    (
        "targets/sources/office.activity.yaml",
        include_str!("../../targets/sources/office.activity.yaml"),
    ),
    (
        "targets/sources/windows.security.yaml",
        include_str!("../../targets/sources/windows.security.yaml"),
    ),
];

impl Catalog {
    /// The sources that Tripline comes with.
    ///
    /// # Errors
    /// Never in a released build: the files are part of it and tested.
    pub fn builtin() -> Result<Catalog, SourceError> {
        let mut catalog = Catalog { sources: Vec::new() };
        // Reading YAML is most of what a small run costs, so the tables are read side by side.
        let sources = std::thread::scope(|scope| {
            let readers = BUILTIN.map(|(path, text)| scope.spawn(move || alone(Path::new(path), text)));
            readers.map(|reader| reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        for source in sources {
            catalog.add(source?);
        }
        Ok(catalog)
    }

    /// Adds the sources of a `targets` folder (`sources/*.yaml` in it, in the order of their names); one of the same
    /// name replaces ours. A folder without `sources` changes nothing. What is wrong in a file is pushed to `findings`, with
    /// its text in `sources`; the source is then left out.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn with_folder(
        mut self,
        folder: &Path,
        sources: &mut Sources,
        findings: &mut Vec<Diagnostic>,
    ) -> Result<Catalog, SourceError> {
        for path in files(&folder.join("sources"))? {
            // Our own tables, unchanged, are there already.
            if let Some((_, source)) = read_file(&path, sources, findings, &self.sources)? {
                self.add(source);
            }
        }
        Ok(self)
    }

    /// Adds the source of one file, as [`Catalog::with_folder`] does; with the file's number in `sources`, and the source's,
    /// where it could be read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn with_file(
        mut self,
        path: &Path,
        sources: &mut Sources,
        findings: &mut Vec<Diagnostic>,
    ) -> Result<(Catalog, Option<(FileId, SourceId)>), SourceError> {
        let Some((file, source)) = read_file(path, sources, findings, &[])? else {
            return Ok((self, None));
        };
        let name = source.name.clone();
        self.add(source);
        let id = self.find(&name);
        Ok((self, id.map(|id| (file, id))))
    }

    /// A catalog of one source, from the text of its file.
    ///
    /// # Errors
    /// When the text does not hold a source.
    pub fn from_text(path: &Path, text: &str) -> Result<Catalog, SourceError> {
        Ok(Catalog {
            sources: vec![alone(path, text)?],
        })
    }

    /// A catalog of the same sources, each changed; they keep their numbers. What is changed besides the table, the
    /// connector and the delay is not checked again.
    pub(crate) fn changed(&self, change: impl FnMut(&mut Source)) -> Catalog {
        let mut catalog = self.clone();
        catalog.sources.iter_mut().for_each(change);
        catalog
    }

    fn add(&mut self, source: Source) {
        match self.sources.iter_mut().find(|old| old.name == source.name) {
            Some(old) => *old = source,
            None => self.sources.push(source),
        }
    }

    /// The source of that name.
    pub fn find(&self, name: &str) -> Option<SourceId> {
        self.iter().find(|(_, source)| source.name == name).map(|(id, _)| id)
    }

    /// The source of that number. Numbers come from this catalog; another one gives its first source.
    pub fn get(&self, source: SourceId) -> &Source {
        self.sources.get(usize::from(source.0)).unwrap_or(&self.sources[0])
    }

    /// The sources with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        (0..).map(SourceId).zip(&self.sources)
    }

    /// The source and the shape of a record, by what it holds. A row of a table is known by `$table` or `Type`, else
    /// by its columns; sources beside the rules are tried first, then ours, each in their order.
    pub fn recognise(&self, record: &Json) -> Option<(SourceId, ShapeId)> {
        if let Some(table) = record.get("$table").and_then(Json::as_text) {
            return self.by_table(&table);
        }
        if let Some(Json::Text(table)) = record.get("Type") {
            if let Some(found) = self.by_table(table) {
                return Some(found);
            }
            if record.get("TimeGenerated").is_some() {
                return None;
            }
        }
        // Who describes a log means it, so sources beside the rules go before ours.
        let own = self.iter().skip(BUILTIN.len());
        for (id, source) in own.chain(self.iter().take(BUILTIN.len())) {
            // The first shape holds events of rule files only; those say their source.
            for (number, shape) in (0..).zip(&source.shapes).skip(1) {
                // Rows that share a table are told apart by `of_row`: an export is known by its columns first.
                if shape.fits(record) && (ShapeId(number) == TABLE || shape.holds(record)) {
                    return Some((id, ShapeId(number)));
                }
            }
        }
        None
    }

    /// The source that a row of a table belongs to, where several sources share the table of the one given: the first
    /// that the texts of the row fit. None where the row is of none of them.
    pub fn of_row(&self, source: SourceId, row: &Json) -> Option<SourceId> {
        let table = &self.get(source).table;
        let mut sharing = self.iter().filter(|(_, source)| source.table == *table);
        let fits = |source: &Source| {
            source
                .shapes
                .get(usize::from(TABLE.0))
                .is_some_and(|shape| shape.holds(row))
        };
        sharing.find(|(_, source)| fits(source)).map(|(id, _)| id)
    }

    fn by_table(&self, table: &str) -> Option<(SourceId, ShapeId)> {
        self.iter()
            .find(|(_, source)| source.table == table)
            .map(|(id, _)| (id, TABLE))
    }
}

impl Shape {
    fn fits(&self, record: &Json) -> bool {
        let one_of = |(path, values): &(Alternative, Vec<String>)| {
            let found = path.find(record);
            let text = found.as_deref().and_then(Json::as_text);
            text.is_some_and(|text| values.iter().any(|value| *value == text))
        };
        self.has.iter().all(|path| path.exists(record))
            && !self.lacks.iter().any(|path| path.exists(record))
            && self.one_of.iter().all(one_of)
    }

    fn holds(&self, record: &Json) -> bool {
        self.contains.iter().all(|(path, part)| {
            let found = path.find(record);
            let text = found.as_deref().and_then(Json::as_text);
            text.is_some_and(|text| text.contains(part.as_str()))
        })
    }
}

/// A source by itself: the first thing that is wrong is the error.
fn alone(path: &Path, text: &str) -> Result<Source, SourceError> {
    let mut findings = Vec::new();
    let source = read::read(FileId(0), path, text, &mut findings);
    let error = findings.iter().find(|finding| finding.severity == Severity::Error);
    match (source, error) {
        (Some(source), None) => Ok(source),
        (_, error) => {
            let mut sources = Sources::default();
            let file = sources.add(path, text);
            let line = error.map(|error| sources.position(file, error.primary.span.start).0);
            Err(SourceError {
                path: path.to_owned(),
                line: line.and_then(|line| u32::try_from(line).ok()),
                message: error.map_or("is no source".to_owned(), |error| error.message.clone()),
            })
        }
    }
}

/// The source files of a folder, in the order of their names; none where there is no such folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, SourceError> {
    let mut files = Vec::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    for entry in std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> SourceError {
    SourceError {
        path: path.to_owned(),
        line: None,
        message: format!("cannot be read: {error}"),
    }
}

/// Reads a source file, unless it is one of those that are there.
fn read_file(
    path: &Path,
    sources: &mut Sources,
    findings: &mut Vec<Diagnostic>,
    there: &[Source],
) -> Result<Option<(FileId, Source)>, SourceError> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let before = error.as_bytes().iter().take(valid);
            let line = before.filter(|byte| **byte == b'\n').count() + 1;
            let file = sources.add(path, String::new());
            let place = Span { file, start: 0, end: 0 };
            findings.push(
                Diagnostic::new(Code::SourceUnreadable, place, "this file is not UTF-8 text")
                    .note(format!("line {line} holds a byte that is no part of a character"))
                    .help("save it as UTF-8"),
            );
            return Ok(None);
        }
    };
    if there.iter().any(|source| source.text == text) {
        return Ok(None);
    }
    let file = sources.add(path, text.clone());
    Ok(read::read(file, path, &text, findings).map(|source| (file, source)))
}
