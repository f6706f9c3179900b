//! Values per deployment: a YAML file that gives lists and values of rules other contents.
//!
//! [`read`] reads the file, [`bind`] finds what each name is declared as and types what stands there as that.

use crate::diagnostics::{Code, Diagnostic, FileId, Span as Place, nearest};
use crate::source::yaml::{self, Kind, Node};
use crate::syntax::ast::{Literal, LiteralKind, Replacement};
use crate::syntax::read_duration;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What stands in the place of lists and values: by the file that declares them, and their names.
pub type Values = BTreeMap<(FileId, String), Replacement>;

/// A file of rules or lists, as values can be meant for it.
#[derive(Clone, Debug)]
pub struct Declared {
    /// As `use` would name it from the top folder: `lists.aws`.
    pub dotted: String,
    /// For messages.
    pub path: PathBuf,
    /// The names of its rules.
    pub rules: Vec<String>,
    /// What it declares, by name.
    pub constants: Vec<Replacement>,
    /// Its number, where it is read in this run.
    pub file: Option<FileId>,
}

impl Declared {
    fn declares(&self, name: &str) -> bool {
        self.constants.iter().any(|constant| constant.name().name == name)
    }
}

/// What a values file says, not yet compared with rules.
#[derive(Clone, Debug, Default)]
pub struct Written {
    entries: Vec<Entry>,
}

/// A name and what it is to hold.
#[derive(Clone, Debug)]
struct Entry {
    /// The file or rule that it stands below.
    scope: Option<(String, Place)>,
    name: String,
    place: Place,
    value: Node,
}

/// Reads the text of a values file; what is wrong is pushed to `findings`.
pub fn read(file: FileId, text: &str, findings: &mut Vec<Diagnostic>) -> Written {
    let mut written = Written::default();
    // A file that is being filled says nothing yet.
    if text
        .lines()
        .all(|line| matches!(line.trim().chars().next(), None | Some('#')))
    {
        return written;
    }
    let root = match yaml::parse(text) {
        Ok(root) => root,
        Err(error) => {
            let place = place(file, &(error.at..error.at));
            let finding = Diagnostic::new(Code::ValuesUnreadable, place, "this cannot be read as YAML");
            findings.push(finding.label(error.why).help(LINES));
            return written;
        }
    };
    // Nor does `---` alone.
    if matches!(&root.kind, Kind::Text { text, plain: true } if text.is_empty()) {
        return written;
    }
    let Kind::Map(pairs) = &root.kind else {
        let finding = Diagnostic::new(
            Code::ValuesUnreadable,
            place(file, &root.place),
            "a values file is a map",
        );
        findings.push(finding.help(LINES));
        return written;
    };
    for (key, value) in unique(file, pairs, findings) {
        let Some(name) = key.text() else { continue };
        let inner = match &value.kind {
            Kind::Map(inner) if !inner.is_empty() => inner,
            // Nothing stands below the name; what it is the name of is seen later.
            Kind::Map(_) | Kind::List(_) | Kind::Text { .. } => {
                written.entries.push(entry(file, None, name, key, value));
                continue;
            }
        };
        let scope = (name.to_owned(), place(file, &key.place));
        for (key, value) in unique(file, inner, findings) {
            let Some(name) = key.text() else { continue };
            written.entries.push(entry(file, Some(scope.clone()), name, key, value));
        }
    }
    written
}

/// What a values file looks like, for whoever wrote something else.
const LINES: &str = "a value is a line `many: 20` or `admins: [\"alice\", \"bob\"]`";

fn entry(file: FileId, scope: Option<(String, Place)>, name: &str, key: &Node, value: &Node) -> Entry {
    Entry {
        scope,
        name: name.to_owned(),
        place: place(file, &key.place),
        value: value.clone(),
    }
}

fn place(file: FileId, bytes: &Range<usize>) -> Place {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Place {
        file,
        start: byte(bytes.start),
        end: byte(bytes.end),
    }
}

