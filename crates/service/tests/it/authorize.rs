//! Permissions with policies of all kinds, refusals in AWS's words, and what is remembered of decisions.

use std::sync::Arc;

use weft_policy::{NamedPolicy, Policy, PolicySet};
use weft_service::testing::not_refused;
use weft_service::{Access, ConditionRecord, Context, MissCause, Outcome, Principal};
use weft_types::{AccountId, Region};

use crate::world::World;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

fn policy(statement: &str) -> Policy {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":{}}}"#, statement.replace('\'', "\""));
    Policy::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn context(who: &str) -> Context {
    let account = AccountId::DEFAULT;
    let (path, name, id) = ("/".to_owned(), who.to_owned(), "AIDA".to_owned());
    let user = |account| Principal::User { account, path, name, id };
    let principal = match who {
        "stranger" => user(AccountId::parse("111122223333").expect("an account")),
        "guest" => {
            let by = Box::new(Principal::User {
                account,
                path: "/".to_owned(),
                name: "admin".to_owned(),
                id: "AIDA".to_owned(),
            });
            Principal::Federated { account, name: "guest".to_owned(), by }
        }
        "anonymous" => Principal::Anonymous,
        "s3.amazonaws.com" => Principal::Service { account, name: "s3.amazonaws.com" },
        _ => user(account),
    };
    let mut cx =
        World::new().dispatch.context_for_service("lambda.amazonaws.com", account, Region::default());
    cx.principal = Arc::new(principal);
    cx
}

/// Whether `who` may invoke the function, which has this statement as its policy; `allow` or the end of the refusal.
async fn check(who: &str, resource: &str, expected: &str) {
    let access = Access::to("lambda:InvokeFunction", FUNCTION);
    let resource = (!resource.is_empty()).then(|| policy(resource));
    let found = context(who).authorize_with(&access, resource.as_ref()).await;
    let found = found.map_or_else(|error| error.message().to_owned(), |()| "allow".to_owned());
    assert!(found.ends_with(expected), "{who}: {found}");
    if expected != "allow" {
        assert!(found.starts_with("User: ") && found.contains(" is not authorized to perform: "), "{found}");
    }
}

const ALL: &str = "{'Effect':'Allow','Principal':'*','Action':'lambda:*','Resource':'*'}";

#[tokio::test]
async fn refusals_name_the_kind_of_policy_in_the_words_of_aws() {
    let function = "lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:000000000000:function:f";
    let because =
        |kind: &str| format!("{function} because no {kind} allows the lambda:InvokeFunction action");
    check("admin", "", "allow").await;
    check("nobody", "", &because("identity-based policy")).await;
    check("nobody", ALL, "allow").await;
    check("bounded", "", &because("permissions boundary")).await;
    check("stranger", "", &because("resource-based policy")).await;
    check("stranger", ALL, &because("identity-based policy")).await;
    check("anonymous", "", &because("resource-based policy")).await;
    check("anonymous", ALL, "allow").await;
    check("s3.amazonaws.com", "", &because("resource-based policy")).await;
    check("s3.amazonaws.com", ALL, "allow").await;
    check("guest", "", &because("session policy")).await;
    check("denied", ALL, &format!("{function} with an explicit deny in an identity-based policy")).await;
    let deny = ALL.replace("Allow", "Deny");
    check("admin", &deny, &format!("{function} with an explicit deny in a resource-based policy")).await;
    let managed =
        "with an explicit deny in an identity-based policy: arn:aws:iam::000000000000:policy/Managed";
    check("managed", "", managed).await;
}

#[tokio::test]
async fn session_policies_and_trust_policies_have_words_of_their_own() {
    let role = Access::to("sts:AssumeRole", "arn:aws:iam::000000000000:role/r");
    let trust = |effect: &str, who: &str| {
        policy(&format!("{{'Effect':'{effect}','Principal':{{'AWS':'{who}'}},'Action':'sts:AssumeRole'}}"))
    };
    let ask = async |who: &str, policy: &Policy| {
        let found = context(who).authorize_required(&role, policy).await;
        found.map_or_else(|error| error.message().to_owned(), |()| "allow".to_owned())
    };
    assert_eq!(ask("admin", &trust("Allow", "000000000000")).await, "allow");
    assert_eq!(ask("nobody", &trust("Allow", "arn:aws:iam::000000000000:user/nobody")).await, "allow");
    let other = ask("admin", &trust("Allow", "111122223333")).await;
    assert!(other.ends_with("because no role trust policy allows the sts:AssumeRole action"), "{other}");
    let denied = ask("admin", &trust("Deny", "000000000000")).await;
    assert!(denied.ends_with("with an explicit deny in the role trust policy"), "{denied}");
    let narrow = policy("{'Effect':'Deny','Action':'lambda:*','Resource':'*'}");
    let session_policies = [NamedPolicy::new("session policy", narrow)].into();
    let mut cx = context("admin");
    cx.session_policies = session_policies;
    let error = cx.authorize(&Access::to("lambda:GetFunction", FUNCTION)).await.expect_err("a refusal");
    assert!(error.message().ends_with("with an explicit deny in a session policy"), "{}", error.message());
}

#[tokio::test]
async fn tags_of_the_caller_are_condition_keys() {
    let cx = context("admin");
    let tagged = |team: &str| {
        policy(&format!(
            "{{'Effect':'Deny','Principal':'*','Action':'*','Resource':'*','Condition':{{'StringNotEquals':{{'aws:PrincipalTag/team':'{team}'}}}}}}"
        ))
    };
    let access = Access::to("lambda:InvokeFunction", FUNCTION);
    assert!(cx.authorize_with(&access, Some(&tagged("blue"))).await.is_ok());
    assert!(cx.authorize_with(&access, Some(&tagged("red"))).await.is_err());
}

#[tokio::test]
async fn decisions_are_remembered_by_the_id_of_their_request() {
    let cx = context("denied");
    let get = Access::to("lambda:GetFunction", FUNCTION);
    let _ = cx.authorize(&get).await;
    let _ = cx.authorize(&Access::to("logs:CreateLogGroup", "*")).await;
    let known = cx.decisions(&cx.request_id);
    let [allowed, refused] = known.as_slice() else { panic!("{known:?}") };
    let Outcome::Denied(ground) = &refused.outcome else { panic!("{refused:?}") };
    assert_eq!((&*refused.action, refused.resource.as_str()), ("lambda:GetFunction", FUNCTION));
    assert_eq!(
        (ground.set, ground.policy.as_deref(), ground.statement),
        (PolicySet::Identity, Some("rights"), 1)
    );
    let Outcome::Allowed(grounds) = &allowed.outcome else { panic!("{allowed:?}") };
    assert_eq!((grounds.len(), grounds[0].statement), (1, 0));
    assert_eq!(cx.decisions("another"), []);
}

#[tokio::test]
async fn a_refusal_that_no_statement_allows_tells_the_nearest() {
    let mut cx = context("stranger");
    cx.request_id = "near".into();
    let resource = policy(
        "{'Sid':'Ours','Effect':'Allow','Principal':'*','Action':'lambda:*','Resource':'*','Condition':{'StringEquals':{'aws:username':'ada'}}}",
    );
    assert!(
        cx.authorize_with(&Access::to("lambda:InvokeFunction", FUNCTION), Some(&resource)).await.is_err()
    );
    let known = cx.decisions("near");
    let Outcome::NotAllowed { set: PolicySet::Resource, nearest: Some(nearest) } = &known[0].outcome else {
        panic!("{known:?}")
    };
    assert_eq!(nearest.ground.sid.as_deref(), Some("Ours"));
    let cause = ConditionRecord {
        operator: "StringEquals".to_owned(),
        key: "aws:username".to_owned(),
        wanted: vec!["ada".to_owned()],
        found: Some(vec!["stranger".to_owned()]),
    };
    assert_eq!(nearest.cause, MissCause::Condition(cause));
}

#[tokio::test]
async fn an_operation_that_asks_for_nothing_or_for_what_does_not_exist_is_found() {
    let world = World::new();
    let client = world.client("nobody");
    let given =
        |_: &str, member: &str| (member == "resource").then(|| weft_model::Value::Text(FUNCTION.to_owned()));
    let sts = not_refused(&client, &weft_model::sts::SERVICE, &given, &[]).await;
    assert_eq!(sts, ["sts:GetCallerIdentity: ran"]);
    let open = &["GetCallerIdentity"];
    assert_eq!(not_refused(&client, &weft_model::sts::SERVICE, &given, open).await, Vec::<String>::new());
    let lambda = not_refused(&client, &weft_model::lambda::SERVICE, &given, &[]).await;
    let passed = "lambda:ListTags: iam:PassRole is not for *, but for arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}";
    assert_eq!(lambda, [passed]);
    assert_eq!(world.ran(), 0);
}
