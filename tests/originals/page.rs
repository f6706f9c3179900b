//! The parts of `docs/originals.md` that are made of the files and of what both sides find.

use super::sides::{Found, On, Row, Sides};
use super::spec::Class;
use std::fmt::Write as _;

/// What stands below the heading of a rule.
pub(crate) fn part(sides: &Sides<'_>) -> String {
    let spec = sides.spec;
    let mut out = format!("Compared: {}\n", sentence(&spec.compared));
    out.push_str("\n| difference | what differs | who is right |\n|---|---|---|\n");
    for class in &spec.classes {
        let row = [&class.name, &class.differs, &class.right].map(|text| sentence(text).replace('|', "\\|"));
        writeln!(out, "| {} |", row.join(" | ")).unwrap();
    }
    for (name, events) in &spec.parts {
        writeln!(out, "\nBelow, `{name} at -10m` stands for these, at that offset:\n").unwrap();
        writeln!(out, "```text\n{}\n```", events.trim_end().replace("@ ", "")).unwrap();
    }
    for class in &spec.classes {
        out.push_str(&example(sides, class));
    }
    out
}

fn example(sides: &Sides<'_>, class: &Class) -> String {
    let case = sides.case_of(&class.test());
    let on = sides.on(&case);
    let (original, ours) = (original(&on, class), on.ours());
    let columns = columns(sides, &original, &ours);
    let theirs = original.as_deref().unwrap_or_default();
    let mut out = format!("\n**{}**", class.name);
    if !class.given.is_empty() {
        write!(out, ", with the edit of *{}* made", class.given.join("*, *")).unwrap();
    }
    match &original {
        Ok(rows) => write!(out, ": the original finds {}", rows_as_text(rows, &ours, &columns)).unwrap(),
        Err(why) => write!(out, ": the original cannot be run ({why})").unwrap(),
    }
    writeln!(out, ", ours {}.", rows_as_text(&ours, theirs, &columns)).unwrap();
    write!(out, "\n```text\n{}\n```\n\n```diff\n", class.example.trim_end()).unwrap();
    for edit in &class.edits {
        for (sign, text) in [('-', &edit.from), ('+', &edit.to)] {
            for line in text.trim_matches('\n').lines() {
                writeln!(out, "{}", format!("{sign} {line}").trim_end()).unwrap();
            }
        }
    }
    out.push_str("```\n");
    out
}

/// What the original finds where its example begins.
fn original(on: &On<'_>, class: &Class) -> Found {
    on.with(&|other| class.given.contains(&other.name))
}

/// The columns worth showing: those that differ where both find as many rows, else those that the file names.
fn columns(sides: &Sides<'_>, original: &Found, ours: &[Row]) -> Vec<(usize, String)> {
    let names = sides.spec.names().into_iter().enumerate();
    match original {
        Ok(rows) if rows.len() == ours.len() => names
            .filter(|(at, _)| rows.iter().zip(ours).any(|(a, b)| a[*at] != b[*at]))
            .collect(),
        _ => names.filter(|(_, name)| sides.spec.shown.contains(name)).collect(),
    }
}

/// Rows as a reader compares them with those of the other side.
fn rows_as_text(rows: &[Row], other: &[Row], columns: &[(usize, String)]) -> String {
    let beside = rows.len() == other.len();
    let row = |(index, row): (usize, &Row)| {
        let cell = |(at, name): &(usize, String)| {
            let other = other.get(index).filter(|_| beside).map(|row| row[*at].as_str());
            format!("{name} = {}", cell(&row[*at], other))
        };
        let shown = columns.iter().filter(|(at, _)| beside || !row[*at].is_empty());
        format!("`{}`", shown.map(cell).collect::<Vec<_>>().join(", "))
    };
    match rows {
        [] => "nothing".to_owned(),
        rows => rows.iter().enumerate().map(row).collect::<Vec<_>>().join(" and "),
    }
}

/// Times to the minute, where they are whole; of a long list what the other one lacks.
fn cell(text: &str, other: Option<&str>) -> String {
    if text.is_empty() {
        return "missing".to_owned();
    }
    if let Some(time) = text.strip_suffix(".0000000Z") {
        return time.strip_suffix(":00").unwrap_or(time).replace('T', " ");
    }
    match (elements(text), other.and_then(elements)) {
        (Some(mut own), Some(other)) if own.len() > 3 => {
            for element in other {
                if let Some(at) = own.iter().position(|one| *one == element) {
                    own.remove(at);
                }
            }
            let own: Vec<String> = own.iter().map(ToString::to_string).collect();
            format!("[.., {}]", own.join(", ")).replace(", ]", "]")
        }
        _ => text.to_owned(),
    }
}

fn elements(text: &str) -> Option<Vec<serde_json::Value>> {
    serde_json::from_str(text).ok()
}

/// A text of the file in one line.
fn sentence(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
