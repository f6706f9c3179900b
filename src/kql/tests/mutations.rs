//! Texts that are cut, swapped and doubled: reading, checking and running always return.

use super::*;

/// The texts of these tests that look like queries, and the queries of the tests of our output.
fn texts() -> Vec<String> {
    let root = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let literal = regex::Regex::new(r#""((?:[^"\\]|\\.)*)""#).unwrap();
    for entry in std::fs::read_dir(root.join("src/kql/tests")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for found_text in literal.captures_iter(&text) {
            let text = found_text[1]
                .replace("\\\n", "")
                .replace("\\\"", "\"")
                .replace("\\n", "\n")
                .replace("\\\\", "\\");
            if text.contains('|') || text.starts_with("print") || text.starts_with("let") {
                found.push(text.replace("{{", "{").replace("}}", "}"));
            }
        }
    }
    for folder in ["clean", "awake"] {
        for entry in std::fs::read_dir(root.join("tests/oracles").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "kql") {
                found.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn mutated_queries_return() {
    let texts = texts();
    assert!(texts.len() > 100, "{}", texts.len());
    // A generator of Knuth's, so that a failure comes again.
    let mut state = 0x5851_f42d_4c95_7f2d_u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below.max(1)
    };
    let mut fine = 0;
    for text in &texts {
        let words: Vec<&str> = text.split_inclusive([' ', '(', ')', '|', ',', '.', '=', ';']).collect();
        for kind in 0..24 {
            let mut words = words.clone();
            let (a, b) = (next(words.len()), next(words.len()));
            match kind % 4 {
                0 => words.truncate(a),
                1 => words.swap(a, b),
                2 => words.insert(a, words[b]),
                _ => drop(words.remove(a)),
            }
            let mut changed: String = words.concat();
            if kind >= 12 {
                let mut at = next(changed.len() + 1);
                while !changed.is_char_boundary(at) {
                    at -= 1;
                }
                changed.insert_str(
                    at,
                    ["\"", "é", "\u{0}", "1d", "-", "[", "*", "null", "@'", "=>"][next(10)],
                );
            }
            fine += usize::from(run_text(&changed).is_ok());
        }
    }
    // Some of them are still queries, or nothing was tried.
    assert!(fine > 20, "{fine}");
}
