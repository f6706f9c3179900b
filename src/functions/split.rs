use super::{Accepts, Example, Function, Missing, Native, Parameter, Result_, Sigma};
use crate::plan::Type;
use crate::runtime::function;
use crate::value::Value;

pub(super) const FUNCTION: Function = Function {
    name: "split",
    parameters: &[
        Parameter {
            name: "text",
            accepts: Accepts::Text,
        },
        Parameter {
            name: "mark",
            accepts: Accepts::Separator,
        },
    ],
    result: Result_::Of {
        ty: Type::Json,
        missing: Missing::WithArgument,
    },
    docs: "The parts between the marks as a list; empty parts are kept and read as missing. `split(arn, \"/\")[-1]` is the last part.",
    examples: &[
        Example {
            call: r#"split("user/path/alice", "/")[-1]"#,
            result: "\"alice\"",
        },
        Example {
            call: r#"split("a//b", "/")[1]"#,
            result: "missing",
        },
        Example {
            call: r#"size(split("a//b", "/"))"#,
            result: "3",
        },
    ],
    native: Native::Values(|arguments| match arguments {
        [text, Value::Text(mark)] => function::split(text, mark),
        _ => Value::Missing,
    }),
    // Kusto splits the empty text into one empty part; read as text that is missing too, so only a list needs a guard.
    kql: |arguments| match arguments {
        [text, mark] => format!("split({}, {})", text.text, mark.text),
        _ => String::new(),
    },
    sigma: Sigma::Refused("Sigma does not take text apart"),
};
