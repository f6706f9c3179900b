//! stub
use super::Case;
/// stub
pub struct Generator<'p>(&'p ());
impl<'p> Generator<'p> {
    /// stub
    pub fn new(_: &'p crate::compile::Compiled<'p>, _: &'p crate::source::Catalog) -> Option<Generator<'p>> {
        None
    }
    /// stub
    pub fn case(&self, _: u64, _: u64) -> Case {
        Case {
            events: vec![],
            now: crate::value::Time(0),
        }
    }
}
