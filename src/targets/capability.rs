//! What each target can say, construct by construct.
