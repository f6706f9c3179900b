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
    let case = sides.example(class);
    let on = sides.on(&case);
    let (original, ours) = (original(&on, class), on.ours());
    let columns = columns(sides, &original, &ours);
    let mut out = format!("\n**{}.** ", class.name);
    if !class.given.is_empty() {
        write!(out, "With the edit of \"{}\" made: ", class.given.join("\", \"")).unwrap();
    }
    match &original {
        Ok(rows) => write!(out, "the original finds {}", rows_as_text(rows, &columns)).unwrap(),
        Err(why) => write!(out, "the original cannot be read ({why})").unwrap(),
    }
    writeln!(out, "; ours {}.", rows_as_text(&ours, &columns)).unwrap();
    write!(out, "\n```text\n{}\n```\n\n```diff\n", class.example.trim_end()).unwrap();
    for edit in &class.edits {
        for (sign, text) in [('-', &edit.from), ('+', &edit.to)] {
            for line in text.trim_matches('\n').lines() {
                writeln!(out, "{sign} {line}").unwrap();
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

/// The columns worth showing: those that the file names, and those that differ where both find as many rows.
fn columns(sides: &Sides<'_>, original: &Found, ours: &[Row]) -> Vec<(usize, String)> {
    let names = sides.spec.names().into_iter().enumerate();
    let differ = |at: usize| match original {
        Ok(rows) if rows.len() == ours.len() => rows.iter().zip(ours).any(|(a, b)| a[at] != b[at]),
        _ => false,
    };
    names
        .filter(|(at, name)| sides.spec.shown.contains(name) || differ(*at))
        .collect()
}

fn rows_as_text(rows: &[Row], columns: &[(usize, String)]) -> String {
    let row = |row: &Row| {
        let cells = columns.iter().filter(|(at, _)| !row[*at].is_empty());
        let cells: Vec<String> = cells
            .map(|(at, name)| format!("{name} = {}", cell(&row[*at])))
            .collect();
        format!("`{}`", cells.join(", "))
    };
    match rows {
        [] => "nothing".to_owned(),
        rows => rows.iter().map(row).collect::<Vec<_>>().join(" and "),
    }
}

/// Times to the minute, where they are whole.
fn cell(text: &str) -> String {
    match text.strip_suffix(".0000000Z") {
        Some(time) => time.strip_suffix(":00").unwrap_or(time).replace('T', " "),
        None => text.to_owned(),
    }
}

/// A text of the file in one line.
fn sentence(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