/// The pairs of a map; a key that is no text, or stands there twice, is reported.
fn unique<'n>(file: FileId, pairs: &'n [(Node, Node)], findings: &mut Vec<Diagnostic>) -> Vec<(&'n Node, &'n Node)> {
    let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
    let mut kept = Vec::new();
    for (key, value) in pairs {
        let here = place(file, &key.place);
        let Some(name) = key.text() else {
            let finding = Diagnostic::new(Code::ValuesUnreadable, here, "the name of a list or value stands here");
            findings.push(finding.help(LINES));
            continue;
        };
        match seen.insert(name, here) {
            None => kept.push((key, value)),
            Some(first) => findings.push(
                Diagnostic::new(Code::ValuesUnreadable, here, format!("`{name}` stands twice"))
                    .also(first, "the first one")
                    .help("keep one of them"),
            ),
        }
    }
    kept
}

/// The values of the files that are read in this run. `declared` are all files that the values may be meant for, also
/// those that the command did not name; what none of them declares is an error.
pub fn bind(written: &Written, declared: &[Declared], findings: &mut Vec<Diagnostic>) -> Values {
    let mut values = Values::new();
    let mut given: BTreeMap<(&Path, &str), Place> = BTreeMap::new();
    for entry in &written.entries {
        if is_empty_section(entry, declared) {
            continue;
        }
        match owner(entry, declared) {
            Ok((of, old)) => {
                if let Some(first) = given.insert((&of.path, &entry.name), entry.place) {
                    findings.push(
                        Diagnostic::new(
                            Code::ValuesUnreadable,
                            entry.place,
                            format!("`{}` is given twice", entry.name),
                        )
                        .also(first, "the first time")
                        .note(format!("both are for the one in {}", of.path.display()))
                        .help("keep one of them"),
                    );
                } else if let Some(file) = of.file {
                    match typed(entry, old) {
                        Ok(new) => {
                            values.insert((file, entry.name.clone()), new);
                        }
                        Err(finding) => findings.push(*finding),
                    }
                }
            }
            Err(finding) => findings.push(*finding),
        }
    }
    values
}

/// `lists.aws: {}`: a file of lists, or a rule, of which nothing is said.
fn is_empty_section(entry: &Entry, declared: &[Declared]) -> bool {
    entry.scope.is_none()
        && matches!(&entry.value.kind, Kind::Map(pairs) if pairs.is_empty())
        && declared.iter().any(|file| is_called(file, &entry.name))
        && !declared.iter().any(|file| file.declares(&entry.name))
}

type Owner<'d> = (&'d Declared, &'d Replacement);

