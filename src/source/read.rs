//! From the text of a source file to a [`Source`]: everything that the format promises is checked, and what is wrong is said
//! with its place.

mod fields;
mod shapes;

use super::yaml::{self, Kind, Node};
use super::{FieldId, FieldType, Places, Source};
use crate::diagnostics::{Code, Diagnostic, FileId, Span as Place, nearest};
use crate::value::Span;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;

/// What a value looks like that is asked for, by the path of its key.
const EXAMPLES: &[(&str, &str)] = &[
    ("source", "source: my.trail"),
    ("title", "title: Our own audit trail"),
    ("table", "table: MyTrail_CL"),
    ("connector", "connector: AWS"),
    ("logsource", "logsource: { product: my, service: trail }"),
    ("delay", "delay: 5m"),
    ("time", "time: eventTime"),
    ("id", "id: eventId"),
    ("condition", "condition: not path contains \"\\\\\""),
    ("sigma", "sigma: name"),
    ("shapes", "shapes: { log: { has: [eventName], paths: name } }"),
    ("has", "has: [eventName, user.name]"),
    ("lacks", "lacks: [TimeGenerated]"),
    ("one_of", "one_of: { category: [Audit, SignIn] }"),
    ("contains", "contains: { path: \"\\\\\" }"),
    ("paths", "paths: name"),
    ("under", "under: properties"),
    ("table_has", "table_has: [TimeGenerated, EventName]"),
    ("table_lacks", "table_lacks: [RegistryKey]"),
    ("table_contains", "table_contains: { Path: \"\\\\\" }"),
    (
        "fields",
        "fields: [{ name: eventName, type: text, column: EventName, doc: what was done }]",
    ),
    ("name", "name: eventName"),
    ("type", "type: text"),
    ("column", "column: EventName"),
    ("column_type", "column_type: dynamic"),
    ("sigma_text", "sigma_text: true"),
    ("always", "always: true"),
    ("table_only", "table_only: true"),
    ("doc", "doc: what was done"),
    ("path", "path: user.name"),
    ("after", "after: resourceGroups"),
    ("lower", "lower: true"),
    (
        "computed",
        "computed: [{ name: actor, doc: who did it, text: user.name }]",
    ),
    ("text", "text: user.name ?? user.id"),
];

const SOURCE: &[&str] = &[
    "source",
    "title",
    "table",
    "connector",
    "logsource",
    "delay",
    "time",
    "id",
    "condition",
    "sigma",
    "shapes",
    "table_has",
    "table_lacks",
    "table_contains",
    "fields",
    "computed",
];

/// Reads a source file. What is wrong is pushed to `findings`; there is a source where none of it is an error.
pub(super) fn read(file: FileId, path: &Path, text: &str, findings: &mut Vec<Diagnostic>) -> Option<Source> {
    let mut reader = Reader {
        file,
        text,
        findings: Vec::new(),
    };
    let source = match yaml::parse(text) {
        Ok(root) => reader.source(path, &root),
        Err(error) => {
            let place = reader.place(&(error.at..error.at));
            reader.findings.push(
                Diagnostic::new(Code::SourceUnreadable, place, "this cannot be read as YAML")
                    .label(error.why)
                    .help("a line is `key: value`, a list stands in `[a, b]`; a text with `: ` or ` #` in it stands in quotes"),
            );
            None
        }
    };
    let sound = reader.findings.is_empty();
    findings.append(&mut reader.findings);
    source.filter(|_| sound)
}

/// A file being read.
struct Reader<'a> {
    file: FileId,
    text: &'a str,
    findings: Vec<Diagnostic>,
}

/// A map of the file with the keys that may stand in it.
struct Keys<'n> {
    place: Range<usize>,
    values: BTreeMap<&'static str, &'n Node>,
    /// Keys that an unknown one probably means.
    meant: Vec<&'static str>,
}

impl<'n> Keys<'n> {
    fn get(&self, key: &str) -> Option<&'n Node> {
        self.values.get(key).copied()
    }
}

impl<'a> Reader<'a> {
    fn place(&self, range: &Range<usize>) -> Place {
        let byte = |at: usize| u32::try_from(at.min(self.text.len())).unwrap_or(u32::MAX);
        Place {
            file: self.file,
            start: byte(range.start),
            end: byte(range.end.max(range.start)),
        }
    }

    /// A place on one line: its first.
    fn line(&self, range: &Range<usize>) -> Place {
        let written = self.text.get(range.clone()).unwrap_or("");
        let first = written.split('\n').next().unwrap_or("").trim_end();
        self.place(&(range.start..range.start + first.len()))
    }

