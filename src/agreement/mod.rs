//! Agreement: a rule's texts, read back and run by their witnesses, against the native run over the same events.

mod block;
mod case;
mod generate;
mod shrink;

pub use block::block;
pub use case::{Case, CaseEvent};
pub use generate::Generator;
pub use shrink::shrink;
