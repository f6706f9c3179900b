//! Metadata lines: what a rule says about itself.

use super::date;
use crate::attack::{self, Version};
use crate::diagnostics::{Code, Diagnostic, Span, nearest};
use crate::plan::{Promise, RuleInfo, Severity, Technique};
use crate::syntax::METADATA;
use crate::syntax::ast::{self, MetaValue};
use crate::value;
use std::collections::BTreeMap;

const TARGETS: &[&str] = &["native", "sentinel", "sigma", "rust"];
const STATUS: &[&str] = &["experimental", "test", "stable", "deprecated", "unsupported"];

/// The longest version that Sentinel takes, in characters.
const LONGEST_VERSION: usize = 20;

/// An id that depends on nothing but the rule's name (UUID v5).
pub fn suggested_id(rule: &str) -> uuid::Uuid {
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, format!("tripline:rule:{rule}").as_bytes())
}

pub(super) fn read(rule: &ast::Rule, findings: &mut Vec<Diagnostic>) -> RuleInfo {
    let mut info = RuleInfo {
        name: rule.name.name.clone(),
        title: rule.title.value.clone(),
        id: None,
        version: None,
        severity: None,
        attack: Vec::new(),
        every: value::Span::hours(1),
        targets: None,
        about: None,
        references: Vec::new(),
        false_positives: Vec::new(),
        status: None,
        author: None,
        date: None,
        modified: None,
        span: rule.name.span,
        places: BTreeMap::from([("title".to_owned(), rule.title.span)]),
    };
    if rule.title.value.trim().is_empty() {
        findings.push(
            Diagnostic::new(Code::BadValue, rule.title.span, "a rule needs a title")
                .help("say in a few words what it finds: `rule trail_stopped \"CloudTrail logging stopped\"`"),
        );
    }
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for line in &rule.meta {
        let key = line.key.name.as_str();
        if !METADATA.contains(&key) {
            let mut finding = Diagnostic::new(
                Code::UnknownKey,
                line.key.span,
                format!("`{key}` is no metadata of a rule"),
            );
            finding = match nearest(key, METADATA.iter().copied()) {
                Some(meant) => finding.help(format!("did you mean `{meant}`?")),
                None => finding.help(format!("known are {}", METADATA.join(", "))),
            };
            findings.push(finding);
            continue;
        }
        let repeats = matches!(key, "falsepositive" | "references" | "attack");
        if let Some(first) = seen.insert(key, line.key.span)
            && !repeats
        {
            findings.push(
                Diagnostic::new(Code::DuplicateKey, line.key.span, format!("`{key}` stands twice"))
                    .also(first, "the first one"),
            );
            continue;
        }
        info.places.entry(key.to_owned()).or_insert(line.span);
        Line { line, findings }.read(key, &mut info);
    }
    if let (Some(date), Some(modified)) = (info.date, info.modified)
        && modified < date
    {
        let place = |key: &str| rule.meta.iter().find(|line| line.key.name == key).map(|line| line.span);
        let message = format!("`modified` is before `date`, {date}");
        let mut finding = Diagnostic::new(Code::BadValue, place("modified").unwrap_or(info.span), message).help(
            format!("write `modified {date}` or a later day, or leave it out until the rule changes"),
        );
        if let Some(place) = place("date") {
            finding = finding.also(place, "the rule was written then");
        }
        findings.push(finding);
    }
    info
}

struct Line<'a, 'f> {
    line: &'a ast::Meta,
    findings: &'f mut Vec<Diagnostic>,
}

