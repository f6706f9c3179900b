//! Texts that are broken on purpose, a construct at a time: at least one rule must notice each of them. The table of who
//! noticed is written to `target/mutations.md`.

use super::generator::generator;
use super::subjects::{Rule, each_rule, pages_of_each_kind};
use regex::Regex;
use std::fmt::Write as _;
use tripline::agreement::{Case, Outcome};
use tripline::targets::Target;

/// A way to break a text.
struct Break {
    target: Target,
    /// What the text then says wrongly.
    construct: &'static str,
    /// What is replaced, as a pattern, everywhere in the text.
    from: &'static str,
    to: &'static str,
}

const fn kql(construct: &'static str, from: &'static str, to: &'static str) -> Break {
    Break {
        target: Target::Kql,
        construct,
        from,
        to,
    }
}

const fn sigma(construct: &'static str, from: &'static str, to: &'static str) -> Break {
    Break {
        target: Target::Sigma,
        construct,
        from,
        to,
    }
}

const BREAKS: &[Break] = &[
    // Tests of values.
    kql("`==`", " == ", " != "),
    kql("`==`: case", " == ", " =~ "),
    kql("`!=`", " != ", " == "),
    kql("`=~`", " =~ ", " == "),
    kql("`!~`", " !~ ", " != "),
    kql("`in`", " in \\(", " !in ("),
    kql(
        "`in`: an item of a list",
        "(dynamic\\(\\[\\s*| in~? \\()\"[^\"]*\", ",
        "$1",
    ),
    kql("`in~`", " in~ \\(", " in ("),
    kql("`>`", " > ", " >= "),
    kql("`>=`", " >= ", " > "),
    kql("`<`", " < ", " <= "),
    kql("`<=`", " <= ", " < "),
    kql("`contains`", " contains ", " startswith "),
    kql("`starts with`", " startswith ", " contains "),
    kql("`ends with`", " endswith ", " contains "),
    kql("`has`", " has ", " contains "),
    kql("`has any`", " has_any ", " has_all "),
    kql("`matches`: the anchor", "matches regex @\"\\^", "matches regex @\""),
    kql("`matches`: the case", "@\"\\(\\?i\\)", "@\""),
    kql("`is missing` of a text", "isempty\\(", "isnotempty("),
    kql("`is present` of a text", "isnotempty\\(", "isempty("),
    kql("`is missing` of a number", "isnull\\(", "isnotnull("),
    kql("`is present` of a number", "isnotnull\\(", "isnull("),
    kql("`is address`", "parse_ipv6\\(", "tostring("),
    kql("`in cidr`: the length", "/([0-9])\\\"", "/3$1\""),
    kql(
        "`in cidr`: no address",
        "coalesce\\((ipv[46]_is_in_range\\([^()]*\\)), false\\)",
        "coalesce($1, true)",
    ),
    kql("`and`", " and ", " or "),
    kql("`or`", " or ", " and "),
    kql("`not`", "not\\(", "("),
    kql("`except`", "where not\\(", "where ("),
    // Functions.
    kql("`if`", "iff\\(", "iff(1 == 2 and "),
    kql("`??`", "coalesce\\(([^(),]+), ([^(),]+)\\)", "coalesce($2, $1)"),
    kql("`capture`: the group", "\", 1, ", "\", 0, "),
    kql("`before`", ", 0, indexof\\(", ", 1, indexof("),
    kql("`after`", "\\) \\+ 1\\)", ") + 2)"),
    kql("`split`, elements from the end", "\\[-1\\]", "[0]"),
    kql("elements from the start", "\\[0\\]", "[1]"),
    kql("`size`", "array_length\\(", "1 + array_length("),
    kql("`length`", "strlen\\(", "1 + strlen("),
    kql("`lower`", "tolower\\(", "toupper("),
    kql("`upper`", "toupper\\(", "tolower("),
    kql("`-`", " - ", " + "),
    kql("`+`", " \\+ ", " - "),
    kql("`*`", " \\* ", " + "),
    kql("`/`", " / ", " * "),
    // Lists and sets.
    kql("`each`", "mv-expand ([^\n]*)", "mv-expand $1 limit 1"),
    kql("`each`: a value that is no list", "pack_array\\(", "pack_array(\"x\", "),
    kql("`minus`", "set_difference\\(", "set_union("),
    kql("`union`", "set_union\\(", "set_intersect("),
    kql("`intersect`", "set_intersect\\(", "set_union("),
    // Groups.
    kql(
        "`per`: the length of a window",
        "let window = [0-9]+[smhd];",
        "let window = 12h;",
    ),
    kql("`per`: the window's end", "windowStart \\+ ", "windowStart - "),
    kql("`count`", "count\\(\\)", "dcount(TimeGenerated)"),
    kql("`count where`", "countif\\(", "countif(true or "),
    kql(
        "`distinct`: missing values",
        "count_distinctif\\(([A-Za-z]+), isnotempty\\([A-Za-z]+\\)\\)",
        "count_distinct($1)",
    ),
    kql("`distinct`: rows", "count_distinct\\([a-zA-Z_]+\\)", "count()"),
    kql("`distinct where`", "count_distinctif\\([^,]+, ", "countif("),
    kql("`min`", "min\\(", "max("),
    kql("`max`", "max\\(", "min("),
    kql("`sum`", " sumif\\(", " maxif("),
    kql("`avg`", " avgif\\(", " maxif("),
    kql("`set`", "make_set(_if)?\\(", "make_list$1("),
    kql("keys of a group", "by ([A-Za-z_]+), ", "by $1 = \"one\", "),
    kql(
        "a missing key",
        "\\| where isnotempty\\([A-Za-z]+\\)( and isnotempty\\([A-Za-z]+\\))*\n",
        "",
    ),
    // Baselines and matches.
    kql("`baseline`: no history", "lookup kind=leftouter", "lookup kind=inner"),
    kql(
        "`baseline`: the current window",
        "history, windowStart\\)",
        "history, windowEnd)",
    ),
    kql(
        "`baseline`: how far back",
        ">= windowEnd - [a-z_]+",
        ">= windowEnd - window",
    ),
    kql("`match`: every pair", "kind=inner ", "kind=innerunique "),
    kql("`match then`: the order", "between \\(0s ", "between (-1d "),
    kql("`match`: the time between", "\\.\\. maxGap\\)", ".. 1s)"),
    kql("`match`: the end of the time between", "<= maxGap", "< maxGap"),
    kql("`match without`", "kind=leftanti ", "kind=leftsemi "),
    kql("`match`: keys", "isnotempty\\(([A-Za-z]+)\\)", "isempty(\"\")"),
    // Time.
    kql("`delay`", "now\\(\\) - ([0-9]+)", "now() - 1$1"),
    kql("`every`", "runEnd - ([0-9]+)", "runEnd - 1$1"),
    kql("the first event", "StartTime = min", "StartTime = max"),
    kql("the last event", "EndTime = max", "EndTime = min"),
    // Sigma.
    sigma("`==`: case", "\\|cased", ""),
    sigma("`contains`", "\\|contains", ""),
    sigma("`starts with`", "\\|startswith", "|endswith"),
    sigma("`starts with`: the start", "\\|startswith", "|contains"),
    sigma("`ends with`", "\\|endswith", "|startswith"),
    sigma("`ends with`: the end", "\\|endswith", "|contains"),
    sigma("`matches`", "\\|re:", "|contains:"),
    sigma("`matches`: case", "\\|re: '\\^", "|re|i: '^"),
    sigma("`matches`: the anchor", "\\|re: '\\^", "|re: '"),
    sigma("`matches`: the flag", "\\|re\\|i", "|re"),
    sigma("`>=`", "\\|gte", "|gt"),
    sigma("`and not`", " and not ", " and "),
    sigma("`and`", " and ", " or "),
    sigma("`or`", " or ", " and "),
    sigma("all parts", "all of selection", "1 of selection"),
    sigma("one part", "1 of ", "all of "),
    sigma("thresholds", "    gt: 2", "    gt: 3"),
    sigma("thresholds: `>=`", "gte: 3", "gt: 3"),
    sigma("windows", "timespan: 1h", "timespan: 1m"),
    sigma("`match then`", "temporal_ordered", "temporal"),
    sigma("null", ": null", ": 'null'"),
    sigma("the empty text", ": ''", ": 'x'"),
];

