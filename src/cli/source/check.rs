//! What `tripline check` says about source files, beyond what reading them says: their columns against the tables, their
//! expressions against their fields.

use super::super::{Misuse, kql, rules};
use crate::compile::{self, Files};
use crate::diagnostics::{Code, Diagnostic, FileId, Sources, Span, nearest};
use crate::kql::Database;
use crate::resolve::World;
use crate::source::{Catalog, Source, SourceId};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Whether a path names source files: a YAML file, or a folder of them without rules.
pub(in crate::cli) fn is_of_sources(path: &Path) -> bool {
    sources_folder(path).is_some() || path.is_file() && is_yaml(path)
}

/// The folder of source files that a path names: itself, or the one in a `targets` folder.
fn sources_folder(path: &Path) -> Option<PathBuf> {
    let whole = path.canonicalize().ok().filter(|whole| whole.is_dir())?;
    let folder = match whole.file_name()?.to_str()? {
        "sources" => path.to_owned(),
        "targets" if rules::find(&[path.to_owned()]).is_err() => path.join("sources"),
        _ => return None,
    };
    (!yaml_files(&folder).is_empty()).then_some(folder)
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "yaml" || end == "yml")
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && is_yaml(path))
        .collect();
    files.sort();
    files
}

/// What is wrong in the source files that the paths name, and how many files there are.
pub(in crate::cli) fn files(paths: &[PathBuf], sources: &mut Sources) -> Result<(Vec<Diagnostic>, usize), Misuse> {
    let mut findings = Vec::new();
    let mut count = 0;
    for path in paths {
        let files = match sources_folder(path) {
            Some(folder) => yaml_files(&folder),
            None => vec![path.clone()],
        };
        for file in files {
            count += 1;
            let (catalog, read) = Catalog::builtin()?.with_file(&file, sources, &mut findings)?;
            if let Some((id, source)) = read {
                let tables = tables_of(&file)?;
                findings.extend(thorough(&catalog, id, source, &tables, sources));
            }
        }
    }
    Ok((findings, count))
}

/// What is wrong in the sources of the `targets` folders that belong to rules.
pub(in crate::cli) fn of_rules(
    paths: &[PathBuf],
    catalog: &Catalog,
    sources: &mut Sources,
) -> Result<Vec<Diagnostic>, Misuse> {
    let mut findings = Vec::new();
    let ours: Vec<(FileId, SourceId)> = catalog
        .iter()
        .filter_map(|(id, source)| Some((sources.find(&source.path)?, id)))
        .collect();
    if ours.is_empty() {
        return Ok(findings);
    }
    let tables = kql::tables(&rules::target_folders(paths))?;
    for (file, source) in ours {
        findings.extend(thorough(catalog, file, source, &tables, sources));
    }
    Ok(findings)
}

/// The tables that a source file can be compared with: those of the folder `tables` beside its own, and ours.
fn tables_of(file: &Path) -> Result<Database, Misuse> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let mut folders = rules::target_folders(&[file.to_owned()]);
    let above = folder.join("..");
    if folder
        .canonicalize()
        .unwrap_or_default()
        .file_name()
        .is_some_and(|name| name == "sources")
    {
        folders.push(above);
    }
    kql::tables(&folders)
}

fn thorough(
    catalog: &Catalog,
    file: FileId,
    id: SourceId,
    tables: &Database,
    sources: &mut Sources,
) -> Vec<Diagnostic> {
    let source = catalog.get(id);
    let mut findings = columns(source, file, tables);
    findings.extend(expressions(catalog, source, file, sources));
    findings.sort_by_key(|finding| (finding.primary.span, finding.code));
    findings
}

fn place(file: FileId, range: &Range<usize>) -> Span {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span {
        file,
        start: byte(range.start),
        end: byte(range.end),
    }
}

