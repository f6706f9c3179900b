//! Lists and values: those of a file and those that it imports.

use super::Constant;
use crate::diagnostics::{Code, Diagnostic, FileId};
use crate::syntax::ast;
use crate::values::Values;
use std::collections::BTreeMap;
use std::ops::Range;

/// For each `use` of a file, which of its constants come from there.
pub(super) type Imported = Vec<Range<usize>>;

/// What a file declares itself.
pub(super) fn declared(tree: &ast::File) -> impl Iterator<Item = Constant<'_>> {
    tree.items.iter().filter_map(|item| match item {
        ast::Item::List(list) => Some(Constant::List(list)),
        ast::Item::Value(value) => Some(Constant::Value(value)),
        ast::Item::Rule(_) => None,
    })
}

/// The constants that the rules of a file can use: the imported ones, then its own, each with what it holds in this
/// deployment. None where an import is missing or
/// cannot be read, so that nothing can be said of the rules.
pub(super) fn of<'a>(
    tree: &'a ast::File,
    files: &BTreeMap<FileId, &'a ast::File>,
    values: Option<&'a Values>,
    findings: &mut Vec<Diagnostic>,
) -> Option<(Vec<Constant<'a>>, Imported)> {
    let mut constants: Vec<Constant<'a>> = Vec::new();
    let mut imported = Imported::new();
    let mut whole = true;
    for (index, used) in tree.uses.iter().enumerate() {
        let begin = constants.len();
        if let Some(first) = tree
            .uses
            .iter()
            .take(index)
            .find(|other| other.path.name == used.path.name)
        {
            findings.push(
                Diagnostic::new(
                    Code::NameTaken,
                    used.path.span,
                    format!("`{}` is used twice", used.path.name),
                )
                .also(first.path.span, "the first time")
                .help("delete one of the two"),
            );
        } else {
            match import(used, tree.span.file, files, findings) {
                Some(file) => {
                    declared(file).for_each(|constant| add(&mut constants, constant, Some(used), findings));
                }
                None => whole = false,
            }
        }
        imported.push(begin..constants.len());
    }
    declared(tree).for_each(|constant| add(&mut constants, constant, None, findings));
    for constant in &mut constants {
        let name = constant.name();
        let new = values.and_then(|values| values.get(&(name.span.file, name.name.clone())));
        if let Some(new) = new {
            *constant = Constant::from(new);
        }
    }
    whole.then_some((constants, imported))
}

/// The file that a `use` names.
fn import<'a>(
    used: &ast::Use,
    from: FileId,
    files: &BTreeMap<FileId, &'a ast::File>,
    findings: &mut Vec<Diagnostic>,
) -> Option<&'a ast::File> {
    let name = &used.path.name;
    let Some(id) = used.file else {
        let missing = Diagnostic::new(
            Code::UnknownImport,
            used.path.span,
            format!("there is no file of lists `{name}`"),
        );
        let missing = used
            .tried
            .iter()
            .fold(missing, |finding, path| finding.note(format!("tried {path}")));
        if let Some(name) = name.strip_suffix(".trip") {
            findings.push(missing.help(format!("leave the ending out: `use {name}`")));
            return None;
        }
        findings.push(missing.help(format!(
            "a file `{}.trip` is looked for in the folder of this file and in those above it, up to `rules` or the folder that the command names",
            name.replace('.', "/")
        )));
        return None;
    };
    if id == from {
        findings.push(
            Diagnostic::new(Code::BadImport, used.path.span, format!("`{name}` uses itself"))
                .help("delete this line: the lists and values of a file are there for all of it"),
        );
        return None;
    }
    if let Some(rule) = used.rule {
        findings.push(
            Diagnostic::new(
                Code::BadImport,
                used.path.span,
                format!("`{name}` holds a rule, so it cannot be used"),
            )
            .also(rule, "this one")
            .help("move the lists and values into a file of their own, and use that in both"),
        );
        return None;
    }
    // One that cannot be read has been reported.
    files.get(&id).copied()
}

fn add<'a>(
    constants: &mut Vec<Constant<'a>>,
    constant: Constant<'a>,
    import: Option<&ast::Use>,
    findings: &mut Vec<Diagnostic>,
) {
    let name = constant.name();
    if let Some(other) = constants.iter().find(|c| c.name().name == name.name) {
        let what = format!("`{}` is defined twice", name.name);
        let finding = match import {
            Some(import) if import.file != Some(other.name().span.file) => {
                Diagnostic::new(Code::NameTaken, import.path.span, what).also(name.span, "it has the name")
            }
            _ => Diagnostic::new(Code::NameTaken, name.span, what),
        };
        findings.push(
            finding
                .also(other.name().span, "the first one")
                .help(format!("rename one of the two, such as `{}_here`", name.name)),
        );
    }
    constants.push(constant);
}

/// Reports constants of the file, and imports, that none of its rules uses. A file without rules serves others.
pub(super) fn unused(
    tree: &ast::File,
    constants: &[Constant<'_>],
    used: &[bool],
    imported: &Imported,
    findings: &mut Vec<Diagnostic>,
) {
    for (import, range) in tree.uses.iter().zip(imported) {
        if !used.get(range.clone()).is_some_and(|used| used.contains(&true)) {
            let what = format!("nothing of `{}` is used", import.path.name);
            let unused = Diagnostic::new(Code::UnusedImport, import.path.span, what);
            findings.push(unused.help("delete this line, or use one of its lists in a rule of this file"));
        }
    }
    if tree.rules().next().is_none() {
        return;
    }
    let own = imported.last().map_or(0, |range| range.end);
    for (constant, used) in constants.iter().zip(used).skip(own) {
        if !used {
            let name = constant.name();
            findings.push(
                Diagnostic::new(
                    Code::UnusedConstant,
                    name.span,
                    format!("`{}` is never used", name.name),
                )
                .help("delete it, or use it in a rule of this file"),
            );
        }
    }
}
