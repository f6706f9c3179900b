//! What the tests need to know of Markdown.

use std::path::{Path, PathBuf};

/// A fenced block.
pub(crate) struct Block {
    /// What stands behind the fence.
    pub(crate) tag: String,
    /// The lines inside.
    pub(crate) text: String,
    /// The line of the fence, from 1.
    pub(crate) line: usize,
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(document: &str) -> String {
    std::fs::read_to_string(root().join(document)).unwrap_or_else(|error| panic!("{document}: {error}"))
}

/// The documents, by their path from the root.
pub(crate) fn documents() -> Vec<String> {
    let mut found: Vec<String> = files(&root().join("docs"), "md")
        .iter()
        .map(|path| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned())
        .collect();
    found.extend(["README.md", "ARCHITECTURE.md", "DESIGN.md", "CONTRIBUTING.md"].map(str::to_owned));
    found
}

/// Files below a folder whose names end so, sorted.
pub(crate) fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.extension().is_some_and(|e| e == end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in text.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(tag), None) => {
                open = Some(Block {
                    tag: tag.trim().to_owned(),
                    text: String::new(),
                    line: number + 1,
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is never closed");
    blocks
}

/// The anchors of the headings, as GitHub makes them.
pub(crate) fn headings(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines() {
        inside ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        if inside || title == line || !title.starts_with(' ') {
            continue;
        }
        let anchor = title.trim().to_lowercase().replace(' ', "-");
        found.push(
            anchor
                .chars()
                .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
                .collect(),
        );
    }
    found
}

/// A part of a document that is made by a program. It stands between two marks.
pub(crate) struct Part {
    pub(crate) document: &'static str,
    pub(crate) mark: String,
    pub(crate) text: String,
}

/// Compares a part with the document; `UPDATE_DOCS=1` writes it. What is stale, if it is.
pub(crate) fn refresh(part: Part) -> Option<String> {
    let text = read(part.document);
    let (begin, end) = (
        format!("<!-- generated: {} -->\n", part.mark),
        format!("<!-- end: {} -->", part.mark),
    );
    let (Some(from), Some(to)) = (text.find(&begin), text.find(&end)) else {
        return Some(format!("{} has no part `{}`", part.document, part.mark));
    };
    let from = from + begin.len();
    let wanted = format!("\n{}\n\n", part.text.trim_end());
    if text.get(from..to) == Some(wanted.as_str()) {
        return None;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let fresh = format!("{}{wanted}{}", &text[..from], &text[to..]);
        std::fs::write(root().join(part.document), fresh).unwrap();
        return None;
    }
    Some(format!("{}: the part `{}` is stale", part.document, part.mark))
}
