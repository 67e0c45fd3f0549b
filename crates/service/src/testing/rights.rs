//! The proof that no operation runs without a permission, and that it asks for the ones that AWS documents.

use weft_model::{ActionFacts, OperationSchema, ServiceSchema, Value};
use weft_types::{AccountId, Region};

use super::{Client, sample};
use crate::{Access, Scope};

/// Actions that are documented to have no resource, but that AWS refuses by a name for all that they list, which no policy
/// names but with `*`: how the action begins, how the resource ends.
const WHOLES: &[(&str, &str)] = &[("iam:List", "/"), ("logs:", ":log-group::log-stream:")];

/// Calls every operation of a service that has code as somebody without rights, and returns what is wrong with it, one text
/// each: `lambda:GetFunction: ResourceNotFoundException: …` where it was not refused with `AccessDenied`, and otherwise
/// where the refusal does not read as AWS's, and so names no action, or where an action that it declares or asks for does
/// not exist, is not for such a resource, or has no such condition key.
///
/// `given` has values for members whose samples (see [`sample()`]) an operation does not accept, by operation and member.
/// `open` are the operations that need no permission (`GetCallerIdentity`).
pub async fn not_refused(
    client: &Client,
    service: &'static ServiceSchema,
    given: &dyn Fn(&str, &str) -> Option<Value>,
    open: &[&str],
) -> Vec<String> {
    let mut wrong = Vec::new();
    for operation in client.dispatch.registry().operations(service.id) {
        if open.contains(&operation.name) {
            continue;
        }
        let input = sample(operation.input, &|member| given(operation.name, member));
        let declared = declared(client, service, operation, input.clone());
        let found = client.call_value(service, operation.name, &input).await;
        let faults = match found {
            Err(fault) if fault.code.starts_with("AccessDenied") => {
                let Some(asked) = refused(&fault.message) else {
                    wrong.push(format!("{}: is refused with: {}", operation.name, fault.message));
                    continue;
                };
                let mut faults: Vec<String> = declared
                    .iter()
                    .chain([&asked])
                    .filter_map(|access| undocumented(access, service))
                    .collect();
                faults.dedup();
                faults
            }
            Err(fault) => vec![fault.to_string()],
            Ok(_) => vec!["ran".to_owned()],
        };
        let name = format!("{}:{}", service.action_prefix, operation.name);
        wrong.extend(faults.iter().map(|fault| format!("{name}: {fault}")));
    }
    wrong
}

/// What an operation declares for this input.
fn declared(
    client: &Client,
    service: &ServiceSchema,
    operation: &OperationSchema,
    input: Value,
) -> Vec<Access> {
    let region = Region::parse(&client.region).unwrap_or_default();
    let scope = Scope { account: AccountId::DEFAULT, region, now: client.dispatch.clock().now() };
    let registry = client.dispatch.registry();
    let prepared = registry.prepare(service.id, operation.name, input, &scope);
    prepared.and_then(Result::ok).map(|prepared| prepared.accesses).unwrap_or_default()
}

/// The access that AWS's text of a refusal names; none where the text is not AWS's.
fn refused(message: &str) -> Option<Access> {
    let (who, rest) = message.strip_prefix("User: ")?.split_once(" is not authorized to perform: ")?;
    let (action, rest) = rest.split_once(" on resource: ")?;
    let (resource, why) = rest.split_once(" because no ").unwrap_or((rest, ""));
    // Who may not assume a role is not told whether there is one, and so not why.
    let untold = why.is_empty() && action.starts_with("sts:AssumeRole") && !resource.contains(' ');
    let told = why.ends_with(&format!(" allows the {action} action"));
    ((told || untold) && !who.is_empty()).then(|| Access::to(action.to_owned(), resource))
}

/// What is wrong with an access, if anything is. Of our own service's actions only the prefix is known.
fn undocumented(access: &Access, service: &ServiceSchema) -> Option<String> {
    let Access { action, resource, conditions } = access;
    let (prefix, _) = action.split_once(':')?;
    if !ActionFacts::knows_service(prefix) {
        let own = prefix == service.action_prefix;
        return (!own).then(|| format!("{action}: nothing is known of the actions of {prefix}"));
    }
    let Some(facts) = ActionFacts::find(action) else { return Some(format!("there is no action {action}")) };
    let whole = facts.resources.is_empty()
        && WHOLES.iter().any(|(start, end)| action.starts_with(start) && resource.ends_with(end));
    if !whole && !facts.is_for(resource) {
        let forms: Vec<&str> = facts.resources.iter().map(|kind| kind.arn).collect();
        return Some(format!("{action} is not for {resource}, but for {}", forms.join(" or ")));
    }
    let unknown = conditions.iter().find(|(key, _)| !facts.has_key(key));
    unknown.map(|(key, _)| format!("{action} has no condition key {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &str, expected: Option<&str>) {
        let found = refused(message).map(|access| format!("{} {}", access.action, access.resource));
        assert_eq!(found.as_deref(), expected, "{message}");
    }

    #[test]
    fn a_refusal_is_read_only_where_it_is_awss() {
        check(
            "User: arn:aws:iam::000000000000:user/x is not authorized to perform: iam:GetUser on resource: * because no identity-based policy allows the iam:GetUser action",
            Some("iam:GetUser *"),
        );
        check(
            "User: x is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role/r",
            Some("sts:AssumeRole arn:aws:iam::000000000000:role/r"),
        );
        check("User: x is not authorized to perform: iam:GetUser on resource: *", None);
        check("User: x is not authorized to perform: iam:GetUser", None);
        check(
            "User: x is not authorized to perform: iam:ListPolicies on resource: policy path / because no session policy allows the iam:ListPolicies action",
            Some("iam:ListPolicies policy path /"),
        );
        check("Access Denied", None);
    }

    #[track_caller]
    fn fault(access: &Access, expected: Option<&str>) {
        let found = undocumented(access, &weft_model::lambda::SERVICE);
        assert_eq!(found.is_some(), expected.is_some(), "{found:?}");
        assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()));
    }

    #[test]
    fn an_access_is_held_against_what_is_documented() {
        let function = "arn:aws:lambda:us-east-1:000000000000:function:f";
        fault(&Access::to("lambda:GetFunction", function), None);
        fault(&Access::to("lambda:GetFunctions", function), Some("there is no action"));
        fault(&Access::to("lambda:GetFunction", "*"), Some("is not for *"));
        fault(&Access::to("lambda:ListFunctions", "*"), None);
        fault(&Access::to("lambda:CreateFunction", function).with("aws:RequestTag/a", "b"), None);
        fault(&Access::to("lambda:CreateFunction", function).with("a:b", "c"), Some("no condition key a:b"));
        fault(&Access::to("iam:ListUsers", "arn:aws:iam::000000000000:user/team/"), None);
        fault(&Access::to("iam:ListUsers", "arn:aws:iam::000000000000:user/ada"), Some("is not for"));
        fault(&Access::to("dynamodb:GetItem", "*"), Some("nothing is known"));
    }
}
