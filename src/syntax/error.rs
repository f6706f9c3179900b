//! Where pest stops, said for people: which word was found, what could stand there, and what was probably meant.

use super::Rule;
use crate::diagnostics::{Code, Diagnostic, FileId, Span, nearest};
use pest::error::{Error, ErrorVariant, InputLocation};
use std::collections::BTreeSet;

/// The words that the grammar keeps (`reserved`), so that nothing can be called so.
const RESERVED: &[&str] = &[
    "rule",
    "list",
    "value",
    "events",
    "group",
    "baseline",
    "match",
    "alert",
    "test",
    "where",
    "except",
    "let",
    "each",
    "by",
    "per",
    "over",
    "on",
    "within",
    "then",
    "without",
    "with",
    "and",
    "or",
    "not",
    "in",
    "is",
    "minus",
    "union",
    "intersect",
    "contains",
    "starts",
    "ends",
    "has",
    "matches",
    "expect",
    "none",
    "true",
    "false",
];

/// What else a slip of the pen may have meant.
const PHRASES: &[&str] = &[
    "starts with",
    "ends with",
    "has any",
    "present",
    "missing",
    "empty",
    "common",
    "now",
];

/// Whether a word means something in the language.
fn is_known(word: &str) -> bool {
    RESERVED.contains(&word) || PHRASES.contains(&word)
}

/// What a slip of the pen may have meant; `starts`, `ends` and `has` with the word behind them.
fn words() -> impl Iterator<Item = &'static str> {
    let alone = |word: &&str| word.len() > 2 && !matches!(*word, "starts" | "ends" | "has");
    RESERVED.iter().copied().filter(alone).chain(PHRASES.iter().copied())
}

/// The words of metadata, in the order in which messages name them.
pub(crate) const METADATA: &[&str] = &[
    "severity",
    "attack",
    "every",
    "targets",
    "about",
    "id",
    "version",
    "status",
    "author",
    "date",
    "modified",
    "references",
    "falsepositive",
];

pub(super) fn explain(file: FileId, text: &str, error: &Error<Rule>) -> Diagnostic {
    let start = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at.min(text.len()),
    };
    // Some tokens are read up to the blank behind them.
    let start = start + blanks(text.get(start..).unwrap_or(""));
    let start = sign_begin(text, start);
    let found = word_at(text, start);
    let span = |start: usize, length: usize| Span {
        file,
        start: u32::try_from(start).unwrap_or(u32::MAX),
        end: u32::try_from(start + length).unwrap_or(u32::MAX),
    };
    let here = span(start, found.len());
    if let Some((at, name)) = foreign_name(text, start) {
        return Diagnostic::new(
            Code::UnexpectedWord,
            span(at, name.len()),
            format!("`{name}` is no name"),
        )
        .help("a name is made of the letters a to z, in both cases, digits and `_`");
    }
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => describe(positives),
        ErrorVariant::CustomError { .. } => Vec::new(),
    };
    let message = if found.is_empty() {
        "the file ends too early".to_owned()
    } else {
        format!("`{found}` was not expected here")
    };
    let mut finding = Diagnostic::new(Code::UnexpectedWord, here, message);
    if !expected.is_empty() {
        finding = finding.label(format!("expected {}", join_or(&expected)));
    }
    let (before_start, before) = word_before(text, start);
    if let Some(help) = known_slip(text, start, found, before, &expected) {
        return finding.help(help);
    }
    // The word itself, or one before it, may be a keyword with a slip in it: `wher`, `evnts e = ..`.
    let mut candidates = vec![(start, found), (before_start, before)];
    if found == "=" {
        candidates.push(word_before(text, before_start));
    }
    for (at, word) in candidates {
        if word.chars().next().is_some_and(char::is_alphabetic)
            && !is_known(word)
            && let Some(meant) = nearest(word, words())
        {
            if at != start {
                finding = finding.also(span(at, word.len()), "read as a name");
            }
            return finding.help(format!("did you mean `{meant}`?"));
        }
    }
    finding
}

