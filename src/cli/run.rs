//! `tripline run`

use super::args::{DateOrder, Run, RunFormat};
use super::output::{self, many, many64};
use super::rules::{self, Rules};
use super::watchlists::Items;
use super::{Exit, Misuse, values};
use crate::evaluate::{self, Asked, Outcome, State};
use crate::input::{self, Event, InputError, InputFile, Options, Report};
use crate::runtime::alert::Alert;
use crate::source::Catalog;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

pub(super) fn run(options: &Run) -> Result<Exit, Misuse> {
    if let (Some(from), Some(to)) = (options.from, options.to)
        && from >= to
    {
        return Err(Misuse(format!("--from {from} is not before --to {to}")));
    }
    rules::with_values(
        &options.rules,
        values::Source::option(options.values.as_deref()),
        Items::Files(&options.watchlist),
        |rules| detect(options, rules),
    )
}

fn detect(options: &Run, rules: Rules<'_>) -> Result<Exit, Misuse> {
    let Some((compiled, loaded)) = rules.sound("no rule was run") else {
        return Ok(Exit::Findings);
    };
    let mut ready = Vec::new();
    for rule in compiled {
        ready.push(evaluate::Compiled::new(&rule.plan, &loaded.catalog)?);
    }
    let names: Vec<&str> = compiled.iter().map(|rule| rule.plan.rule.name.as_str()).collect();
    let files = input::discover(&options.input)?;
    let asked = match (options.now, options.from, options.to) {
        (Some(now), ..) => Asked::Now(now),
        (None, None, None) => Asked::Stream,
        (None, from, to) => Asked::Between { from, to },
    };
    let work = Work {
        options,
        ready: &ready,
        asked,
        catalog: &loaded.catalog,
        files: &files,
    };
    let gathered = work.read()?;
    let outcomes: Vec<Outcome> = gathered.states.into_iter().map(State::finish).collect();
    let mut alerts: Vec<&Alert> = outcomes
        .iter()
        .flat_map(|o| o.alerts.iter().map(|row| &row.alert))
        .collect();
    alerts.sort_by(|a, b| a.in_order(b));
    print(&alerts, options.format)?;
    let summary = Summary {
        report: &gathered.report,
        duplicates: gathered.duplicates,
        dropped: options.dedup,
        files: files.len(),
        outcomes: &outcomes,
        names: &names,
        catalog: &loaded.catalog,
    };
    summary.print();
    let failed = (options.strict && gathered.report.rejected > 0) || (options.fail_on_alert && !alerts.is_empty());
    Ok(if failed { Exit::Findings } else { Exit::Clean })
}

/// What reading needs.
struct Work<'w> {
    options: &'w Run,
    ready: &'w [evaluate::Compiled<'w>],
    asked: Asked,
    catalog: &'w Catalog,
    files: &'w [InputFile],
}

/// What reading gives.
struct Gathered<'w> {
    states: Vec<State<'w>>,
    report: Report,
    duplicates: u64,
}

impl<'w> Work<'w> {
    fn read(&self) -> Result<Gathered<'w>, Misuse> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let wanted = self.options.threads.map_or(cores, usize::from);
        // Lateness and dropped duplicates depend on the order of arrival: one thread reads then.
        let ordered = self.options.lateness.is_some() || self.options.dedup;
        let threads = if ordered {
            1
        } else {
            wanted.min(self.files.len()).max(1)
        };
        let bytes = Arc::new(AtomicU64::new(0));
        let bar = progress(self.files);
        let next = AtomicUsize::new(0);
        let hasher = RandomState::new();
        let done = AtomicUsize::new(0);
        let parts: Vec<Result<Part<'w>, InputError>> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        let part = self.part(&next, &hasher, &bytes);
                        done.fetch_add(1, Ordering::Relaxed);
                        part
                    })
                })
                .collect();
            if let Some(bar) = &bar {
                while done.load(Ordering::Relaxed) < threads {
                    bar.set_position(bytes.load(Ordering::Relaxed));
                    std::thread::sleep(std::time::Duration::from_millis(100));
                }
                bar.finish_and_clear();
            }
            handles
                .into_iter()
                .map(|h| h.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        });
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else {
            return Err(Misuse("nothing was read".into()));
        };
        let Part {
            mut states,
            mut report,
            mut seen,
            mut dropped,
        } = first?;
        for part in parts {
            let part = part?;
            for (state, other) in states.iter_mut().zip(part.states) {
                state.merge(other);
            }
            report.merge(part.report);
            seen.extend(part.seen);
            dropped += part.dropped;
        }
        let kept = u64::try_from(seen.len()).unwrap_or(u64::MAX);
        let duplicates = if self.options.dedup {
            dropped
        } else {
            report.read.saturating_sub(kept)
        };
        Ok(Gathered {
            states,
            report,
            duplicates,
        })
    }

    /// What one thread reads.
    fn part(&self, next: &AtomicUsize, hasher: &RandomState, bytes: &Arc<AtomicU64>) -> Result<Part<'w>, InputError> {
        let mut part = Part {
            states: self
                .ready
                .iter()
                .map(|rule| rule.state(self.asked, self.options.lateness))
                .collect(),
            report: Report::default(),
            seen: HashSet::new(),
            dropped: 0,
        };
        let reading = Options {
            date_order: self.options.date_order.map(DateOrder::order),
            progress: Some(Arc::clone(bytes)),
        };
        while let Some(file) = self.files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Part {
                states, seen, dropped, ..
            } = &mut part;
            let report = input::read(file, self.catalog, &reading, &mut |event: Event| {
                // Ids are remembered by their hash: eight bytes an event.
                let new = seen.insert(hasher.hash_one((event.source, &event.id)));
                if !new && self.options.dedup {
                    *dropped += 1;
                    return;
                }
                let Some(time) = event.time else { return };
                let event = evaluate::Event {
                    source: event.source,
                    shape: event.shape,
                    body: &event.body,
                    time,
                    id: &event.id,
                };
                states.iter_mut().for_each(|state| state.push(&event));
            })?;
            part.report.merge(report);
        }
        Ok(part)
    }
}