/// The columns that the source maps to, compared with those of its table.
fn columns(source: &Source, file: FileId, tables: &Database) -> Vec<Diagnostic> {
    let Some(table) = tables.get(&source.table) else {
        let finding = Diagnostic::new(
            Code::UnknownTable,
            place(file, &source.places.table),
            format!("the columns of the table `{}` are not known", source.table),
        )
        .label("so nothing compares the columns of the fields with it");
        let help = match nearest(&source.table, tables.names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "write them into `targets/tables/{}.yaml`, a line `Column: type` each",
                source.table
            ),
        };
        return vec![finding.help(help)];
    };
    let mut findings = Vec::new();
    let names = || table.columns.iter().map(|column| &*column.name);
    let unknown = |name: &str, range: &Range<usize>| {
        let finding = Diagnostic::new(
            Code::UnfitColumn,
            place(file, range),
            format!("the table `{}` has no column `{name}`", source.table),
        );
        match nearest(name, names()) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help(format!(
                "name one of its columns, or add this one to `targets/tables/{}.yaml`",
                source.table
            )),
        }
    };
    for (name, range) in &source.places.table_has {
        if table.column(name).is_none() && !table.open {
            findings.push(unknown(name, range));
        }
    }
    for (name, range) in &source.places.table_lacks {
        if table.column(name).is_some() {
            findings.push(
                Diagnostic::new(
                    Code::UnfitColumn,
                    place(file, range),
                    format!("the table `{}` has the column `{name}`", source.table),
                )
                .label("so none of its rows would be recognised")
                .help("`table_lacks` names columns that only other tables have; leave this one out"),
            );
        }
    }
    for field in &source.fields {
        let Some(column) = table.column(&field.column).and_then(|at| table.columns.get(at)) else {
            if !table.open {
                findings.push(unknown(&field.column, &field.places.column));
            }
            continue;
        };
        let (theirs, ours) = (column.ty.to_string(), field.column_type.to_string());
        if theirs != ours {
            let range = field.places.column_type.as_ref().unwrap_or(&field.places.column);
            findings.push(
                Diagnostic::new(
                    Code::UnfitColumn,
                    place(file, range),
                    format!(
                        "the column `{}` of `{}` is {theirs}, and not {ours}",
                        field.column, source.table
                    ),
                )
                .help(retyped(&theirs)),
            );
        }
    }
    findings
}

/// What to write for a column of that type.
fn retyped(column: &str) -> String {
    let ty = match column {
        "string" => "`type: text`, or `type: json` where it holds JSON as text",
        "bool" => "`type: bool`",
        "long" => "`type: int`",
        "int" => "`type: int, column_type: int`",
        "real" => "`type: real`",
        "datetime" => "`type: time`",
        "dynamic" => "`type: json, column_type: dynamic`",
        _ => return format!("fields cannot be of a {column} column; leave this one out"),
    };
    format!("write {ty}")
}

/// The condition and the computed fields, checked in a rule that shows every one of them.
fn expressions(catalog: &Catalog, source: &Source, file: FileId, sources: &mut Sources) -> Vec<Diagnostic> {
    let shown: Vec<&str> = source.computed.iter().map(|field| field.name.as_str()).collect();
    let show = match shown.as_slice() {
        [] => source.get(source.time).name.clone(),
        names => names.join(", "),
    };
    let rule = format!(
        "rule checked \"Checked\" {{ severity low events rows = {} alert rows {{ show {show} }} }}",
        source.name
    );
    let mut files = Files {
        sources: std::mem::take(sources),
        ..Files::default()
    };
    let path = PathBuf::from(format!("{} (checked)", source.path.display()));
    files.add(&path, rule.as_bytes());
    let mut findings = match World::new(catalog, &mut files.sources) {
        Err(findings) => findings,
        Ok(world) => {
            let mut findings = Vec::new();
            compile::compile(&files.trees, &world, &mut findings);
            findings
        }
    };
    *sources = files.sources;
    // What follows for the rule is of no interest.
    findings.retain(|finding| finding.primary.span.file == file);
    findings
}
