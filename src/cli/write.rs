//! Writing many files: all of them, or none; and whether they are up to date.

use super::output::{self, many};
use super::{Exit, Misuse};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What is to become of a file.
pub(super) enum Change {
    /// It gets this text.
    Write(String),
    /// It goes.
    Remove,
}

/// Makes all changes. Every text is written beside its file first; only then are they moved into place, and what was moved
/// is moved back where one of them fails. Files that hold their text already are left alone.
pub(super) fn all(changes: &[(PathBuf, Change)]) -> Result<(), Misuse> {
    let mut staged: Vec<(PathBuf, &Path)> = Vec::new();
    for (path, change) in changes {
        let Change::Write(text) = change else { continue };
        if std::fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
            continue;
        }
        let beside = beside(path);
        if let Err(error) = stage(path, &beside, text) {
            discard(&staged);
            return Err(error);
        }
        staged.push((beside, path));
    }
    let mut done: Vec<(&Path, Option<Vec<u8>>)> = Vec::new();
    for (beside, path) in &staged {
        let old = std::fs::read(path).ok();
        if let Err(error) = std::fs::rename(beside, path) {
            discard(&staged);
            restore(&done);
            return Err(Misuse(format!("{}: {error}", path.display())));
        }
        done.push((path, old));
    }
    for (path, change) in changes {
        if matches!(change, Change::Remove) {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(Misuse(format!("{}: {error}", path.display())));
                }
                _ => {}
            }
            // A folder that holds nothing any more goes, too; one that holds something does not.
            let _ = path.parent().map(std::fs::remove_dir);
        }
    }
    Ok(())
}

/// Writes one file, so that nobody ever sees half of it.
pub(super) fn one(path: &Path, text: &str) -> Result<(), Misuse> {
    all(&[(path.to_owned(), Change::Write(text.to_owned()))])
}

/// Prints how the files that are there differ from what would be written; `gone` more belong to nothing any more.
pub(super) fn compare(changes: &[(PathBuf, Change)], gone: usize) -> Result<Exit, Misuse> {
    let (mut text, mut stale) = (String::new(), gone);
    for (path, change) in changes {
        let Change::Write(new) = change else { continue };
        let old = match std::fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Misuse(format!("{}: {error}", path.display()))),
        };
        if old == *new {
            continue;
        }
        stale += 1;
        let name = path.display().to_string();
        let diff = similar::TextDiff::from_lines(&old, new);
        text.push_str(
            &diff
                .unified_diff()
                .header(&name, &format!("{name} (built)"))
                .to_string(),
        );
    }
    output::result(&text)?;
    if stale == 0 {
        say!("{} up to date", many(changes.len(), "file"));
        return Ok(Exit::Clean);
    }
    say!("{} not up to date", many(stale, "file"));
    Ok(Exit::Findings)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".tripline-new");
    path.with_file_name(name)
}

fn stage(path: &Path, beside: &Path, text: &str) -> Result<(), Misuse> {
    if path.is_dir() {
        return Err(Misuse(format!(
            "{}: a folder stands where a file is to be written",
            path.display()
        )));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    if !folder.as_os_str().is_empty() {
        std::fs::create_dir_all(folder).map_err(|error| Misuse(format!("{}: {error}", folder.display())))?;
    }
    std::fs::write(beside, text).map_err(|error| {
        // The half-written file is of no use to anybody.
        let _ = std::fs::remove_file(beside);
        Misuse(format!("{}: {error}", path.display()))
    })
}

fn discard(staged: &[(PathBuf, &Path)]) {
    for (beside, _) in staged {
        let _ = std::fs::remove_file(beside);
    }
}

fn restore(done: &[(&Path, Option<Vec<u8>>)]) {
    for (path, old) in done {
        let _ = match old {
            Some(old) => std::fs::write(path, old),
            None => std::fs::remove_file(path),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_one_cannot_be_written_none_is() {
        let root = std::env::temp_dir().join(format!("tripline-write-{}", std::process::id()));
        std::fs::create_dir_all(root.join("b.kql")).unwrap();
        std::fs::write(root.join("a.kql"), "old").unwrap();
        let write = |name: &str| (root.join(name), Change::Write("new".to_owned()));
        assert!(all(&[write("a.kql"), write("c/c.kql"), write("b.kql")]).is_err());
        assert_eq!(std::fs::read_to_string(root.join("a.kql")).unwrap(), "old");
        assert!(!root.join("c/c.kql").exists());
        all(&[write("a.kql"), write("c/c.kql")]).unwrap();
        assert_eq!(std::fs::read_to_string(root.join("a.kql")).unwrap(), "new");
        all(&[
            (root.join("c/c.kql"), Change::Remove),
            (root.join("gone"), Change::Remove),
        ])
        .unwrap();
        assert!(!root.join("c").exists());
        let left: Vec<_> = std::fs::read_dir(&root)
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains("tripline-new")));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
