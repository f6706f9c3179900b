//! Reading one settings file: TOML, walked by hand so that every key and value keeps its place.

use super::known::{KNOWN, Known, OF_SOURCE, OfSource, SERVICE, Setting};
use super::value::{Wrong, form};
use crate::diagnostics::{Code, Diagnostic, FileId, Span as Place, nearest};
use crate::source::Catalog;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const INCIDENT: &str = "sentinel.incident";

/// What holds for all rules of a folder, and stands in no section of one rule.
const OF_FOLDERS: [&str; 4] = ["rule", "source", "values", "watchlists"];

/// What settings look like, for whoever wrote something else.
const LINES: &str = "a setting is a line `enabled = true`, `kind = \"nrt\"` or `entities = [\"Account\"]`";

/// What one file sets.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// Its plain sections.
    pub(super) plain: Vec<Written<Setting>>,
    /// Its `[rule.NAME]` sections.
    pub(super) rules: BTreeMap<String, OfRule>,
    /// Its `[source.NAME]` sections.
    pub(super) sources: BTreeMap<String, Vec<Written<OfSource>>>,
    /// The file of values for the rules of the folder, as it is written, and where.
    pub(super) values: Option<(String, Place)>,
    /// The files of watchlists' items, by the name of the watchlist.
    pub(super) watchlists: BTreeMap<String, OfWatchlist>,
    /// Something about incidents could not be read, so that nothing follows from what is missing there.
    pub(super) doubtful: bool,
}

/// A line below `[watchlists]`.
#[derive(Clone, Debug)]
pub(super) struct OfWatchlist {
    name: Place,
    /// The path as it is written, and where.
    path: (String, Place),
}

/// A `[rule.NAME]` section.
#[derive(Clone, Debug)]
pub(super) struct OfRule {
    name: Place,
    pub(super) settings: Vec<Written<Setting>>,
}

/// A setting where it is written.
#[derive(Clone, Debug)]
pub(super) struct Written<S> {
    /// `sentinel.incident.lookback`
    pub(super) path: String,
    pub(super) setting: S,
    pub(super) place: Place,
}

/// Reads the text of a settings file. What is wrong is pushed to `findings`, what is right is in the result.
///
/// Whether there are the rules that it names, [`File::unknown_rules`] says.
pub fn read(file: FileId, text: &str, catalog: &Catalog, findings: &mut Vec<Diagnostic>) -> File {
    let mut read = File::default();
    let mut reader = Reader {
        file,
        text,
        catalog,
        within: String::new(),
        findings: Vec::new(),
        doubtful: false,
    };
    match DeTable::parse(text) {
        Ok(root) => reader.root(root.get_ref(), &mut read),
        Err(error) => reader.unreadable(&error),
    }
    read.doubtful = reader.doubtful;
    // The keys of a table come in alphabetical order.
    reader.findings.sort_by_key(|finding| finding.primary.span);
    findings.append(&mut reader.findings);
    read
}

impl File {
    /// The file of values that it names, as it is written, from its own folder on.
    pub fn values(&self) -> Option<(&str, Place)> {
        self.values.as_ref().map(|(path, place)| (path.as_str(), *place))
    }

    /// The files that hold the items of watchlists: name, path as it is written, from the file's own folder on, and
    /// where the path stands.
    pub fn watchlists(&self) -> impl Iterator<Item = (&str, &str, Place)> {
        self.watchlists
            .iter()
            .map(|(name, of)| (name.as_str(), of.path.0.as_str(), of.path.1))
    }

    /// A finding for each watchlist that no rule of the folder reads.
    pub fn unknown_watchlists(&self, known: &BTreeSet<String>) -> Vec<Diagnostic> {
        let unknown = self.watchlists.iter().filter(|(name, _)| !known.contains(*name));
        unknown
            .map(|(name, of)| {
                let what = format!("no rule reads a watchlist `{}`", shown(name));
                let finding =
                    Diagnostic::new(Code::UnfitSetting, of.name, what).label("neither in this folder nor below it");
                match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) => finding.help(format!("did you mean `{near}`?")),
                    None if known.is_empty() => finding.help("take this line out"),
                    None => finding.help(format!(
                        "those that are read are {}",
                        some(known.iter().map(String::as_str))
                    )),
                }
            })
            .collect()
    }

    /// The rules that have a section.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.rules.keys().map(String::as_str)
    }

    /// A finding for each section of a rule that is not among those of the folder.
    pub fn unknown_rules(&self, known: &BTreeSet<String>) -> Vec<Diagnostic> {
        let unknown = self.rules.iter().filter(|(name, _)| !known.contains(*name));
        unknown
            .map(|(name, section)| {
                let finding = Diagnostic::new(
                    Code::UnfitSetting,
                    section.name,
                    format!("there is no rule `{}`", shown(name)),
                )
                .label("neither in this folder nor below it");
                match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) => finding.help(format!("did you mean `{near}`?")),
                    None if known.is_empty() => finding.help("take this section out"),
                    None => finding.help(format!("known are {}", some(known.iter().map(String::as_str)))),
                }
            })
            .collect()
    }
}

