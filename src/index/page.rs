//! The page.

use super::{Reach, Row};
use crate::attack::{Version, tactic_name};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The first line of the page, which tells it from one that somebody wrote.
pub const MARK: &str = "<!-- Written by `tripline index`; edits are lost. -->";

/// The order in which ATT&CK shows its tactics, and its names for them.
const TACTICS: [(&str, &str); 14] = [
    ("reconnaissance", "Reconnaissance"),
    ("resource-development", "Resource Development"),
    ("initial-access", "Initial Access"),
    ("execution", "Execution"),
    ("persistence", "Persistence"),
    ("privilege-escalation", "Privilege Escalation"),
    ("defense-evasion", "Defense Evasion"),
    ("credential-access", "Credential Access"),
    ("discovery", "Discovery"),
    ("lateral-movement", "Lateral Movement"),
    ("collection", "Collection"),
    ("command-and-control", "Command and Control"),
    ("exfiltration", "Exfiltration"),
    ("impact", "Impact"),
];

/// A table for each tactic, one for the sources, and what the words mean. A rule that serves several tactics stands under
/// each of them.
pub fn page(rows: &[Row]) -> String {
    let mut out = format!("{MARK}\n\n# Rules\n\n{}", overview(rows));
    let mut left: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    for (short, title) in TACTICS {
        let name = tactic_name(short);
        let serves = |row: &&Row| row.attack.iter().any(|technique| technique.tactics.contains(&name));
        let of_tactic: Vec<&Row> = rows.iter().filter(serves).collect();
        for row in &of_tactic {
            left.remove(row.name.as_str());
        }
        section(&mut out, title, &of_tactic, Some(&name));
    }
    let others: Vec<&Row> = rows.iter().filter(|row| left.contains(row.name.as_str())).collect();
    section(&mut out, "No technique", &others, None);
    out
}

fn overview(rows: &[Row]) -> String {
    let techniques: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| &row.attack)
        .map(|technique| technique.id.as_str())
        .collect();
    let tactics: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| &row.attack)
        .flat_map(|technique| &technique.tactics)
        .map(String::as_str)
        .collect();
    let mut out = format!(
        "{}; {} of ATT&CK {} in {} ([attack-layer.json](attack-layer.json) shows them in the Navigator).\n\n",
        many(rows.len(), "rule", "rules"),
        many(techniques.len(), "technique", "techniques"),
        Version::OF_RULES.word(),
        many(tactics.len(), "tactic", "tactics")
    );
    out.push_str("| source | rules |\n|---|---|\n");
    let mut sources: BTreeMap<&str, usize> = BTreeMap::new();
    for source in rows.iter().flat_map(|row| &row.sources) {
        *sources.entry(source).or_default() += 1;
    }
    for (source, count) in sources {
        let _ = writeln!(out, "| `{source}` | {count} |");
    }
    out.push_str(
        "
**Shape** says what an alert is made of: one `event`; a `threshold` over what a window holds; a `baseline`, a window against
the time before it; a `sequence` or `join` of several; the `absence` of something before. **Sentinel** and **Sigma** say how
what the text finds compares with what the rule finds: `exact`, `wider` (finds all of it and more), or `-`, where the target
has no text for the rule and the rule does not promise one. Every rule runs natively. The reasons are in the ledger of the build.
",
    );
    out
}

fn section(out: &mut String, title: &str, rows: &[&Row], tactic: Option<&String>) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "\n## {title}\n\n| rule | what | severity | techniques | source | shape | Sentinel | Sigma |\n|---|---|---|---|---|---|---|---|\n"
    );
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.name.cmp(&b.name)));
    for row in rows {
        let here = row
            .attack
            .iter()
            .filter(|technique| tactic.is_none_or(|tactic| technique.tactics.contains(tactic)));
        let techniques: Vec<String> = here.map(|technique| link(&technique.id)).collect();
        let sources: Vec<String> = row.sources.iter().map(|source| format!("`{source}`")).collect();
        let _ = writeln!(
            out,
            "| [{}]({}) | {} | {} | {} | {} | {} | {} | {} |",
            row.name,
            row.path,
            row.title.replace('|', "\\|"),
            row.severity.map_or("-", |severity| severity.word()),
            techniques.join(", "),
            sources.join(", "),
            row.shapes.join(", "),
            reach(row.sentinel),
            reach(row.sigma),
        );
    }
}

/// A technique and its page.
fn link(technique: &str) -> String {
    format!(
        "[{technique}](https://attack.mitre.org/techniques/{}/)",
        technique.replace('.', "/")
    )
}

fn reach(reach: Reach) -> &'static str {
    use crate::targets::ledger::State;
    match (reach.state, reach.promised) {
        (State::Refused, false) => "-",
        (state, _) => state.word(),
    }
}

/// `1 rule`, `2 rules`
fn many(n: usize, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}