/// The one file that declares what is meant.
fn owner<'d>(entry: &Entry, declared: &'d [Declared]) -> Result<Owner<'d>, Box<Diagnostic>> {
    let within: Vec<&Declared> = match &entry.scope {
        None => declared.iter().collect(),
        Some((scope, place)) => {
            let within: Vec<&Declared> = declared.iter().filter(|file| is_called(file, scope)).collect();
            if within.is_empty() {
                let named = declared.iter().flat_map(|file| &file.constants);
                if let Some(old) = named.into_iter().find(|constant| constant.name().name == *scope) {
                    return Err(Box::new(no_section(old, *place)));
                }
                let what = format!("there is no file of lists or rule `{scope}`");
                let finding = Diagnostic::new(Code::UnknownValue, *place, what);
                let rules = declared.iter().flat_map(|file| &file.rules);
                let names = declared
                    .iter()
                    .map(|file| &file.dotted)
                    .chain(rules)
                    .map(String::as_str);
                return Err(Box::new(match nearest(scope, names) {
                    Some(near) => finding.help(format!("did you mean `{near}`?")),
                    None => finding
                        .help("values stand below `lists.aws`, the words of a `use`, or below the name of a rule"),
                }));
            }
            within
        }
    };
    let named = |file: &&'d Declared| {
        let of_name = |constant: &&Replacement| constant.name().name == entry.name;
        Some((*file, file.constants.iter().find(of_name)?))
    };
    let found: Vec<Owner<'d>> = within.iter().filter_map(named).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            if let (None, Some(file)) = (&entry.scope, declared.iter().find(|file| is_called(file, &entry.name))) {
                return Err(Box::new(section(file, entry)));
            }
            let what = match &entry.scope {
                Some((scope, _)) => format!("`{scope}` declares no list or value `{}`", entry.name),
                None => format!("no rule has a list or value `{}`", entry.name),
            };
            let finding = Diagnostic::new(Code::UnknownValue, entry.place, what);
            let names = within
                .iter()
                .flat_map(|file| &file.constants)
                .map(|c| c.name().name.as_str());
            Err(Box::new(match nearest(&entry.name, names) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help(format!("take it out, or declare `{}` in a rule's file", entry.name)),
            }))
        }
        [(first, _), ..] => {
            let what = format!("several files declare `{}`", entry.name);
            let finding = Diagnostic::new(Code::UnknownValue, entry.place, what);
            let shown = found.iter().take(5);
            let finding = shown.fold(finding, |finding, (file, _)| {
                finding.note(format!("{} does", file.path.display()))
            });
            let scope = first.rules.first().unwrap_or(&first.dotted);
            Err(Box::new(finding.label("which one is meant?").help(format!(
                "let it stand below the rule or the file of lists: `{scope}: {{ {}: .. }}`",
                entry.name
            ))))
        }
    }
}

/// The name of a file of lists, or of a rule, where that of a list or value stands.
fn section(file: &Declared, entry: &Entry) -> Diagnostic {
    let name = &entry.name;
    let what = if file.rules.contains(name) {
        format!("`{name}` is a rule, not a list or value")
    } else {
        format!("`{name}` is a file, not a list or value")
    };
    let finding = Diagnostic::new(Code::UnknownValue, entry.place, what);
    match file.constants.first() {
        Some(Replacement::List(list)) => {
            let list = &list.name.name;
            finding.help(format!(
                "its lists and values stand below it: `{name}: {{ {list}: [..] }}`"
            ))
        }
        Some(Replacement::Value(value)) => {
            let value = &value.name.name;
            finding.help(format!(
                "its lists and values stand below it: `{name}: {{ {value}: .. }}`"
            ))
        }
        None => finding.help("take it out: it declares no list and no value"),
    }
}

/// The name of a list or value with a map behind it.
fn no_section(old: &Replacement, place: Place) -> Diagnostic {
    let name = &old.name().name;
    match old {
        Replacement::List(_) => wrong(place, name, "a list").help(format!("write `{name}: [..]`")),
        Replacement::Value(value) => {
            wrong(place, name, word(&value.value.kind)).help(format!("write `{name}: ..`, without braces"))
        }
    }
}

/// Whether a file is meant by the words of a `use`, or the name of a rule in it.
fn is_called(file: &Declared, scope: &str) -> bool {
    let below = |rest: &str| rest.is_empty() || rest.ends_with('.');
    file.rules.iter().any(|rule| rule == scope) || file.dotted.strip_suffix(scope).is_some_and(below)
}