/// A word with letters that names do not have, on the line where the reader stopped; not in texts, patterns and comments.
fn foreign_name(text: &str, start: usize) -> Option<(usize, &str)> {
    let line = text.get(start..)?.split(['\n', '\r', '"', '#', '/']).next()?;
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = start;
    for piece in line.split_inclusive(|c| !is_word(c)) {
        let word = piece.trim_end_matches(|c| !is_word(c));
        if word.chars().any(|c| c.is_alphabetic() && !c.is_ascii()) {
            return Some((at, word));
        }
        at += piece.len();
    }
    None
}

/// How many bytes of blanks a text begins with.
fn blanks(text: &str) -> usize {
    text.len() - text.trim_start_matches([' ', '\t']).len()
}

/// Signs of several characters that other languages have; one that is read half way is shown whole.
const SIGNS: [&str; 6] = ["&&", "||", "//", "/*", "--", "<>"];

/// Where a sign begins whose second half stands at `start`.
fn sign_begin(text: &str, start: usize) -> usize {
    let before = start.checked_sub(1).filter(|at| text.is_char_boundary(*at));
    match before.and_then(|at| text.get(at..)) {
        Some(rest) if SIGNS.iter().any(|sign| rest.starts_with(sign)) => start - 1,
        _ => start,
    }
}

/// Slips that people bring from other languages.
fn known_slip(text: &str, start: usize, found: &str, before: &str, expected: &[String]) -> Option<String> {
    let rest = text.get(start..).unwrap_or("");
    let line = text.get(..start).unwrap_or("").rsplit('\n').next().unwrap_or("");
    let wants = |name: &str| expected.iter().any(|e| e == name);
    let key = line.split_whitespace().next().unwrap_or("");
    if expected == ["`column`"] {
        return Some("say which column holds the items: `watchlist \"admins\" column \"Arn\"`".into());
    }
    if let Some(help) = slip_of_use(found, key, line, rest, wants("`use`, `rule`, `list` or `value`"))
        .or_else(|| slip_of_list(found, rest, expected))
    {
        return Some(help);
    }
    if rest.starts_with("&&") {
        return Some("write `and`".into());
    }
    if rest.starts_with("||") {
        return Some("write `or`".into());
    }
    if rest.starts_with("//") || rest.starts_with("/*") || rest.starts_with("--") {
        return Some("a comment begins with `#`".into());
    }
    if rest.starts_with('\'') {
        return Some("text stands between double quotes: `\"text\"`".into());
    }
    if rest.starts_with("<>") {
        return Some("write `!=`".into());
    }
    if rest.starts_with('!') && !rest.starts_with("!=") {
        return Some("write `not` before the whole test".into());
    }
    if rest.starts_with('|') {
        return Some("steps follow each other without a pipe: `where ..`, `let ..`".into());
    }
    if rest.starts_with(';') {
        return Some("statements need no `;`".into());
    }
    if found == "use" && wants("`rule`") {
        return Some("`use` stands at the top of the file, before the first list, value or rule".into());
    }
    if rest.starts_with('"') && key == "use" {
        return Some("name the file by its words: `use lists.aws` is `lists/aws.trip`".into());
    }
    // A list in round brackets: `in ("a", "b")`.
    if found == ","
        && let Some(open) = line.rfind('(')
        && matches!(word_before(line, open).1, "in" | "any" | "~")
    {
        return Some("a list stands in square brackets: `[\"a\", \"b\"]`".into());
    }
    if found == ":" && line.trim_start() == key && !key.is_empty() {
        return Some(format!("write `{key}` and its value, without the `:`"));
    }
    if found == "="
        && (line.contains('{') && line.trim_start().starts_with(['-', '0', '{']) || key == "common" || key == "expect")
    {
        return Some("write `:` between a field and its value".into());
    }
    if found == "," && *expected == ["`where`", "a name"] {
        return Some("columns stand one after the other, without commas".into());
    }
    if found == "}" && wants("`alert`") {
        return Some("a rule ends with what it reports: `alert e { message \"..\" }`".into());
    }
    if found == "-" && key == "rule" {
        return Some("a name is made of letters, digits and `_`, such as `trail_stopped`".into());
    }
    if found == "{" && key == "rule" {
        return Some(format!("say in a few words what it finds: `rule {before} \"..\" {{`"));
    }
    if found == "\"" && wants("a list") && key == "list" {
        return Some("a list stands in square brackets: `[\"a\", \"b\"]`".into());
    }
    if found.bytes().all(|b| b.is_ascii_digit())
        && !found.is_empty()
        && matches!(before, "every" | "per" | "over" | "within")
    {
        return Some(format!(
            "say the unit: `{found}s`, `{found}m`, `{found}h` or `{found}d`"
        ));
    }
    let given = rest.get(found.len()..).unwrap_or("").trim_start();
    if RESERVED.contains(&found)
        && (expected == ["a name"] || given.starts_with('=') && !given.starts_with("==") && !given.starts_with("=~"))
    {
        return Some(format!("`{found}` is a word of the language: choose another name"));
    }
    if key == "version" && before == "version" {
        return Some("a version has three numbers, such as `version 1.0.0`".into());
    }
    if matches!(key, "date" | "modified") && before == key {
        return Some(format!(
            "a date is a year, a month and a day, such as `{key} 2026-11-21`"
        ));
    }
    if METADATA.contains(&found) && line.trim().is_empty() {
        return Some(format!("metadata stands before the first `events`: move `{found}` up"));
    }
    if rest.starts_with('>') && line.trim_end().ends_with('=') {
        return Some("write `>=`".into());
    }
    if rest.starts_with('<') && line.trim_end().ends_with('=') {
        return Some("write `<=`".into());
    }
    match (before, found) {
        ("starts" | "ends", _) => Some(format!("write `{before} with`")),
        ("is", "null") => Some("write `is missing`".into()),
        ("is", _) if rest.starts_with("not null") => Some("write `is present`".into()),
        ("not", "null") => Some("write `is present`".into()),
        (_, "like" | "LIKE") => {
            Some("write `starts with`, `ends with`, `contains`, or `matches` and a regular expression".into())
        }
        (_, "between") => Some("write two comparisons with `and`".into()),
        ("regex", "\"") => Some("write the pattern between slashes: `matches /^Get/`".into()),
        ("dcount" | "count_distinct", _) => Some("write `distinct` and a field".into()),
        ("make_set" | "make_list", _) => Some("write `set` and a field".into()),
        (_, "title" | "logsource" | "detection") if start == 0 => {
            Some("this looks like a Sigma rule; a rule here begins with `rule name \"what it finds\" {`".into())
        }
        (_, "rule" | "list" | "value") if wants("`expect`") => Some("close the test before with `}`".into()),
        (_, "rule" | "list" | "value") => Some("close the rule before with `}`, and give it an `alert`".into()),
        ("severity", _) => Some("one of `informational`, `low`, `medium`, `high`".into()),
        _ => None,
    }
}

