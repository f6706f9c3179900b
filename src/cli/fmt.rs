//! `tripline fmt`

use super::args::Fmt;
use super::output::{self, many};
use super::{Exit, Misuse, rules, write};
use crate::compile::Files;
use crate::syntax;

pub(super) fn fmt(options: &Fmt) -> Result<Exit, Misuse> {
    let found = rules::find(&options.paths)?;
    let mut files = Files::default();
    for (path, _) in &found {
        let bytes = std::fs::read(path).map_err(|error| Misuse(format!("{}: {error}", path.display())))?;
        files.add(path, &bytes);
    }
    let mut changed = 0;
    for (file, tree) in &files.trees {
        let (path, text) = (files.sources.path(*file), files.sources.text(*file));
        let formatted = syntax::format(tree, text);
        if formatted == text {
            continue;
        }
        changed += 1;
        if options.check {
            let diff = similar::TextDiff::from_lines(text, &formatted);
            let name = path.display().to_string();
            let diff = diff
                .unified_diff()
                .header(&name, &format!("{name} (formatted)"))
                .to_string();
            output::result(&diff)?;
        } else {
            write::one(path, &formatted)?;
        }
    }
    output::findings(&files.findings, &files.sources);
    let all = many(found.len(), "file");
    let verb = if options.check { "would change" } else { "changed" };
    say!(
        "{all}, {changed} {verb}, {}",
        many(found.len() - files.trees.len(), "file") + " that cannot be read"
    );
    let failed = !files.findings.is_empty() || (options.check && changed > 0);
    Ok(if failed { Exit::Findings } else { Exit::Clean })
}
