//! What was done to a case, to count it.

/// A way in which a case was led to where both sides may part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is its own word")]
pub(super) enum Kind {
    /// An alerting set as it is.
    Unchanged,
    /// What a rule compares with, and what is nearly that.
    Item,
    Longer,
    Shorter,
    OtherLetter,
    OtherCase,
    BlankAround,
    Inside,
    AtStart,
    AtEnd,
    PartOnly,
    Pattern,
    PatternMiss,
    /// Addresses of a block, and just outside.
    AddressInside,
    AddressOutside,
    AddressMapped,
    NoAddress,
    Number,
    NumberNear,
    NumberText,
    Fraction,
    Huge,
    Negative,
    Truth,
    TruthText,
    /// The ways not to be there.
    Absent,
    Null,
    EmptyText,
    /// Values of another shape than the rule expects.
    JsonText,
    NoJson,
    Object,
    Array,
    EmptyList,
    OneElement,
    SeveralElements,
    NullElement,
    /// Two fields that are compared with each other.
    PairEqual,
    PairNear,
    /// Times.
    Edge,
    EdgeTick,
    EdgeSecond,
    ClockMoved,
    Shifted,
    Slid,
    Repeated,
    AfterNow,
    HistoryInside,
    HistoryOutside,
    /// Numbers of events.
    ThresholdMet,
    ThresholdLess,
    ThresholdMore,
    RepeatedValues,
    DistinctValues,
    /// Keys.
    KeyOther,
    KeyCase,
    KeyBlank,
    /// The set as a whole.
    SameId,
    OtherId,
    OutOfOrder,
    Added,
    Dropped,
    NoEvents,
}