struct Part<'w> {
    states: Vec<State<'w>>,
    report: Report,
    seen: HashSet<u64>,
    dropped: u64,
}

/// A bar for long work, where somebody watches.
fn progress(files: &[InputFile]) -> Option<indicatif::ProgressBar> {
    let total: u64 = files.iter().filter_map(|file| file.size).sum();
    if !std::io::stderr().is_terminal() || total < 16 << 20 {
        return None;
    }
    let bar = indicatif::ProgressBar::new(total);
    let template = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left";
    if let Ok(style) = indicatif::ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    Some(bar)
}

fn print(alerts: &[&Alert], format: Option<RunFormat>) -> Result<(), Misuse> {
    let stdout = std::io::stdout();
    let format = format.unwrap_or(if stdout.is_terminal() {
        RunFormat::Table
    } else {
        RunFormat::Ndjson
    });
    let mut out = BufWriter::new(stdout.lock());
    let written = match format {
        RunFormat::Ndjson => lines(alerts, &mut out, "", "\n", ""),
        RunFormat::Json => lines(alerts, &mut out, "[\n", ",\n", "\n]\n"),
        RunFormat::Table => table(alerts, &mut out),
    };
    match written.and_then(|()| out.flush()) {
        // Whoever reads has seen enough (`| head`).
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(Misuse::from),
    }
}

fn lines(
    alerts: &[&Alert],
    out: &mut impl std::io::Write,
    before: &str,
    between: &str,
    after: &str,
) -> std::io::Result<()> {
    write!(out, "{before}")?;
    for (n, alert) in alerts.iter().enumerate() {
        let last = n + 1 == alerts.len();
        let end = if between == "\n" || !last { between } else { "" };
        write!(out, "{}{end}", alert.to_line().map_err(std::io::Error::other)?)?;
    }
    write!(out, "{after}")
}

/// One alert a paragraph line: time, severity, rule, title; the columns below.
fn table(alerts: &[&Alert], out: &mut impl std::io::Write) -> std::io::Result<()> {
    let rule = alerts.iter().map(|a| a.rule.len()).max().unwrap_or(0);
    for alert in alerts {
        let time = alert.time.to_string();
        writeln!(
            out,
            "{time:<20}  {:<13}  {:<rule$}  {}",
            alert.severity, alert.rule, alert.title
        )?;
        for (name, value) in &alert.columns {
            let text = crate::runtime::template::printed(value);
            if !text.is_empty() {
                writeln!(out, "    {name}: {text}")?;
            }
        }
    }
    Ok(())
}

/// What is said after a run.
struct Summary<'s> {
    report: &'s Report,
    duplicates: u64,
    dropped: bool,
    files: usize,
    outcomes: &'s [Outcome],
    names: &'s [&'s str],
    catalog: &'s Catalog,
}

/// As many rules without an alert have a line each.
const FEW: usize = 10;

impl Summary<'_> {
    fn print(&self) {
        let report = self.report;
        output::reading(report, self.files, self.catalog);
        if self.duplicates > 0 {
            let what = if self.dropped {
                "dropped"
            } else {
                "kept, as Sentinel keeps them; --dedup drops them"
            };
            say!("{} by event id ({what})", many64(self.duplicates, "duplicate"));
        }
        output::losses(report);
        let mut total = 0;
        // Rules of which there is nothing to say share a line, where there are many.
        let silent = |outcome: &Outcome| {
            outcome.alerts.is_empty()
                && outcome.left_out.is_empty()
                && outcome.late == 0
                && outcome.short_baselines == 0
        };
        let quiet = self.outcomes.iter().filter(|outcome| silent(outcome)).count();
        let together = quiet > FEW;
        for (outcome, name) in self.outcomes.iter().zip(self.names) {
            total += outcome.alerts.len();
            if together && silent(outcome) {
                continue;
            }
            let mut line = format!("{name}: {}", many(outcome.alerts.len(), "alert"));
            for (relation, rows) in &outcome.left_out {
                line.push_str(&format!(
                    "; {} of `{relation}` left out for a missing key",
                    many64(*rows, "row")
                ));
            }
            if outcome.late > 0 {
                line.push_str(&format!("; {} late", many64(outcome.late, "event")));
            }
            if outcome.short_baselines > 0 {
                line.push_str(&format!(
                    "; {} whose baseline reaches back before the first event",
                    many64(outcome.short_baselines, "alert")
                ));
            }
            say!("{line}");
        }
        if together {
            say!("{} without an alert", many(quiet, "rule"));
        }
        say!("{} from {}", many(total, "alert"), many(self.names.len(), "rule"));
    }
}
