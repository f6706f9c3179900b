//! Targets.
/// KQL.
pub mod kql {
    /// stub
    pub struct Query {
        /// text
        pub text: String,
    }
    /// stub
    pub fn emit(
        _: &crate::plan::Plan,
        _: &crate::source::Catalog,
    ) -> Result<Query, Vec<crate::diagnostics::Diagnostic>> {
        Err(vec![])
    }
}
