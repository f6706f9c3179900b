//! Source files: `tripline check FILE.yaml` and `tripline source new`.

pub(super) mod check;