/// What a name is to hold, typed as it is declared.
fn typed(entry: &Entry, old: &Replacement) -> Result<Replacement, Box<Diagnostic>> {
    let at = |node: &Node| place(entry.place.file, &node.place);
    match (old, &entry.value.kind) {
        (Replacement::List(list), _) if list.watchlist.is_some() => {
            let what = format!("`{}` is a watchlist, which keeps its items itself", entry.name);
            let finding = Diagnostic::new(Code::BadDeploymentValue, entry.place, what);
            Err(Box::new(finding.help(
                "take it out; a run reads the items from `--watchlist NAME=FILE.csv`",
            )))
        }
        (Replacement::List(list), Kind::List(nodes)) => {
            let wanted = list.elements.first().map(|first| &first.kind);
            let elements: Result<Vec<Literal>, _> = nodes
                .iter()
                .map(|node| literal(node, wanted, at(node), &entry.name))
                .collect();
            let mut new = list.clone();
            new.elements = elements?;
            // Its name is where the rules declare it, the rest here.
            new.span = at(&entry.value);
            Ok(Replacement::List(new))
        }
        (Replacement::Value(value), Kind::Text { .. }) => {
            let mut new = value.clone();
            new.value = literal(&entry.value, Some(&value.value.kind), at(&entry.value), &entry.name)?;
            Ok(Replacement::Value(new))
        }
        (Replacement::List(_), Kind::Map(pairs)) if pairs.is_empty() => {
            let finding = wrong(at(&entry.value), &entry.name, "a list").label("this is an empty map");
            Err(Box::new(finding.help(format!("an empty list is `{}: []`", entry.name))))
        }
        (Replacement::List(_), Kind::Text { .. } | Kind::Map(_)) => {
            let finding = wrong(at(&entry.value), &entry.name, "a list");
            Err(Box::new(finding.help(format!("write `{}: [..]`", entry.name))))
        }
        (Replacement::Value(value), Kind::Map(_)) => {
            let finding = wrong(at(&entry.value), &entry.name, word(&value.value.kind));
            Err(Box::new(
                finding.help(format!("write `{}: ..`, without braces", entry.name)),
            ))
        }
        (Replacement::Value(value), Kind::List(_)) => {
            let finding = wrong(at(&entry.value), &entry.name, word(&value.value.kind));
            Err(Box::new(
                finding.help(format!("write `{}: ..`, without brackets", entry.name)),
            ))
        }
    }
}

fn wrong(place: Place, name: &str, wanted: &str) -> Diagnostic {
    Diagnostic::new(Code::BadDeploymentValue, place, format!("`{name}` takes {wanted}"))
}

fn word(kind: &LiteralKind) -> &'static str {
    match kind {
        LiteralKind::Text(_) => "a text",
        LiteralKind::Int(_) => "a whole number",
        LiteralKind::Real(_) => "a number",
        LiteralKind::Bool(_) => "`true` or `false`",
        LiteralKind::Duration(_) => "a length of time",
        LiteralKind::Null | LiteralKind::List(_) | LiteralKind::Object(_) => "something else",
    }
}

/// A scalar as what is wanted; as what it looks like where the declared list is empty.
fn literal(node: &Node, wanted: Option<&LiteralKind>, place: Place, name: &str) -> Result<Literal, Box<Diagnostic>> {
    let Kind::Text { text, plain } = &node.kind else {
        let finding = wrong(place, name, wanted.map_or("a text or number here", word));
        return Err(Box::new(
            finding.help("write the elements one below the other, or in brackets with commas"),
        ));
    };
    let found = scalar(text, *plain);
    let kind = match (wanted, found) {
        (Some(LiteralKind::Duration(_)), LiteralKind::Text(text)) => match read_duration(&text) {
            Ok(span) => LiteralKind::Duration(span),
            Err(why) => {
                let finding = wrong(place, name, "a length of time");
                return Err(Box::new(finding.label(why).help(format!("write `{name}: 1h30m`"))));
            }
        },
        #[allow(clippy::cast_precision_loss, reason = "as JSON readers do it")]
        (Some(LiteralKind::Real(_)), LiteralKind::Int(n)) => LiteralKind::Real(n as f64),
        (_, LiteralKind::Null) => {
            let finding = wrong(place, name, wanted.map_or("a text or number here", word)).label("nothing stands here");
            return Err(Box::new(finding.help(
                "an empty list is `[]`; to keep what the rule declares, take the line out",
            )));
        }
        (None, found) => found,
        (Some(wanted), found) if std::mem::discriminant(wanted) == std::mem::discriminant(&found) => found,
        (Some(wanted), found) => return Err(Box::new(misfit(name, (text, *plain), (wanted, &found), place))),
    };
    Ok(Literal { kind, span: place })
}

