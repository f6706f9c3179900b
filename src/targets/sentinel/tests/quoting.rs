//! Texts that readers of YAML, JSON or templates could take for something else.

use super::*;

/// Texts that have to come through as they are.
pub(in crate::targets) const TEXTS: [&str; 34] = [
    "it's \"quoted\"",
    "'quoted'",
    "back\\slash \\n \\u0041",
    "two\nlines",
    "tab\tand \u{e9}\u{df} \u{1F600}",
    "\u{7}\u{1b}[31m \u{0}",
    "${x} $x $(x)",
    "%%VAR:x%% 100% %d",
    "*star",
    "&anchor",
    "!tag",
    "@at",
    "`tick`",
    "#no comment",
    "a #comment",
    "a: b",
    "- x",
    "? x",
    "[x]",
    "[concat('a')]",
    "[[x]]",
    "{x}",
    "no",
    "On",
    "null",
    "~",
    "1e3",
    "12:30",
    "1_000",
    "0x1F",
    "2026-11-21",
    "1.0",
    "---",
    "<<",
];

/// A text as a rule writes it.
pub(in crate::targets) fn written(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[test]
fn titles_abouts_and_messages_come_through() {
    for text in TEXTS {
        let doubled = text.replace('{', "{{").replace('}', "}}");
        let source = format!(
            "rule r {} {{ {HEAD} about {} events e = aws.cloudtrail where eventName == {} \
             alert e {{ title {} message {} account account }} }}",
            written(text),
            written(text),
            written(text),
            written(&doubled),
            written(&doubled),
        );
        let file = emitted(&source, &scheduled()).text;
        assert!(file.is_ascii(), "{file}");
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(value(&file, "name"), line, "{file}");
        let description = value(&file, "description").as_str().unwrap().replace('\n', " ");
        assert!(
            description.starts_with("'Identifies ") && description.ends_with("' "),
            "{description}"
        );
        assert!(description.contains(&line), "{description} does not hold {line}");
        let texts = value(&file, "alertDetailsOverride");
        assert_eq!(texts["alertDisplayNameFormat"], text, "{file}");
        assert_eq!(texts["alertDescriptionFormat"], text, "{file}");
    }
}

#[test]
fn a_title_of_256_quotes() {
    for c in ["'", "\"", "\\", "\u{e9}"] {
        let source = on_events("account account").replace("\"New keys\"", &written(&c.repeat(256)));
        let file = emitted(&source, &scheduled()).text;
        assert_eq!(value(&file, "name"), c.repeat(256));
    }
}

#[test]
fn columns_that_are_words_of_kql_or_yaml() {
    let names = ["kind", "title", "of", "no", "n", "y", "from", "off", "yes"];
    let lets: Vec<String> = names
        .iter()
        .map(|name| format!("let {name} = requestParameters.{name}"))
        .collect();
    let source = rule(&format!(
        "events e = aws.cloudtrail where eventName == \"X\" {} alert e {{ title \"{{kind}} {{off}}\" account no ip y show {} }}",
        lets.join(" "),
        names.join(", ")
    ));
    let file = emitted(&source, &scheduled()).text;
    let details = value(&file, "customDetails");
    let keys: Vec<&String> = details.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["from", "kind", "n", "of", "off", "title", "yes"]);
    assert!(
        details.as_object().unwrap().iter().all(|(key, column)| column == key),
        "{details}"
    );
    assert_eq!(
        value(&file, "alertDetailsOverride")["alertDisplayNameFormat"],
        "{{kind}} {{off}}"
    );
    assert_eq!(
        value(&file, "entityMappings")[0]["fieldMappings"][0]["columnName"],
        "no"
    );
}
