//! Source files: `tripline check FILE.yaml` and `tripline source new`.

pub(super) mod check;
mod draft;
mod getschema;
pub(super) mod new;
mod sample;
