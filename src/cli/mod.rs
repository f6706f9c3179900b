//! The command line: arguments in, results to standard output, what is said about the work to standard error.
//!
//! Exit codes: 0 clean, 1 findings (an error in a rule, a failed test, a rejected record under `--strict`), 2 misuse or
//! unreadable input.

/// Says something about the work, a line on standard error. Whoever reads may have gone: that ends nothing.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

mod agreement;
mod args;
mod build;
mod check;
mod fmt;
mod index;
mod kql;
mod mutate;
mod output;
mod prove;
mod rules;
mod run;
mod settings;
mod source;
mod targets;
mod test;
mod values;
mod verify;
mod watchlists;
mod write;

use args::{Command, Parser as _};
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Nothing to complain about.
    Clean,
    /// Something was found.
    Findings,
}

/// Why a command could not do its work: exit 2.
#[derive(Debug)]
struct Misuse(String);

impl<E: std::error::Error> From<E> for Misuse {
    fn from(error: E) -> Misuse {
        Misuse(error.to_string())
    }
}

/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    let arguments = args::Arguments::parse();
    let result = match &arguments.command {
        Command::Check(options) => check::check(options),
        Command::Fmt(options) => fmt::fmt(options),
        Command::Build(options) => build::build(options),
        Command::Run(options) => run::run(options),
        Command::Test(options) => test::test(options),
        Command::Verify(options) => verify::verify(options),
        Command::Prove(options) => prove::prove(options),
        Command::Targets(options) => targets::targets(options),
        Command::Index(options) => index::index(options),
        Command::Kql(options) => kql::kql(options),
        Command::Source(args::Source::New(options)) => source::new::new(options),
    };
    match result {
        Ok(Exit::Clean) => ExitCode::SUCCESS,
        Ok(Exit::Findings) => ExitCode::from(1),
        Err(Misuse(message)) => {
            say!("tripline: {message}");
            ExitCode::from(2)
        }
    }
}
