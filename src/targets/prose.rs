//! Descriptions: what a rule's title and `about` make of the texts that reviewers of rules expect, and which begin with
//! a verb of theirs.

use crate::source::Catalog;
use std::collections::BTreeSet;

/// How the first sentence of an `about` may begin so that only the verb has to change; the longer ones first.
const OPENINGS: [&str; 11] = [
    "This query searches for",
    "This query looks for",
    "This query identifies",
    "This query detects",
    "This query finds",
    "Searches for",
    "Looks for",
    "Identifies",
    "Searches",
    "Detects",
    "Finds",
];

/// What does not follow "searches for".
const CLAUSES: [&str; 6] = ["when", "whether", "that", "if", "how", "where"];

/// Names that titles begin with and that keep their capital.
const NAMES: [&str; 16] = [
    "Amazon",
    "Apple",
    "Azure",
    "Cloudflare",
    "Defender",
    "Docker",
    "Entra",
    "Google",
    "Kubernetes",
    "Linux",
    "Microsoft",
    "Okta",
    "Python",
    "Sentinel",
    "Terraform",
    "Windows",
];

/// A description of one paragraph that begins with the verb (`Identifies`, `This query searches for`, `Detects`): the
/// first paragraph of `about`, with its verb exchanged where it begins with one, else behind a sentence that the title
/// makes. `names` are further words that keep their capital ([`names`]).
pub fn describe(verb: &str, title: &str, about: Option<&str>, names: &BTreeSet<String>) -> String {
    let paragraph = about.and_then(|about| about.trim().split("\n\n").next()).map(one_line);
    let paragraph = paragraph.filter(|text| !text.is_empty()).map(ended);
    let opened = paragraph.as_deref().and_then(|text| {
        let rest = OPENINGS.iter().find_map(|opening| after(text, opening))?;
        let first = rest.split(' ').next().unwrap_or(rest);
        let clause = verb.ends_with(" for") && CLAUSES.contains(&first);
        (!clause).then(|| format!("{verb} {rest}"))
    });
    match (opened, paragraph) {
        (Some(opened), _) => opened,
        (None, Some(text)) => format!("{} {text}", sentence(verb, title, names)),
        (None, None) => sentence(verb, title, names),
    }
}

/// What follows an opening and a blank.
fn after<'t>(text: &'t str, opening: &str) -> Option<&'t str> {
    text.strip_prefix(opening)?.strip_prefix(' ')
}

fn sentence(verb: &str, title: &str, names: &BTreeSet<String>) -> String {
    ended(format!("{verb} {}", lowered(&heading(title), names)))
}

/// A title as the name of a rule: on one line, without a final period.
pub fn heading(title: &str) -> String {
    let line = one_line(title);
    match line.strip_suffix('.') {
        Some(rest) if !rest.ends_with('.') => rest.to_owned(),
        _ => line,
    }
}

/// Words that keep their capital because a source is called so: `Azure` of `azure.activity`, where its title writes it
/// so.
pub fn names(catalog: &Catalog) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, source) in catalog.iter() {
        let vendor = source.name.split('.').next().unwrap_or_default();
        let words = source.title.split(|c: char| !c.is_ascii_alphanumeric());
        names.extend(
            words
                .filter(|word| word.eq_ignore_ascii_case(vendor))
                .map(str::to_owned),
        );
    }
    names
}

