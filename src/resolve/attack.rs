//! ATT&CK v17: which techniques there are and which tactics they serve.

use std::collections::BTreeMap;
use std::sync::OnceLock;

fn table() -> &'static BTreeMap<&'static str, Vec<&'static str>> {
    static TABLE: OnceLock<BTreeMap<&'static str, Vec<&'static str>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        include_str!("../../targets/attack/enterprise-v17.tsv")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('\t'))
            .map(|(technique, tactics)| (technique, tactics.split(' ').collect()))
            .collect()
    })
}

/// The tactics of a technique in their short form (`initial-access`); `None` for a technique that does not exist.
pub fn tactics_of(technique: &str) -> Option<&'static [&'static str]> {
    table().get(technique).map(Vec::as_slice)
}

/// The technique nearest to one that does not exist.
pub(super) fn nearest_technique(written: &str) -> Option<&'static str> {
    crate::diagnostics::nearest(written, table().keys().copied())
}

/// `initial-access` as rules write it: `InitialAccess`.
pub fn tactic_name(short: &str) -> String {
    short
        .split('-')
        .map(|word| {
            let mut letters = word.chars();
            match letters.next() {
                // ATT&CK writes Command and Control with a small `and`; Sentinel's enum has a capital.
                Some(first) => first.to_ascii_uppercase().to_string() + letters.as_str(),
                None => String::new(),
            }
        })
        .collect()
}
