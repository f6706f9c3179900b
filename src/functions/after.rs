use super::{Accepts, Example, Function, Missing, Native, Parameter, Result_, Sigma};
use crate::plan::Type;
use crate::runtime::function;
use crate::value::Value;

pub(super) const FUNCTION: Function = Function {
    name: "after",
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
    docs: "The part after the first mark, exact in case; missing where the mark does not occur.",
    examples: &[
        Example {
            call: r#"after("alice@example.com", "@")"#,
            result: "\"example.com\"",
        },
        Example {
            call: r#"after("a@b@c", "@")"#,
            result: "\"b@c\"",
        },
        Example {
            call: r#"after("alice", "@")"#,
            result: "missing",
        },
    ],
    native: Native::Values(|arguments| match arguments {
        [text, Value::Text(mark)] => function::after(text, mark),
        _ => Value::Missing,
    }),
    kql: |arguments| match arguments {
        [text, mark] => {
            let length = mark.literal.as_deref().map_or(0, |mark| mark.chars().count());
            let (text, mark) = (&text.text, &mark.text);
            format!("iff({text} contains_cs {mark}, substring({text}, indexof({text}, {mark}) + {length}), \"\")")
        }
        _ => String::new(),
    },
    sigma: Sigma::Refused("Sigma does not take text apart"),
};
