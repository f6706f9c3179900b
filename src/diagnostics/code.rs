use super::Severity;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal $severity:ident $title:literal,)*) => {
        /// The stable code of a finding. A released code never changes its meaning and is never used again.
        ///
        /// `P` syntax, `N` names, `C` types and meaning, `M` metadata, `X` tests, `T` targets, `S` settings, `L` source files, `K` queries in KQL.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name,)* }

        impl Code {
            /// Every code there is, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The code as it is printed.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// Error or warning.
            pub fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)* }
            }

            /// What the code is about, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

codes! {
    // ---- P: syntax -------------------------------------------------------------------------------------------
    /// The text does not follow the grammar.
    UnexpectedWord = "P001" Error "something else was expected here",
    /// `a = b` in a condition.
    SingleEquals = "P002" Error "`=` in a condition",
    /// Two list elements without a comma between them.
    MissingComma = "P003" Error "a comma is missing in a list",
    /// `x not in [..]` or `x !in [..]`.
    MisplacedNot = "P004" Error "`not` stands before the whole test",
    /// `group .. within`, a sliding window.
    SlidingWindow = "P005" Error "sliding windows are not there yet",
    /// Brackets nested deeper than 256.
    TooDeep = "P006" Error "nested too deeply",
    /// A bad escape in a string.
    BadEscape = "P007" Error "a string has an escape that JSON does not know",
    /// A number, duration, version or timestamp that cannot be read.
    BadLiteral = "P008" Error "a literal that cannot be read",
    /// The file is not UTF-8 text.
    NotText = "P009" Error "the file is not text",
    /// `a == b == c`.
    ChainedComparison = "P010" Error "comparisons do not chain",
    /// A block or a string that is never closed.
    Unclosed = "P011" Error "something is opened and never closed",
    /// A metadata key that does not exist.
    UnknownKey = "P012" Error "an unknown metadata or alert word",

    // ---- N: names --------------------------------------------------------------------------------------------
    /// A source that no source table defines.
    UnknownSource = "N001" Error "an unknown source",
    /// A field that the source does not have.
    UnknownField = "N002" Error "an unknown field",
    /// A relation that is not defined above.
    UnknownRelation = "N003" Error "an unknown selection, group, baseline or match",
    /// A name that hides another.
    NameTaken = "N004" Error "a name hides another",
    /// A function that does not exist.
    UnknownFunction = "N005" Error "an unknown function",
    /// Two rules of one name.
    DuplicateRule = "N006" Error "two rules have one name",
    /// An unprefixed field in a match that is no key.
    AmbiguousField = "N007" Error "a field of a match without its part",
    /// A relation of a kind that may not stand here.
    WrongRelation = "N008" Error "a relation that cannot be used here",
    /// A relation that the alert never uses.
    DeadRelation = "N009" Error "a relation that nothing uses",
    /// A `let` that nothing uses.
    UnusedLet = "N010" Warning "a `let` that nothing uses",
    /// A list or value that no rule uses.
    UnusedConstant = "N011" Warning "a list or value that nothing uses",
    /// An entity identifier that does not exist.
    UnknownIdentifier = "N012" Error "an unknown entity identifier",
    /// A stream's name where another was meant, or none where one is needed.
    StreamNeeded = "N013" Error "an aggregate must name its stream",
    /// A list or value that is not declared.
    UnknownConstant = "N014" Error "an unknown list or value",
    /// A `use` of a file that is not there.
    UnknownImport = "N015" Error "a file of lists that is not there",
    /// A `use` of a file that holds rules.
    BadImport = "N016" Error "a file that cannot be used",
    /// A `use` none of whose names is used.
    UnusedImport = "N017" Warning "a `use` that nothing uses",

    // ---- C: types and meaning --------------------------------------------------------------------------------
    /// Operands whose types do not fit.
    TypeMismatch = "C001" Error "types do not fit",
    /// A test that compares with `""`.
    EmptyText = "C002" Error "a comparison with the empty text",
    /// Order of texts.
    TextOrder = "C003" Error "texts have no order",
    /// A regular expression that does not compile.
    BadRegex = "C004" Error "a regular expression that does not compile",
    /// A condition that is no truth value.
    NotACondition = "C005" Error "a condition that is neither true nor false",
    /// A function called with the wrong arguments.
    BadCall = "C006" Error "wrong arguments",
    /// A window that does not divide a day.
    BadWindow = "C007" Error "a window, history or distance of the wrong length",
    /// An aggregate used wrongly.
    BadAggregate = "C008" Error "a wrong aggregate",
    /// `each` over something that is no list.
    NotAList = "C009" Error "not a list",
    /// A group or join key that may be missing and that no step guards.
    UnguardedKey = "C010" Warning "a key that may be missing",
    /// An empty list where a positive test needs elements.
    EmptyList = "C011" Warning "a list without elements",
    /// A list with an element twice.
    DuplicateElement = "C012" Warning "a list holds an element twice",
    /// A non-ASCII letter in a needle that ignores case.
    NonAsciiNeedle = "C013" Warning "letters are folded in ASCII only",
    /// A needle that looks into the text of a JSON object.
    JsonText = "C014" Warning "a needle that looks into JSON text",
    /// Two parts of a match that one row may satisfy.
    SelfPair = "C015" Warning "a row may pair with itself",
    /// `then` after a group.
    ThenAfterGroup = "C016" Warning "`then` starts at the end of the group's window",
    /// A condition that is always true or never.
    ConstantCondition = "C017" Warning "a condition that never changes",
    /// An address block that cannot be read.
    BadCidr = "C018" Error "an address block that cannot be read",
    /// `is empty` on something that is no set or list.
    EmptyOnText = "C019" Error "`is empty` asks a set or a list",
    /// An entity or join key that is a set.
    SetAsScalar = "C020" Error "a set where one value is needed",
    /// A literal whose meaning is not defined on JSON.
    UndefinedText = "C021" Warning "a literal whose text is not defined",

    // ---- M: metadata -----------------------------------------------------------------------------------------
    /// A word twice that may stand once.
    DuplicateKey = "M001" Error "a word twice",
    /// A value of the wrong form.
    BadValue = "M002" Error "a value of the wrong form",
    /// A technique that ATT&CK does not have.
    UnknownTechnique = "M003" Error "an unknown ATT&CK technique",
    /// A tactic that the technique does not serve.
    BadTactic = "M004" Error "a tactic that does not fit its technique",
    /// An identifier that is no UUID, or one that is used twice.
    BadId = "M005" Error "an id that is no UUID or is used twice",
    /// A placeholder that names nothing.
    BadPlaceholder = "M006" Error "a placeholder that cannot be filled",
    /// A technique that serves several tactics, without the one that is meant.
    TacticNeeded = "M010" Warning "a technique without its tactic",
    /// Sentinel columns that would share a name.
    ColumnClash = "M009" Error "two columns of one name",

    // ---- X: tests --------------------------------------------------------------------------------------------
    /// An event that cannot be built.
    BadEvent = "X001" Error "a test event that cannot be built",
    /// An expectation that names no column.
    BadExpectation = "X002" Error "an expectation that cannot be met",
    /// Two tests of one name.
    DuplicateTest = "X003" Error "two tests of one name",
    /// An event whose source must be named.
    SourceNeeded = "X004" Error "a test event must name its source",
    /// A test whose alerts are not the expected ones.
    TestFailed = "X005" Error "a test that fails",
    /// A text that finds other rows than the native run.
    Disagreement = "X006" Error "a text that does not say what the rule says",
    /// A list or value that a test replaces and the rule does not read.
    VainReplacement = "X007" Error "a test replaces what its rule does not use",
    /// A change to the rule that no test notices (`tripline test --mutate`).
    Survivor = "X010" Error "a change to the rule that no test notices",
    /// An entry of `equivalent-mutants.yaml` that does not hold.
    BadEquivalent = "X011" Error "a listed mutant that is not there, or that a test notices",

    // ---- T: targets ------------------------------------------------------------------------------------------
    /// A target that does not exist.
    UnknownTarget = "T001" Error "an unknown target",
    /// A promise of a target that this version does not have.
    TargetNotThere = "T002" Warning "a target that is not there yet",
    /// KQL cannot say this exactly.
    KqlRefused = "T101" Error "KQL cannot express this",
    /// The history does not fit in 14 days.
    PeriodTooLong = "T102" Error "the rule looks back further than Sentinel allows",
    /// A query over the service's size.
    QueryTooLong = "T103" Error "the query is longer than Sentinel allows",
    /// A period of two days or more with a frequency under an hour, or a frequency that is no whole number of minutes.
    FrequencyTooShort = "T104" Error "a frequency that Sentinel does not take",
    /// Near real time asked for where it does not fit.
    NrtUnfit = "T105" Error "a rule that cannot run near real time",
    /// More than ten entities.
    TooManyEntities = "T106" Error "more entities than Sentinel takes",
    /// More than twenty custom details.
    TooManyDetails = "T107" Error "more custom details than Sentinel takes",
    /// A custom detail whose name does not fit.
    BadDetailName = "T108" Error "a custom detail whose name does not fit",
    /// A title or message that Sentinel cannot fill.
    BadOverride = "T109" Error "a title or message that Sentinel cannot fill",
    /// An entity without what identifies it, with too much, or of the wrong type.
    EntityUnfit = "T110" Error "an entity that Sentinel cannot map",
    /// A rule without the id, version or whatever else a target needs.
    MetadataNeeded = "T111" Error "a target needs more metadata",
    /// A name or description that is too long.
    TextTooLong = "T112" Error "a text that is longer than the target takes",
    /// Sigma cannot say this.
    SigmaRefused = "T201" Error "Sigma cannot express this",
    /// A difference that the rule does not permit.
    NotPermitted = "T003" Error "a difference that the rule does not permit",
    /// A difference that the command line denies.
    Denied = "T004" Error "a difference that is denied",
    /// A text of ours that does not read back as what it was made of.
    BrokenText = "T005" Error "a text that does not read back as what it was made of",

    // ---- S: settings -----------------------------------------------------------------------------------------
    /// The file is no TOML.
    SettingsUnreadable = "S001" Error "settings that cannot be read",
    /// A setting that does not exist.
    UnknownSetting = "S002" Error "an unknown setting",
    /// A value of the wrong form.
    BadSetting = "S003" Error "a setting of the wrong form",
    /// A setting for a rule, source, entity or detail that is not there.
    UnfitSetting = "S004" Error "a setting for something that is not there",
    /// A values file that is no YAML, or no map of names.
    ValuesUnreadable = "S005" Error "a values file that cannot be read",
    /// A value for a name that no file declares, or that several do.
    UnknownValue = "S006" Error "a value for a list or value that is not there",
    /// A value of another type than the declared one.
    BadDeploymentValue = "S007" Error "a value of the wrong type",

    // ---- L: source files, one for each kind of log --------------------------------------------------------------
    /// The file is no YAML, or no text.
    SourceUnreadable = "L001" Error "a source file that cannot be read",
    /// A key that a source file does not have.
    UnknownSourceKey = "L002" Error "an unknown key in a source file",
    /// A key without which there is no source.
    MissingSourceKey = "L003" Error "a key that a source file lacks",
    /// A value of the wrong form.
    BadSourceValue = "L004" Error "a value of the wrong form in a source file",
    /// Two fields of one name or one column.
    SourceNameTwice = "L005" Error "two fields of one name or column",
    /// A field, shape or type that does not fit what else the file says.
    UnfitSource = "L006" Error "something in a source file that does not fit the rest of it",
    /// A column that the table does not have, or has with another type.
    UnfitColumn = "L007" Error "a column that the table does not have like this",
    /// A table without a file under `targets/tables`.
    UnknownTable = "L008" Warning "a table whose columns are not known",

    // ---- K: queries in KQL -----------------------------------------------------------------------------------
    /// A query that is wrong, or that our reader does not take.
    KqlWrong = "K001" Error "a query in KQL that is wrong, or not supported",
    /// A query that probably does not say what was meant.
    KqlDoubtful = "K002" Warning "a query in KQL that probably does not say what was meant",
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn codes_are_distinct() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} is used twice", code.as_str());
        }
    }
}
