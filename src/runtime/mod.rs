//! The native meaning of operators, functions and aggregates, as plain functions over [`Value`](crate::value::Value).
//!
//! Nothing here knows the compiler: the evaluator calls these functions, and so can any program that depends on this
//! crate with `default-features = false`. Each states what it gives for missing values and for values of other types;
//! none of them fails or panics. The language reference defines them; where KQL differs, emitters write guards.
//!
//! | module | what lives there |
//! |---|---|
//! | [`pattern`] | regular expressions, compiled once |
//! | [`text`] | `==`, `=~`, `contains`, `starts with`, `ends with`, `has`, `has any`, `matches` on text |
//! | [`number`] | reading a value as a number, the exact order of numbers |
//! | [`compare`] | `==`, `=~`, `in`, `in~`, `<`, `<=`, `>`, `>=` of two values; reading as bool |
//! | [`missing`] | `is missing`, `is present`, `is empty`, `??` |
//! | [`address`] | `is address`, `in cidr` |
//! | [`arithmetic`] | `+`, `-`, `*`, `/` |
//! | [`function`] | `size`, `length`, `if`, `json`, `capture`, `before`, `after`, `split`, `lower`, `upper`, paths, `each` |
//! | [`set`] | `union`, `intersect`, `minus`, `literal in list`; the form of an element |
//! | [`aggregate`] | `count`, `distinct`, `set`, `min`, `max`, `sum`, `avg` as states that can be merged |
//! | [`template`] | titles and messages |
//! | [`alert`] | the alert, its stable id, its line of JSON |
//!
//! The tests' negations (`!=`, `!~`, `not`) have no functions of their own: they are `!`.

pub mod address;
pub mod aggregate;
pub mod alert;
pub mod arithmetic;
pub mod compare;
pub mod function;
pub mod missing;
pub mod number;
pub mod pattern;
pub mod set;
pub mod template;
pub mod text;