/// A text in a cell of the table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', "\\n")
}

/// How many generated cases a rule gets beside its tests and its log.
const CASES: u64 = 60;

#[test]
fn a_broken_text_is_noticed() {
    let patterns: Vec<Regex> = BREAKS.iter().map(|b| Regex::new(b.from).unwrap()).collect();
    let mut table = vec![(0, 0, Vec::new()); BREAKS.len()];
    each_rule(&pages_of_each_kind(), |Rule { subject, log, .. }| {
        let mut cases: Vec<Case> = Vec::new();
        for test in &subject.compiled.checked.tests {
            cases.push(subject.case_of_test(test));
        }
        cases.extend(log.cloned());
        let generator = generator(subject, log);
        cases.extend((0..CASES).map(|number| generator.case(1, number)));
        for ((broken, pattern), (tried, unread, caught)) in BREAKS.iter().zip(&patterns).zip(&mut table) {
            let Some(text) = subject.text(broken.target).map(str::to_owned) else {
                continue;
            };
            let other = pattern.replace_all(&text, broken.to);
            if other == text {
                continue;
            }
            *tried += 1;
            if subject.with_text(broken.target, &other).is_err() {
                *unread += 1;
            } else {
                let differs = |case: &Case| matches!(subject.compare_target(broken.target, case), Outcome::Disagree(_));
                if cases.iter().any(differs) {
                    caught.push(subject.plan().rule.name.clone());
                }
            }
            subject.with_text(broken.target, &text).unwrap();
        }
    });
    let mut page = String::from(
        "| target | construct | the text says instead | rules that have it | not readable | notice it | such as |\n|---|---|---|---|---|---|---|\n",
    );
    let mut unnoticed = Vec::new();
    for (broken, (tried, unread, caught)) in BREAKS.iter().zip(&table) {
        let _ = writeln!(
            page,
            "| {} | {} | `{}` as `{}` | {tried} | {unread} | {} | {} |",
            broken.target.word(),
            broken.construct,
            cell(broken.from),
            cell(broken.to),
            caught.len(),
            caught.iter().take(3).cloned().collect::<Vec<_>>().join(", "),
        );
        if caught.is_empty() {
            unnoticed.push(format!(
                "{} ({tried} rules have it, {unread} unreadable)",
                broken.construct
            ));
        }
    }
    println!("{page}");
    std::fs::create_dir_all("target").unwrap();
    std::fs::write("target/mutations.md", &page).unwrap();
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}