    /// The map that stands here, with its unknown keys and those that stand twice said.
    fn keys<'n>(&mut self, node: &'n Node, what: &str, known: &[&'static str]) -> Option<Keys<'n>> {
        let Kind::Map(pairs) = &node.kind else {
            let place = self.line(&node.place);
            self.findings.push(
                Diagnostic::new(Code::BadSourceValue, place, format!("{what} is a map"))
                    .label(format!("this is {}", form(node)))
                    .help(format!("it has the keys {}", listed(known.iter().copied()))),
            );
            return None;
        };
        let mut values: BTreeMap<&'static str, &Node> = BTreeMap::new();
        let mut meant = Vec::new();
        for (key, value) in pairs {
            let name = key.text().unwrap_or("");
            let Some(known_key) = known.iter().find(|known| **known == name) else {
                let finding = Diagnostic::new(
                    Code::UnknownSourceKey,
                    self.line(&key.place),
                    format!("{what} has no key `{}`", short(name)),
                );
                let near = nearest(name, known.iter().copied());
                meant.extend(known.iter().copied().filter(|known| Some(*known) == near));
                self.findings.push(match near {
                    Some(near) => finding.help(format!("did you mean `{near}`?")),
                    None => finding.help(format!("known here are {}", listed(known.iter().copied()))),
                });
                continue;
            };
            if values.insert(known_key, value).is_some() {
                let finding = Diagnostic::new(
                    Code::BadSourceValue,
                    self.line(&key.place),
                    format!("`{name}` stands here twice"),
                );
                self.findings.push(finding.help("keep one of them"));
            }
        }
        Some(Keys {
            place: node.place.clone(),
            values,
            meant,
        })
    }

    /// A key that must be there.
    fn needed<'n>(&mut self, keys: &Keys<'n>, what: &str, key: &str) -> Option<&'n Node> {
        let found = keys.get(key);
        if found.is_none() && !keys.meant.contains(&key) {
            let place = self.line(&keys.place);
            self.findings.push(
                Diagnostic::new(Code::MissingSourceKey, place, format!("{what} lacks `{key}`"))
                    .help(format!("add `{}`", example(key))),
            );
        }
        found
    }

    fn bad(&mut self, node: &Node, key: &str, takes: &str) {
        let place = self.line(&node.place);
        self.findings.push(
            Diagnostic::new(Code::BadSourceValue, place, format!("`{key}` takes {takes}"))
                .label(format!("this is {}", form(node)))
                .help(format!("write `{}`", example(key))),
        );
    }

    /// A text that is not empty.
    fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        match node.text() {
            Some(text) if !text.trim().is_empty() => Some(text.to_owned()),
            _ => {
                self.bad(node, key, "a text");
                None
            }
        }
    }

    fn needed_text(&mut self, keys: &Keys<'_>, what: &str, key: &str) -> Option<String> {
        let node = self.needed(keys, what, key)?;
        self.text(node, key)
    }

    fn optional_text(&mut self, keys: &Keys<'_>, key: &str) -> Option<String> {
        let node = keys.get(key)?;
        self.text(node, key)
    }

    fn flag(&mut self, keys: &Keys<'_>, key: &str) -> bool {
        match keys.get(key).map(|node| (node, node.text())) {
            None | Some((_, Some("false"))) => false,
            Some((_, Some("true"))) => true,
            Some((node, _)) => {
                self.bad(node, key, "`true` or `false`");
                false
            }
        }
    }

    /// The texts of a list, each with its place.
    fn texts<'n>(&mut self, node: &'n Node, key: &str) -> Vec<(&'n str, &'n Node)> {
        let Kind::List(nodes) = &node.kind else {
            self.bad(node, key, "a list of texts");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for node in nodes {
            match node.text() {
                Some(text) if !text.is_empty() => texts.push((text, node)),
                _ => self.bad(node, key, "a list of texts"),
            }
        }
        texts
    }

    fn one_of<T: Copy>(&mut self, node: &Node, key: &str, words: &[(&str, T)]) -> Option<T> {
        let written = node.text().unwrap_or("");
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == written) {
            return Some(*value);
        }
        let known = listed(words.iter().map(|(word, _)| *word));
        let place = self.line(&node.place);
        let message = match node.text() {
            Some(text) => format!("`{key}` cannot be `{}`", short(text)),
            None => format!("`{key}` is one word"),
        };
        let finding = Diagnostic::new(Code::BadSourceValue, place, message);
        self.findings
            .push(match nearest(written, words.iter().map(|(word, _)| *word)) {
                Some(near) => finding.help(format!("did you mean `{near}`? there are {known}")),
                None => finding.help(format!("there are {known}")),
            });
        None
    }

    fn unfit(&mut self, node: &Node, message: String, help: String) {
        let place = self.line(&node.place);
        self.findings
            .push(Diagnostic::new(Code::UnfitSource, place, message).help(help));
    }

    fn source(&mut self, path: &Path, root: &Node) -> Option<Source> {
        const WHAT: &str = "a source file";
        if let Kind::Map(pairs) = &root.kind
            && let Some((first, _)) = pairs.first()
            && !pairs
                .iter()
                .any(|(key, _)| key.text().is_some_and(|key| SOURCE.contains(&key)))
        {
            let finding = Diagnostic::new(
                Code::UnknownSourceKey,
                self.line(&first.place),
                "this is no source file",
            )
            .label("none of its keys is one of a source")
            .note(format!("{WHAT} has the keys {}", listed(SOURCE.iter().copied())))
            .help(format!(
                "values of lists are checked with the rules that use them: `tripline check rules --values {}`",
                path.display()
            ));
            self.findings.push(finding);
            return None;
        }
        let keys = self.keys(root, WHAT, SOURCE)?;
        let name = self.needed_text(&keys, WHAT, "source");
        if let (Some(name), Some(node)) = (&name, keys.get("source"))
            && !name.split('.').all(is_name)
        {
            self.name(node, name, "a source");
        }
        let title = self.needed_text(&keys, WHAT, "title");
        let table = self.needed_text(&keys, WHAT, "table");
        let delay = self.needed(&keys, WHAT, "delay").and_then(|node| {
            let delay = node.text().and_then(span);
            if delay.is_none() {
                self.bad(node, "delay", "a duration: a number with `s`, `m`, `h` or `d`");
            }
            delay
        });
        let sigma = self.sigma(&keys);
        let (mut shapes, defaults) = self.shapes(&keys);
        let fields = self.fields(&keys, &shapes, &defaults, sigma);
        let time = self
            .needed(&keys, WHAT, "time")
            .and_then(|node| self.field_named(node, "time", &fields));
        let id = keys.get("id").and_then(|node| self.field_named(node, "id", &fields));
        if let (Some(time), Some(node)) = (time, keys.get("time")) {
            self.time(node, time, &fields, &shapes, &defaults);
        }
        let computed = self.computed(&keys, &fields);
        let logsource = self.logsource(&keys);
        self.table(&keys, &mut shapes);
        let connector = self.optional_text(&keys, "connector");
        let condition = self.optional_text(&keys, "condition");
        let places = Places {
            table: keys.get("table").map_or(0..0, |node| node.place.clone()),
            condition: keys.get("condition").map_or(0..0, |node| node.place.clone()),
            table_has: self.column_places(&keys, "table_has"),
            table_lacks: self.column_places(&keys, "table_lacks"),
        };
        let by_name: HashMap<String, FieldId> = (0..)
            .zip(&fields.list)
            .map(|(number, field)| (field.name.clone(), FieldId(number)))
            .collect();
        let mut by_column: HashMap<String, FieldId> = (0..)
            .zip(&fields.list)
            .map(|(number, field)| (field.column.clone(), FieldId(number)))
            .collect();
        // A column that is only an older spelling never hides another field's own.
        for (number, field) in (0..).zip(&fields.list) {
            for alternative in field.paths.get(1).into_iter().flatten() {
                if let Some(column) = alternative.single() {
                    by_column.entry(column.to_owned()).or_insert(FieldId(number));
                }
            }
        }
        Some(Source {
            name: name?,
            title: title?,
            table: table?,
            delay: delay?,
            time: time?,
            id,
            fields: fields.list,
            computed,
            connector,
            logsource,
            condition,
            path: path.to_owned(),
            text: self.text.to_owned(),
            places,
            shapes,
            by_name,
            by_column,
        })
    }

    /// The time field is a time, and has a place in every shape: without one, every record of the shape is rejected.
    fn time(
        &mut self,
        node: &Node,
        time: FieldId,
        fields: &fields::Fields,
        shapes: &[super::Shape],
        defaults: &[shapes::Default],
    ) {
        let Some(field) = fields.list.get(usize::from(time.0)) else {
            return;
        };
        if field.ty != FieldType::Time {
            let message = format!("the time field `{}` is {}", field.name, field.ty);
            let help = "give it `type: time`, or name the field that has the time of an event".to_owned();
            self.unfit(node, message, help);
        }
        for (number, (shape, default)) in shapes.iter().zip(defaults).enumerate() {
            if !default.broken && field.paths.get(number).is_none_or(Vec::is_empty) {
                let message = format!(
                    "the time field `{}` has no place in the shape `{}`",
                    field.name, shape.name
                );
                let help = format!("add to the field: `paths: {{ {}: THE_PATH }}`", shape.name);
                self.unfit(node, message, help);
            }
        }
    }

    fn column_places(&self, keys: &Keys<'_>, key: &str) -> Vec<(String, Range<usize>)> {
        let Some(Kind::List(nodes)) = keys.get(key).map(|node| &node.kind) else {
            return Vec::new();
        };
        let texts = nodes
            .iter()
            .filter_map(|node| Some((node.text()?.to_owned(), node.place.clone())));
        texts.collect()
    }

    fn field_named(&mut self, node: &Node, key: &str, fields: &fields::Fields) -> Option<FieldId> {
        let name = self.text(node, key)?;
        if let Some((_, number)) = (fields.list.iter().zip(0..)).find(|(field, _)| field.name == name) {
            return Some(FieldId(number));
        }
        // What is wrong with a field has been said.
        if !fields.readable || fields.broken.contains(&name) {
            return None;
        }
        let help = match nearest(&name, fields.list.iter().map(|field| field.name.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name a field of the list `fields`".to_owned(),
        };
        self.unfit(
            node,
            format!("`{key}` names the field `{}`, which is not there", short(&name)),
            help,
        );
        None
    }

    /// Says that a name is none.
    fn name(&mut self, node: &Node, name: &str, what: &str) {
        let fit = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let mut better: String = name.chars().map(|c| if fit(c) { c } else { '_' }).collect();
        if better.starts_with(|c: char| c.is_ascii_digit()) {
            better.insert(0, '_');
        }
        let dots = if what == "a source" || what == "a field" {
            "words of letters, digits and `_`, joined by dots"
        } else {
            better = better.replace('.', "_");
            "one word of letters, digits and `_`"
        };
        let place = self.line(&node.place);
        let finding = Diagnostic::new(
            Code::BadSourceValue,
            place,
            format!("`{}` cannot be the name of {what}", short(name)),
        );
        let good = better.split('.').all(is_name);
        self.findings.push(if good {
            finding.label(dots).help(format!("write `{better}`"))
        } else {
            finding.help(format!("a name is {dots}"))
        });
    }

    fn logsource(&mut self, keys: &Keys<'_>) -> Vec<(String, String)> {
        let Some(node) = keys.get("logsource") else {
            return Vec::new();
        };
        let Some(inner) = self.keys(node, "`logsource`", &["product", "service", "category"]) else {
            return Vec::new();
        };
        // In the order of the file.
        let Kind::Map(pairs) = &node.kind else {
            return Vec::new();
        };
        let mut logsource = Vec::new();
        for (key, value) in pairs {
            let Some(key) = key.text().filter(|key| inner.get(key).is_some()) else {
                continue;
            };
            match value.text().filter(|text| !text.is_empty()) {
                Some(text) => logsource.push((key.to_owned(), text.to_owned())),
                None => self.bad(value, "logsource", "a text for each key"),
            }
        }
        logsource
    }
}

/// What a value is, for people.
fn form(node: &Node) -> String {
    match &node.kind {
        Kind::Text { text, plain: true } if text.is_empty() => "nothing".to_owned(),
        Kind::Text { text, .. } => format!("`{}`", short(text)),
        Kind::List(_) => "a list".to_owned(),
        Kind::Map(_) => "a map".to_owned(),
    }
}

/// Text of the user's, as far as a message holds it.
fn short(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = text.chars().take(60).map(plain).collect();
    if text.chars().nth(60).is_some() {
        short.push_str("..");
    }
    short
}

fn listed<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

fn example(key: &str) -> &'static str {
    EXAMPLES
        .iter()
        .find(|(known, _)| *known == key)
        .map_or("key: value", |(_, example)| example)
}

/// A word of the rule language.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A duration with one unit.
fn span(text: &str) -> Option<Span> {
    let unit = text.chars().next_back()?;
    let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
    let count = i64::from(count);
    let span = match unit {
        's' => Span::seconds(count),
        'm' => Span::minutes(count),
        'h' => Span::hours(count),
        'd' => Span::days(count),
        _ => return None,
    };
    Some(span)
}
