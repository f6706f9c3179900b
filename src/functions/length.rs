use super::{Accepts, Example, Function, Missing, Native, Parameter, Result_, Sigma};
use crate::plan::Type;
use crate::runtime::function;
use crate::value::Value;

pub(super) const FUNCTION: Function = Function {
    name: "length",
    parameters: &[Parameter {
        name: "text",
        accepts: Accepts::Text,
    }],
    result: Result_::Of {
        ty: Type::Int,
        missing: Missing::Never,
    },
    docs: "Number of Unicode characters (scalar values); missing gives 0.",
    examples: &[Example {
        call: r#"length("abc")"#,
        result: "3",
    }],
    native: Native::Values(|arguments| Value::Int(arguments.first().map_or(0, function::length))),
    kql: |arguments| {
        arguments
            .first()
            .map(|text| format!("strlen({})", text.text))
            .unwrap_or_default()
    },
    sigma: Sigma::Refused("Sigma does not measure text"),
};
