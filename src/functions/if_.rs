use super::{Accepts, Example, Function, Native, Parameter, Result_, Sigma};
use crate::runtime::function;
use crate::value::Value;

use crate::runtime::compare;

pub(super) const FUNCTION: Function = Function {
    name: "if",
    parameters: &[
        Parameter {
            name: "condition",
            accepts: Accepts::Condition,
        },
        Parameter {
            name: "then",
            accepts: Accepts::Any,
        },
        Parameter {
            name: "else",
            accepts: Accepts::Any,
        },
    ],
    result: Result_::OfArguments,
    docs: "The second argument where the condition holds, else the third. Both have one type.",
    examples: &[
        Example {
            call: r#"if(1 < 2, "yes", "no")"#,
            result: "\"yes\"",
        },
        Example {
            call: r#"if("a" == "b", 1, 2)"#,
            result: "2",
        },
    ],
    native: Native::Values(|arguments| match arguments {
        [condition, then, otherwise] => function::choose(compare::is_true(condition), then.clone(), otherwise.clone()),
        _ => Value::Missing,
    }),
    kql: |arguments| match arguments {
        [condition, then, otherwise] => format!("iff({}, {}, {})", condition.text, then.text, otherwise.text),
        _ => String::new(),
    },
    sigma: Sigma::Rewritten,
};
