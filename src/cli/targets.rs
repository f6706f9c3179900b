//! `tripline targets`

use super::args::{TableFormat, Targets};
use super::{Exit, Misuse};

pub(super) fn targets(options: &Targets) -> Result<Exit, Misuse> {
    match options.format {
        TableFormat::Human | TableFormat::Json => Ok(Exit::Clean),
    }
}
