//! `tripline verify`

use super::agreement::{self, Of};
use super::args::{Verify, VerifyFormat};
use super::output::{self, many};
use super::rules::{self, Loaded, Rules};
use super::watchlists::Items;
use super::{Exit, Misuse, values};
use crate::agreement::{Generator, Outcome, Subject, Tally, TargetTally};
use crate::compile::Compiled;
use crate::evaluate::Asked;
use crate::targets::Target;
use serde_json::json;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One in so many cases is also run end to end against the stream.
const STREAM: u64 = 16;
/// How many cases a thread takes at a time.
const CHUNK: u64 = 250;

pub(super) fn verify(options: &Verify) -> Result<Exit, Misuse> {
    rules::with_values(
        &options.paths,
        values::Source::option(options.values.as_deref()),
        Items::FilesOrAny(&options.watchlist),
        |rules| run(options, rules),
    )
}

/// What came of the cases of a rule.
#[derive(Default)]
struct Part {
    tally: Tally,
    runs: usize,
}

fn run(options: &Verify, rules: Rules<'_>) -> Result<Exit, Misuse> {
    let Some((compiled, loaded)) = rules.sound("nothing was verified") else {
        return Ok(Exit::Findings);
    };
    if compiled.is_empty() {
        return Err(Misuse("there is no rule in these files".to_owned()));
    }
    if options.require_sigma && !cfg!(feature = "sigma-engine") {
        return Err(Misuse(agreement::NO_ENGINE.to_owned()));
    }
    let parts = work(options, compiled, loaded)?;
    let mut runs = 0;
    let mut all = Vec::new();
    let mut without = Vec::new();
    for (rule, part) in compiled.iter().zip(parts) {
        let subject = Subject::new(rule, &loaded.catalog, loaded.settings(rule))?;
        runs += part.runs;
        if part.tally.cases == 0 {
            without.push(rule.plan.rule.name.as_str());
        }
        all.push(Of::new(subject, part.tally));
    }
    report(options, &all, runs, &without, loaded)
}

