//! Words that KQL does not take as a plain name.

/// Words that need brackets (`['kind']`, `request["in"]`) as the name of a column or inside a JSON path, and that cannot
/// name a `let`: one a line, sorted; `#` begins a comment. Found by asking Microsoft's language service for every word of
/// its vocabulary (`tests/oracles/keywords.mjs --list targets/kql/keywords.txt`).
pub const KEYWORDS: &str = include_str!("../../../targets/kql/keywords.txt");

/// Whether a name needs brackets: a keyword, or not of the form of a name.
pub(super) fn needs_brackets(name: &str) -> bool {
    !is_plain(name) || KEYWORDS.lines().any(|word| word == name)
}

fn is_plain(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && letters.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(KEYWORDS.lines().filter(|line| !line.starts_with('#')).is_sorted());
        assert!(needs_brackets("title") && needs_brackets("a b") && needs_brackets("") && !needs_brackets("user"));
    }
}
