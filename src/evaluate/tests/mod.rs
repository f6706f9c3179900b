mod constructs;
mod laws;
mod support;
