//! The functions of the language, one file each: signature, documentation, examples that run as tests, the function of
//! the runtime that is its native meaning, its KQL form, and its Sigma form or the reason why there is none.
//!
//! To add one: write a file like `length.rs` and name it in [`ALL`].

mod after;
mod before;
mod capture;
mod if_;
mod json;
mod length;
mod lower;
mod size;
mod split;
mod upper;

use crate::plan::Type;
use crate::value::Value;
use std::fmt;

/// Every function, in the order of the language reference.
pub const ALL: &[&Function] = &[
    &size::FUNCTION,
    &json::FUNCTION,
    &if_::FUNCTION,
    &capture::FUNCTION,
    &before::FUNCTION,
    &after::FUNCTION,
    &split::FUNCTION,
    &lower::FUNCTION,
    &upper::FUNCTION,
    &length::FUNCTION,
];

/// A function of the language.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub parameters: &'static [Parameter],
    /// What it gives.
    pub result: Result_,
    /// What it means, in a sentence or two.
    pub docs: &'static str,
    /// Calls and their results, in the language; they run as tests.
    pub examples: &'static [Example],
    /// The native meaning.
    pub native: Native,
    /// The KQL text.
    pub kql: fn(&[KqlArgument]) -> String,
    /// What Sigma can say of it in a condition.
    pub sigma: Sigma,
}

/// A parameter.
pub struct Parameter {
    /// Its name, for messages.
    pub name: &'static str,
    /// What it accepts.
    pub accepts: Accepts,
}

/// What a parameter accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Text; a json value is read as text.
    Text,
    /// A set or a list (json).
    Collection,
    /// A condition.
    Condition,
    /// A value of any scalar type; all such parameters of a call have one type.
    Any,
    /// A text literal or value that is not empty.
    Separator,
    /// A regular expression with exactly one group.
    Pattern,
}

/// What a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Result_ {
    /// A value of this type, and when it is missing.
    Of {
        /// The type.
        ty: Type,
        /// When it is missing.
        missing: Missing,
    },
    /// The type of its [`Accepts::Any`] arguments.
    OfArguments,
}

/// When a result is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Never.
    Never,
    /// Where the first argument is.
    WithArgument,
    /// For some arguments that are there, too.
    Possibly,
}

/// A call and its result, both in the language.
pub struct Example {
    /// `before("a@b", "@")`
    pub call: &'static str,
    /// `"a"`, or `missing`.
    pub result: &'static str,
}

/// The native meaning: a function of [`crate::runtime`].
pub enum Native {
    /// Over values (separators are text values).
    Values(fn(&[Value]) -> Value),
    /// Over a text and a compiled pattern.
    Pattern(fn(&Value, &regex::Regex) -> Value),
}

/// An argument, printed for KQL.
pub struct KqlArgument {
    /// The value in its own type; a json value converted to what the parameter accepts (text: `tostring(..)`).
    pub text: String,
    /// A json value as `dynamic`; else the same as `text`.
    pub dynamic: String,
    /// Its type before conversion.
    pub ty: Type,
    /// The text of a separator or pattern (a pattern with its `(?i)`), unquoted.
    pub literal: Option<String>,
}

/// What Sigma can say of a function in a condition.
pub enum Sigma {
    /// Nothing, for this reason.
    Refused(&'static str),
    /// A condition can be rewritten without it; the target knows how.
    Rewritten,
}

/// A function by reference; two are the same when their names are.
#[derive(Clone, Copy)]
pub struct FunctionId(pub &'static Function);

impl fmt::Debug for FunctionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl PartialEq for FunctionId {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for FunctionId {}

/// The function of that name.
pub fn find(name: &str) -> Option<FunctionId> {
    ALL.iter()
        .find(|function| function.name == name)
        .map(|function| FunctionId(function))
}
