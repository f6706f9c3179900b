//! Where a query is found: in a file of its own, in a rule, in a template of rules.

use super::super::Misuse;
use crate::diagnostics::{Sources, Span as Place};
use crate::input::{self, InputFile};
use crate::kql;
use crate::value::{Span, Time};
use serde::Deserialize as _;
use serde_json::Value;
use std::path::Path;

/// A query with the file that it stands in.
pub(super) struct Subject {
    path: String,
    /// The whole file.
    text: String,
    /// The query, as its text reads.
    pub(super) query: String,
    home: Home,
    name: Option<String>,
    /// How far back the rule sees.
    pub(super) period: Option<Span>,
    frequency: Option<Span>,
}

/// Where the lines of the query stand in its file.
enum Home {
    /// It is the file.
    Whole,
    /// From this line (from 0) on, so many bytes to the right.
    Block { line: usize, indent: usize },
    /// Nowhere as such: the file has it in another spelling.
    Spelled,
}

/// A rule of a file.
struct Rule {
    names: Vec<String>,
    query: String,
    period: Option<String>,
    frequency: Option<String>,
}

impl Rule {
    fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }
}

/// What a file holds.
enum Kind {
    Query,
    Yaml,
    Json,
}

/// Reads the file and takes the query, or the one of the rule of that name.
pub(super) fn read(path: &Path, rule: Option<&str>) -> Result<Subject, Misuse> {
    let file = InputFile {
        path: path.to_owned(),
        number: 0,
        size: None,
    };
    let text = input::whole(&file)?;
    let shown = path.display().to_string();
    let rules = match kind(path, &text) {
        Kind::Query => {
            if let Some(rule) = rule {
                return Err(Misuse(format!("{shown}: this is a query and holds no rule `{rule}`")));
            }
            return Ok(Subject {
                path: shown,
                query: text.clone(),
                text,
                home: Home::Whole,
                name: None,
                period: None,
                frequency: None,
            });
        }
        Kind::Yaml => yaml(&shown, &text)?,
        Kind::Json => json(&shown, &text)?,
    };
    let chosen = choose(&shown, rules, rule)?;
    let time = |key: &str, written: &Option<String>| match written {
        None => Ok(None),
        Some(written) => span(written)
            .map(Some)
            .map_err(|why| Misuse(format!("{shown}: `{key}: {written}` {why}"))),
    };
    Ok(Subject {
        period: time("queryPeriod", &chosen.period)?,
        frequency: time("queryFrequency", &chosen.frequency)?,
        home: locate(&text, &chosen.query),
        name: Some(chosen.name().to_owned()).filter(|name| !name.is_empty()),
        query: chosen.query,
        path: shown,
        text,
    })
}

fn kind(path: &Path, text: &str) -> Kind {
    match path.extension().and_then(|end| end.to_str()) {
        Some("yaml" | "yml") => Kind::Yaml,
        Some("json") => Kind::Json,
        Some("kql" | "csl" | "kusto") => Kind::Query,
        // No query begins like JSON, and none has a line that begins with this key.
        _ if text.trim_start().starts_with('{') => Kind::Json,
        _ if text.lines().any(|line| line.starts_with("query:")) => Kind::Yaml,
        _ => Kind::Query,
    }
}

fn yaml(path: &str, text: &str) -> Result<Vec<Rule>, Misuse> {
    let mut rules = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        let value = Value::deserialize(document).map_err(|error| {
            let place = error.location();
            let place = place.map_or(String::new(), |at| format!(":{}:{}", at.line(), at.column()));
            Misuse(format!("{path}{place}: this is no YAML: {error}"))
        })?;
        collect(path, &value, &[], &mut rules)?;
    }
    Ok(rules)
}

fn json(path: &str, text: &str) -> Result<Vec<Rule>, Misuse> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        Misuse(format!(
            "{path}:{}:{}: this is no JSON: {error}",
            error.line(),
            error.column()
        ))
    })?;
    let mut rules = Vec::new();
    collect(path, &value, &[], &mut rules)?;
    Ok(rules)
}

