use super::InputError;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// The path; `-` for standard input.
    pub path: PathBuf,
    /// Its number among the files of one run.
    pub number: u32,
    /// Its size in bytes, where it has one.
    pub size: Option<u64>,
}

impl InputFile {
    /// Whether this is standard input.
    pub fn is_stdin(&self) -> bool {
        self.path.as_os_str() == "-"
    }
}

/// The files behind the given paths, each once: files, folders (all files in them, at any depth, but no hidden ones),
/// glob patterns, and `-` for standard input. In the order given, folders and patterns sorted by name.
///
/// # Errors
/// A path that is not there or cannot be read, a folder or a pattern without any file.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<InputFile>, InputError> {
    let mut seen = BTreeSet::new();
    let mut files = Vec::new();
    for path in paths {
        for found in one(path)? {
            if !seen.insert(identity(&found)) {
                continue;
            }
            let number = u32::try_from(files.len()).map_err(|_| error(path, "too many files"))?;
            let metadata = std::fs::metadata(&found).ok();
            files.push(InputFile {
                size: metadata
                    .filter(std::fs::Metadata::is_file)
                    .map(|metadata| metadata.len()),
                path: found,
                number,
            });
        }
    }
    Ok(files)
}

/// Two spellings of one path are one file, so that no event is read twice.
fn identity(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn error(path: &Path, message: impl Into<String>) -> InputError {
    InputError {
        path: path.to_owned(),
        message: message.into(),
    }
}

fn one(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    if path.as_os_str() == "-" {
        return Ok(vec![path.to_owned()]);
    }
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => folder(path),
        Ok(_) => Ok(vec![path.to_owned()]),
        Err(problem) => {
            // Only what is no path of its own is taken for a pattern: file names may hold brackets.
            let text = path.to_string_lossy();
            if text.contains(['*', '?', '[']) {
                return pattern(path, &text);
            }
            Err(match problem.kind() {
                std::io::ErrorKind::NotFound => error(path, "there is no such file or folder"),
                _ => error(path, format!("cannot be read: {problem}")),
            })
        }
    }
}

fn folder(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    let mut files = Vec::new();
    let hidden = |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name().to_string_lossy().starts_with('.');
    let walk = walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name();
    for entry in walk.into_iter().filter_entry(|entry| !hidden(entry)) {
        let entry = entry.map_err(|problem| {
            let place = problem.path().unwrap_or(path).to_owned();
            error(&place, format!("cannot be read: {problem}"))
        })?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    if files.is_empty() {
        return Err(error(path, "the folder holds no file"));
    }
    Ok(files)
}

fn pattern(path: &Path, text: &str) -> Result<Vec<PathBuf>, InputError> {
    let matches = glob::glob(text).map_err(|problem| error(path, format!("is no pattern: {problem}")))?;
    let mut files = Vec::new();
    for found in matches {
        let found = found.map_err(|problem| error(problem.path(), format!("cannot be read: {}", problem.error())))?;
        if found.is_dir() {
            // A folder that matches is searched; an empty one beside others does not matter.
            files.extend(folder(&found).unwrap_or_default());
        } else {
            files.push(found);
        }
    }
    if files.is_empty() {
        return Err(error(path, "no file matches the pattern"));
    }
    Ok(files)
}
