use super::{Accepts, Example, Function, Missing, Native, Parameter, Result_, Sigma};
use crate::plan::Type;
use crate::runtime::function;
use crate::value::Value;

pub(super) const FUNCTION: Function = Function {
    name: "before",
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
        ty: Type::Text,
        missing: Missing::Possibly,
    },
    docs: "The part before the first mark, exact in case; missing where the mark does not occur (so `before(x, \"@\") ?? x`).",
    examples: &[
        Example {
            call: r#"before("alice@example.com", "@")"#,
            result: "\"alice\"",
        },
        Example {
            call: r#"before("alice", "@")"#,
            result: "missing",
        },
        Example {
            call: r#"before("@example.com", "@")"#,
            result: "missing",
        },
    ],
    native: Native::Values(|arguments| match arguments {
        [text, Value::Text(mark)] => function::before(text, mark),
        _ => Value::Missing,
    }),
    kql: |arguments| match arguments {
        [text, mark] => {
            let (text, mark) = (&text.text, &mark.text);
            format!("iff({text} contains_cs {mark}, substring({text}, 0, indexof({text}, {mark})), \"\")")
        }
        _ => String::new(),
    },
    sigma: Sigma::Refused("Sigma does not take text apart"),
};
