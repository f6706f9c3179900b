//! `tripline kql`

use super::args::Kql;
use super::{Exit, Misuse, output};
use crate::kql::{self, Clock};
use crate::value::Time;

pub(super) fn kql(options: &Kql) -> Result<Exit, Misuse> {
    let text = std::fs::read_to_string(&options.file)
        .map_err(|error| Misuse(format!("{}: {error}", options.file.display())))?;
    let text = match options.file.extension().and_then(|e| e.to_str()) {
        Some("yaml" | "yml") => serde_yaml::from_str::<serde_json::Value>(&text)
            .ok()
            .and_then(|rule| Some(rule.get("query")?.as_str()?.to_owned()))
            .ok_or_else(|| {
                Misuse(format!(
                    "{}: this is no Sentinel rule with a query",
                    options.file.display()
                ))
            })?,
        _ => text,
    };
    let database = kql::workspace();
    let now = options.now.unwrap_or(Time(0));
    let clock = Clock::new(now.0, options.period.map(|span| span.0))
        .ok_or_else(|| Misuse("--now is outside the calendar".to_owned()))?;
    let run = || {
        let query = kql::parse(&text)?;
        let columns = kql::check(&query, &database, clock)?;
        if options.check {
            return Ok(columns.iter().map(|c| format!("{}: {}\n", c.name, c.ty)).collect());
        }
        kql::run(&query, &database, clock).map(|table| format!("{}\n", table.to_json()))
    };
    match run() {
        Ok(text) => output::result(&text).map(|()| Exit::Clean),
        Err::<String, kql::KqlError>(error) => {
            eprintln!("{}:{error}", options.file.display());
            Ok(Exit::Findings)
        }
    }
}
