use super::{Accepts, Example, Function, Missing, Native, Parameter, Result_, Sigma};
use crate::plan::Type;
use crate::runtime::function;

pub(super) const FUNCTION: Function = Function {
    name: "capture",
    parameters: &[
        Parameter {
            name: "text",
            accepts: Accepts::Text,
        },
        Parameter {
            name: "pattern",
            accepts: Accepts::Pattern,
        },
    ],
    result: Result_::Of {
        ty: Type::Text,
        missing: Missing::Possibly,
    },
    docs: "What the one group of the pattern caught in its first match; missing where nothing matches or the group is empty.",
    examples: &[
        Example {
            call: r#"capture("prompt/off command/iam.list-users", /command\/([\w.-]+)/)"#,
            result: "\"iam.list-users\"",
        },
        Example {
            call: r#"capture("boto3", /command\/([\w.-]+)/)"#,
            result: "missing",
        },
    ],
    native: Native::Pattern(function::capture),
    kql: |arguments| match arguments {
        [text, pattern] => format!("extract({}, 1, {})", pattern.text, text.text),
        _ => String::new(),
    },
    sigma: Sigma::Refused("Sigma does not take text apart"),
};
