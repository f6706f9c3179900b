//! What a Sigma rule says about itself, in the way reviewers of SigmaHQ expect it.

use super::context::Context;
use crate::diagnostics::{Code, Diagnostic};
use crate::plan::{RuleInfo, Severity};
use crate::settings::Settings;
use crate::targets::{Target, attack, needs, prose};
use std::ops::RangeInclusive;
use uuid::Uuid;

/// The longest title.
const TITLE: usize = 120;
/// How long the name of a file may be.
const FILE_NAME: RangeInclusive<usize> = 10..=90;
/// The shortest description.
const DESCRIPTION: usize = 16;
/// Words that stay small in a title.
const SMALL: &[&str] = &[
    "a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "via", "with", "without",
];
/// Words that an entry of `falsepositives` must not hold.
const BANNED: &[&str] = &["none", "pentest", "penetration"];

/// Metadata of the rule, or of the correlation that alerts.
pub(super) struct Metadata {
    pub(super) title: String,
    pub(super) id: Uuid,
    pub(super) status: String,
    pub(super) description: String,
    pub(super) references: Vec<String>,
    pub(super) author: Option<String>,
    pub(super) date: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) false_positives: Vec<String>,
    pub(super) level: &'static str,
}

impl Context<'_> {
    /// The metadata; `None` where something is missing or too long.
    pub(super) fn metadata(&self, settings: &Settings) -> Option<Metadata> {
        let rule = &self.plan.rule;
        let title = title(&rule.title);
        if title.chars().count() > TITLE {
            let length = title.chars().count();
            self.report(
                Diagnostic::new(
                    Code::TextTooLong,
                    rule.span,
                    "the title is longer than a Sigma rule takes",
                )
                .label(format!("{length} characters, {TITLE} at most"))
                .help("say in fewer words what it finds, and the rest in `about`"),
            );
        }
        for finding in needs::missing(rule, Target::Sigma.word(), needs::SIGMA) {
            self.report(finding);
        }
        let id = rule.id.as_deref().and_then(|id| Uuid::try_parse(id).ok());
        let file = format!("{}.{}", rule.name, Target::Sigma.extension());
        if !FILE_NAME.contains(&file.len()) {
            let (least, most) = (FILE_NAME.start(), FILE_NAME.end());
            let note =
                format!("SigmaHQ takes names of files with {least} to {most} characters, and this one is `{file}`");
            self.note("rule", note, rule.span);
        }
        let attack = attack::map(&rule.attack, settings.sigma.attack);
        for change in &attack.changes {
            let note = change.note();
            self.note(note.construct, note.text, note.span);
        }
        Some(Metadata {
            id: id?,
            status: rule.status.clone().unwrap_or_else(|| "experimental".to_owned()),
            description: self.description(rule),
            references: self.references(rule),
            author: rule.author.clone(),
            date: rule.date.map(|date| date.to_string()),
            modified: rule.modified.map(|date| date.to_string()),
            tags: attack.sigma_tags(),
            false_positives: self.false_positives(rule),
            level: rule.severity.unwrap_or(Severity::Medium).word(),
            title,
        })
    }

    fn description(&self, rule: &RuleInfo) -> String {
        let whole = prose::describe(
            "Detects",
            &rule.title,
            rule.about.as_deref(),
            &prose::names(self.catalog),
        );
        let is_link = |sentence: &&str| sentence.contains("://");
        let sentences: Vec<&str> = whole.split_inclusive(". ").collect();
        let mut text: String = sentences
            .iter()
            .filter(|sentence| !is_link(sentence))
            .copied()
            .collect();
        if sentences.iter().any(is_link) {
            let note = "a sentence with a link is left out of the description: links stand in `references`";
            self.note("about", note, rule.place("about"));
        }
        text.truncate(text.trim_end().len());
        if text.chars().count() < DESCRIPTION {
            text = format!("Detects what its title says: {}", prose::heading(&rule.title));
        }
        text
    }

    fn references(&self, rule: &RuleInfo) -> Vec<String> {
        let mut references: Vec<String> = Vec::new();
        for reference in &rule.references {
            if reference.contains("//attack.mitre.org/") {
                let note = format!("`{reference}` is left out: techniques stand in the tags");
                self.note("references", note, rule.place("references"));
            } else if !references.contains(reference) {
                references.push(reference.clone());
            }
        }
        references
    }

    fn false_positives(&self, rule: &RuleInfo) -> Vec<String> {
        let mut entries: Vec<String> = Vec::new();
        for entry in &rule.false_positives {
            let entry = entry.trim();
            let mut words = entry.split_whitespace().map(str::to_ascii_lowercase);
            if entry.chars().count() < 2 || words.any(|word| BANNED.contains(&word.as_str())) {
                let note = format!("`{entry}` is left out: SigmaHQ takes no such entry");
                self.note("falsepositive", note, rule.place("falsepositive"));
                continue;
            }
            let entry = capital(entry);
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        if entries.is_empty() {
            entries.push("Unknown".to_owned());
        }
        entries
    }
}

/// A title in title case, without a leading "Detects" and a last period.
pub(super) fn title(text: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    if words.len() > 1 && matches!(words.first(), Some(&"Detect" | &"Detects")) {
        words.remove(0);
    }
    let words: Vec<String> = words
        .iter()
        .enumerate()
        .map(|(n, word)| title_word(word, n == 0))
        .collect();
    words.join(" ").trim_end_matches('.').to_owned()
}

fn title_word(word: &str, first: bool) -> String {
    let own = |c: char| c.is_uppercase() || matches!(c, '.' | '/' | '_');
    let body = word.trim_end_matches(['.', ',', ':', ';', '!', '?']);
    if body.chars().any(own) || !first && SMALL.contains(&body) {
        return word.to_owned();
    }
    capital(word)
}

/// With a capital, where the first letter or digit is a letter.
fn capital(text: &str) -> String {
    let Some((at, letter)) = text.char_indices().find(|(_, c)| c.is_alphanumeric()) else {
        return text.to_owned();
    };
    let (before, rest) = text.split_at(at);
    let rest = rest.get(letter.len_utf8()..).unwrap_or_default();
    format!("{before}{}{rest}", letter.to_uppercase())
}

/// The title of a part: that of the rule, shortened where it must be, and what the rule calls the part.
pub(super) fn part_title(title: &str, part: &str) -> String {
    let part: Vec<String> = part.split('_').filter(|word| !word.is_empty()).map(capital).collect();
    let part = part.join(" ");
    let room = TITLE.saturating_sub(part.chars().count() + " - ".len());
    let mut short = String::new();
    for word in title.split(' ') {
        if short.chars().count() + 1 + word.chars().count() > room {
            break;
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
    }
    format!("{short} - {part}")
}
