//! Results as text.

use super::super::Misuse;
use super::super::args::{Kql, KqlFormat};
use crate::kql::{Column, Table, Type, Value};
use std::io::IsTerminal as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Between two columns.
const GAP: usize = 2;
/// A column is never cut to less.
const NARROWEST: usize = 8;

pub(super) fn format(options: &Kql) -> KqlFormat {
    options.format.unwrap_or(if std::io::stdout().is_terminal() {
        KqlFormat::Table
    } else {
        KqlFormat::Json
    })
}

/// The columns and rows of a result.
pub(super) fn table(table: &Table, format: KqlFormat) -> Result<String, Misuse> {
    let names = || table.columns.iter().map(|column| column.name.to_string());
    match format {
        KqlFormat::Json => Ok(format!("{}\n", table.to_json())),
        KqlFormat::Ndjson => {
            let line = |row: &Vec<Value>| {
                let members: Vec<String> = table
                    .columns
                    .iter()
                    .zip(row)
                    .map(|(column, value)| format!("{}:{}", serde_json::json!(&*column.name), value.to_json()))
                    .collect();
                format!("{{{}}}\n", members.join(","))
            };
            Ok(table.rows.iter().map(line).collect())
        }
        KqlFormat::Csv => csv(names().collect(), table.rows.iter().map(|row| cells(row))),
        KqlFormat::Table => {
            let right: Vec<bool> = table.columns.iter().map(|column| column.ty.is_number()).collect();
            Ok(aligned(
                names().collect(),
                table.rows.iter().map(|row| cells(row)).collect(),
                &right,
            ))
        }
    }
}

/// The columns of a result alone.
pub(super) fn columns(columns: &[Column], format: KqlFormat) -> Result<String, Misuse> {
    let header = || vec!["name".to_owned(), "type".to_owned()];
    let row = |column: &Column| vec![column.name.to_string(), column.ty.to_string()];
    match format {
        KqlFormat::Json => table(
            &Table {
                columns: columns.to_vec(),
                ..Table::default()
            },
            format,
        ),
        KqlFormat::Ndjson => table(
            &Table {
                columns: Table::new([("name", Type::String), ("type", Type::String)]).columns,
                rows: columns
                    .iter()
                    .map(|column| row(column).into_iter().map(Value::text).collect())
                    .collect(),
                ..Table::default()
            },
            format,
        ),
        KqlFormat::Csv => csv(header(), columns.iter().map(row)),
        KqlFormat::Table => Ok(aligned(header(), columns.iter().map(row).collect(), &[])),
    }
}

fn cells(row: &[Value]) -> Vec<String> {
    row.iter().map(|value| value.to_text().to_string()).collect()
}

fn csv(header: Vec<String>, rows: impl Iterator<Item = Vec<String>>) -> Result<String, Misuse> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(&header)?;
    for row in rows {
        writer.write_record(&row)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// Aligned columns below their names; `right` says which are numbers. On a terminal, long cells are cut so that a row fits.
fn aligned(header: Vec<String>, rows: Vec<Vec<String>>, right: &[bool]) -> String {
    let limit = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    fitted(&header, &rows, right, limit)
}

fn fitted(header: &[String], rows: &[Vec<String>], right: &[bool], limit: Option<usize>) -> String {
    let plain = |text: &String| -> String { text.chars().flat_map(visible).collect() };
    let mut lines: Vec<Vec<String>> = vec![header.iter().map(plain).collect()];
    lines.extend(rows.iter().map(|row| row.iter().map(plain).collect()));
    let mut widths: Vec<usize> = vec![0; header.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.width());
        }
    }
    if let Some(limit) = limit {
        shrink(&mut widths, limit);
    }
    let rule = widths.iter().map(|width| "-".repeat(*width)).collect();
    lines.insert(1, rule);
    let mut out = String::new();
    for line in lines {
        let mut text = String::new();
        for (at, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let cell = cut(cell, *width);
            let blanks = " ".repeat(width.saturating_sub(cell.width()));
            if at > 0 {
                text.push_str(&" ".repeat(GAP));
            }
            if right.get(at).copied().unwrap_or(false) {
                text.push_str(&blanks);
                text.push_str(&cell);
            } else {
                text.push_str(&cell);
                text.push_str(&blanks);
            }
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}

/// A character as a cell of one line shows it.
fn visible(c: char) -> impl Iterator<Item = char> {
    let escaped = c.is_control();
    let plain = (!escaped).then_some(c);
    plain
        .into_iter()
        .chain(escaped.then(|| c.escape_default()).into_iter().flatten())
}

/// Makes the widest columns narrower until a row fits, or every column is as narrow as it gets.
fn shrink(widths: &mut [usize], limit: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    let fits = |cap: usize| widths.iter().map(|width| (*width).min(cap)).sum::<usize>() + gaps <= limit;
    let widest = widths.iter().copied().max().unwrap_or(0);
    let cap = (NARROWEST..=widest).rev().find(|cap| fits(*cap)).unwrap_or(NARROWEST);
    widths.iter_mut().for_each(|width| *width = (*width).min(cap));
}

/// The text, or as much of it as fits with an ellipsis.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter()
            .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect())
            .collect()
    }

    #[test]
    fn columns_are_aligned_and_numbers_stand_right() {
        let header = vec!["User".to_owned(), "n".to_owned(), "Text".to_owned()];
        let rows = rows(&[&["alice", "5", "a\nb"], &["\u{738b}", "1200", ""]]);
        assert_eq!(
            fitted(&header, &rows, &[false, true], None),
            "User      n  Text\n-----  ----  ----\nalice     5  a\\nb\n\u{738b}     1200\n"
        );
    }

    #[test]
    fn long_cells_are_cut_where_a_row_would_not_fit() {
        let header = vec!["a".to_owned(), "b".to_owned()];
        let rows = rows(&[&["0123456789012345678901234567890123456789", "01234567890123456789"]]);
        let text = fitted(&header, &rows, &[], Some(40));
        assert!(text.lines().all(|line| line.width() <= 40), "{text}");
        assert!(text.contains("012345678901234567…  012345678901234567…"), "{text}");
        // Never to nothing.
        let text = fitted(&header, &rows, &[], Some(5));
        assert!(text.contains("0123456…  0123456…"), "{text}");
    }
}