/// With a small first letter, unless the first word is a name: in the lists, with a digit, or with a capital inside.
fn lowered(title: &str, names: &BTreeSet<String>) -> String {
    let word = title.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let is_name = word.chars().skip(1).any(char::is_uppercase)
        || word.chars().any(|c| c.is_ascii_digit())
        || NAMES.contains(&word)
        || names.contains(word);
    let mut letters = title.chars();
    match letters.next() {
        Some(first) if !is_name => first.to_lowercase().chain(letters).collect(),
        _ => title.to_owned(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn ended(text: String) -> String {
    let stop = text
        .trim_end_matches(['"', '\'', ')', '`'])
        .ends_with(['.', '!', '?', ':']);
    if stop { text } else { format!("{text}.") }
}

/// The lines of a text, as many words on each as fit into so many characters; a longer word has a line of its own.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut room = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if length < room => {
                line.push(' ');
                line.push_str(word);
                room -= length + 1;
            }
            _ => {
                lines.push(word.to_owned());
                room = width.saturating_sub(length);
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_of_sources() -> BTreeSet<String> {
        names(&Catalog::builtin().unwrap())
    }

    #[test]
    fn the_verb_is_exchanged_where_there_is_one() {
        let names = names_of_sources();
        for (about, identifies, searches) in [
            (
                "Detects a trail\n  being stopped.\n\nFirst look: who?",
                "Identifies a trail being stopped.",
                "This query searches for a trail being stopped.",
            ),
            ("Finds keys", "Identifies keys.", "This query searches for keys."),
            (
                "This query looks for keys.",
                "Identifies keys.",
                "This query searches for keys.",
            ),
            (
                "Detects when a key is made.",
                "Identifies when a key is made.",
                "This query searches for new keys. Detects when a key is made.",
            ),
            (
                "This query is noisy.",
                "Identifies new keys. This query is noisy.",
                "This query searches for new keys. This query is noisy.",
            ),
            (
                "Detections of \"keys\".",
                "Identifies new keys. Detections of \"keys\".",
                "This query searches for new keys. Detections of \"keys\".",
            ),
            (
                "Detects",
                "Identifies new keys. Detects.",
                "This query searches for new keys. Detects.",
            ),
            (" \n\n ", "Identifies new keys.", "This query searches for new keys."),
        ] {
            assert_eq!(describe("Identifies", "New keys", Some(about), &names), identifies);
            assert_eq!(
                describe("This query searches for", "New keys", Some(about), &names),
                searches
            );
        }
        assert_eq!(describe("Detects", "New keys", None, &names), "Detects new keys.");
        assert_eq!(
            describe("Detects", "New keys", Some("Identifies 'keys (new)'"), &names),
            "Detects 'keys (new)'."
        );
    }

    #[test]
    fn a_title_in_a_sentence_keeps_the_capitals_of_names() {
        let names = names_of_sources();
        assert!(
            names.contains("AWS") && names.contains("Azure") && names.contains("Linux"),
            "{names:?}"
        );
        assert!(!names.contains("Process") && !names.contains("Activity"), "{names:?}");
        for (title, sentence) in [
            ("CloudTrail logging stopped.", "Detects CloudTrail logging stopped."),
            ("AWS CLI commands", "Detects AWS CLI commands."),
            ("Azure's keys", "Detects Azure's keys."),
            ("S3 bucket made public", "Detects S3 bucket made public."),
            ("Burst of calls", "Detects burst of calls."),
            ("A burst of\n calls", "Detects a burst of calls."),
            ("Process-tree of a shell", "Detects process-tree of a shell."),
            ("\u{c9}tat des lieux", "Detects \u{e9}tat des lieux."),
            ("And so on...", "Detects and so on..."),
        ] {
            assert_eq!(describe("Detects", title, None, &names), sentence);
        }
    }

    #[test]
    fn a_heading_is_one_line_without_a_period() {
        assert_eq!(heading("New keys. "), "New keys");
        assert_eq!(heading("New\n keys"), "New keys");
        assert_eq!(heading("New keys..."), "New keys...");
        assert_eq!(heading("New keys?"), "New keys?");
    }

    #[test]
    fn lines_are_as_long_as_they_may_be() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("aa bb cc", 4), ["aa", "bb", "cc"]);
        assert_eq!(wrap("aaaaaaa b", 4), ["aaaaaaa", "b"]);
        assert_eq!(wrap("\u{e9}\u{e9} bb", 5), ["\u{e9}\u{e9} bb"]);
        assert_eq!(wrap("", 5), Vec::<String>::new());
    }
}
