//! stub
use super::Case;
/// stub
pub fn shrink(case: &Case, differs: &mut dyn FnMut(&Case) -> bool) -> Case {
    let _ = differs(case);
    case.clone()
}
