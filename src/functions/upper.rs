use super::{Accepts, Example, Function, Missing, Native, Parameter, Result_, Sigma};
use crate::plan::Type;
use crate::runtime::function;
use crate::value::Value;

pub(super) const FUNCTION: Function = Function {
    name: "upper",
    parameters: &[Parameter {
        name: "text",
        accepts: Accepts::Text,
    }],
    result: Result_::Of {
        ty: Type::Text,
        missing: Missing::WithArgument,
    },
    docs: "The text with capital ASCII letters; other letters stay as they are.",
    examples: &[Example {
        call: r#"upper("alice")"#,
        result: "\"ALICE\"",
    }],
    native: Native::Values(|arguments| arguments.first().map_or(Value::Missing, function::upper)),
    kql: |arguments| {
        arguments
            .first()
            .map(|text| format!("toupper({})", text.text))
            .unwrap_or_default()
    },
    sigma: Sigma::Rewritten,
};
