//! The documents are tested: examples compile and mean what they say, generated parts are not stale, links lead somewhere.
//!
//! Blocks of a document are tagged:
//!
//! | tag | what is tested |
//! |---|---|
//! | `trip` | a whole file of rules: no finding, and its tests pass |
//! | `trip-part WRAPPER` | a part of a rule, wrapped into a whole one ([`wrap`]): no finding |
//! | `trip-truth` | lines of `{ event } condition => true`: the condition says that of the event |
//! | `trip-error CODE [WRAPPER]` | gives findings of that code and no others |
//!
//! `UPDATE_DOCS=1 cargo test --test docs` writes the generated parts anew.

#![cfg(feature = "cli")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test"
)]

#[path = "docs/examples.rs"]
mod examples;
#[path = "docs/generated.rs"]
mod generated;
#[path = "docs/markdown.rs"]
mod markdown;

use examples::{judge, judge_call};
use markdown::{blocks, documents, headings, read, refresh, root};
use tripline::diagnostics::Code;
use tripline::functions::{self, Function};

#[test]
fn examples_hold() {
    let mut failures = Vec::new();
    let mut counted = std::collections::BTreeMap::new();
    for document in documents() {
        for block in blocks(&read(&document)) {
            let Some(tag) = block
                .tag
                .split_whitespace()
                .next()
                .filter(|tag| tag.starts_with("trip"))
            else {
                continue;
            };
            *counted.entry(tag.to_owned()).or_insert(0) += 1;
            if let Err(why) = judge(&block.tag, &block.text) {
                failures.push(format!("{document}:{}: `{}`\n{why}", block.line, block.tag));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    for tag in ["trip", "trip-part", "trip-truth", "trip-error"] {
        assert!(
            counted.get(tag).is_some_and(|n| *n > 3),
            "the documents have few `{tag}` blocks: {counted:?}"
        );
    }
}

/// Every kind of example is refused when it is wrong.
#[test]
fn wrong_examples_are_noticed() {
    let wrong = [
        (
            "trip",
            "rule r \"t\" { events e = aws.cloudtrail where nope == \"x\" alert e { } }",
        ),
        (
            "trip",
            "rule r \"t\" { events e = aws.cloudtrail where eventName == \"x\" alert e { }
             test \"t\" { now 2025-08-15T10:00Z -1m { eventName: \"y\" } expect 1 } }",
        ),
        // A warning is a finding, too: the wrapper shows only what begins a line.
        ("trip-part steps", "let unused = eventName let x = errorCode"),
        ("trip-part condition", "eventName == 5"),
        ("trip-part columns", "n = count errorCode"),
        ("trip-part nonsense", "eventName == \"x\""),
        ("trip-truth", "{ errorCode: \"x\" } errorCode is missing => true"),
        ("trip-truth", "{ errorCode: \"x\" } errorCode is present => false"),
        ("trip-truth", "errorCode is present"),
        ("trip-error N002 condition", "eventName == \"x\""),
        ("trip-error N002 condition", "eventName == \"\""),
        ("trip-error Z999 condition", "eventName == \"\""),
        ("tripp", "rule"),
    ];
    let found: Vec<_> = wrong.iter().filter(|(tag, text)| judge(tag, text).is_ok()).collect();
    assert!(found.is_empty(), "taken for right: {found:?}");
}

#[test]
fn examples_of_functions_hold() {
    let mut failures = Vec::new();
    for function in functions::ALL {
        assert!(!function.examples.is_empty(), "{} has no example", function.name);
        for example in function.examples {
            if let Err(why) = judge_call(example.call, example.result) {
                failures.push(format!(
                    "{}: {} is not {}\n{why}",
                    function.name, example.call, example.result
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn wrong_examples_of_functions_are_noticed() {
    for function in functions::ALL {
        for example in function.examples {
            let wrong = if example.result == "missing" {
                "\"other\""
            } else {
                "missing"
            };
            assert!(judge_call(example.call, wrong).is_err(), "{} is {wrong}?", example.call);
        }
    }
    assert!(judge_call("size(split(\"a/b\", \"/\"))", "3").is_err());
    assert!(judge_call("before(\"a@b\", \"@\")", "\"b\"").is_err());
    assert!(judge_call("nope(\"a\")", "\"a\"").is_err());
}

#[test]
fn generated_parts_are_fresh() {
    let stale: Vec<String> = generated::all().into_iter().filter_map(refresh).collect();
    assert!(
        stale.is_empty(),
        "{}\nUPDATE_DOCS=1 cargo test --test docs writes them anew",
        stale.join("\n")
    );
}

#[test]
fn the_reference_names_every_code_and_function() {
    let text = read("docs/language.md");
    let missing: Vec<&str> = Code::ALL
        .iter()
        .map(|code| code.as_str())
        .chain(functions::ALL.iter().map(|Function { name, .. }| *name))
        .filter(|name| !text.contains(&format!("`{name}")))
        .collect();
    assert!(missing.is_empty(), "docs/language.md lacks {missing:?}");
}

/// Relative links lead to files that exist, links within a document to headings that it has.
#[test]
fn links_lead_somewhere() {
    let link = regex::Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let code = regex::Regex::new(r"(?s)```.*?```|`[^`\n]*`").unwrap();
    let mut dead = Vec::new();
    for document in documents() {
        // Code has brackets of its own.
        let text = code.replace_all(&read(&document), "").into_owned();
        let folder = root().join(&document).parent().unwrap().to_owned();
        for target in link.captures_iter(&text).map(|found| found[1].to_owned()) {
            if target.contains("://") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = if path.is_empty() {
                root().join(&document)
            } else {
                folder.join(path)
            };
            let there = file.exists()
                && (anchor.is_empty()
                    || headings(&std::fs::read_to_string(&file).unwrap_or_default()).contains(&anchor.to_owned()));
            if !there {
                dead.push(format!("{document}: {target}"));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

/// Source comments name sections of the language reference; they must be there.
#[test]
fn comments_name_sections_that_exist() {
    let section = regex::Regex::new(r#"(?:language\.md`|language reference)(?:, section)?,? "([^"]+)""#).unwrap();
    let line_break = regex::Regex::new(r"\s*\n\s*//[/!]? ?").unwrap();
    let known: Vec<String> = read("docs/language.md")
        .lines()
        .filter_map(|line| {
            line.strip_prefix('#')
                .map(|rest| rest.trim_start_matches('#').trim().to_owned())
        })
        .collect();
    let mut unknown = Vec::new();
    for file in markdown::files(&root().join("src"), "rs") {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = line_break.replace_all(&text, " ");
        for found in section.captures_iter(&text) {
            if !known.contains(&found[1].to_owned()) {
                unknown.push(format!("{}: {}", file.display(), &found[1]));
            }
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}
