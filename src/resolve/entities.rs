//! Entities: what an alert is about, and what identifies it.

/// Entities: the word in a rule, the default identifier, all identifiers (Sentinel's names).
pub(super) const ENTITIES: &[(&str, &str, &[&str])] = &[
    (
        "account",
        "FullName",
        &[
            "FullName",
            "Name",
            "UPNSuffix",
            "NTDomain",
            "DnsDomain",
            "Sid",
            "AadTenantId",
            "AadUserId",
            "PUID",
            "ObjectGuid",
            "DisplayName",
            "IsDomainJoined",
            "CloudAppAccountId",
        ],
    ),
    ("ip", "Address", &["Address"]),
    (
        "host",
        "FullName",
        &[
            "FullName",
            "HostName",
            "NetBiosName",
            "DnsDomain",
            "NTDomain",
            "AzureID",
            "OMSAgentID",
            "OSFamily",
            "OSVersion",
            "IsDomainJoined",
        ],
    ),
    ("resource", "ResourceId", &["ResourceId"]),
    ("url", "Url", &["Url"]),
    ("file", "Name", &["Name", "Directory"]),
    (
        "process",
        "CommandLine",
        &["CommandLine", "ProcessId", "ElevationToken", "CreationTimeUtc"],
    ),
];

/// The default identifier of an entity's word and all it knows.
pub(super) fn entity(word: &str) -> Option<(&'static str, &'static [&'static str])> {
    ENTITIES
        .iter()
        .find(|(known, ..)| *known == word)
        .map(|(_, default, all)| (*default, *all))
}

/// Identifiers as a rule writes them: with a small first letter.
pub(super) fn spelled(identifiers: &[&str]) -> String {
    let small = |word: &&str| {
        let capitals = word.chars().take_while(char::is_ascii_uppercase).count().max(1);
        // `UPNSuffix` is written `upnSuffix`: a run of capitals is one word.
        let run = if capitals > 1 && capitals < word.len() {
            capitals - 1
        } else {
            capitals
        };
        word.chars()
            .enumerate()
            .map(|(i, c)| if i < run { c.to_ascii_lowercase() } else { c })
            .collect::<String>()
    };
    identifiers.iter().map(small).collect::<Vec<_>>().join(", ")
}