/// Every object with a `query`, at any depth: a rule alone, the properties of a resource, a solution's template. `outer`
/// are the names of the object around it.
fn collect(path: &str, value: &Value, outer: &[String], rules: &mut Vec<Rule>) -> Result<(), Misuse> {
    match value {
        Value::Array(elements) => elements
            .iter()
            .try_for_each(|element| collect(path, element, outer, rules)),
        Value::Object(members) => {
            let text = |key: &str| members.get(key).and_then(Value::as_str).map(str::to_owned);
            let mut names: Vec<String> = ["displayName", "name", "title", "id"]
                .into_iter()
                .filter_map(text)
                .collect();
            if let Some(query) = text("query") {
                let shown = names.first().or(outer.first()).map_or("", String::as_str);
                let query = unescaped(query).map_err(|written| {
                    Misuse(format!(
                        "{path}: the query of `{shown}` is the expression `{written}`; build the template first"
                    ))
                })?;
                names.extend_from_slice(outer);
                rules.push(Rule {
                    query,
                    period: text("queryPeriod"),
                    frequency: text("queryFrequency"),
                    names: names.clone(),
                });
            }
            members
                .iter()
                .filter(|(key, _)| key.as_str() != "query")
                .try_for_each(|(_, below)| collect(path, below, &names, rules))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// A text of a template: one in brackets is an expression, unless the first bracket stands twice.
fn unescaped(text: String) -> Result<String, String> {
    if !text.starts_with('[') || !text.ends_with(']') {
        return Ok(text);
    }
    match text.strip_prefix("[[") {
        Some(rest) => Ok(format!("[{rest}")),
        None => Err(text.chars().take(60).collect()),
    }
}

fn choose(path: &str, mut rules: Vec<Rule>, wanted: Option<&str>) -> Result<Rule, Misuse> {
    if rules.is_empty() {
        return Err(Misuse(format!(
            "{path}: this holds no rule: there is no key `query` with a text"
        )));
    }
    let all: Vec<String> = rules.iter().map(|rule| format!("  {}", rule.name())).collect();
    let listed = all.join("\n");
    if let Some(wanted) = wanted {
        // A resource is called `[concat(.., '/Microsoft.SecurityInsights/ID')]`.
        let last = |name: &str| {
            let last = name.rsplit('/').next().unwrap_or_default();
            last.trim_end_matches([']', ')', '\'']).eq_ignore_ascii_case(wanted)
        };
        let is = |rule: &Rule| {
            let mut names = rule.names.iter();
            names.any(|name| name.eq_ignore_ascii_case(wanted) || last(name))
        };
        let mut found: Vec<Rule> = rules.into_iter().filter(is).collect();
        return match (found.pop(), found.is_empty()) {
            (Some(rule), true) => Ok(rule),
            (None, _) => Err(Misuse(format!(
                "{path}: no rule is called `{wanted}`; there are\n{listed}"
            ))),
            (Some(_), false) => Err(Misuse(format!(
                "{path}: several rules are called `{wanted}`; name one by its id"
            ))),
        };
    }
    match (rules.pop(), rules.is_empty()) {
        (Some(rule), true) => Ok(rule),
        _ => Err(Misuse(format!(
            "{path}: there are several rules; say which with `--rule NAME`\n{listed}"
        ))),
    }
}

/// Reads `PT5M`, `P14D`, `P1DT12H`, and the short `1h`, `14d` of published rules.
fn span(written: &str) -> Result<Span, &'static str> {
    const WRONG: &str = "is no length of time; write it like PT1H, P14D or 1h";
    let text = written.trim();
    let text = if text.starts_with(['P', 'p']) {
        text.to_ascii_uppercase()
    } else {
        text.to_ascii_lowercase()
    };
    let span: jiff::Span = text.parse().map_err(|_| WRONG)?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err("has no fixed length; write it in days");
    }
    let seconds = span
        .total((jiff::Unit::Second, jiff::SpanRelativeTo::days_are_24_hours()))
        .map_err(|_| WRONG)?;
    if seconds <= 0.0 || seconds > 1e9 {
        return Err("is no length of time that a rule can have");
    }
    Ok(Span::seconds(seconds.round() as i64))
}

/// Finds the lines of the query in its file, where they stand with the same blanks in front of each.
fn locate(file: &str, query: &str) -> Home {
    let wanted: Vec<&str> = query.lines().map(str::trim_end).collect();
    let Some((skipped, first)) = wanted.iter().enumerate().find(|(_, line)| !line.is_empty()) else {
        return Home::Spelled;
    };
    let lines: Vec<&str> = file.lines().map(str::trim_end).collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(indent) = line.strip_suffix(first) else {
            continue;
        };
        let Some(start) = at.checked_sub(skipped) else { continue };
        let same = |(wanted, line): (&&str, &&str)| {
            line.strip_prefix(indent) == Some(*wanted) || (wanted.is_empty() && line.trim().is_empty())
        };
        let here = lines.get(start..start + wanted.len()).unwrap_or_default();
        if indent.trim().is_empty() && here.len() == wanted.len() && wanted.iter().zip(here).all(same) {
            return Home::Block {
                line: start,
                indent: indent.len(),
            };
        }
    }
    Home::Spelled
}

