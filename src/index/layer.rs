//! The layer for the ATT&CK Navigator (its layer format 4.5).

use super::Row;
use crate::attack::Version;
use serde_json::json;
use std::collections::BTreeMap;

/// Every technique that a rule names, under the tactics that the rule gives it: the number of rules as the score, their
/// names as the comment.
pub fn layer(rows: &[Row]) -> String {
    let mut techniques: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for row in rows {
        for technique in &row.attack {
            for tactic in &technique.tactics {
                let rules = techniques.entry((&technique.id, short(tactic))).or_default();
                rules.push(&row.name);
            }
        }
    }
    let most = techniques.values().map(Vec::len).max().unwrap_or(1);
    let techniques: Vec<serde_json::Value> = techniques
        .into_iter()
        .map(|((id, tactic), mut rules)| {
            rules.sort_unstable();
            json!({
                "techniqueID": id,
                "tactic": tactic,
                "score": rules.len(),
                "comment": rules.join(", "),
                "enabled": true,
                "showSubtechniques": true,
            })
        })
        .collect();
    let version = Version::OF_RULES.word().trim_start_matches('v');
    let layer = json!({
        "name": "Tripline rules",
        "versions": { "attack": version, "navigator": "5.1.0", "layer": "4.5" },
        "domain": "enterprise-attack",
        "description": "The score of a technique is the number of rules that name it.",
        "techniques": techniques,
        "gradient": { "colors": ["#cfe8ff", "#08519c"], "minValue": 1, "maxValue": most.max(2) },
        "hideDisabled": false,
        "sorting": 3,
    });
    format!("{layer:#}\n")
}

/// `InitialAccess` as ATT&CK's data has it: `initial-access`.
fn short(tactic: &str) -> String {
    let mut out = String::new();
    for letter in tactic.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
