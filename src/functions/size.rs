use super::{Accepts, Example, Function, Missing, Native, Parameter, Result_, Sigma};
use crate::plan::Type;
use crate::runtime::function;
use crate::value::Value;

pub(super) const FUNCTION: Function = Function {
    name: "size",
    parameters: &[Parameter {
        name: "collection",
        accepts: Accepts::Collection,
    }],
    result: Result_::Of {
        ty: Type::Int,
        missing: Missing::Never,
    },
    docs: "Number of elements of a set or list. Missing gives 0; a single value counts as a list of one.",
    examples: &[
        Example {
            call: r#"size(split("a/b", "/"))"#,
            result: "2",
        },
        Example {
            call: r#"size(json("{}"))"#,
            result: "1",
        },
        Example {
            call: r#"size(json("no json"))"#,
            result: "0",
        },
    ],
    native: Native::Values(|arguments| Value::Int(arguments.first().map_or(0, function::size))),
    kql: |arguments| match arguments {
        [set] if matches!(set.ty, Type::Set(_)) => format!("array_length({})", set.dynamic),
        [path] => {
            let (text, dynamic) = (&path.text, &path.dynamic);
            format!("case(isempty({text}), 0, gettype({dynamic}) == \"array\", array_length({dynamic}), 1)")
        }
        _ => String::new(),
    },
    sigma: Sigma::Refused("Sigma does not count the elements of a list"),
};
