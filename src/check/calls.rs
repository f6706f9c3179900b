//! Calls of functions.

use super::Checker;
use super::expression::{exactly, expr};
use crate::diagnostics::{Code, Diagnostic, Span, nearest};
use crate::functions::{self, Accepts, Result_};
use crate::plan::{Argument, Expr, ExprKind, Literal, RelationId, Segment, Type};
use crate::syntax::ast;

impl Checker<'_, '_, '_, '_> {
    pub(super) fn call(
        &mut self,
        relation: RelationId,
        name: &ast::Ident,
        arguments: &[ast::Expr],
        access: &[Segment],
        span: Span,
    ) -> Option<Expr> {
        let Some(function) = functions::find(&name.name) else {
            let known: Vec<&str> = functions::ALL.iter().map(|f| f.name).collect();
            let mut finding = Diagnostic::new(
                Code::UnknownFunction,
                name.span,
                format!("there is no function `{}`", name.name),
            );
            const AGGREGATES: &[&str] = &["count", "distinct", "set", "min", "max", "sum", "avg"];
            finding = match nearest(&name.name, known.iter().copied()) {
                _ if AGGREGATES.contains(&name.name.as_str()) => finding.help(format!(
                    "in a group `{0}` is written without brackets: `n = {0}{1}`",
                    name.name,
                    if name.name == "count" { "" } else { " sourceIPAddress" }
                )),
                Some(meant) => finding.help(format!("did you mean `{meant}`?")),
                None => finding.help(format!("known are {}", known.join(", "))),
            };
            return self.report(finding);
        };
        let parameters = function.0.parameters;
        if parameters.len() != arguments.len() {
            let names: Vec<&str> = parameters.iter().map(|p| p.name).collect();
            return self.report(
                Diagnostic::new(
                    Code::BadCall,
                    span,
                    format!(
                        "`{}` takes {} arguments, not {}",
                        name.name,
                        parameters.len(),
                        arguments.len()
                    ),
                )
                .help(format!("write `{}({})`", name.name, names.join(", "))),
            );
        }
        let mut values = Vec::new();
        for (parameter, argument) in parameters.iter().zip(arguments) {
            values.push(self.argument(relation, function.0.name, parameter.accepts, argument));
        }
        let mut values: Vec<Argument> = values.into_iter().collect::<Option<_>>()?;
        let ty = match function.0.result {
            Result_::Of { ty, .. } => ty,
            Result_::OfArguments => {
                let any: Vec<Expr> = parameters
                    .iter()
                    .zip(&values)
                    .filter_map(|(parameter, value)| match (parameter.accepts, value) {
                        (Accepts::Any, Argument::Value(value)) => Some(value.clone()),
                        _ => None,
                    })
                    .collect();
                let ty = self.common_type(&any, span, &format!("the results of `{}`", name.name))?;
                for (parameter, value) in parameters.iter().zip(&mut values) {
                    if let (Accepts::Any, Argument::Value(value)) = (parameter.accepts, value) {
                        *value = exactly(value.clone(), ty);
                    }
                }
                ty
            }
        };
        let call = expr(
            ExprKind::Call {
                function,
                arguments: values,
            },
            ty,
            span,
        );
        if access.is_empty() {
            Some(call)
        } else {
            self.member(call, access, span)
        }
    }

    fn argument(
        &mut self,
        relation: RelationId,
        function: &str,
        accepts: Accepts,
        tree: &ast::Expr,
    ) -> Option<Argument> {
        let value = match accepts {
            Accepts::Pattern => {
                let ast::ExprKind::Regex { pattern, ignore_case } = &tree.kind else {
                    self.report(
                        Diagnostic::new(
                            Code::BadCall,
                            tree.span,
                            format!("`{function}` takes a regular expression here"),
                        )
                        .help("write it between slashes: `/user=(\\w+)/`"),
                    );
                    return None;
                };
                let (pattern, groups) = self.pattern(pattern, *ignore_case, tree.span)?;
                if groups != 1 {
                    self.report(
                        Diagnostic::new(
                            Code::BadRegex,
                            tree.span,
                            format!("the pattern of `{function}` has one group, not {groups}"),
                        )
                        .help("put brackets around the part to catch; others are written `(?:..)`"),
                    );
                    return None;
                }
                return Some(Argument::Pattern(pattern));
            }
            Accepts::Condition => self.condition(relation, tree)?,
            Accepts::Text => {
                let value = self.typed(relation, tree)?;
                self.as_text(value, &format!("`{function}`"))?
            }
            Accepts::Any => self.typed(relation, tree)?,
            Accepts::Separator => {
                let value = self.typed(relation, tree)?;
                let text = matches!(&value.kind, ExprKind::Literal(Literal::Text(t)) if !t.is_empty())
                    || (matches!(value.kind, ExprKind::Constant(_))
                        && value.ty == Type::Text
                        && !self.is_empty_text(&value));
                if !text {
                    self.report(
                        Diagnostic::new(
                            Code::BadCall,
                            tree.span,
                            format!("`{function}` takes a text here that is not empty"),
                        )
                        .help("write it in quotes: `\"/\"`"),
                    );
                    return None;
                }
                value
            }
            Accepts::Collection => {
                let value = self.typed(relation, tree)?;
                if !matches!(value.ty, Type::Set(_) | Type::Json) {
                    let finding =
                        Diagnostic::new(Code::BadCall, tree.span, format!("`{function}` takes a set or a list"))
                            .label(value.ty.name());
                    let finding = if value.ty == Type::Text {
                        finding.help("for the length of a text write `length(..)`")
                    } else {
                        finding
                    };
                    self.report(finding);
                    return None;
                }
                value
            }
        };
        Some(Argument::Value(value))
    }
}