impl Subject {
    /// A place of the query as a place in its file, or in the query alone where the file spells it otherwise.
    pub(super) fn span(&self, sources: &mut Sources, place: kql::Place) -> Place {
        let (name, text, place) = match self.home {
            Home::Whole => (self.path.clone(), self.text.clone(), place),
            Home::Block { line, indent } => {
                let moved = |offset: usize| {
                    let before = self.query.get(..offset).unwrap_or(&self.query);
                    let row = before.matches('\n').count();
                    let column = before.rsplit('\n').next().unwrap_or_default().len();
                    let start: usize = self.text.split_inclusive('\n').take(line + row).map(str::len).sum();
                    start + indent + column
                };
                let place = kql::Place {
                    start: moved(place.start),
                    end: moved(place.end),
                };
                (self.path.clone(), self.text.clone(), place)
            }
            Home::Spelled => (format!("{} (the query)", self.path), self.query.clone(), place),
        };
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Place {
            file: sources.add(name, text),
            start: offset(place.start),
            end: offset(place.end),
        }
    }

    /// Which run of the rule is looked at, for a rule.
    pub(super) fn schedule(&self, now: Time, period: Option<Span>) -> Option<String> {
        let name = self.name.as_ref()?;
        let sees = period.map_or("all rows".to_owned(), |period| format!("the {period} before"));
        let every = self
            .frequency
            .map_or(String::new(), |every| format!("; it runs every {every}"));
        Some(format!("`{name}`, run at {now}, sees {sees}{every}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_read_in_both_spellings() {
        for (written, printed) in [
            ("PT5M", "5m"),
            ("P1D", "1d"),
            ("P14D", "14d"),
            ("P1DT12H", "1d12h"),
            ("P2W", "14d"),
            ("1h", "1h"),
            ("14d", "14d"),
            ("1H", "1h"),
            (" 30m ", "30m"),
        ] {
            assert_eq!(
                span(written).map(|span| span.to_string()),
                Ok(printed.to_owned()),
                "{written}"
            );
        }
        for wrong in ["", "5", "soon", "P1M", "P1Y", "-1h", "0h", "PT", "1x"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_expression_of_a_template_is_told_from_a_text() {
        assert_eq!(unescaped("[['T'] | take [1]".into()), Ok("['T'] | take [1]".to_owned()));
        assert_eq!(unescaped("['T'] | take 1".into()), Ok("['T'] | take 1".to_owned()));
        assert_eq!(unescaped("[variables('q')]".into()), Err("[variables('q')]".to_owned()));
    }

    #[test]
    fn the_lines_of_a_query_are_found_in_its_file() {
        let at = |file: &str, query: &str| match locate(file, query) {
            Home::Block { line, indent } => Some((line, indent)),
            Home::Whole | Home::Spelled => None,
        };
        assert_eq!(
            at("a: 1\r\nquery: |\r\n\r\n  T\r\n\r\n  | take 1\r\n", "\nT\n\n| take 1\n"),
            Some((2, 2))
        );
        assert_eq!(
            at("# T\nquery: |\n  T\n    | take 1\n", "T\n  | take 1\n"),
            Some((2, 2))
        );
        assert_eq!(at("query: T\n", "T"), None);
        assert_eq!(at("query: >\n  T\n  | take 1\n", "T | take 1\n"), None);
    }
}
