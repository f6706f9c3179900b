//! YAML, printed so that readers of YAML 1.1 and 1.2 see the same: `no`, `on`, `1e3`, `12:30`, `1_000` and dates are texts
//! here only in quotes. What leaves is ASCII.
//!
//! A document is a [`Node`]. Templates frame the printed values; [`read_back`] then compares the text with the node, so
//! that no template can make a file that says something else.

use serde::Deserialize as _;
use std::fmt::Write as _;

/// A value of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Keys in order.
    Map(Vec<(String, Node)>),
    /// Elements in order.
    List(Vec<Node>),
    /// A text, without quotes where no reader could take it for something else.
    Text(String),
    /// A text in quotes, always.
    Quoted(String),
    /// A text of several lines as a literal block, where it can be one.
    Block(String),
    /// `2026-11-21`, which readers may take for a date.
    Date(String),
    /// A whole number.
    Int(i64),
    /// A fraction.
    Real(f64),
    /// `true`, `false`
    Bool(bool),
    /// `null`
    Null,
}

impl Node {
    /// A list of texts.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Node {
        Node::List(texts.into_iter().map(|text| Node::Text(text.into())).collect())
    }

    /// The value under a key of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match self {
            Node::Map(members) => members.iter().find(|(known, _)| known == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// What a reader must see; a date as its text.
    pub fn value(&self) -> serde_json::Value {
        match self {
            Node::Map(members) => {
                let members = members.iter().map(|(key, node)| (key.clone(), node.value()));
                serde_json::Value::Object(members.collect())
            }
            Node::List(elements) => elements.iter().map(Node::value).collect(),
            Node::Text(text) | Node::Quoted(text) | Node::Block(text) | Node::Date(text) => text.as_str().into(),
            Node::Int(n) => (*n).into(),
            Node::Real(n) => (*n).into(),
            Node::Bool(b) => (*b).into(),
            Node::Null => serde_json::Value::Null,
        }
    }
}

/// How far a level is indented, and what stands before an element.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Blanks a level: 2 in Sentinel's files, 4 in Sigma's.
    pub indent: usize,
}

impl Style {
    /// What follows `key:` at the given level of nesting: a blank and the value, or the lines below. Without a line end.
    pub fn member(self, node: &Node, level: usize) -> String {
        let mut out = String::new();
        self.write(&mut out, node, level);
        out
    }

    /// The members of a map as lines at the given level; without a last line end.
    pub fn members(self, members: &[(String, Node)], level: usize) -> String {
        let lines: Vec<String> = members
            .iter()
            .map(|(key, node)| format!("{}{}:{}", self.blanks(level), self::key(key), self.member(node, level)))
            .collect();
        lines.join("\n")
    }

    fn blanks(self, level: usize) -> String {
        " ".repeat(self.indent * level)
    }

    fn write(self, out: &mut String, node: &Node, level: usize) {
        match node {
            Node::Map(members) if members.is_empty() => out.push_str(" {}"),
            Node::Map(members) => {
                out.push('\n');
                out.push_str(&self.members(members, level + 1));
            }
            Node::List(elements) if elements.is_empty() => out.push_str(" []"),
            Node::List(elements) => {
                for element in elements {
                    let _ = write!(out, "\n{}-", self.blanks(level + 1));
                    match element {
                        // The first member stands behind the dash, the others below it.
                        Node::Map(members) if !members.is_empty() => {
                            out.push(' ');
                            out.push_str(&self.element(members, level + 1));
                        }
                        other => self.write(out, other, level + 1),
                    }
                }
            }
            Node::Block(text) if is_block(text) => {
                let (chomp, body) = match text.strip_suffix('\n') {
                    Some(body) => ("", body),
                    None => ("-", text.as_str()),
                };
                let _ = write!(out, " |{chomp}");
                for line in body.split('\n') {
                    out.push('\n');
                    if !line.is_empty() {
                        out.push_str(&self.blanks(level + 1));
                        out.push_str(line);
                    }
                }
            }
            scalar => {
                out.push(' ');
                out.push_str(&self::scalar(scalar));
            }
        }
    }

