//! `tripline targets`

use super::args::{TableFormat, Targets};
use super::{Exit, Misuse, output};
use crate::targets::capability::{self, Capability};
use crate::targets::{Target, ledger::State};
use serde_json::json;
use std::fmt::Write as _;

pub(super) fn targets(options: &Targets) -> Result<Exit, Misuse> {
    match options.format {
        TableFormat::Human => output::result(&human())?,
        TableFormat::Json => {
            let rows: Vec<serde_json::Value> = capability::ALL.iter().map(row).collect();
            output::result(&format!("{}\n", serde_json::to_string_pretty(&rows)?))?;
        }
    }
    Ok(Exit::Clean)
}

fn row(capability: &Capability) -> serde_json::Value {
    let says = |target: &Target| {
        let says = capability.of(*target);
        let word = target.word().to_owned();
        (word, json!({ "state": says.state.word(), "how": says.how }))
    };
    let targets: serde_json::Map<String, serde_json::Value> = Target::ALL.iter().map(says).collect();
    json!({ "construct": capability.construct, "targets": targets })
}

/// A line a construct, and below it how the targets say it.
fn human() -> String {
    let mut out = String::from("The native evaluator says everything. kql, sentinel and arm share one query.\n");
    for capability in capability::ALL {
        let _ = write!(out, "\n{}\n", capability.construct.replace('`', ""));
        for (targets, says) in [("kql, sentinel, arm", capability.sentinel), ("sigma", capability.sigma)] {
            let colon = if says.how.is_empty() { "" } else { ": " };
            let _ = writeln!(
                out,
                "  {targets:18}  {:7}{colon}{}",
                says.state.word(),
                says.how.replace('`', "")
            );
        }
    }
    let words: Vec<&str> = [State::Wider, State::Narrower, State::Differs]
        .map(State::word)
        .to_vec();
    let _ = writeln!(
        out,
        "\nA rule permits a difference by name: `targets native, sentinel, sigma wider` ({}).",
        words.join(", ")
    );
    out
}
