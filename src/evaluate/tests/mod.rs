mod cases;
mod constructs;
mod laws;
mod support;
