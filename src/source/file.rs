//! The source file as it is written.

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) source: String,
    pub(super) title: String,
    pub(super) table: String,
    pub(super) connector: Option<String>,
    #[serde(default)]
    pub(super) logsource: serde_yaml::Mapping,
    pub(super) delay: String,
    pub(super) time: String,
    pub(super) id: Option<String>,
    pub(super) condition: Option<String>,
    #[serde(default)]
    pub(super) sigma: SigmaNames,
    #[serde(default)]
    pub(super) shapes: serde_yaml::Mapping,
    pub(super) table_has: Vec<String>,
    #[serde(default)]
    pub(super) table_lacks: Vec<String>,
    #[serde(default)]
    pub(super) table_contains: std::collections::BTreeMap<String, String>,
    pub(super) fields: Vec<FileField>,
    #[serde(default)]
    pub(super) computed: Vec<FileComputed>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum SigmaNames {
    #[default]
    None,
    Name,
    Column,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileShape {
    pub(super) has: Vec<String>,
    #[serde(default)]
    pub(super) lacks: Vec<String>,
    #[serde(default)]
    pub(super) one_of: std::collections::BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) contains: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    pub(super) paths: DefaultPaths,
    pub(super) under: Option<String>,
}

#[derive(Deserialize, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum DefaultPaths {
    #[default]
    None,
    Name,
    Column,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileField {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) ty: FileType,
    pub(super) column: String,
    pub(super) column_type: Option<FileColumnType>,
    pub(super) sigma: Option<String>,
    #[serde(default)]
    pub(super) sigma_text: bool,
    #[serde(default)]
    pub(super) always: bool,
    #[serde(default)]
    pub(super) table_only: bool,
    #[serde(default)]
    pub(super) paths: std::collections::BTreeMap<String, FilePaths>,
    pub(super) doc: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum FileType {
    Text,
    Bool,
    Int,
    Real,
    Time,
    Json,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum FileColumnType {
    String,
    Bool,
    Long,
    Int,
    Real,
    Datetime,
    Dynamic,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a path, a path with `after` or `lower`, or a list of these")]
pub(super) enum FilePaths {
    // First, because a list would also do as a `FilePart`.
    Many(Vec<FilePath>),
    One(FilePath),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a path, or a path with `after` or `lower`")]
pub(super) enum FilePath {
    Plain(String),
    Part(FilePart),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FilePart {
    pub(super) path: String,
    pub(super) after: Option<String>,
    #[serde(default)]
    pub(super) lower: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileComputed {
    pub(super) name: String,
    pub(super) doc: String,
    pub(super) text: String,
}
