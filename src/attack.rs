//! ATT&CK for enterprises, in the versions that rules and targets speak: which techniques there are and which tactics they
//! serve. Tactics are named in their short form, `initial-access`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// A version of ATT&CK for enterprises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the numbers of the versions")]
pub enum Version {
    V13,
    V17,
    V19,
}

/// What a version says.
struct Table {
    techniques: BTreeMap<&'static str, Vec<&'static str>>,
    tactics: BTreeSet<&'static str>,
    /// What stands in place of a technique that was revoked.
    successors: BTreeMap<&'static str, &'static str>,
}

impl Table {
    fn read(text: &'static str) -> Table {
        let mut table = Table {
            techniques: BTreeMap::new(),
            tactics: BTreeSet::new(),
            successors: BTreeMap::new(),
        };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((technique, rest)) = line.split_once('\t') else {
                continue;
            };
            match rest.strip_prefix("=> ") {
                Some(successor) => {
                    table.successors.insert(technique, successor);
                }
                None => {
                    let tactics: Vec<&str> = rest.split(' ').collect();
                    table.tactics.extend(&tactics);
                    table.techniques.insert(technique, tactics);
                }
            }
        }
        table
    }
}

impl Version {
    /// Every version there is a table of, oldest first.
    pub const ALL: [Version; 3] = [Version::V13, Version::V17, Version::V19];
    /// The version that rules are written in.
    pub const OF_RULES: Version = Version::V17;

    /// `v17`
    pub fn word(self) -> &'static str {
        match self {
            Version::V13 => "v13",
            Version::V17 => "v17",
            Version::V19 => "v19",
        }
    }

    /// The version of that word; `None` for one without a table.
    pub fn from_word(word: &str) -> Option<Version> {
        Version::ALL.into_iter().find(|version| version.word() == word)
    }

    fn table(self) -> &'static Table {
        static V13: OnceLock<Table> = OnceLock::new();
        static V17: OnceLock<Table> = OnceLock::new();
        static V19: OnceLock<Table> = OnceLock::new();
        let (table, text) = match self {
            Version::V13 => (&V13, include_str!("../targets/attack/enterprise-v13.tsv")),
            Version::V17 => (&V17, include_str!("../targets/attack/enterprise-v17.tsv")),
            Version::V19 => (&V19, include_str!("../targets/attack/enterprise-v19.tsv")),
        };
        table.get_or_init(|| Table::read(text))
    }

    /// The tactics of a technique; `None` for a technique that does not exist.
    pub fn tactics_of(self, technique: &str) -> Option<&'static [&'static str]> {
        self.table().techniques.get(technique).map(Vec::as_slice)
    }

    /// The technique in place of one of v17 that this version revoked.
    pub fn successor(self, technique: &str) -> Option<&'static str> {
        self.table().successors.get(technique).copied()
    }

    /// Every tactic that a technique serves, in order.
    pub fn tactics(self) -> impl Iterator<Item = &'static str> {
        self.table().tactics.iter().copied()
    }

    /// Every technique, in order.
    pub fn techniques(self) -> impl Iterator<Item = &'static str> {
        self.table().techniques.keys().copied()
    }
}

/// `T1078` of `T1078.004`.
pub fn parent(technique: &str) -> &str {
    technique.split_once('.').map_or(technique, |(parent, _)| parent)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers that ATT&CK's release notes give: techniques, sub-techniques, tactics.
    #[test]
    fn tables_are_whole() {
        for (version, expected) in [
            (Version::V13, (196, 411, 14)),
            (Version::V17, (211, 468, 14)),
            (Version::V19, (222, 475, 15)),
        ] {
            let (subs, techniques): (Vec<_>, Vec<_>) = version.techniques().partition(|t| t.contains('.'));
            let found = (techniques.len(), subs.len(), version.tactics().count());
            assert_eq!(found, expected, "{version:?}");
            for sub in subs {
                let (own, parents) = (version.tactics_of(sub), version.tactics_of(parent(sub)));
                assert_eq!(own, parents, "{version:?} {sub}");
            }
            for technique in version.techniques() {
                assert!(
                    version.tactics_of(technique).is_some_and(|t| !t.contains(&"")),
                    "{technique}"
                );
            }
        }
    }

    #[test]
    fn lines_are_read() {
        let v13 = ["persistence"].as_slice();
        let v17 = ["persistence", "privilege-escalation"].as_slice();
        assert_eq!(Version::V13.tactics_of("T1098.001"), Some(v13));
        assert_eq!(Version::V17.tactics_of("T1098.001"), Some(v17));
        assert_eq!(Version::V17.tactics_of("T1496.001"), Some(["impact"].as_slice()));
        assert_eq!(Version::V13.tactics_of("T1656"), None);
        assert_eq!(Version::V19.successor("T1562.008"), Some("T1685.002"));
        let parts = ["defense-evasion", "defense-impairment", "stealth"];
        let there = |version: Version| parts.map(|part| version.tactics().any(|tactic| tactic == part));
        assert_eq!(there(Version::V17), [true, false, false]);
        assert_eq!(there(Version::V19), [false, true, true]);
    }

    /// Whatever a rule can name is in v19, or something stands in its place.
    #[test]
    fn successors_lead_somewhere() {
        for technique in Version::V17.techniques() {
            let there = Version::V19.tactics_of(technique).is_some();
            let successor = Version::V19.successor(technique);
            assert_ne!(there, successor.is_some(), "{technique}");
            if let Some(successor) = successor {
                assert!(Version::V19.tactics_of(successor).is_some(), "{technique}: {successor}");
            }
        }
        for older in [Version::V13, Version::V17] {
            assert!(older.table().successors.is_empty());
        }
    }

    #[test]
    fn versions_have_words() {
        for version in Version::ALL {
            assert_eq!(Version::from_word(version.word()), Some(version));
        }
        assert_eq!(Version::from_word("v18"), None);
    }

    /// A second list of v17, where `TRIPLINE_SHARED` names its folder: what it has is here, with the same tactics.
    #[test]
    #[allow(clippy::print_stdout, reason = "a test")]
    fn another_list_says_the_same() {
        let Some(shared) = std::env::var_os("TRIPLINE_SHARED") else {
            println!("not run: TRIPLINE_SHARED is not set");
            return;
        };
        let text = std::fs::read_to_string(std::path::Path::new(&shared).join("attack.csv")).unwrap();
        let mut count = 0;
        for line in text.lines().skip(1) {
            let (technique, rest) = line.split_once(',').unwrap();
            let mut tactics: Vec<&str> = rest.rsplit_once(',').unwrap().1.split(';').collect();
            tactics.sort_unstable();
            assert_eq!(
                Version::V17.tactics_of(technique),
                Some(tactics.as_slice()),
                "{technique}"
            );
            count += 1;
        }
        assert_eq!(count, 665);
    }
}
