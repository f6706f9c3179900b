//! `tripline kql`

mod load;
mod print;
mod query;

use super::args::Kql;
use super::{Exit, Misuse, output};
use crate::diagnostics::{self, Code, Diagnostic, Severity, Sources, nearest};
use crate::kql::{self, Clock, Database, KqlError};
use crate::value::Time;
use load::Loaded;
pub(super) use load::tables;
use query::Subject;

pub(super) fn kql(options: &Kql) -> Result<Exit, Misuse> {
    load::once_from_stdin(options)?;
    let subject = query::read(&options.file, options.rule.as_deref())?;
    let now = match options.now {
        Some(now) => now,
        None => Time::from_timestamp(jiff::Timestamp::now())
            .ok_or_else(|| Misuse("the clock of this machine is outside the calendar".to_owned()))?,
    };
    let period = options.period.or(subject.period);
    let clock = Clock::new(now.0, period.map(|span| span.0))
        .ok_or_else(|| Misuse(format!("--now {now} is outside the calendar")))?;
    let query = match kql::parse(&subject.query) {
        Ok(query) => query,
        Err(error) => {
            say(&subject, Code::KqlWrong, &error, Vec::new());
            return Ok(Exit::Findings);
        }
    };
    for warning in query.warnings() {
        say(&subject, Code::KqlDoubtful, warning, Vec::new());
    }
    if let Some(schedule) = subject.schedule(now, period) {
        say!("{schedule}");
    }
    let Loaded { database, losses } = load::load(options, now)?;
    let result = if options.check {
        kql::check(&query, &database, clock).map(|columns| print::columns(&columns, print::format(options)))
    } else {
        kql::run(&query, &database, clock).map(|table| print::table(&table, print::format(options)))
    };
    match result {
        Ok(text) => output::result(&text?)?,
        Err(error) => {
            let help = help(&error, &subject.query, &database);
            say(&subject, Code::KqlWrong, &error, help);
            return Ok(Exit::Findings);
        }
    }
    unread(options, &database);
    if !options.check {
        for name in database.asked_for_and_empty() {
            say!("note: the table `{name}` has no rows here");
        }
    }
    Ok(if options.strict && losses > 0 {
        Exit::Findings
    } else {
        Exit::Clean
    })
}

/// Says what is wrong: `FILE:LINE:COLUMN: message [CODE]`, and below it the line of the text with a caret.
fn say(subject: &Subject, code: Code, error: &KqlError, help: Vec<String>) {
    let mut sources = Sources::default();
    let span = subject.span(&mut sources, error.place);
    let mut finding = Diagnostic::new(code, span, error.message.clone());
    finding.help = help;
    let (line, column) = sources.position(span.file, span.start);
    let kind = match finding.severity {
        Severity::Error => "",
        Severity::Warning => "warning: ",
    };
    let path = sources.path(span.file).display();
    say!("{path}:{line}:{column}: {kind}{} [{}]", error.message, code.as_str());
    // What the first lines of a finding say, stands above.
    let text = diagnostics::render(&finding, &sources, output::color());
    let below = text.lines().skip_while(|line| !line.contains("--> ")).skip(1);
    for line in below {
        say!("{line}");
    }
}

/// What to do about a table that is not known.
fn help(error: &KqlError, query: &str, database: &Database) -> Vec<String> {
    let name = query.get(error.place.start..error.place.end).unwrap_or_default();
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !plain || !error.message.starts_with("there is no table") || database.get(name).is_some() {
        return Vec::new();
    }
    let mut help = Vec::new();
    if let Some(near) = nearest(name, database.names()) {
        help.push(format!("write `{near}`, if that table is meant"));
    }
    help.push(format!(
        "give it rows, `--table {name}=FILE`, or columns, `--schema {name}.yaml` with a line `Column: type` each"
    ));
    help
}

/// Says which of the given tables and watchlists the query did not look at.
fn unread(options: &Kql, database: &Database) {
    let mut said = std::collections::BTreeSet::new();
    for table in &options.table {
        if !database.asked_for(&table.name) && said.insert(&table.name) {
            say!("warning: the query does not read the table `{}`", table.name);
        }
    }
    let mut said = std::collections::BTreeSet::new();
    for list in &options.watchlist {
        let name = load::watchlist_name(&list.name).0;
        if !database.asked_for_watchlist(name) && said.insert(name) {
            say!("warning: the query does not read the watchlist `{name}`");
        }
    }
}
