//! Agreement: a rule's texts, read back and run by their witnesses, against the native run over the same events.

mod case;
mod generate;

pub use case::{Case, CaseEvent};
pub use generate::Generator;
