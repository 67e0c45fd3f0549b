use super::Keys;
use crate::{Policy, PolicyKind, Trust, Trusted, evaluate_trust};

const ADA: &[&str] = &["arn:aws:iam::000000000000:user/ada"];
const SESSION: &[&str] =
    &["arn:aws:sts::000000000000:assumed-role/ci/s1", "arn:aws:iam::000000000000:role/x/ci"];

/// Who may assume a role whose trust policy has these statements. The caller is a service, or an account with ARNs.
#[track_caller]
fn check(statements: &str, caller: &str, keys: &str, expected: Trust) {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.replace('\'', "\""));
    let policy = Policy::parse_as(PolicyKind::Trust, &text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let account = "000000000000";
    let caller = match caller {
        "ada" => Trusted::Account { account, arns: ADA },
        "session" => Trusted::Account { account, arns: SESSION },
        "root" => Trusted::Account { account, arns: &[] },
        "stranger" => {
            Trusted::Account { account: "111111111111", arns: &["arn:aws:iam::111111111111:user/eve"] }
        }
        service => Trusted::Service(service),
    };
    assert_eq!(
        evaluate_trust(&policy, caller, "sts:AssumeRole", &Keys::read(keys)),
        expected,
        "{statements}"
    );
}

fn allow(principal: &str) -> String {
    format!("{{'Effect':'Allow','Action':'sts:AssumeRole','Principal':{principal}}}")
}

#[test]
fn accounts_are_trusted_as_a_whole() {
    for named in ["'000000000000'", "'arn:aws:iam::000000000000:root'"] {
        let policy = allow(&format!("{{'AWS':{named}}}"));
        check(&policy, "ada", "", Trust::Account);
        check(&policy, "session", "", Trust::Account);
        check(&policy, "root", "", Trust::Account);
        check(&policy, "stranger", "", Trust::None);
        check(&policy, "lambda.amazonaws.com", "", Trust::None);
    }
}

#[test]
fn users_roles_and_sessions_are_trusted_by_name() {
    let user = allow("{'AWS':'arn:aws:iam::000000000000:user/ada'}");
    check(&user, "ada", "", Trust::Direct);
    check(&user, "session", "", Trust::None);
    check(&user, "root", "", Trust::None);
    let role = allow("{'AWS':'arn:aws:iam::000000000000:role/x/ci'}");
    check(&role, "session", "", Trust::Direct);
    check(&role, "ada", "", Trust::None);
    let session = allow("{'AWS':'arn:aws:sts::000000000000:assumed-role/ci/s1'}");
    check(&session, "session", "", Trust::Direct);
    check(&allow("{'AWS':'arn:aws:sts::000000000000:assumed-role/ci/s2'}"), "session", "", Trust::None);
    check(&allow("'*'"), "stranger", "", Trust::Direct);
    check(&allow("{'AWS':'*'}"), "ada", "", Trust::Direct);
    check(&allow("'*'"), "lambda.amazonaws.com", "", Trust::None);
}

#[test]
fn services_are_trusted_by_name() {
    let policy = allow("{'Service':['lambda.amazonaws.com','ecs.amazonaws.com']}");
    check(&policy, "lambda.amazonaws.com", "", Trust::Direct);
    check(&policy, "sqs.amazonaws.com", "", Trust::None);
    check(&policy, "ada", "", Trust::None);
}

#[test]
fn denials_and_conditions_hold_for_trust_as_well() {
    let account = allow("{'AWS':'000000000000'}");
    let deny = "{'Effect':'Deny','Action':'sts:*','Principal':{'AWS':'arn:aws:iam::000000000000:user/ada'}}";
    let deny = deny.replace("sts:*", "sts:Assume*");
    check(&format!("{account},{deny}"), "ada", "", Trust::Denied);
    check(&format!("{deny},{account}"), "ada", "", Trust::Denied);
    check(&format!("{account},{deny}"), "session", "", Trust::Account);
    let external = "{'Effect':'Allow','Action':'sts:AssumeRole','Principal':{'AWS':'111111111111'},'Condition':{'StringEquals':{'sts:ExternalId':'secret'}}}";
    check(external, "stranger", "sts:ExternalId=secret", Trust::Account);
    check(external, "stranger", "sts:ExternalId=guess", Trust::None);
    check(external, "stranger", "", Trust::None);
    let not = "{'Effect':'Deny','Action':'sts:AssumeRole','NotPrincipal':{'AWS':'arn:aws:iam::000000000000:user/ada'}}";
    // To spare a user, its account must be listed beside it.
    check(&format!("{account},{not}"), "ada", "", Trust::Denied);
    let both = "{'Effect':'Deny','Action':'sts:AssumeRole','NotPrincipal':{'AWS':['arn:aws:iam::000000000000:user/ada','000000000000']}}";
    check(&format!("{account},{both}"), "ada", "", Trust::Account);
    check(&format!("{account},{not}"), "session", "", Trust::Denied);
    check(
        &allow("{'AWS':'000000000000'}").replace("sts:AssumeRole", "sts:TagSession"),
        "ada",
        "",
        Trust::None,
    );
}
