//! ATT&CK in the versions that targets ask for.

/// A version of ATT&CK for enterprises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the numbers of the versions")]
pub enum Version {
    V13,
    V17,
}
