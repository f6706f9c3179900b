//! The command line of Tripline.
fn main() {}
