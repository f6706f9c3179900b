use super::{Diagnostic, FileId, Label, Severity, Sources, Span};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::borrow::Cow;

/// The finding as a person reads it: code, message, the source line with a caret, notes, help.
pub fn render(diagnostic: &Diagnostic, sources: &Sources, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut files: Vec<FileId> = vec![diagnostic.primary.span.file];
    for label in &diagnostic.secondary {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let paths: Vec<String> = files.iter().map(|f| sources.path(*f).display().to_string()).collect();
    let mut group = level
        .primary_title(short(&diagnostic.message))
        .id(diagnostic.code.as_str())
        .elements(files.iter().zip(&paths).map(|(file, path)| {
            let text = sources.text(*file);
            let mut snippet = Snippet::source(text).path(path.as_str()).fold(true);
            if diagnostic.primary.span.file == *file {
                let label = &diagnostic.primary;
                snippet = snippet.annotation(
                    AnnotationKind::Primary
                        .span(range(label.span, text))
                        .label(short(&label.text)),
                );
            }
            for label in diagnostic.secondary.iter().filter(|l| l.span.file == *file) {
                snippet = snippet.annotation(
                    AnnotationKind::Context
                        .span(range(label.span, text))
                        .label(short(&label.text)),
                );
            }
            snippet
        }));
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(short(note)));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(short(help)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group])
}

/// A text with its middle left out where it is too long to read: a name may be as long as its file.
fn short(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 2_000;
    const KEPT: usize = 900;
    if text.len() <= LONGEST {
        return Cow::Borrowed(text);
    }
    let floor = |at: usize| (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (head, tail) = (floor(KEPT), floor(text.len() - KEPT));
    Cow::Owned(format!(
        "{} … {}",
        text.get(..head).unwrap_or(""),
        text.get(tail..).unwrap_or("")
    ))
}

/// A byte range that lies on character boundaries of the text.
fn range(span: Span, text: &str) -> std::ops::Range<usize> {
    let floor = |at: u32| {
        let mut at = (at as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (floor(span.start), floor(span.end));
    start..end.max(start)
}

/// The finding for machines: code, severity, message, file, range, labels, notes, help.
///
/// Lines and columns count from 1, columns in characters; `end` is one past the last character.
pub fn to_json(diagnostic: &Diagnostic, sources: &Sources) -> serde_json::Value {
    let place = |label: &Label| {
        let (line, column) = sources.position(label.span.file, label.span.start);
        let (end_line, end_column) = sources.position(label.span.file, label.span.end);
        serde_json::json!({
            "file": sources.path(label.span.file).display().to_string(),
            "line": line, "column": column, "endLine": end_line, "endColumn": end_column,
            "text": label.text,
        })
    };
    let mut object = place(&diagnostic.primary);
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    if let Some(object) = object.as_object_mut() {
        object.remove("text");
        object.insert("code".into(), diagnostic.code.as_str().into());
        object.insert("severity".into(), severity.into());
        object.insert("message".into(), diagnostic.message.as_str().into());
        object.insert(
            "labels".into(),
            std::iter::once(&diagnostic.primary)
                .filter(|l| !l.text.is_empty())
                .chain(&diagnostic.secondary)
                .map(place)
                .collect(),
        );
        object.insert("notes".into(), diagnostic.notes.as_slice().into());
        object.insert("help".into(), diagnostic.help.as_slice().into());
    }
    object
}
