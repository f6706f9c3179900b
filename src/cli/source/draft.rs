//! The first version of a source file, as text.

use crate::kql::Database;
use crate::source::{ColumnType, FieldType};
use std::fmt::Write as _;

/// What is known of a source before a person has looked at it.
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) table: String,
    /// Where it comes from, for the head of the file.
    pub(super) made_from: String,
    pub(super) shape: Option<Shape>,
    pub(super) fields: Vec<Field>,
    /// The field with the time of an event.
    pub(super) time: String,
    /// Other fields that hold times in all records.
    pub(super) other_times: Vec<String>,
    pub(super) id: Option<String>,
    /// What was seen and is no field, each with the reason.
    pub(super) left_out: Vec<String>,
    pub(super) table_has: Vec<String>,
    pub(super) table_lacks: Vec<String>,
    /// All columns of the table with their types, where no file says them yet.
    pub(super) columns: Vec<(String, String)>,
}

/// How records are recognised.
pub(super) struct Shape {
    pub(super) has: Vec<String>,
    pub(super) one_of: Vec<(String, String)>,
}

pub(super) struct Field {
    pub(super) name: String,
    pub(super) ty: FieldType,
    pub(super) column: String,
    pub(super) column_type: ColumnType,
    /// Where it stands in a record, where that is not what its name says.
    pub(super) path: Option<String>,
    /// Whether every record had it.
    pub(super) always: bool,
    /// Behind the line.
    pub(super) remark: Option<String>,
}

impl Field {
    fn line(&self) -> String {
        let mut line = format!(
            "  - {{ name: {}, type: {}, column: {}",
            self.name,
            self.ty,
            quoted(&self.column)
        );
        if self.column_type != self.ty.usual_column() {
            let _ = write!(line, ", column_type: {}", self.column_type);
        }
        if self.always {
            line.push_str(", always: true");
        }
        if let Some(path) = &self.path {
            let _ = write!(line, ", paths: {{ log: {} }}", quoted(path));
        }
        line.push_str(", doc: \"TODO\" }");
        if let Some(remark) = &self.remark {
            let _ = write!(line, "  # {remark}");
        }
        line
    }
}

impl Draft {
    /// The source file.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |content: &str| {
            text.push_str(content);
            text.push('\n');
        };
        line(&format!(
            "# A first version, made from {}. docs/sources.md explains the format.",
            one_line(&self.made_from)
        ));
        line("# What a person must decide is marked with TODO.");
        line(&format!("source: {}", self.name));
        line("title: TODO                     # for people, a few words");
        line(&format!("table: {}", quoted(&self.table)));
        line("# connector: TODO               # Sentinel's identifier of the data connector, where there is one");
        line(
            "# logsource: { product: TODO, service: TODO }   # as Sigma's rules for this log have it; without it Sigma is refused",
        );
        line("");
        line("# TODO: how late events may come. Sentinel's scheduled rules start five minutes late in any case.");
        line("delay: 5m");
        line("");
        if !self.other_times.is_empty() {
            line(&format!(
                "# TODO: the time at which it happened. It could also be {}.",
                self.other_times.join(", ")
            ));
        }
        line(&format!("time: {}", self.time));
        match &self.id {
            Some(id) => {
                line("# TODO: whether this identifies an event; without it, the content of the record does.");
                line(&format!("id: {id}"));
            }
            None => line(
                "# id: TODO                      # a field that identifies an event; without it, the content of the record does",
            ),
        }
        line(
            "# sigma: name                   # where Sigma's rules write the names of the fields; `column` for those of the table",
        );
        line("");
        match &self.shape {
            Some(shape) => {
                line("shapes:");
                line("  # TODO: what every record of this log has and no other log.");
                line(&format!("  log: {}", shape.text()));
            }
            None => {
                line("# TODO: the raw forms of the log, where there are logs besides exports of the table.");
                line("shapes: {}");
            }
        }
        line("");
        line("# An export that does not name its table is known by these columns.");
        line(&format!("table_has: {}", list(&self.table_has)));
        if !self.table_lacks.is_empty() {
            line(&format!("table_lacks: {}", list(&self.table_lacks)));
        }
        if !self.left_out.is_empty() {
            line("");
            line("# Left out:");
            for left_out in &self.left_out {
                line(&format!("# - {}", one_line(left_out)));
            }
        }
        line("");
        line(
            "# TODO: a short line about each field. `always: true` says that no event is without it: targets then do not ask.",
        );
        line("fields:");
        for field in &self.fields {
            line(&field.line());
        }
        text
    }

    /// The file of the table, for `targets/tables/`.
    pub(super) fn table_text(&self) -> String {
        let mut text = format!(
            "# The columns of {} and their types, made from {}.\n",
            self.table,
            one_line(&self.made_from)
        );
        let time = |name: &str| name == "TimeGenerated";
        let first = self.columns.iter().filter(|(name, _)| time(name));
        for (name, ty) in first.chain(self.columns.iter().filter(|(name, _)| !time(name))) {
            let _ = writeln!(text, "{name}: {ty}");
        }
        text
    }
}

impl Shape {
    fn text(&self) -> String {
        let mut text = format!("{{ has: {}", list(&self.has));
        if !self.one_of.is_empty() {
            let each = self.one_of.iter();
            let each: Vec<String> = each
                .map(|(path, value)| format!("{}: [{}]", quoted(path), quoted(value)))
                .collect();
            let _ = write!(text, ", one_of: {{ {} }}", each.join(", "));
        }
        text.push_str(", paths: name }");
        text
    }
}

/// What a comment can hold of a name that somebody else gave.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// A text as YAML writes it: in quotes, where it could be read as something else.
fn quoted(text: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let other = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(word)
        && !other.iter().any(|word| text.eq_ignore_ascii_case(word));
    if plain {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

/// Columns that tell a table from all others that are known: those that it has, and those that only others have.
pub(super) fn telling(table: &str, columns: &[&str], tables: &Database) -> (Vec<String>, Vec<String>) {
    let own = |name: &str| columns.contains(&name);
    let mut others: Vec<&str> = tables.names().filter(|name| *name != table).collect();
    let in_table = |other: &str, column: &str| tables.get(other).is_some_and(|table| table.column(column).is_some());
    let mut has = Vec::new();
    if own("TimeGenerated") {
        has.push("TimeGenerated".to_owned());
        others.retain(|other| in_table(other, "TimeGenerated"));
    }
    while !others.is_empty() || has.len() < 2 {
        // Columns of the platform say nothing.
        let usable = |column: &&&str| {
            !column.starts_with('_')
                && !matches!(**column, "Type" | "TenantId" | "SourceSystem")
                && !has.iter().any(|taken| taken == **column)
        };
        let shared = |column: &str| others.iter().filter(|other| in_table(other, column)).count();
        let Some(best) = columns.iter().filter(usable).min_by_key(|column| shared(column)) else {
            break;
        };
        let left = shared(best);
        if left == others.len() && has.len() >= 2 {
            break;
        }
        has.push((*best).to_owned());
        others.retain(|other| in_table(other, best));
    }
    let mut lacks: Vec<String> = Vec::new();
    for other in others {
        let Some(table) = tables.get(other) else { continue };
        let known = |name: &str| lacks.iter().any(|lacked| lacked == name);
        if table.columns.iter().any(|column| known(&column.name)) {
            continue;
        }
        let only = table
            .columns
            .iter()
            .find(|column| !own(&column.name) && !column.name.starts_with('_'));
        lacks.extend(only.map(|column| column.name.to_string()));
    }
    (has, lacks)
}