/// Ways to name a file of lists that other languages have.
fn slip_of_use(found: &str, key: &str, line: &str, rest: &str, at_top: bool) -> Option<String> {
    let word_of = |path: &str| {
        let path = path.trim().trim_matches(['"', ';']);
        let path = path.strip_suffix(".trip").unwrap_or(path);
        let words: Vec<&str> = path.split(['/', '\\', '.']).filter(|word| !word.is_empty()).collect();
        let sound = |word: &&str| {
            word.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        };
        let whole = !words.is_empty() && words.iter().all(sound);
        if whole { words.join(".") } else { "lists.aws".to_owned() }
    };
    let behind = rest.split(['\n', '\r', '#']).next().unwrap_or("");
    if key == "use" && matches!(found, "/" | "\\") {
        let before = line.trim_start().strip_prefix("use").unwrap_or("");
        return Some(format!("write `use {}`", word_of(&format!("{before}{behind}"))));
    }
    if at_top && matches!(found, "import" | "include" | "require") {
        let path = behind.get(found.len()..).unwrap_or("");
        return Some(format!("write `use {}`", word_of(path)));
    }
    None
}

/// A list or value that is written in another way, or stands in a test where none may stand.
fn slip_of_list(found: &str, rest: &str, expected: &[String]) -> Option<String> {
    let wants = |name: &str| expected.iter().any(|e| e == name);
    if !matches!(found, "list" | "value") {
        return None;
    }
    let example = |name: &str| match found {
        "list" => format!("list {name} = [\"a\"]"),
        _ => format!("value {name} = 5"),
    };
    let after = rest.get(found.len()..).unwrap_or("").trim_start();
    let end = after
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(after.len());
    let (name, behind) = after.split_at_checked(end)?;
    if expected == ["`now`"] {
        return Some(format!("`{found}` stands behind the `now` of the test"));
    }
    // It could stand here, so something is wrong within.
    if wants("`list`") {
        let name = if name.is_empty() || RESERVED.contains(&name) {
            "names"
        } else {
            name
        };
        return Some(format!("write it like `{}`", example(name)));
    }
    if wants("`expect`") && behind.trim_start().starts_with('=') {
        return Some(format!("`{found}` stands between the `now` of the test and its events"));
    }
    None
}

