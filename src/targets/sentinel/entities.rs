//! Entities: Sentinel's types, what identifies them, and what an identifier may hold.

use crate::plan::Type;

/// An entity of the language and what Sentinel has for it.
#[derive(Debug)]
pub(super) struct Kind {
    /// As a rule writes it.
    pub(super) word: &'static str,
    /// Sentinel's type.
    pub(super) entity_type: &'static str,
    /// Identifiers of which one must be there; as Sentinel and as a rule writes them.
    pub(super) required: &'static [(&'static str, &'static str)],
}

const KINDS: [Kind; 7] = [
    Kind {
        word: "account",
        entity_type: "Account",
        required: &[
            ("FullName", "fullName"),
            ("Name", "name"),
            ("Sid", "sid"),
            ("AadUserId", "aadUserId"),
            ("PUID", "puid"),
            ("ObjectGuid", "objectGuid"),
        ],
    },
    Kind {
        word: "ip",
        entity_type: "IP",
        required: &[("Address", "address")],
    },
    Kind {
        word: "host",
        entity_type: "Host",
        required: &[
            ("FullName", "fullName"),
            ("HostName", "hostName"),
            ("NetBiosName", "netBiosName"),
            ("AzureID", "azureID"),
            ("OMSAgentID", "omsAgentID"),
        ],
    },
    Kind {
        word: "url",
        entity_type: "URL",
        required: &[("Url", "url")],
    },
    Kind {
        word: "file",
        entity_type: "File",
        required: &[("Name", "name")],
    },
    Kind {
        word: "process",
        entity_type: "Process",
        required: &[("CommandLine", "commandLine"), ("ProcessId", "processId")],
    },
    Kind {
        word: "resource",
        entity_type: "AzureResource",
        required: &[("ResourceId", "resourceId")],
    },
];

/// What Sentinel has for an entity's word.
pub(super) fn kind(word: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.word == word)
}

/// Whether an identifier can hold values of a type. Json leaves the query as text.
pub(super) fn fits(identifier: &str, ty: Type) -> bool {
    match ty {
        Type::Text | Type::Json => true,
        Type::Int => identifier == "ProcessId",
        Type::Time => identifier == "CreationTimeUtc",
        Type::Bool => identifier == "IsDomainJoined",
        Type::Real | Type::Duration | Type::Set(_) => false,
    }
}