/// Runs all cases, a chunk of a rule at a time, on all cores. Which thread takes a chunk changes nothing: a case follows
/// from the rule, the seed and its number.
fn work(options: &Verify, compiled: &[Compiled<'_>], loaded: &Loaded) -> Result<Vec<Part>, Misuse> {
    let chunks = options.cases.div_ceil(CHUNK);
    let jobs: Vec<(usize, u64)> = (0..chunks)
        .flat_map(|chunk| (0..compiled.len()).map(move |rule| (rule, chunk)))
        .collect();
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(jobs.len())
        .max(1);
    let one = || -> Result<Vec<(usize, u64, Part)>, String> {
        let mut done = Vec::new();
        loop {
            let Some((index, chunk)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) else {
                return Ok(done);
            };
            let Some(rule) = compiled.get(*index) else { continue };
            let part = cases(options, rule, loaded, *chunk).map_err(|unfit| unfit.to_string())?;
            done.push((*index, *chunk, part));
        }
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        handles.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let mut done = Vec::new();
    for result in results {
        let of_thread = result.map_err(|_| Misuse("a thread ended early".to_owned()))?;
        done.extend(of_thread.map_err(Misuse)?);
    }
    done.sort_by_key(|(index, chunk, _)| (*index, *chunk));
    let mut parts: Vec<Part> = compiled.iter().map(|_| Part::default()).collect();
    for (index, _, part) in done {
        if let Some(whole) = parts.get_mut(index) {
            whole.runs += part.runs;
            whole.tally.merge(part.tally);
        }
    }
    Ok(parts)
}

/// One chunk of a rule's cases.
fn cases(options: &Verify, rule: &Compiled<'_>, loaded: &Loaded, chunk: u64) -> Result<Part, crate::evaluate::Unfit> {
    let mut part = Part::default();
    let Some(generator) = Generator::new(rule, &loaded.catalog) else {
        return Ok(part);
    };
    let subject = Subject::new(rule, &loaded.catalog, loaded.settings(rule))?;
    let first = chunk.saturating_mul(CHUNK);
    for number in first..first.saturating_add(CHUNK).min(options.cases) {
        let case = generator.case(options.seed, number);
        let alerts = !subject.native(&case, Asked::Now(case.now)).is_empty();
        let called = format!("case {number}");
        part.tally.take(&called, &case, alerts, subject.compare(&case));
        if number % STREAM == 0 {
            let (runs, found) = subject.laid_end_to_end(&case);
            part.runs += runs;
            if let Some((at, outcome @ Outcome::Disagree(_))) = found {
                let case = crate::agreement::Case { now: at, ..case };
                let called = format!("{called}, run at {at}");
                if let Some(tally) = part.tally.targets.iter_mut().find(|tally| tally.target == Target::Kql) {
                    tally.take(&called, &case, outcome);
                }
            }
        }
    }
    Ok(part)
}

fn report(options: &Verify, all: &[Of<'_>], runs: usize, without: &[&str], loaded: &Loaded) -> Result<Exit, Misuse> {
    let cases: usize = all.iter().map(|of| of.tally.cases).sum();
    let alerting: usize = all.iter().map(|of| of.tally.alerting).sum();
    let disagree = all.iter().filter(|of| of.tally.disagrees()).count();
    // A generator that seldom makes a rule alert looks in the wrong place.
    let blind: Vec<&Of<'_>> = all
        .iter()
        .filter(|of| {
            let Tally { cases, alerting, .. } = of.tally;
            // Few cases may miss the share by chance.
            (cases >= 100 && alerting * 5 < cases) || (cases >= 20 && alerting == 0)
        })
        .collect();
    // Cases of a rule that no target has a text for compare nothing.
    let idle: Vec<&str> = all
        .iter()
        .filter(|of| of.tally.cases > 0 && of.tally.targets.iter().all(TargetTally::is_idle))
        .map(Of::name)
        .collect();
    match options.format {
        VerifyFormat::Human => {
            let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
            let mut out = agreement::disagreements(all, &loaded.files.sources, color);
            out.push_str(&agreement::matrix(all));
            out.push('\n');
            for of in all {
                let Tally { cases, alerting, .. } = of.tally;
                let name = &of.subject.plan().rule.name;
                out.push_str(&format!("{name}: {alerting} of {} alert\n", many(cases, "case")));
            }
            for remark in agreement::remarks(all) {
                out.push_str(&format!("{remark}\n"));
            }
            out.push_str(&format!(
                "{} of {}, seed {}: {alerting} alert, {} laid end to end, {}\n",
                many(cases, "case"),
                many(all.len(), "rule"),
                options.seed,
                many(runs, "run"),
                match disagree {
                    0 => "no disagreement".to_owned(),
                    n => format!("{} with a disagreement", many(n, "rule")),
                }
            ));
            output::result(&out)?;
        }
        VerifyFormat::Json => {
            let text = json!({
                "seed": options.seed,
                "cases": cases,
                "alerting": alerting,
                "runs_end_to_end": runs,
                "without_cases": without,
                "rules": agreement::to_json(all),
            });
            output::result(&format!("{}\n", serde_json::to_string_pretty(&text)?))?;
        }
    }
    if !idle.is_empty() {
        say!("no text of these was run, so nothing was compared: {}", idle.join(", "));
    }
    for of in &blind {
        say!(
            "{}: fewer than a fifth of the cases alert, so these say little; give it a test that expects an alert",
            of.subject.plan().rule.name
        );
    }
    if !without.is_empty() {
        say!(
            "no event is known that these take, so nothing was verified: {}; give them a test",
            without.join(", ")
        );
    }
    Ok(
        if disagree > 0 || !blind.is_empty() || !without.is_empty() || idle.len() == all.len() {
            Exit::Findings
        } else {
            Exit::Clean
        },
    )
}
