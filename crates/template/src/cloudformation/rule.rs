//! Rules: what must hold of parameters before anything is made.

use serde_json::Value;

use super::condition::{alike, connective, equals, settled};
use super::context::Context;
use super::resolve::{Resolver, Unknown};
use super::value::function;
use super::{NothingKnown, ParameterDeclaration, Template, TemplateError};

/// Checks all rules of a template; the first assertion that fails is the error.
pub(super) fn check(template: &Template, context: &Context) -> Result<(), TemplateError> {
    let resolver = Resolver::new(context, &NothingKnown, Unknown::Fail);
    let rules = Rules { resolver, declared: template.parameters() };
    for (name, rule) in template.section("Rules") {
        if let Some(condition) = rule.get("RuleCondition")
            && !rules.truth(condition)?
        {
            continue;
        }
        let assertions = rule.get("Assertions").and_then(Value::as_array).filter(|list| !list.is_empty());
        let Some(assertions) = assertions else {
            return Err(TemplateError::format(format!(
                "[/Rules/{name}] Every rule must contain Assertions."
            )));
        };
        for assertion in assertions {
            let Some(assert) = assertion.get("Assert") else {
                return Err(TemplateError::format(format!(
                    "[/Rules/{name}] Every assertion must contain an Assert."
                )));
            };
            if !rules.truth(assert)? {
                let description = assertion.get("AssertDescription").and_then(Value::as_str);
                let told = description.map_or_else(|| format!("Rule {name} is not met"), str::to_owned);
                return Err(TemplateError::new(told));
            }
        }
    }
    Ok(())
}

struct Rules<'a> {
    resolver: Resolver<'a>,
    declared: &'a [ParameterDeclaration],
}

impl Rules<'_> {
    fn truth(&self, value: &Value) -> Result<bool, TemplateError> {
        let wrong = || TemplateError::format("Rules can only be boolean operations on parameters");
        let (name, argument) = function(value).ok_or_else(wrong)?;
        if let Some(truth) = connective(name, argument, &mut |part| self.truth(part)) {
            return truth;
        }
        match name {
            "Fn::Equals" => equals(&self.resolver, argument),
            "Fn::Implies" => match argument.as_array().map(Vec::as_slice) {
                Some([left, right]) => Ok(!self.truth(left)? || self.truth(right)?),
                _ => Err(wrong()),
            },
            "Fn::Contains" => {
                let (list, value) = self.pair(name, argument)?;
                Ok(list.iter().any(|item| alike(item, &value)))
            }
            "Fn::EachMemberEquals" => {
                let (list, value) = self.pair(name, argument)?;
                Ok(list.iter().all(|item| alike(item, &value)))
            }
            "Fn::EachMemberIn" => {
                let (list, others) = self.pair(name, argument)?;
                let others = others.as_array().map(Vec::as_slice).unwrap_or_default();
                Ok(list.iter().all(|item| others.iter().any(|other| alike(item, other))))
            }
            _ => Err(wrong()),
        }
    }

    /// A list and what it is compared with.
    fn pair(&self, name: &str, argument: &Value) -> Result<(Vec<Value>, Value), TemplateError> {
        let wrong = || {
            TemplateError::function(format!("every {name} object requires two parameters, the first a list"))
        };
        let Some([list, other]) = argument.as_array().map(Vec::as_slice) else { return Err(wrong()) };
        let Value::Array(list) = self.value(list)? else { return Err(wrong()) };
        Ok((list, self.value(other)?))
    }

    fn value(&self, value: &Value) -> Result<Value, TemplateError> {
        match function(value) {
            Some(("Fn::RefAll", kind)) => {
                let of_kind = self.declared.iter().filter(|declared| kind.as_str() == Some(&declared.kind));
                let values =
                    of_kind.filter_map(|declared| self.resolver.context.parameters.get(&declared.key));
                Ok(values.map(|parameter| parameter.value.clone()).collect())
            }
            Some((name @ ("Fn::ValueOf" | "Fn::ValueOfAll"), _)) => Err(TemplateError::function(format!(
                "{name} asks for attributes of resources outside of the stack, which are not looked up"
            ))),
            _ => settled(&self.resolver, value),
        }
    }
}