fn word_at(text: &str, start: usize) -> &str {
    let rest = text.get(start..).unwrap_or("");
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let length = match rest.chars().next() {
        None => 0,
        _ if SIGNS.iter().any(|sign| rest.starts_with(sign)) => 2,
        Some(c) if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        Some(c) => c.len_utf8(),
    };
    rest.get(..length).unwrap_or("")
}

/// The word that ends before `start`, and where it begins.
fn word_before(text: &str, start: usize) -> (usize, &str) {
    let before = text.get(..start).unwrap_or("").trim_end();
    let begin = before
        .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map_or(0, |at| {
            at + before
                .get(at..)
                .and_then(|t| t.chars().next())
                .map_or(1, char::len_utf8)
        });
    (begin, before.get(begin..).unwrap_or(""))
}

/// Names of rules as a reader knows them; many rules are one thing to a reader.
fn describe(rules: &[Rule]) -> Vec<String> {
    let mut names = BTreeSet::new();
    for rule in rules {
        let name = match rule {
            Rule::EOI => "the end of the file",
            Rule::file => "`use`, `rule`, `list` or `value`",
            Rule::ident | Rule::name | Rule::word => "a name",
            Rule::path | Rule::call => "a field or name",
            Rule::string | Rule::text_block => "a text in quotes",
            Rule::number => "a number",
            Rule::duration | Rule::length => "a duration such as `1h`",
            Rule::timestamp => "a time such as `2025-08-15T10:00Z`",
            Rule::list | Rule::watchlist => "a list",
            Rule::regex => "a regular expression",
            Rule::expr => "an expression",
            Rule::object => "`{`",
            Rule::compare | Rule::arith | Rule::set_op | Rule::coalesce | Rule::is_test => "an operator",
            Rule::aggregate | Rule::agg_name | Rule::column => "a column",
            Rule::meta | Rule::meta_key => "metadata",
            Rule::promise | Rule::date | Rule::version | Rule::technique => "a value",
            Rule::events | Rule::group | Rule::baseline | Rule::match_rel => "`events`, `group`, `baseline` or `match`",
            Rule::alert => "`alert`",
            Rule::alert_item | Rule::item_key => "`message`, `show` or an entity",
            Rule::where_step | Rule::except_step | Rule::let_step | Rule::each_step => "a step",
            Rule::link => "`then`, `with` or `without`",
            Rule::use_decl => "`use`",
            Rule::use_path => "a file such as `lists.aws`",
            Rule::test => "`test`",
            Rule::given | Rule::offset => "an event such as `-5m { .. }`",
            Rule::expect => "`expect`",
            Rule::common => "`common`",
            Rule::list_decl => "`list`",
            Rule::value_decl => "`value`",
            Rule::rule_decl => "`rule`",
            Rule::pair | Rule::pair_key => "a field",
            Rule::k_and | Rule::k_or => "`and` or `or`",
            Rule::k_true | Rule::k_false | Rule::k_null | Rule::k_not => continue,
            Rule::permit
            | Rule::missing_comma
            | Rule::single_equals
            | Rule::not_word
            | Rule::sliding
            | Rule::repeat => continue,
            Rule::access | Rule::index | Rule::segment | Rule::source_name | Rule::any_path => continue,
            other => {
                let word = format!("{other:?}");
                match word.strip_prefix("k_") {
                    Some(word) => {
                        names.insert(format!("`{word}`"));
                        continue;
                    }
                    None => continue,
                }
            }
        };
        names.insert(name.to_owned());
    }
    names.into_iter().collect()
}

fn join_or(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [many @ .., last] => format!("{} or {last}", many.join(", ")),
    }
}