/// A scalar of another type than the declared one.
fn misfit(
    name: &str,
    (text, plain): (&str, bool),
    (wanted, found): (&LiteralKind, &LiteralKind),
    place: Place,
) -> Diagnostic {
    let finding = wrong(place, name, word(wanted));
    let is_text = matches!(found, LiteralKind::Text(_));
    match wanted {
        LiteralKind::Int(_) | LiteralKind::Real(_) if plain && is_text => match number(text) {
            Some(digits) => finding
                .label("numbers are written in decimal digits alone")
                .help(format!("write `{digits}`")),
            None => finding
                .label("this is no number")
                .help(format!("write {} in decimal digits", word(wanted))),
        },
        LiteralKind::Int(_) => match found {
            LiteralKind::Real(n) if digits_alone(text) => finding
                .label(format!("{n:e} is too large for a whole number"))
                .help(format!("the largest is `{}`", i64::MAX)),
            #[allow(clippy::cast_possible_truncation, reason = "it has no fraction, and is not large")]
            LiteralKind::Real(n) if n.fract() == 0.0 && n.abs() < 1e15 => finding
                .label("this is written as a fraction")
                .help(format!("write `{}`", *n as i64)),
            _ => otherwise(finding, wanted, found),
        },
        LiteralKind::Text(_) => finding
            .label(format!("this is {}", word(found)))
            .help(format!("write it in quotes: `{}`", quoted(text))),
        LiteralKind::Duration(_) => {
            let finding = finding.label(format!("this is {}", word(found)));
            match found {
                LiteralKind::Int(n) if *n > 0 => {
                    finding.help(format!("write it with its unit: `{name}: {n}s`, `{n}m` or `{n}h`"))
                }
                _ => finding.help(format!("write it with its unit, such as `{name}: 1h30m`")),
            }
        }
        LiteralKind::Real(_)
        | LiteralKind::Bool(_)
        | LiteralKind::Null
        | LiteralKind::List(_)
        | LiteralKind::Object(_) => otherwise(finding, wanted, found),
    }
}

fn otherwise(finding: Diagnostic, wanted: &LiteralKind, found: &LiteralKind) -> Diagnostic {
    let finding = finding.label(format!("this is {}", word(found)));
    match found {
        LiteralKind::Text(_) => finding.help(format!("write {} without quotes", word(wanted))),
        _ => finding.help(format!("write {}, as the rule declares it", word(wanted))),
    }
}

fn digits_alone(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number that is meant by `0x10`, `0o17`, `1_000` or `1,000`, in decimal digits.
fn number(text: &str) -> Option<String> {
    let based = |prefix: &str, radix| i64::from_str_radix(text.strip_prefix(prefix)?, radix).ok();
    if let Some(number) = based("0x", 16).or_else(|| based("0o", 8)).or_else(|| based("0b", 2)) {
        return Some(number.to_string());
    }
    let digits = text.replace(['_', ','], "");
    (digits_alone(&digits) && digits.parse::<i64>().is_ok()).then_some(digits)
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// What a scalar of YAML is: plain words may be numbers and truth values, by the rules of its core schema.
fn scalar(text: &str, plain: bool) -> LiteralKind {
    if !plain {
        return LiteralKind::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return LiteralKind::Null,
        "true" | "True" | "TRUE" => return LiteralKind::Bool(true),
        "false" | "False" | "FALSE" => return LiteralKind::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return LiteralKind::Text(text.to_owned());
    }
    if let Ok(number) = text.parse::<i64>() {
        return LiteralKind::Int(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => LiteralKind::Real(number),
        Ok(_) | Err(_) => LiteralKind::Text(text.to_owned()),
    }
}
