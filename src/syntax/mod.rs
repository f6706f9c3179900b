//! Syntax: from text to the tree of what was written, and back to text in the one layout.

pub mod ast;
