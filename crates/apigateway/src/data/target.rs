//! What an integration's URI names.

/// What stands behind an integration of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A function: its ARN, in which stage variables may stand.
    Lambda(String),
    /// An action of another service, which Weft does not call yet.
    Service(String),
}

impl Target {
    /// Reads `arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations` and such.
    pub(crate) fn parse(uri: &str) -> Result<Self, String> {
        let rest =
            uri.strip_prefix("arn:").and_then(|rest| rest.split_once(":apigateway:")).map(|(_, rest)| rest);
        let Some((_, rest)) = rest.and_then(|rest| rest.split_once(':')) else {
            return Err("Invalid ARN specified in the request".to_owned());
        };
        let Some((service, what)) = rest.split_once(':') else {
            return Err("Invalid ARN specified in the request".to_owned());
        };
        if !what.starts_with("path/") && !what.starts_with("action/") {
            return Err("AWS ARN for integration must contain path or action".to_owned());
        }
        if service != "lambda" {
            return Ok(Self::Service(service.to_owned()));
        }
        let function = what
            .strip_prefix("path/2015-03-31/functions/")
            .and_then(|rest| rest.strip_suffix("/invocations"))
            .filter(|function| !function.is_empty());
        match function {
            Some(function) => Ok(Self::Lambda(function.to_owned())),
            None => Err("Invalid function ARN or invalid uri".to_owned()),
        }
    }

    /// A function behind an HTTP API: its ARN alone, or as a REST API names it.
    pub(crate) fn of_http(uri: &str) -> Result<Self, String> {
        if uri.contains(":apigateway:") {
            return Self::parse(uri);
        }
        match uri.split(':').collect::<Vec<_>>()[..] {
            ["arn", _, "lambda", _, _, "function", ..] => Ok(Self::Lambda(uri.to_owned())),
            _ => Err(format!("Invalid integration URI specified: {uri}")),
        }
    }
}

/// Puts stage variables in: `${stageVariables.name}`; one that is not set leaves nothing.
pub(crate) fn with_variables<'v>(text: &str, variable: impl Fn(&str) -> Option<&'v str>) -> String {
    const BEGIN: &str = "${stageVariables.";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(BEGIN) {
        out.push_str(&rest[..at]);
        let name = &rest[at + BEGIN.len()..];
        let Some(end) = name.find('}') else {
            rest = &rest[at..];
            break;
        };
        out.push_str(variable(&name[..end]).unwrap_or_default());
        rest = &name[end + 1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, expected: Option<&Target>) {
        assert_eq!(Target::parse(uri).ok().as_ref(), expected, "{uri}");
    }

    #[test]
    fn a_uri_names_a_function_or_another_service() {
        let function = "arn:aws:lambda:us-east-1:000000000000:function:f:${stageVariables.alias}";
        let lambda = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions";
        check(&format!("{lambda}/{function}/invocations"), Some(&Target::Lambda(function.to_owned())));
        check(&format!("{lambda}/{function}"), None);
        check("arn:aws:apigateway:us-east-1:sqs:path/1/q", Some(&Target::Service("sqs".to_owned())));
        check("arn:aws:apigateway:us-east-1:sqs", None);
        check("https://example.com", None);
        check("", None);
    }

    #[test]
    fn stage_variables_are_put_in() {
        let put = |text: &str| with_variables(text, |name| (name == "a").then_some("x"));
        assert_eq!(put("1${stageVariables.a}2${stageVariables.b}3"), "1x23");
        assert_eq!(put("${stageVariables.a"), "${stageVariables.a");
    }
}
