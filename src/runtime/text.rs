//! Tests on text: `==`, `=~`, `contains`, `starts with`, `ends with`, `has`, `has any`.
//!
//! Letters are folded in ASCII only; every other character equals itself alone (KQL page `datatypes-string-operators`;
//! our language reference, section "Text comparison"). One rule covers the edges of all of them: **the empty text is
//! missing, and a test with a missing operand is false**, on either side. Nothing here allocates.

use crate::value::Value;

/// `a == b`: the same text, letter by letter. False where either is empty.
#[must_use]
pub fn eq_exact(a: &str, b: &str) -> bool {
    !a.is_empty() && a == b
}

/// `a =~ b`: the same text but for the case of ASCII letters. False where either is empty.
///
/// ```
/// use tripline::runtime::text::eq_ignore_case;
/// assert!(eq_ignore_case("IAMUser", "iamuser"));
/// assert!(!eq_ignore_case("É", "é"));
/// ```
#[must_use]
pub fn eq_ignore_case(a: &str, b: &str) -> bool {
    !a.is_empty() && a.eq_ignore_ascii_case(b)
}

/// `text contains needle`: the needle stands somewhere in the text, ASCII case folded.
#[must_use]
pub fn contains(text: &str, needle: &str) -> bool {
    occurrences(text, needle).next().is_some()
}

/// `text starts with needle`, ASCII case folded.
#[must_use]
pub fn starts_with(text: &str, needle: &str) -> bool {
    let start = text.as_bytes().get(..needle.len());
    !needle.is_empty() && start.is_some_and(|start| start.eq_ignore_ascii_case(needle.as_bytes()))
}

/// `text ends with needle`, ASCII case folded.
#[must_use]
pub fn ends_with(text: &str, needle: &str) -> bool {
    let end = text
        .len()
        .checked_sub(needle.len())
        .and_then(|at| text.as_bytes().get(at..));
    !needle.is_empty() && end.is_some_and(|end| end.eq_ignore_ascii_case(needle.as_bytes()))
}

/// `text has needle`: the needle stands in the text with no letter or digit directly before or after it, ASCII case
/// folded. A letter or digit is what [`char::is_alphanumeric`] says; `_` is neither.
///
/// The needle may hold separators itself: only what stands around it counts. A needle's length makes no difference
/// (Kusto's three characters are about its index).
///
/// ```
/// use tripline::runtime::text::has;
/// assert!(has("aws-cli/2.15", "AWS-CLI"));
/// assert!(!has("saws-cli/2.15", "aws-cli"));
/// ```
#[must_use]
pub fn has(text: &str, needle: &str) -> bool {
    let is_part = |next: Option<char>| next.is_some_and(char::is_alphanumeric);
    occurrences(text, needle).any(|at| {
        // Both are character borders, since the needle is whole characters and only ASCII is folded.
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + needle.len()..).and_then(|after| after.chars().next());
        !is_part(before) && !is_part(after)
    })
}

/// `text has any [needles]`: [`has`] holds for at least one; false for an empty list.
#[must_use]
pub fn has_any<N: AsRef<str>>(text: &str, needles: impl IntoIterator<Item = N>) -> bool {
    needles.into_iter().any(|needle| has(text, needle.as_ref()))
}

/// `text matches /re/`: a match anywhere; false for the empty text, whatever the expression.
#[must_use]
pub fn matches(text: &str, expression: &regex::Regex) -> bool {
    !text.is_empty() && expression.is_match(text)
}

/// One of the tests above on a value: read as text (a json value too, an object or array as its compact JSON), false
/// when missing or no text.
///
/// ```
/// use tripline::runtime::text;
/// use tripline::value::Value;
/// let agent = Value::text("aws-cli/2.15");
/// assert!(text::holds(&agent, |agent| text::starts_with(agent, "aws-cli")));
/// ```
#[must_use]
pub fn holds(value: &Value, test: impl FnOnce(&str) -> bool) -> bool {
    value.as_text().is_some_and(|text| test(&text))
}

/// One of the tests above on two values, each read as text; false when either is missing or no text.
#[must_use]
pub fn holds_between(a: &Value, b: &Value, test: impl FnOnce(&str, &str) -> bool) -> bool {
    match (a.as_text(), b.as_text()) {
        (Some(a), Some(b)) => test(&a, &b),
        _ => false,
    }
}

