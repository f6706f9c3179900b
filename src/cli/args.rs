//! The arguments, as data; help texts are their documentation.

use crate::targets::Target;
use crate::targets::ledger::State;
use crate::value::{Span, Time};
pub(super) use clap::Parser;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Write a detection once; run it, and deploy it as Sentinel rules and Sigma.
#[derive(Parser)]
#[command(name = "tripline", version, max_term_width = 100)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Read rules and say what is wrong with them
    Check(Check),
    /// Lay out rules in the one way
    Fmt(Fmt),
    /// Write what rules compile to
    Build(Build),
    /// Run rules over logs and print alerts
    Run(Run),
    /// Run the tests that stand in the rules, natively and through the texts of all targets
    Test(Test),
    /// Look for events on which a rule and its texts disagree
    Verify(Verify),
    /// Print a rule's query over the events of one of its tests, to be run anywhere
    Prove(Prove),
    /// Say what each target can express, construct by construct
    Targets(Targets),
    /// Write what a folder of rules holds: a page by tactics, and a layer for the ATT&CK Navigator
    Index(Index),
    /// Run a query in KQL, or the query of a Sentinel rule
    Kql(Kql),
    /// Describe a further kind of log
    #[command(subcommand)]
    Source(Source),
}

#[derive(Subcommand)]
pub(super) enum Source {
    /// Write the first version of a source file, from the columns of its table or from sample events
    New(NewSource),
}