    /// The members of a map that is an element: they stand two blanks behind their dash, and what is below them is
    /// indented from there.
    fn element(self, members: &[(String, Node)], level: usize) -> String {
        let lead = format!("{}  ", self.blanks(level));
        let text = self.members(members, 0);
        let lines = text.split('\n').enumerate().map(|(n, line)| match (n, line) {
            (0, line) | (_, line @ "") => line.to_owned(),
            (_, line) => format!("{lead}{line}"),
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// A key: `eventName|cased`, in quotes where a reader could take it for something else.
fn key(text: &str) -> String {
    if is_plain(text, &|c| c == '|') {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// A scalar on one line.
fn scalar(node: &Node) -> String {
    match node {
        Node::Text(text) if is_plain(text, &|_| false) || is_code(text) => text.clone(),
        Node::Text(text) | Node::Quoted(text) | Node::Block(text) => quoted(text),
        Node::Date(text) => text.clone(),
        Node::Int(n) => n.to_string(),
        Node::Real(n) => real(*n),
        Node::Bool(b) => b.to_string(),
        Node::Null | Node::Map(_) | Node::List(_) => "null".to_owned(),
    }
}

/// A text in quotes: single ones where it is printable ASCII, else double ones with escapes.
pub fn quoted(text: &str) -> String {
    if text.chars().all(|c| matches!(c, ' '..='~')) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        // Writing to a string cannot fail.
        let _ = match c {
            '"' => write!(out, "\\\""),
            '\\' => write!(out, "\\\\"),
            '\n' => write!(out, "\\n"),
            '\t' => write!(out, "\\t"),
            '\r' => write!(out, "\\r"),
            ' '..='~' => write!(out, "{c}"),
            c if u32::from(c) < 0x100 => write!(out, "\\x{:02X}", u32::from(c)),
            c if u32::from(c) < 0x1_0000 => write!(out, "\\u{:04X}", u32::from(c)),
            c => write!(out, "\\U{:08X}", u32::from(c)),
        };
    }
    out.push('"');
    out
}

/// A fraction that readers of both versions take for one: with a point, and a sign in the exponent.
fn real(n: f64) -> String {
    let text = format!("{n:?}");
    match text.split_once('e') {
        None => text,
        Some((mantissa, exponent)) => {
            let point = if mantissa.contains('.') { "" } else { ".0" };
            let sign = if exponent.starts_with('-') { "" } else { "+" };
            format!("{mantissa}{point}e{sign}{exponent}")
        }
    }
}

/// Whether a text needs no quotes: words that begin with a letter, and no word that YAML 1.1 takes for a bool or null.
fn is_plain(text: &str, also: &dyn Fn(char) -> bool) -> bool {
    const TYPED: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"];
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '(');
    let all = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || " _./()+-,;&*".contains(c) || also(c));
    first && all && !text.ends_with(' ') && !text.contains("  ") && !TYPED.iter().any(|t| t.eq_ignore_ascii_case(text))
}

/// A UUID, a version of three numbers, or a link: nothing but text to every reader, whatever they begin with or hold.
fn is_code(text: &str) -> bool {
    let numbers: Vec<&str> = text.split('.').collect();
    let is_version = numbers.len() == 3
        && numbers
            .iter()
            .all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    let is_uuid = text.len() == 36 && uuid::Uuid::try_parse(text).is_ok();
    let is_span = text.len() >= 2
        && text.ends_with(['s', 'm', 'h', 'd'])
        && text.bytes().take(text.len() - 1).all(|b| b.is_ascii_digit());
    let is_link = text.strip_prefix("https://").is_some_and(|rest| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/?=&%+@,".contains(c);
        !rest.is_empty() && rest.chars().all(plain)
    });
    is_version || is_uuid || is_span || is_link
}

/// Whether a text can be a literal block: printable ASCII on every line, the first one not indented, at most one line end
/// at its end.
fn is_block(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let printable = body.chars().all(|c| c == '\n' || matches!(c, ' '..='~'));
    printable && !body.is_empty() && !body.starts_with([' ', '\n']) && !body.ends_with('\n')
}

/// Fills a template: undefined names are errors, nothing is escaped.
///
/// # Errors
/// What is wrong with the template.
pub fn frame(name: &'static str, template: &str, values: minijinja::Value) -> Result<String, String> {
    let mut environment = minijinja::Environment::empty();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    let whole = environment
        .add_template(name, template)
        .and_then(|()| environment.get_template(name)?.render(values));
    whole.map_err(|error| format!("{error:#}"))
}

/// Reads a text of one or more documents and compares it with what it was made of.
///
/// # Errors
/// Where it does not read, or what it says instead.
pub fn read_back(text: &str, documents: &[Node]) -> Result<(), String> {
    let mut found = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        found.push(serde_json::Value::deserialize(document).map_err(|error| error.to_string())?);
    }
    let expected: Vec<serde_json::Value> = documents.iter().map(Node::value).collect();
    if found == expected {
        return Ok(());
    }
    let differs = found.iter().zip(&expected).find(|(found, expected)| found != expected);
    Err(match differs {
        Some((found, expected)) => format!("it says {found}, and not {expected}"),
        None => format!("it holds {} documents, and not {}", found.len(), expected.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SENTINEL: Style = Style { indent: 2 };
    const SIGMA: Style = Style { indent: 4 };

    fn page(style: Style, members: Vec<(&str, Node)>) -> String {
        let members: Vec<(String, Node)> = members.into_iter().map(|(k, n)| (k.to_owned(), n)).collect();
        let text = format!("{}\n", style.members(&members, 0));
        read_back(&text, &[Node::Map(members)]).unwrap();
        text
    }

    #[test]
    fn what_readers_take_for_something_else_is_in_quotes() {
        for (text, printed) in [
            ("Suspended or deleted", "Suspended or deleted"),
            ("no", "'no'"),
            ("On", "'On'"),
            ("12:30", "'12:30'"),
            ("1_000", "'1_000'"),
            ("1e3", "'1e3'"),
            ("0x1F", "'0x1F'"),
            ("2026-11-21", "'2026-11-21'"),
            ("~", "'~'"),
            ("a: b", "'a: b'"),
            ("a #b", "'a #b'"),
            ("*x", "'*x'"),
            ("{{ x }}", "'{{ x }}'"),
            ("it's", "'it''s'"),
            ("", "''"),
            (" x", "' x'"),
            ("5", "'5'"),
            ("a\nb", "\"a\\nb\""),
            ("Ren\u{e9}", "\"Ren\\xE9\""),
            ("\u{1F600}", "\"\\U0001F600\""),
            ("1.0.0", "1.0.0"),
            ("1h", "1h"),
            ("https://example.com/a?b=c%20d", "https://example.com/a?b=c%20d"),
            ("https://example.com/a: b", "'https://example.com/a: b'"),
            ("all of x* and (y)", "all of x* and (y)"),
            (
                "7d0c2f0e-8f0a-4c38-9a0c-2f6f2d6a5b11",
                "7d0c2f0e-8f0a-4c38-9a0c-2f6f2d6a5b11",
            ),
        ] {
            assert_eq!(scalar(&Node::Text(text.to_owned())), printed);
        }
        assert_eq!(scalar(&Node::Quoted("a".to_owned())), "'a'");
        assert_eq!(scalar(&Node::Real(1e300)), "1.0e+300");
        assert_eq!(scalar(&Node::Real(2.0)), "2.0");
        assert_eq!(scalar(&Node::Real(1.5e-9)), "1.5e-9");
        assert_eq!(key("eventName|cased"), "eventName|cased");
        assert_eq!(key("on"), "'on'");
    }

    #[test]
    fn lists_of_maps_and_blocks_in_both_styles() {
        let mapping = Node::Map(vec![
            ("entityType".into(), Node::Text("Account".into())),
            (
                "fieldMappings".into(),
                Node::List(vec![Node::Map(vec![
                    ("identifier".into(), Node::Text("FullName".into())),
                    ("columnName".into(), Node::Text("user".into())),
                ])]),
            ),
        ]);
        let query = Node::Block("T\n| where a == \"b\"\n\n| take 1\n".into());
        assert_eq!(
            page(
                SENTINEL,
                vec![("query", query), ("entityMappings", Node::List(vec![mapping]))]
            ),
            "query: |\n  T\n  | where a == \"b\"\n\n  | take 1\nentityMappings:\n  - entityType: Account\n    fieldMappings:\n      - identifier: FullName\n        columnName: user\n"
        );
        let either = Node::List(vec![
            Node::Map(vec![("errorCode".into(), Node::Null)]),
            Node::Map(vec![("errorCode".into(), Node::Quoted(String::new()))]),
        ]);
        let detection = Node::Map(vec![
            ("selection_ok".into(), either),
            ("condition".into(), Node::Text("selection".into())),
        ]);
        assert_eq!(
            page(SIGMA, vec![("detection", detection)]),
            "detection:\n    selection_ok:\n        - errorCode: null\n        - errorCode: ''\n    condition: selection\n"
        );
    }

    #[test]
    fn a_template_that_says_something_else_is_found() {
        let node = Node::Map(vec![("a".into(), Node::Text("no".into()))]);
        assert!(read_back("a: 'no'\n", std::slice::from_ref(&node)).is_ok());
        for text in ["a: 1\n", "a: 'no'\nb: 1\n", "a: 'no'\n---\na: 'no'\n", "a: [\n", ""] {
            assert!(read_back(text, std::slice::from_ref(&node)).is_err(), "{text}");
        }
        assert!(frame("t", "{{ nothing }}", minijinja::context! {}).is_err());
    }

    fn nodes() -> impl Strategy<Value = Node> {
        let text = prop_oneof![
            any::<String>(),
            "[-a-z0-9_:.#'\"{}\\[\\]|>&*!%@`,~ \n\t]{0,12}",
            "(no|on|Yes|null|~|1e3|12:30|1_000|0o7|0b1|2026-11-21|\\.inf|<<|=|---)",
        ]
        .prop_filter("YAML has no such characters", |text| {
            text.chars()
                .all(|c| c == '\n' || c == '\t' || c == '\r' || !c.is_control())
        });
        let leaf = prop_oneof![
            text.clone().prop_map(Node::Text),
            text.clone().prop_map(Node::Quoted),
            text.clone().prop_map(Node::Block),
            any::<i64>().prop_map(Node::Int),
            (-1e300f64..1e300).prop_map(Node::Real),
            any::<bool>().prop_map(Node::Bool),
            Just(Node::Null),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Node::List),
                proptest::collection::btree_map("[a-zA-Z0-9|. :#-]{1,8}", inner, 0..4)
                    .prop_map(|members| Node::Map(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_node_reads_back(node in nodes(), indent in prop_oneof![Just(2usize), Just(4)]) {
            let members = vec![("key".to_owned(), node)];
            let text = format!("{}\n", Style { indent }.members(&members, 0));
            prop_assert!(text.is_ascii());
            let back = read_back(&text, &[Node::Map(members)]);
            prop_assert!(back.is_ok(), "{}\n{:?}", text, back);
        }
    }
}
