use super::{Accepts, Example, Function, Missing, Native, Parameter, Result_, Sigma};
use crate::plan::Type;
use crate::runtime::function;
use crate::value::Value;

pub(super) const FUNCTION: Function = Function {
    name: "lower",
    parameters: &[Parameter {
        name: "text",
        accepts: Accepts::Text,
    }],
    result: Result_::Of {
        ty: Type::Text,
        missing: Missing::WithArgument,
    },
    docs: "The text with small ASCII letters; other letters stay as they are.",
    examples: &[Example {
        call: r#"lower("iam.LIST-Users")"#,
        result: "\"iam.list-users\"",
    }],
    native: Native::Values(|arguments| arguments.first().map_or(Value::Missing, function::lower)),
    kql: |arguments| {
        arguments
            .first()
            .map(|text| format!("tolower({})", text.text))
            .unwrap_or_default()
    },
    sigma: Sigma::Rewritten,
};