#[derive(Args)]
pub(super) struct NewSource {
    /// What rules will call the source: words joined by dots, such as okta.system
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// What `TABLE | getschema` gives as CSV, or sample events as JSON, plain or gzip
    #[arg(long, value_name = "FILE")]
    pub(super) from: PathBuf,
    /// The Sentinel table [default: the file's name for columns; made from NAME for events]
    #[arg(long, value_name = "TABLE")]
    pub(super) table: Option<String>,
    /// Write FOLDER/sources/NAME.yaml, and FOLDER/tables/TABLE.yaml where the table is not known
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Check {
    /// Rule files (.trip), source files (.yaml) and folders
    #[arg(default_value = "rules/", value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Values of this deployment for lists and values of the rules (YAML) [default: `values` of tripline.toml]
    #[arg(long, value_name = "FILE")]
    pub(super) values: Option<PathBuf>,
    /// How findings are printed: human to standard error, json to standard output
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub(super) format: CheckFormat,
    /// What counts as an error too
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(super) deny: Option<Deny>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    Human,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Deny {
    Warnings,
}

#[derive(Args)]
pub(super) struct Fmt {
    /// Rule files (.trip) and folders
    #[arg(default_value = "rules/", value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Change nothing; print what would change and exit 1 if anything would
    #[arg(long)]
    pub(super) check: bool,
}

#[derive(Args)]
pub(super) struct Build {
    /// Rule files (.trip) and folders
    #[arg(default_value = "rules/", value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Values of this deployment for lists and values of the rules (YAML) [default: `values` of tripline.toml]
    #[arg(long, value_name = "FILE")]
    pub(super) values: Option<PathBuf>,
    /// What to compile to; several with a comma between
    #[arg(long, value_enum, value_delimiter = ',', required_unless_present = "emit")]
    pub(super) target: Vec<BuildTarget>,
    /// Write files below this folder: DIR/<target>/<folder of the rule>/<rule>, and DIR/ledger.json
    #[arg(long, value_name = "DIR", conflicts_with = "stdout", required_unless_present_any = ["stdout", "emit"])]
    pub(super) out: Option<PathBuf>,
    /// Print instead of writing files
    #[arg(long)]
    pub(super) stdout: bool,
    /// Write nothing; compare with what stands in DIR, print the differences, and exit 1 if there are any
    #[arg(long, requires = "out", conflicts_with = "stdout")]
    pub(super) check: bool,
    /// Remove files of rules that are gone
    #[arg(long, requires = "out", conflicts_with = "stdout")]
    pub(super) prune: bool,
    /// Differences that are errors, whatever the rule permits; several with a comma between
    #[arg(long, value_enum, value_delimiter = ',', value_name = "STATE")]
    pub(super) deny: Vec<DenyState>,
    /// Print a stage of the compiler to standard output instead of building
    #[arg(long, value_enum)]
    pub(super) emit: Option<Emit>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum BuildTarget {
    /// The query, for Microsoft Sentinel and Log Analytics
    Kql,
    /// Rules of Microsoft Sentinel, as YAML
    Sentinel,
    /// The same as templates for Azure Resource Manager
    Arm,
    /// Sigma rules and correlations
    Sigma,
    /// All of these
    All,
}

impl BuildTarget {
    pub(super) fn targets(self) -> &'static [Target] {
        match self {
            BuildTarget::Kql => &[Target::Kql],
            BuildTarget::Sentinel => &[Target::Sentinel],
            BuildTarget::Arm => &[Target::Arm],
            BuildTarget::Sigma => &[Target::Sigma],
            BuildTarget::All => &Target::ALL,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DenyState {
    /// Texts that find more than the rule
    Wider,
    /// Texts that find less
    Narrower,
    /// Texts that find more in some places and less in others
    Differs,
    /// Rules that a target has no text for
    Refused,
}

impl DenyState {
    pub(super) fn state(self) -> State {
        match self {
            DenyState::Wider => State::Wider,
            DenyState::Narrower => State::Narrower,
            DenyState::Differs => State::Differs,
            DenyState::Refused => State::Refused,
        }
    }
}

#[derive(Args)]
pub(super) struct Targets {
    /// How the table is printed
    #[arg(long, value_enum, default_value_t = TableFormat::Human)]
    pub(super) format: TableFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    Human,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Emit {
    /// The syntax tree
    Ast,
    /// The relational plan
    Plan,
}

#[derive(Args)]
pub(super) struct Run {
    /// Rule files (.trip) and folders
    #[arg(default_value = "rules/", value_name = "RULES")]
    pub(super) rules: Vec<PathBuf>,
    /// Items of a watchlist (CSV) [default: below `[watchlists]` in tripline.toml]
    #[arg(long, value_name = "NAME=FILE", value_parser = items)]
    pub(super) watchlist: Vec<Named>,
    /// Values of this deployment for lists and values of the rules (YAML) [default: `values` of tripline.toml]
    #[arg(long, value_name = "FILE")]
    pub(super) values: Option<PathBuf>,
    /// Logs: files, folders, globs, or - for standard input
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub(super) input: Vec<PathBuf>,
    /// Report what the scheduled run whose clock reads T reports
    #[arg(long, value_name = "T", value_parser = time, conflicts_with_all = ["from", "to"])]
    pub(super) now: Option<Time>,
    /// Report alerts later than T
    #[arg(long, value_name = "T", value_parser = time)]
    pub(super) from: Option<Time>,
    /// Report alerts up to T, and read no later events
    #[arg(long, value_name = "T", value_parser = time)]
    pub(super) to: Option<Time>,
    /// Drop and count events that come later than this after the latest event of their source [default: none is late]
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(super) lateness: Option<Span>,
    /// Drop events whose id was seen before (Sentinel keeps them)
    #[arg(long)]
    pub(super) dedup: bool,
    /// How many threads read [default: as many as there are cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) threads: Option<u16>,
    /// How alerts are printed [default: table on a terminal, else ndjson]
    #[arg(long, value_enum)]
    pub(super) format: Option<RunFormat>,
    /// Exit 1 when a record was rejected
    #[arg(long)]
    pub(super) strict: bool,
    /// Exit 1 when there was an alert
    #[arg(long)]
    pub(super) fail_on_alert: bool,
    /// Which number of a date such as 3/4/2025 is the day, where a file does not say
    #[arg(long, value_enum, value_name = "ORDER")]
    pub(super) date_order: Option<DateOrder>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RunFormat {
    Table,
    Json,
    Ndjson,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DateOrder {
    /// Day, month, year
    Dmy,
    /// Month, day, year
    Mdy,
}

impl DateOrder {
    /// As readers know it.
    pub(super) fn order(self) -> crate::input::DateOrder {
        match self {
            DateOrder::Dmy => crate::input::DateOrder::DayFirst,
            DateOrder::Mdy => crate::input::DateOrder::MonthFirst,
        }
    }
}

#[derive(Args)]
pub(super) struct Test {
    /// Rule files (.trip) and folders
    #[arg(default_value = "rules/", value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Run the tests with the lists and values of this file (YAML) [default: those of the rules]
    #[arg(long, value_name = "FILE")]
    pub(super) values: Option<PathBuf>,
    /// How results are printed
    #[arg(long, value_enum, default_value_t = TestFormat::Human)]
    pub(super) format: TestFormat,
    /// Run natively only, and compare no text
    #[arg(long)]
    pub(super) native: bool,
    /// Change the rules in one place at a time, and show the changes that no test notices
    #[arg(long, conflicts_with_all = ["native", "require_sigma"])]
    pub(super) mutate: bool,
    /// Exit 2 where this build cannot run Sigma
    #[arg(long, conflicts_with = "native")]
    pub(super) require_sigma: bool,
}

#[derive(Args)]
pub(super) struct Verify {
    /// Rule files (.trip) and folders
    #[arg(default_value = "rules/", value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Items of a watchlist (CSV) [default: below `[watchlists]` in tripline.toml]
    #[arg(long, value_name = "NAME=FILE", value_parser = items)]
    pub(super) watchlist: Vec<Named>,
    /// Values of this deployment for lists and values of the rules (YAML) [default: `values` of tripline.toml]
    #[arg(long, value_name = "FILE")]
    pub(super) values: Option<PathBuf>,
    /// How many sets of events are tried for each rule
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub(super) cases: u64,
    /// Which ones: the same number gives the same cases
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(super) seed: u64,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = VerifyFormat::Human)]
    pub(super) format: VerifyFormat,
    /// Exit 2 where this build cannot run Sigma
    #[arg(long)]
    pub(super) require_sigma: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum VerifyFormat {
    Human,
    Json,
}

#[derive(Args)]
pub(super) struct Prove {
    /// A rule file (.trip) with one rule, or the name of a rule
    #[arg(value_name = "RULE")]
    pub(super) rule: String,
    /// Where a rule that is called by its name is looked for
    #[arg(long, value_name = "PATH", default_value = "rules/")]
    pub(super) rules: PathBuf,
    /// Which of its tests; not needed where there is one
    #[arg(long, value_name = "NAME")]
    pub(super) test: Option<String>,
    /// Run the test with the lists and values of this file (YAML) [default: those of the rules]
    #[arg(long, value_name = "FILE")]
    pub(super) values: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Index {
    /// The folder of rules; README.md and attack-layer.json are written into it
    #[arg(default_value = "rules/", value_name = "FOLDER")]
    pub(super) folder: PathBuf,
    /// Write nothing; print the differences and exit 1 if there are any
    #[arg(long)]
    pub(super) check: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TestFormat {
    Human,
    Json,
    Junit,
}

#[derive(Args)]
pub(super) struct Kql {
    /// A query (.kql), a Sentinel rule (.yaml), a template or an export of rules (.json), or - for standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Which rule of the file, by its name or id, where there are several
    #[arg(long, value_name = "NAME")]
    pub(super) rule: Option<String>,
    /// Rows of a table: CSV, JSON, a result of this command, plain or gzip; several of one name are put together
    #[arg(long, value_name = "NAME=PATH", value_parser = named)]
    pub(super) table: Vec<Named>,
    /// Logs, which fill the tables of their sources: files, folders, globs, or - for standard input
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub(super) input: Vec<PathBuf>,
    /// Items of a watchlist: CSV or JSON; NAME:COLUMN says which column is its search key
    #[arg(long, value_name = "NAME[:COLUMN]=PATH", value_parser = watchlist)]
    pub(super) watchlist: Vec<Named>,
    /// Columns of a table, which is called like the file: a line `Column: type` each
    #[arg(long, value_name = "FILE")]
    pub(super) schema: Vec<PathBuf>,
    /// What the clock of the query reads [default: the clock of this machine]
    #[arg(long, value_name = "T", value_parser = time)]
    pub(super) now: Option<Time>,
    /// See only rows of the time D before the clock [default: all rows; for a rule its own period]
    #[arg(long, value_name = "D", value_parser = duration)]
    pub(super) period: Option<Span>,
    /// Only read the query and check its names and types; print the columns of its result
    #[arg(long)]
    pub(super) check: bool,
    /// How the result is printed [default: table on a terminal, else json]
    #[arg(long, value_enum)]
    pub(super) format: Option<KqlFormat>,
    /// Exit 1 when a record of a log was rejected or a cell of a table does not fit its type
    #[arg(long)]
    pub(super) strict: bool,
    /// Which number of a date such as 3/4/2025 is the day, where a file does not say
    #[arg(long, value_enum, value_name = "ORDER")]
    pub(super) date_order: Option<DateOrder>,
}

/// `NAME=PATH`
#[derive(Clone)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum KqlFormat {
    Table,
    Json,
    Ndjson,
    Csv,
}

fn time(text: &str) -> Result<Time, String> {
    crate::syntax::read_time(text)
        .map_err(|_| "this is no time; write it in UTC, such as 2025-08-15T10:00:00Z".to_owned())
}

fn duration(text: &str) -> Result<Span, String> {
    crate::syntax::read_duration(text).map_err(|why| format!("{why}; write it like 5m, 1h30m or 2d"))
}

fn watchlist(text: &str) -> Result<Named, String> {
    match named(text) {
        Ok(named) if !named.name.ends_with(':') && !named.name.starts_with(':') => Ok(named),
        _ => Err("write it like VIPUsers=vip.csv, or VIPUsers:UserName=vip.csv with its search key".to_owned()),
    }
}

fn items(text: &str) -> Result<Named, String> {
    let name = match text.split('=').next().map(str::trim) {
        Some(name) if !name.is_empty() && !name.contains(['/', '.']) => name,
        _ => "admins",
    };
    named(text).map_err(|_| format!("write it like {name}={name}.csv"))
}

fn named(text: &str) -> Result<Named, String> {
    match text.split_once('=') {
        Some((name, path)) if !name.trim().is_empty() && !path.is_empty() => Ok(Named {
            name: name.trim().to_owned(),
            path: path.into(),
        }),
        _ => Err("write it like SigninLogs=signins.csv".to_owned()),
    }
}
