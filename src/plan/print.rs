//! The plan as text, for `tripline build --emit plan` and for tests that compare plans.
