//! The tables of a workspace: names and types of their columns.

use super::table::{Column, Database, Table};
use super::value::Type;

/// The tables that are known without being told, each with its file of `targets/tables/`.
const BUILTIN: &[(&str, &str)] = &[
    (
        "AADNonInteractiveUserSignInLogs",
        include_str!("../../targets/tables/AADNonInteractiveUserSignInLogs.yaml"),
    ),
    ("AWSCloudTrail", include_str!("../../targets/tables/AWSCloudTrail.yaml")),
    ("AuditLogs", include_str!("../../targets/tables/AuditLogs.yaml")),
    ("AzureActivity", include_str!("../../targets/tables/AzureActivity.yaml")),
    (
        "AzureDiagnostics",
        include_str!("../../targets/tables/AzureDiagnostics.yaml"),
    ),
    (
        "CommonSecurityLog",
        include_str!("../../targets/tables/CommonSecurityLog.yaml"),
    ),
    ("DeviceEvents", include_str!("../../targets/tables/DeviceEvents.yaml")),
    (
        "DeviceFileEvents",
        include_str!("../../targets/tables/DeviceFileEvents.yaml"),
    ),
    (
        "DeviceLogonEvents",
        include_str!("../../targets/tables/DeviceLogonEvents.yaml"),
    ),
    (
        "DeviceNetworkEvents",
        include_str!("../../targets/tables/DeviceNetworkEvents.yaml"),
    ),
    (
        "DeviceProcessEvents",
        include_str!("../../targets/tables/DeviceProcessEvents.yaml"),
    ),
    ("GCPAuditLogs", include_str!("../../targets/tables/GCPAuditLogs.yaml")),
    ("IdentityInfo", include_str!("../../targets/tables/IdentityInfo.yaml")),
    (
        "OfficeActivity",
        include_str!("../../targets/tables/OfficeActivity.yaml"),
    ),
    ("Okta_CL", include_str!("../../targets/tables/Okta_CL.yaml")),
    ("SecurityAlert", include_str!("../../targets/tables/SecurityAlert.yaml")),
    ("SecurityEvent", include_str!("../../targets/tables/SecurityEvent.yaml")),
    ("SigninLogs", include_str!("../../targets/tables/SigninLogs.yaml")),
    (
        "StorageBlobLogs",
        include_str!("../../targets/tables/StorageBlobLogs.yaml"),
    ),
    ("Syslog", include_str!("../../targets/tables/Syslog.yaml")),
    (
        "ThreatIntelligenceIndicator",
        include_str!("../../targets/tables/ThreatIntelligenceIndicator.yaml"),
    ),
];

/// A database with every table that is known, without rows.
pub fn workspace() -> Database {
    let mut database = Database::default();
    for (name, text) in BUILTIN {
        database.add(
            *name,
            Table {
                columns: columns(text),
                ..Table::default()
            },
        );
    }
    database
}

/// The columns of a file: a line `Name: type` each; `#` begins a comment.
fn columns(text: &str) -> Vec<Column> {
    let column = |line: &str| {
        let (name, ty) = line.split_once(':')?;
        Some(Column {
            name: name.into(),
            ty: Type::named(ty.trim())?,
        })
    };
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(column)
        .collect()
}
