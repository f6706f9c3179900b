//! The tables of a workspace: names and types of their columns.

use super::table::{Column, Database, Table};
use super::value::Type;
use std::fmt;

/// Tables by name, each with the text of its file.
macro_rules! tables {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("../../targets/tables/", $name, ".yaml"))),)*]
    };
}

/// The tables that are known without being told: about 110 kB of text in the program.
const BUILTIN: &[(&str, &str)] = tables![
    "AADManagedIdentitySignInLogs",
    "AADNonInteractiveUserSignInLogs",
    "AADProvisioningLogs",
    "AADRiskyServicePrincipals",
    "AADRiskyUsers",
    "AADServicePrincipalRiskEvents",
    "AADServicePrincipalSignInLogs",
    "AADUserRiskEvents",
    "ADFSSignInLogs",
    "AGWAccessLogs",
    "AGWFirewallLogs",
    "AKSAudit",
    "ASimAuditEventLogs",
    "ASimAuthenticationEventLogs",
    "ASimDnsActivityLogs",
    "ASimFileEventLogs",
    "ASimNetworkSessionLogs",
    "ASimProcessEventLogs",
    "ASimRegistryEventLogs",
    "ASimWebSessionLogs",
    "AWSCloudTrail",
    "AWSCloudWatch",
    "AWSGuardDuty",
    "AWSVPCFlow",
    "AZFWApplicationRule",
    "AZFWDnsQuery",
    "AZFWNetworkRule",
    "AZFWThreatIntel",
    "AZKVAuditLogs",
    "Alert",
    "AlertEvidence",
    "AlertInfo",
    "Anomalies",
    "AuditLogs",
    "AzureActivity",
    "AzureDevOpsAuditing",
    "AzureDiagnostics",
    "BehaviorAnalytics",
    "BehaviorEntities",
    "BehaviorInfo",
    "CloudAppEvents",
    "CloudAuditEvents",
    "CloudProcessEvents",
    "CommonSecurityLog",
    "ContainerLogV2",
    "DeviceEvents",
    "DeviceFileCertificateInfo",
    "DeviceFileEvents",
    "DeviceImageLoadEvents",
    "DeviceInfo",
    "DeviceLogonEvents",
    "DeviceNetworkEvents",
    "DeviceNetworkInfo",
    "DeviceProcessEvents",
    "DeviceRegistryEvents",
    "DeviceTvmSecureConfigurationAssessment",
    "DeviceTvmSecureConfigurationAssessmentKB",
    "DeviceTvmSoftwareInventory",
    "DeviceTvmSoftwareVulnerabilities",
    "DeviceTvmSoftwareVulnerabilitiesKB",
    "DnsEvents",
    "EmailAttachmentInfo",
    "EmailEvents",
    "EmailPostDeliveryEvents",
    "EmailUrlInfo",
    "Event",
    "GCPAuditLogs",
    "Heartbeat",
    "IdentityDirectoryEvents",
    "IdentityInfo",
    "IdentityLogonEvents",
    "IdentityQueryEvents",
    "IntuneAuditLogs",
    "IntuneDevices",
    "LAQueryLogs",
    "McasShadowItReporting",
    "MicrosoftAzureBastionAuditLogs",
    "MicrosoftGraphActivityLogs",
    "NetworkAccessTraffic",
    "OAuthAppInfo",
    "OfficeActivity",
    "Okta_CL",
    "Operation",
    "PowerBIActivity",
    "ProtectionStatus",
    "SecurityAlert",
    "SecurityBaseline",
    "SecurityEvent",
    "SecurityIncident",
    "SecurityRecommendation",
    "SentinelAudit",
    "SentinelHealth",
    "SigninLogs",
    "StorageBlobLogs",
    "StorageFileLogs",
    "Syslog",
    "ThreatIntelIndicators",
    "ThreatIntelObjects",
    "ThreatIntelligenceIndicator",
    "UrlClickEvents",
    "Usage",
    "UserPeerAnalytics",
    "VMConnection",
    "W3CIISLog",
    "Watchlist",
    "WindowsEvent",
    "WindowsFirewall",
    "WireData",
];

/// Why the columns of a table cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)
    }
}

impl std::error::Error for SchemaError {}

/// Tables whose resources add columns of their own.
const OPEN: &[&str] = &["AzureDiagnostics"];

/// A database with every table that is known, without rows.
pub fn workspace() -> Database {
    let mut database = Database::default();
    for (name, text) in BUILTIN {
        let columns = columns(text).unwrap_or_default();
        database.add(
            *name,
            Table {
                columns,
                open: OPEN.contains(name),
                ..Table::default()
            },
        );
    }
    database
}

/// The columns of a file of `targets/tables/`: a line `Name: type` each; `#` begins a comment.
///
/// # Errors
/// A line that is none, a type that there is not, a name that stands twice, or no column at all.
pub fn columns(text: &str) -> Result<Vec<Column>, SchemaError> {
    let mut columns: Vec<Column> = Vec::new();
    let mut last = 0;
    for (line, content) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        last = line;
        let wrong = |message: String| SchemaError { line, message };
        let content = content.split(" #").next().unwrap_or_default().trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let (name, ty) = content
            .split_once(':')
            .ok_or_else(|| wrong(format!("`{content}` is no column; write `Name: type`")))?;
        let (name, ty) = (name.trim(), ty.trim());
        let ty = Type::named(ty).ok_or_else(|| {
            wrong(format!(
                "`{ty}` is no type; there are bool, int, long, real, string, datetime, timespan, dynamic, guid"
            ))
        })?;
        if name.is_empty() {
            return Err(wrong("a column has no name".to_owned()));
        }
        if columns.iter().any(|column| &*column.name == name) {
            return Err(wrong(format!("the column `{name}` stands twice")));
        }
        columns.push(Column { name: name.into(), ty });
    }
    if columns.is_empty() {
        return Err(SchemaError {
            line: last.max(1),
            message: "there is no column; write a line `Name: type` for each".to_owned(),
        });
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_known_and_reads() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("targets/tables");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let known: Vec<String> = BUILTIN.iter().map(|(name, _)| format!("{name}.yaml")).collect();
        assert_eq!(known, files);
        for (name, text) in BUILTIN {
            let columns = columns(text).unwrap_or_else(|error| panic!("{name}:{error}"));
            assert!(columns.iter().any(|column| &*column.name == "TimeGenerated"), "{name}");
        }
        assert_eq!(workspace().names().count(), BUILTIN.len());
    }

    #[test]
    fn what_is_no_column_is_told_with_its_line() {
        let read = columns("# ours\n\nTimeGenerated: datetime\nUser: string # who\n").unwrap();
        let read: Vec<String> = read.iter().map(|c| format!("{} {}", c.name, c.ty)).collect();
        assert_eq!(read, ["TimeGenerated datetime", "User string"]);
        for (text, said) in [
            ("A: string\nB", "2: `B` is no column; write `Name: type`"),
            (
                "A: text",
                "1: `text` is no type; there are bool, int, long, real, string, datetime, timespan, dynamic, guid",
            ),
            ("A: int\nA: int", "2: the column `A` stands twice"),
            (": int", "1: a column has no name"),
            (
                "# nothing\n",
                "1: there is no column; write a line `Name: type` for each",
            ),
        ] {
            assert_eq!(columns(text).unwrap_err().to_string(), said);
        }
    }
}
