//! stub
use super::Case;
/// stub
pub fn block(
    _: &str,
    _: &crate::compile::Compiled<'_>,
    _: &crate::source::Catalog,
    _: &Case,
    _: &[crate::evaluate::AlertRow],
) -> String {
    String::new()
}
