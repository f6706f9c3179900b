//! Log readers.
