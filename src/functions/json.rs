use super::{Accepts, Example, Function, Missing, Native, Parameter, Result_, Sigma};
use crate::plan::Type;
use crate::runtime::function;
use crate::value::Value;

pub(super) const FUNCTION: Function = Function {
    name: "json",
    parameters: &[Parameter {
        name: "text",
        accepts: Accepts::Text,
    }],
    result: Result_::Of {
        ty: Type::Json,
        missing: Missing::Possibly,
    },
    docs: "The object or array that a text spells as JSON, such as a policy document inside a parameter; anything else is missing.",
    examples: &[
        Example {
            call: r#"json("{\"Effect\": \"Allow\"}").Effect"#,
            result: "\"Allow\"",
        },
        Example {
            call: r#"json("[1, 2]")[1]"#,
            result: "2",
        },
        Example {
            call: r#"json("\"text\"")"#,
            result: "missing",
        },
    ],
    native: Native::Values(|arguments| arguments.first().map_or(Value::Missing, function::json)),
    kql: |arguments| {
        arguments
            .first()
            .map(|text| format!("parse_json({})", text.text))
            .unwrap_or_default()
    },
    sigma: Sigma::Refused("Sigma does not look into JSON held in text"),
};