impl<'a> Line<'a, '_> {
    fn read(&mut self, key: &str, info: &mut RuleInfo) {
        match key {
            "severity" => {
                let word = self.word(&["informational", "low", "medium", "high"]);
                info.severity = word.map(|word| match word.as_str() {
                    "informational" => Severity::Informational,
                    "low" => Severity::Low,
                    "medium" => Severity::Medium,
                    _ => Severity::High,
                });
            }
            "status" => info.status = self.word(STATUS),
            "about" => info.about = self.text().map(|t| t.value.clone()),
            "author" => info.author = self.text().map(|t| t.value.clone()),
            "date" | "modified" => match date::read(self.line) {
                Ok(day) if key == "date" => info.date = Some(day),
                Ok(day) => info.modified = Some(day),
                Err(finding) => self.findings.push(*finding),
            },
            "id" => {
                if let Some(text) = self.text() {
                    info.id = self.id(text, &info.name);
                }
            }
            "version" => match self.line.values.as_slice() {
                [MetaValue::Version(version)] if version.name.len() > LONGEST_VERSION => self.findings.push(
                    Diagnostic::new(Code::BadValue, version.span, "this version is too long")
                        .label(format!("{} characters, {LONGEST_VERSION} at most", version.name.len()))
                        .help("number it anew: `version 1.0.0`"),
                ),
                [MetaValue::Version(version)] => info.version = Some(version.name.clone()),
                _ => self.wrong("three numbers, such as `version 1.0.0`"),
            },
            "every" => match self.line.values.as_slice() {
                [MetaValue::Duration(every, span)] => {
                    if every.0 < value::Span::minutes(5).0 || every.0 > value::Span::days(14).0 {
                        self.findings.push(
                            Diagnostic::new(Code::BadWindow, *span, "a rule runs every 5 minutes to every 14 days")
                                .help("write `every 5m` up to `every 14d`"),
                        );
                    }
                    info.every = *every;
                }
                _ => self.wrong("a duration, such as `every 1h`"),
            },
            "references" => self.texts(|text| info.references.push(text)),
            "falsepositive" => self.texts(|text| info.false_positives.push(text)),
            "attack" => self.attack(info),
            _ => self.targets(info),
        }
    }

    /// An id in the one spelling that every target takes: lower case, with hyphens and nothing around it.
    fn id(&mut self, text: &ast::Text, rule: &str) -> Option<String> {
        let (message, id) = match uuid::Uuid::try_parse(&text.value) {
            Ok(id) if id.hyphenated().to_string() == text.value => return Some(text.value.clone()),
            Ok(id) => (format!("`{}` is a UUID in another spelling", text.value), id),
            Err(_) => (format!("`{}` is no UUID", text.value), suggested_id(rule)),
        };
        self.findings
            .push(Diagnostic::new(Code::BadId, text.span, message).help(format!("write `id \"{}\"`", id.hyphenated())));
        None
    }

    fn wrong(&mut self, expected: &str) {
        let key = &self.line.key.name;
        self.findings.push(
            Diagnostic::new(Code::BadValue, self.line.span, format!("`{key}` takes something else"))
                .help(format!("write {expected}")),
        );
    }

    fn text(&mut self) -> Option<&'a ast::Text> {
        if let [MetaValue::Text(text)] = self.line.values.as_slice() {
            return Some(text);
        }
        self.wrong(&format!("one text in quotes: `{} \"..\"`", self.line.key.name));
        None
    }

    fn texts(&mut self, mut take: impl FnMut(String)) {
        for value in &self.line.values {
            match value {
                MetaValue::Text(text) => take(text.value.clone()),
                _ => return self.wrong(&format!("texts in quotes: `{} \"..\"`", self.line.key.name)),
            }
        }
    }

    fn word(&mut self, known: &[&str]) -> Option<String> {
        if let [MetaValue::Word(word, None)] = self.line.values.as_slice()
            && known.contains(&word.name.as_str())
        {
            return Some(word.name.clone());
        }
        self.wrong(&format!("one of {}", known.join(", ")));
        None
    }

    fn attack(&mut self, info: &mut RuleInfo) {
        for value in &self.line.values {
            let MetaValue::Technique(technique, tactics) = value else {
                self.wrong("techniques, such as `attack T1078.004 (InitialAccess), T1110`");
                return;
            };
            let version = Version::OF_RULES;
            let Some(known) = version.tactics_of(&technique.name) else {
                let message = format!("ATT&CK {} has no technique `{}`", version.word(), technique.name);
                let mut finding = Diagnostic::new(Code::UnknownTechnique, technique.span, message);
                if let Some(near) = nearest(&technique.name, version.techniques()) {
                    finding = finding.help(format!("did you mean `{near}`?"));
                }
                self.findings.push(finding);
                continue;
            };
            let names: Vec<String> = known.iter().map(|t| attack::tactic_name(t)).collect();
            let mut chosen = Vec::new();
            for tactic in tactics {
                match names.iter().find(|name| name.eq_ignore_ascii_case(&tactic.name)) {
                    Some(name) => chosen.push(name.clone()),
                    None => self.findings.push(
                        Diagnostic::new(
                            Code::BadTactic,
                            tactic.span,
                            format!("`{}` does not serve `{}`", technique.name, tactic.name),
                        )
                        .help(format!("it serves {}", names.join(", "))),
                    ),
                }
            }
            if tactics.is_empty() {
                match names.as_slice() {
                    [one] => chosen.push(one.clone()),
                    many => {
                        let first = many.first().map_or("", String::as_str);
                        self.findings.push(
                            Diagnostic::new(
                                Code::TacticNeeded,
                                technique.span,
                                format!("`{}` serves several tactics", technique.name),
                            )
                            .label(format!("{} of them", many.len()))
                            .note(format!(
                                "they are {}; without a choice all of them count",
                                many.join(", ")
                            ))
                            .help(format!("say which is meant: `attack {} ({first})`", technique.name)),
                        );
                        chosen.extend(many.iter().cloned());
                    }
                }
            }
            if info.attack.iter().any(|t| t.id == technique.name) {
                self.findings.push(Diagnostic::new(
                    Code::DuplicateKey,
                    technique.span,
                    format!("`{}` is named twice", technique.name),
                ));
            }
            info.attack.push(Technique {
                id: technique.name.clone(),
                tactics: chosen,
                span: technique.span,
            });
        }
    }

    fn targets(&mut self, info: &mut RuleInfo) {
        let mut promises: Vec<Promise> = Vec::new();
        for value in &self.line.values {
            let MetaValue::Word(target, permit) = value else {
                self.wrong("targets, such as `targets native, sentinel, sigma wider`");
                return;
            };
            if !TARGETS.contains(&target.name.as_str()) {
                let mut finding = Diagnostic::new(
                    Code::UnknownTarget,
                    target.span,
                    format!("`{}` is no target", target.name),
                );
                finding = match nearest(&target.name, TARGETS.iter().copied()) {
                    Some(meant) => finding.help(format!("did you mean `{meant}`?")),
                    None => finding.help(format!(
                        "promises are made in {}; `sentinel` covers kql, sentinel and arm",
                        TARGETS.join(", ")
                    )),
                };
                self.findings.push(finding);
                continue;
            }
            if promises.iter().any(|p| p.target == target.name) {
                self.findings.push(Diagnostic::new(
                    Code::DuplicateKey,
                    target.span,
                    format!("`{}` is promised twice", target.name),
                ));
            }
            promises.push(Promise {
                target: target.name.clone(),
                permit: permit.as_ref().map(|p| p.name.clone()),
                span: target.span,
            });
        }
        info.targets = Some(promises);
    }
}