/// Where the needle stands in the text, ASCII case folded, overlaps included; nowhere for an empty one.
fn occurrences<'a>(text: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let first = needle.first().map(u8::to_ascii_lowercase);
    // `windows` wants a size above 0; with no first byte nothing passes the test anyway.
    text.windows(needle.len().max(1))
        .enumerate()
        .filter(move |(_, window)| {
            // One byte first: it rules out nearly every place.
            window.first().map(u8::to_ascii_lowercase) == first && window.eq_ignore_ascii_case(needle)
        })
        .map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Json;
    use proptest::prelude::*;
    use regex::Regex;

    #[test]
    fn equality_folds_ascii_only() {
        assert!(eq_exact("GetUser", "GetUser"));
        assert!(!eq_exact("GetUser", "getuser"));
        assert!(eq_ignore_case("GetUser", "gETuSER"));
        assert!(!eq_ignore_case("GetUser", "GetUsers"));
        assert!(!eq_ignore_case("STRASSE", "straße"));
        assert!(!eq_ignore_case("K", "\u{212a}"), "the Kelvin sign is no k");
        assert!(eq_ignore_case("Éa", "ÉA"));
    }

    #[test]
    fn an_empty_side_is_missing() {
        for test in [eq_exact, eq_ignore_case, contains, starts_with, ends_with, has] {
            for (a, b) in [("", ""), ("a", ""), ("", "a")] {
                assert!(!test(a, b));
            }
        }
        assert!(!has_any("a", [""; 1]));
        assert!(!matches("", &Regex::new("^$").unwrap()));
    }

    #[test]
    fn substrings() {
        assert!(contains("xAbCy", "aBc"));
        assert!(!contains("ab", "abc"));
        assert!(contains("aab", "ab"));
        assert!(starts_with("Microsoft.Storage", "microsoft."));
        assert!(!starts_with("a", "ab"));
        assert!(ends_with("listKeys/ACTION", "/action"));
        assert!(!ends_with("n", "/action"));
        // A cut inside a character is no match and no panic.
        assert!(!starts_with("é", "e"));
        assert!(!ends_with("é", "e"));
        assert!(contains("naïve", "ïV"));
    }

    #[test]
    fn has_wants_borders_on_both_sides() {
        assert!(has("KustoExplorerQueryRun Explorer", "explorer"));
        assert!(!has("KustoExplorerQueryRun", "Explorer"));
        for text in ["a_b", "a-b", "a.b", "a/b", "a:b", "a b", "a\tb", "b", "→b←", "[\"b\"]"] {
            assert!(has(text, "b"), "{text}");
        }
        for text in ["ab", "b1", "éb", "bé", "٣b", "b字", "aba"] {
            assert!(!has(text, "b"), "{text}");
        }
        assert!(has("cloud-shell-storage-westeurope", "cloud-shell-storage"));
        assert!(has("xa aa", "aa"), "a later place");
        assert!(!has("aaa", "aa"));
        assert!(has("a-a-ab a-a", "a-a"), "overlapping places");
        assert!(has("x---y", "-"), "a needle of separators, between separators");
        assert!(!has("x--y", "-"));
        assert!(has("é", "é"));
    }

    #[test]
    fn has_any_of_a_list() {
        assert!(has_any("Mozilla CloudShell", ["aws-cli", "cloudshell"]));
        assert!(!has_any("Mozilla", ["aws-cli", "cloudshell"]));
        assert!(!has_any("x", Vec::<String>::new()));
    }

    #[test]
    fn values_are_read_as_text() {
        let list = Value::Json(Json::parse(r#"["aws-cli", 5]"#).unwrap());
        assert!(holds(&list, |t| has(t, "aws-cli")));
        assert!(holds(&list, |t| eq_exact(t, r#"["aws-cli",5]"#)));
        assert!(holds(&Value::Json(Json::Int(443)), |t| starts_with(t, "44")));
        for value in [Value::Missing, Value::Int(443), Value::Bool(true)] {
            assert!(!holds(&value, |_| true));
            assert!(!holds_between(&value, &list, |_, _| true));
        }
        assert!(holds_between(&Value::text("aws-cli/2"), &Value::text("AWS-CLI"), has));
    }

    proptest! {
        #[test]
        fn has_is_what_its_definition_says(text in "[aAb1é_ .-]{0,12}", needle in "[aAb1é_ .-]{1,3}") {
            let folded: String = needle
                .chars()
                .map(|c| format!("[{}{}]", regex::escape(&c.to_ascii_lowercase().to_string()).replace('-', "\\-"),
                    regex::escape(&c.to_ascii_uppercase().to_string()).replace('-', "\\-")))
                .collect();
            let border = r"[^\p{Alphabetic}\p{N}]";
            let definition = Regex::new(&format!("(?:^|{border}){folded}(?:$|{border})")).unwrap();
            prop_assert_eq!(has(&text, &needle), definition.is_match(&text));
        }

        #[test]
        fn substrings_are_those_of_the_folded_text(text in "[aAbB é]{0,10}", needle in "[aAbBé]{1,3}") {
            let (t, n) = (text.to_ascii_lowercase(), needle.to_ascii_lowercase());
            prop_assert_eq!(contains(&text, &needle), t.contains(&n));
            prop_assert_eq!(starts_with(&text, &needle), t.starts_with(&n));
            prop_assert_eq!(ends_with(&text, &needle), t.ends_with(&n));
        }

        #[test]
        fn no_text_panics(text in any::<String>(), needle in any::<String>()) {
            let _ = (has(&text, &needle), contains(&text, &needle), ends_with(&text, &needle));
        }
    }
}
