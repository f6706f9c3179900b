//! Texts that a pattern matches.

use crate::plan::Pattern;
use regex_syntax::hir::{Class, Hir, HirKind};

/// A short text that a pattern matches.
pub(crate) fn example(pattern: &Pattern) -> Option<String> {
    let mut out = String::new();
    least(&parsed(pattern)?, &mut out)?;
    Some(out)
}

/// What such a text has before and behind the part that the first group catches.
pub(crate) fn around_group(pattern: &Pattern) -> Option<(String, String)> {
    let hir = parsed(pattern)?;
    let HirKind::Concat(parts) = hir.kind() else {
        return matches!(hir.kind(), HirKind::Capture(_)).then(Default::default);
    };
    let group = parts
        .iter()
        .position(|part| matches!(part.kind(), HirKind::Capture(_)))?;
    let (mut before, mut behind) = (String::new(), String::new());
    for (n, part) in parts.iter().enumerate() {
        match n.cmp(&group) {
            std::cmp::Ordering::Less => least(part, &mut before)?,
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Greater => least(part, &mut behind)?,
        }
    }
    Some((before, behind))
}

fn parsed(pattern: &Pattern) -> Option<Hir> {
    regex_syntax::parse(&pattern.text.replace("\\/", "/")).ok()
}

fn least(hir: &Hir, out: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(Class::Unicode(class)) => {
            // A letter or digit where the class has one.
            let mut likely = ('a'..='z').chain('0'..='9').chain('A'..='Z');
            let inside = |c: &char| class.iter().any(|r| r.start() <= *c && *c <= r.end());
            out.push(likely.find(inside).or_else(|| class.iter().next().map(|r| r.start()))?);
        }
        HirKind::Class(Class::Bytes(class)) => out.push(char::from(class.iter().next()?.start())),
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min.max(u32::from(repetition.max != Some(0))) {
                least(&repetition.sub, out)?;
            }
        }
        HirKind::Capture(capture) => least(&capture.sub, out)?,
        HirKind::Concat(parts) => {
            for part in parts {
                least(part, out)?;
            }
        }
        HirKind::Alternation(parts) => least(parts.first()?, out)?,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_an_example() {
        for text in [
            "^(Describe|Get)",
            r"command[\/#]([\w.-]+)",
            "a{3}b*c?$",
            r"\d{2}\s\W",
            "[^a-z]x",
            "(?i)GET",
        ] {
            let pattern = Pattern {
                text: text.to_owned(),
                ignore_case: false,
            };
            let example = example(&pattern).unwrap();
            let regex = regex::Regex::new(&text.replace("\\/", "/")).unwrap();
            assert!(regex.is_match(&example), "{text}: {example}");
        }
    }
    #[test]
    fn what_stands_around_a_group() {
        let around = |text: &str| {
            around_group(&Pattern {
                text: text.to_owned(),
                ignore_case: false,
            })
        };
        let sides = |before: &str, behind: &str| Some((before.to_owned(), behind.to_owned()));
        assert_eq!(around(r"command[\/#]([\w.-]+)"), sides("command#", ""));
        assert_eq!(around("^a(b+)c$"), sides("a", "c"));
        assert_eq!(around("(x)"), sides("", ""));
        assert_eq!(around("abc"), None);
    }
}
