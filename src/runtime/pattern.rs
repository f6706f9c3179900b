//! Regular expressions: compiled once for each text, for the checker and for the evaluator.

use regex::{Regex, RegexBuilder};
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

/// A compiled expression may take this much memory; a larger one is an error.
pub const SIZE_LIMIT: usize = 1 << 20;

/// Compiles a pattern in the syntax of the `regex` crate, which is the one that Kusto documents (KQL page `regex`).
///
/// Building the tables of a class such as `\w` is slow, so what was compiled is kept.
///
/// # Errors
/// What is wrong with the pattern, as the crate says it.
pub fn compile(pattern: &str, ignore_case: bool) -> Result<Regex, regex::Error> {
    static KNOWN: OnceLock<Mutex<HashMap<(String, bool), Regex>>> = OnceLock::new();
    let key = (pattern.to_owned(), ignore_case);
    let mut known = KNOWN
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some(regex) = known.get(&key) {
        return Ok(regex.clone());
    }
    let regex = RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(SIZE_LIMIT)
        .build()?;
    known.insert(key, regex.clone());
    Ok(regex)
}