struct Reader<'a> {
    file: FileId,
    text: &'a str,
    catalog: &'a Catalog,
    /// Before the header of a section: `rule.NAME.` inside a section of a rule.
    within: String,
    findings: Vec<Diagnostic>,
    doubtful: bool,
}

type Key<'i> = Spanned<std::borrow::Cow<'i, str>>;
type Value<'i> = Spanned<DeValue<'i>>;

impl Reader<'_> {
    fn place(&self, range: Range<usize>) -> Place {
        let byte = |at: usize| u32::try_from(at.min(self.text.len())).unwrap_or(u32::MAX);
        Place {
            file: self.file,
            start: byte(range.start),
            end: byte(range.end),
        }
    }

    fn unreadable(&mut self, error: &toml::de::Error) {
        let place = self.place(error.span().unwrap_or(0..0));
        let written = self.snippet(place);
        if error.message() == "duplicate key" {
            self.findings.push(
                Diagnostic::new(Code::SettingsUnreadable, place, format!("`{written}` stands twice"))
                    .label("here once more")
                    .help("keep one of them"),
            );
            return;
        }
        let finding = Diagnostic::new(Code::SettingsUnreadable, place, "this cannot be read as TOML");
        let before = self.text.get(..place.start as usize).unwrap_or("");
        let line = before.rsplit('\n').next().unwrap_or("");
        let key = line.trim_end().strip_suffix('=').map(str::trim);
        let bare = written.trim_matches(['“', '”', '‘', '’']);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-./".contains(&b);
        self.findings.push(match key {
            Some(key) if bare.eq_ignore_ascii_case("true") || bare.eq_ignore_ascii_case("false") => finding
                .label("this word is written in small letters")
                .help(format!("write `{} = {}`", shown(key), bare.to_ascii_lowercase())),
            Some(key) if !bare.is_empty() && bare.bytes().all(plain) => finding
                .label("a text stands in quotes")
                .help(format!("write `{} = \"{bare}\"`", shown(key))),
            Some(_) if written.is_empty() => finding.label("a value is missing").help(LINES),
            Some(_) | None => finding.label(shown(error.message())).help(LINES),
        });
    }

    fn snippet(&self, place: Place) -> String {
        let text = self.text.get(place.start as usize..place.end as usize);
        shown(text.unwrap_or(""))
    }

    fn root(&mut self, table: &DeTable<'_>, file: &mut File) {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "rule" => self.rules(key, value, file),
                "source" => self.sources(key, value, file),
                "watchlists" => self.watchlists(key, value, file),
                "values" => file.values = self.path(key, value, "prod.yaml").or(file.values.take()),
                _ => self.setting("", key, value, &mut file.plain),
            }
        }
    }

    /// The settings of a section whose path is given; the path of the outermost is empty.
    fn section(&mut self, path: &str, table: &DeTable<'_>, into: &mut Vec<Written<Setting>>) {
        for (key, value) in table {
            self.setting(path, key, value, into);
        }
    }

    fn setting(&mut self, section: &str, key: &Key<'_>, value: &Value<'_>, into: &mut Vec<Written<Setting>>) {
        let name = key.get_ref().as_ref();
        let path = joined(section, name);
        // A key with a dot in it is none of ours, though its path may look like one.
        let plain = !name.contains('.');
        if let Some(known) = KNOWN.iter().find(|known| plain && known.is(&path)) {
            if let Some((setting, place)) = self.leaf(known, key, value) {
                into.push(Written { path, setting, place });
            }
        } else if plain && sections().any(|known| known == path || is_below(known, &path)) {
            match value.get_ref() {
                DeValue::Table(table) => self.section(&path, table, into),
                _ => self.no_section(key, value, &format!("{}{path}", self.within)),
            }
        } else {
            self.unknown(section, key);
        }
    }

    /// Reads the value of a setting.
    fn leaf<S>(&mut self, known: &Known<S>, key: &Key<'_>, value: &Value<'_>) -> Option<(S, Place)> {
        match (known.read)(value.get_ref()) {
            Ok(setting) => Some((setting, self.whole(key, value))),
            Err(Wrong { at, why, write }) => {
                self.doubtful |= known.section == INCIDENT;
                let place = self.place(at.unwrap_or_else(|| value.span()));
                let write = write.as_deref().unwrap_or(known.write);
                self.findings.push(
                    Diagnostic::new(
                        Code::BadSetting,
                        place,
                        format!("`{}` takes {}", known.name, known.takes),
                    )
                    .label(why)
                    .help(format!("write `{} = {write}`", known.name)),
                );
                None
            }
        }
    }

    /// Key and value where they stand on one line, else the key.
    fn whole(&self, key: &Key<'_>, value: &Value<'_>) -> Place {
        let (key, value) = (key.span(), value.span());
        let range = key.start..value.end;
        match self.text.get(range.clone()) {
            Some(text) if !text.contains('\n') => self.place(range),
            _ => self.place(key),
        }
    }

    fn no_section(&mut self, key: &Key<'_>, value: &Value<'_>, header: &str) {
        let place = self.place(value.span());
        self.findings.push(
            Diagnostic::new(
                Code::BadSetting,
                place,
                format!("`{}` holds sections and settings", shown(key.get_ref())),
            )
            .label(format!("this is {}", form(value.get_ref())))
            .help(format!("write `[{header}]`, and its settings on the lines below")),
        );
    }

    fn unknown(&mut self, section: &str, key: &Key<'_>) {
        self.doubtful |= section == INCIDENT;
        let name = key.get_ref().as_ref();
        let message = match section {
            "" if !self.within.is_empty() && OF_FOLDERS.contains(&name) => {
                format!("`{}` is no setting of one rule", shown(name))
            }
            "" => format!("`{}` is no setting", shown(name)),
            _ => format!("`{section}` has no setting `{}`", shown(name)),
        };
        let finding = Diagnostic::new(Code::UnknownSetting, self.place(key.span()), message);
        let mut here: BTreeSet<&str> = names(section);
        if !self.within.is_empty() {
            here.retain(|name| !OF_FOLDERS.contains(name));
        }
        let mut elsewhere: BTreeSet<String> = BTreeSet::new();
        let homes = KNOWN.iter().filter(|known| known.name == name);
        elsewhere.extend(homes.map(|known| format!("`[{}{}]`", self.within, known.section)));
        if OF_SOURCE.iter().any(|known| known.name == name) {
            elsewhere.insert("`[source.\"NAME\"]`".to_owned());
        }
        let service = SERVICE.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(name));
        let quoted = KNOWN.iter().find(|known| known.is(&joined(section, name)));
        let finding = match nearest(name, here.iter().copied()) {
            _ if quoted.is_some() => finding.help(format!("leave the quotes out: `{name}`")),
            _ if name == "values" => {
                finding.help("it holds for all rules of the folder: write it above the first section")
            }
            _ if name == "watchlists" => {
                finding.help("it holds for all rules of the folder: write `[watchlists]`, a section of its own")
            }
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None if service.is_some() => finding.help(service.map_or("", |(_, ours)| *ours)),
            None if !elsewhere.is_empty() => {
                let homes: Vec<String> = elsewhere.into_iter().collect();
                finding.help(format!("it is a setting of {}", homes.join(" and ")))
            }
            None => finding.help(format!("known here are {}", all(&here))),
        };
        self.findings.push(finding);
    }

    fn watchlists(&mut self, key: &Key<'_>, value: &Value<'_>, file: &mut File) {
        let DeValue::Table(lists) = value.get_ref() else {
            return self.no_section(key, value, "watchlists");
        };
        for (name, value) in lists {
            if let Some(path) = self.path(name, value, "admins.csv") {
                let of = OfWatchlist {
                    name: self.place(name.span()),
                    path,
                };
                file.watchlists.insert(name.get_ref().clone().into_owned(), of);
            }
        }
    }

    /// The path of a file, from the folder of the settings file.
    fn path(&mut self, key: &Key<'_>, value: &Value<'_>, example: &str) -> Option<(String, Place)> {
        let name = shown(key.get_ref());
        match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some((text.to_string(), self.place(value.span()))),
            other => {
                let place = self.place(value.span());
                let finding = Diagnostic::new(Code::BadSetting, place, format!("`{name}` takes the path of a file"));
                self.findings.push(
                    finding
                        .label(format!("this is {}", form(other)))
                        .help(format!("write `{name} = \"{example}\"`")),
                );
                None
            }
        }
    }

    fn rules(&mut self, key: &Key<'_>, value: &Value<'_>, file: &mut File) {
        let DeValue::Table(rules) = value.get_ref() else {
            return self.no_section(key, value, "rule.NAME");
        };
        for (name, section) in rules {
            let DeValue::Table(table) = section.get_ref() else {
                self.no_section(key, section, "rule.NAME");
                continue;
            };
            self.within = format!("rule.{}.", shown(name.get_ref()));
            let mut settings = Vec::new();
            for (key, value) in table {
                if key.get_ref() == "source" {
                    self.findings.push(
                        Diagnostic::new(
                            Code::UnknownSetting,
                            self.place(key.span()),
                            "a source is no setting of one rule",
                        )
                        .help(
                            "write `[source.\"NAME\"]` for all rules of the folder, or `sentinel.delay` for this rule",
                        ),
                    );
                } else {
                    self.setting("", key, value, &mut settings);
                }
            }
            self.within.clear();
            let name_place = self.place(name.span());
            file.rules.insert(
                name.get_ref().clone().into_owned(),
                OfRule {
                    name: name_place,
                    settings,
                },
            );
        }
    }

    fn sources(&mut self, key: &Key<'_>, value: &Value<'_>, file: &mut File) {
        let header = "source.\"NAME\"";
        let DeValue::Table(sources) = value.get_ref() else {
            return self.no_section(key, value, header);
        };
        for (name, section) in sources {
            let DeValue::Table(table) = section.get_ref() else {
                self.no_section(key, section, header);
                continue;
            };
            if self.catalog.find(name.get_ref()).is_none() {
                self.unknown_source(name, table);
                continue;
            }
            let name = name.get_ref().as_ref();
            let mut settings = Vec::new();
            for (key, value) in table {
                match OF_SOURCE.iter().find(|known| known.name == key.get_ref()) {
                    Some(known) => {
                        if let Some((setting, place)) = self.leaf(known, key, value) {
                            let path = format!("source.{name}.{}", known.name);
                            settings.push(Written { path, setting, place });
                        }
                    }
                    None => self.unknown_of_source(name, key),
                }
            }
            file.sources.insert(name.to_owned(), settings);
        }
    }

    fn unknown_source(&mut self, key: &Key<'_>, table: &DeTable<'_>) {
        let name = key.get_ref().as_ref();
        let finding = Diagnostic::new(
            Code::UnfitSetting,
            self.place(key.span()),
            format!("there is no source `{}`", shown(name)),
        );
        let known: BTreeSet<&str> = self.catalog.iter().map(|(_, source)| source.name.as_str()).collect();
        self.findings
            .push(match (self.dotted(name, table), nearest(name, known.iter().copied())) {
                (Some(meant), _) => finding
                    .label("dots divide sections")
                    .help(format!("put the name into quotes: `[source.\"{meant}\"]`")),
                (None, Some(near)) => finding.help(format!("did you mean `[source.\"{near}\"]`?")),
                (None, None) => finding
                    .label("no source table defines it")
                    .help(format!("known are {}", all(&known))),
            });
    }

    /// The source whose name was written without quotes, so that its dots made sections.
    fn dotted(&self, name: &str, table: &DeTable<'_>) -> Option<String> {
        table.iter().find_map(|(key, value)| {
            let DeValue::Table(inner) = value.get_ref() else {
                return None;
            };
            let name = joined(name, key.get_ref());
            match self.catalog.find(&name) {
                Some(_) => Some(name),
                None => self.dotted(&name, inner),
            }
        })
    }

    fn unknown_of_source(&mut self, source: &str, key: &Key<'_>) {
        let name = key.get_ref().as_ref();
        let known: BTreeSet<&str> = OF_SOURCE.iter().map(|known| known.name).collect();
        let message = format!("`source.\"{source}\"` has no setting `{}`", shown(name));
        let finding = Diagnostic::new(Code::UnknownSetting, self.place(key.span()), message);
        self.findings.push(match nearest(name, known.iter().copied()) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding
                .note("what else a source is stands in its table, `targets/sources/*.yaml`")
                .help(format!("known here are {}", all(&known))),
        });
    }
}

fn joined(section: &str, name: &str) -> String {
    if section.is_empty() {
        name.to_owned()
    } else {
        format!("{section}.{name}")
    }
}

fn sections() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|known| known.section)
}

fn is_below(section: &str, other: &str) -> bool {
    section.strip_prefix(other).is_some_and(|rest| rest.starts_with('.'))
}

/// What can stand in a section; in the outermost, the sections.
fn names(section: &str) -> BTreeSet<&'static str> {
    let mut names: BTreeSet<&str> = KNOWN
        .iter()
        .filter(|known| known.section == section)
        .map(|known| known.name)
        .collect();
    let below = sections().filter_map(|known| match section {
        "" => Some(known),
        _ => known.strip_prefix(section)?.strip_prefix('.'),
    });
    names.extend(below.filter_map(|rest| rest.split('.').next()));
    if section.is_empty() {
        names.extend(OF_FOLDERS);
    }
    names
}

fn all(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}

/// The first of many names.
fn some<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const MOST: usize = 10;
    let names: Vec<&str> = names.collect();
    let mut text = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        text.push_str(&format!(" and {} more", names.len() - MOST));
    }
    text
}

/// A text of the user's in a message: on one line.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
