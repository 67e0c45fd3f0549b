use super::{check, check_sets};

const S3: &str = "'Effect':'Allow','Action':'s3:*','Resource'";

#[test]
fn without_a_statement_that_allows_everything_is_denied() {
    let allow = "{'Effect':'Allow','Action':'s3:GetObject','Resource':'*'}";
    check(allow, "s3:GetObject arn:aws:s3:::b/k", "", "allow");
    check(allow, "s3:PutObject arn:aws:s3:::b/k", "", "none");
    check(allow, "sqs:GetObject arn:aws:s3:::b/k", "", "none");
    check("{'Effect':'Deny','Action':'s3:*','Resource':'*'}", "sqs:SendMessage *", "", "none");
    check_sets(&[], &[], "s3:GetObject arn:aws:s3:::b/k", "", "none");
}

#[test]
fn actions_match_in_either_case_with_wildcards() {
    for (pattern, action, expected) in [
        ("*", "iam:CreateUser", "allow"),
        ("*:*", "iam:CreateUser", "allow"),
        ("iam:*", "iam:CreateUser", "allow"),
        ("IAM:createuser", "iam:CreateUser", "allow"),
        ("iam:createuser", "IAM:CREATEUSER", "allow"),
        ("iam:Create*", "iam:CreateUser", "allow"),
        ("iam:*User", "iam:CreateUser", "allow"),
        ("iam:C*e*U*r", "iam:CreateUser", "allow"),
        ("iam:Create?ser", "iam:CreateUser", "allow"),
        ("iam:Create????", "iam:CreateUser", "allow"),
        ("iam:Create???", "iam:CreateUser", "none"),
        ("iam:Create?????", "iam:CreateUser", "none"),
        ("iam:Create", "iam:CreateUser", "none"),
        ("iam:CreateUser*", "iam:CreateUser", "allow"),
        ("iam:CreateUser?", "iam:CreateUser", "none"),
        ("iam:*Role", "iam:CreateUser", "none"),
        ("*:CreateUser", "iam:CreateUser", "allow"),
        ("s3:*", "s3control:GetJob", "none"),
    ] {
        let statement = format!("{{'Effect':'Allow','Action':'{pattern}','Resource':'*'}}");
        check(&statement, &format!("{action} *"), "", expected);
    }
}

#[test]
fn resources_match_segment_by_segment_in_the_same_case() {
    for (pattern, resource, expected) in [
        ("*", "*", "allow"),
        ("arn:aws:s3:::b/*", "*", "none"),
        ("arn:*", "*", "none"),
        ("arn:aws:s3:::b", "arn:aws:s3:::b", "allow"),
        ("arn:aws:s3:::B", "arn:aws:s3:::b", "none"),
        ("arn:aws:s3:::b", "arn:aws:s3:::b/k", "none"),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/k", "allow"),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/", "allow"),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b", "none"),
        ("arn:aws:s3:::b/*/z", "arn:aws:s3:::b/x/y/z", "allow"),
        ("arn:aws:s3:::b?", "arn:aws:s3:::b1", "allow"),
        ("arn:aws:s3:::b?", "arn:aws:s3:::b", "none"),
        ("arn:aws:s3:::b?c", "arn:aws:s3:::bäc", "allow"),
        ("arn:aws:s3:::*", "arn:aws:s3:::b/a:c:d", "allow"),
        ("arn:aws:sqs:*:*:q", "arn:aws:sqs:us-east-1:000000000000:q", "allow"),
        ("arn:aws:sqs:*:q", "arn:aws:sqs:us-east-1:000000000000:q", "none"),
        ("arn:aws:sqs:us-*-1:000000000000:q", "arn:aws:sqs:us-east-1:000000000000:q", "allow"),
        ("arn:aws:sqs:us-*:q", "arn:aws:sqs:us-east-1:000000000000:q", "none"),
        ("arn:aws:sqs:eu-*:*:q", "arn:aws:sqs:us-east-1:000000000000:q", "none"),
        ("arn:*:sqs:*:*:q", "arn:aws-cn:sqs:us-east-1:000000000000:q", "allow"),
        ("arn:aws:sqs", "arn:aws:sqs:us-east-1:000000000000:q", "allow"),
        ("arn:aws:sns", "arn:aws:sqs:us-east-1:000000000000:q", "none"),
        ("arn:aws:lambda:*:*:function:a:*", "arn:aws:lambda:us-east-1:000000000000:function:a:live", "allow"),
        ("arn:aws:lambda:*:*:function:a:*", "arn:aws:lambda:us-east-1:000000000000:function:a", "none"),
        ("arn:aws:lambda:*:*:function:a*", "arn:aws:lambda:us-east-1:000000000000:function:a:1", "allow"),
        ("arn:aws:iam::000000000000:role/*", "arn:aws:iam::000000000000:role/x/y/z", "allow"),
        ("arn:aws:iam::000000000001:role/*", "arn:aws:iam::000000000000:role/x", "none"),
    ] {
        let statement = format!("{{'Effect':'Allow','Action':'*','Resource':'{pattern}'}}");
        check(&statement, &format!("x:Y {resource}"), "", expected);
    }
}

#[test]
fn an_explicit_deny_wins_in_any_order() {
    let allow = "{'Sid':'A','Effect':'Allow','Action':'*','Resource':'*'}";
    let deny = "{'Sid':'D','Effect':'Deny','Action':'s3:Delete*','Resource':'*'}";
    let both = format!("{allow},{deny}");
    let reversed = format!("{deny},{allow}");
    check(&both, "s3:DeleteBucket arn:aws:s3:::b", "", "deny by D");
    check(&reversed, "s3:DeleteBucket arn:aws:s3:::b", "", "deny by D");
    check(&both, "s3:GetObject arn:aws:s3:::b/k", "", "allow by A");
    check_sets(&[allow, deny], &[], "s3:DeleteBucket arn:aws:s3:::b", "", "deny by D");
    check_sets(&[deny, allow], &[], "s3:DeleteBucket arn:aws:s3:::b", "", "deny by D");
    check_sets(&[deny], &[], "s3:DeleteBucket arn:aws:s3:::b", "", "deny by D");
}

#[test]
fn not_action_means_all_other_actions() {
    let allow = "{'Effect':'Allow','NotAction':['iam:*','sts:*'],'Resource':'*'}";
    check(allow, "s3:GetObject arn:aws:s3:::b/k", "", "allow");
    check(allow, "iam:CreateUser *", "", "none");
    check(allow, "sts:AssumeRole *", "", "none");
    let deny =
        "{'Effect':'Allow','Action':'*','Resource':'*'},{'Effect':'Deny','NotAction':'s3:*','Resource':'*'}";
    check(deny, "s3:GetObject arn:aws:s3:::b/k", "", "allow");
    check(deny, "iam:CreateUser *", "", "deny");
}

#[test]
fn not_resource_means_all_other_resources() {
    let allow =
        "{'Effect':'Allow','Action':'s3:*','NotResource':['arn:aws:s3:::secret','arn:aws:s3:::secret/*']}";
    check(allow, "s3:GetObject arn:aws:s3:::open/k", "", "allow");
    check(allow, "s3:GetObject arn:aws:s3:::secret/k", "", "none");
    check(allow, "s3:ListBucket arn:aws:s3:::secret", "", "none");
    check(allow, "s3:ListAllMyBuckets *", "", "allow");
    let deny = format!("{{{S3}:'*'}},{{'Effect':'Deny','Action':'*','NotResource':'arn:aws:s3:::mine/*'}}");
    check(&deny, "s3:GetObject arn:aws:s3:::mine/k", "", "allow");
    check(&deny, "s3:GetObject arn:aws:s3:::yours/k", "", "deny");
}

#[test]
fn several_actions_and_resources_are_alternatives() {
    let allow = "{'Effect':'Allow','Action':['s3:Get*','s3:Put*'],'Resource':['arn:aws:s3:::a/*','arn:aws:s3:::b/*']}";
    check(allow, "s3:GetObject arn:aws:s3:::a/k", "", "allow");
    check(allow, "s3:PutObject arn:aws:s3:::b/k", "", "allow");
    check(allow, "s3:PutObject arn:aws:s3:::c/k", "", "none");
    check(allow, "s3:DeleteObject arn:aws:s3:::a/k", "", "none");
}

#[test]
fn variables_stand_for_values_of_the_request() {
    let home = format!("{{{S3}:'arn:aws:s3:::home/${{aws:username}}/*'}}");
    check(&home, "s3:GetObject arn:aws:s3:::home/ada/k", "aws:username=ada", "allow");
    check(&home, "s3:GetObject arn:aws:s3:::home/bob/k", "aws:username=ada", "none");
    check(&home, "s3:GetObject arn:aws:s3:::home/ada/k", "", "none");
    // A wildcard in a value is a letter, not a wildcard.
    check(&home, "s3:GetObject arn:aws:s3:::home/bob/k", "aws:username=*", "none");
    check(&home, "s3:GetObject arn:aws:s3:::home/*/k", "aws:username=*", "allow");
    let default = format!("{{{S3}:\"arn:aws:s3:::home/${{aws:username, 'guest'}}/*\"}}");
    let default = default.replace("'guest'", "guest");
    check(&default, "s3:GetObject arn:aws:s3:::home/guest/k", "", "allow");
    check(&default, "s3:GetObject arn:aws:s3:::home/ada/k", "aws:username=ada", "allow");
    let star = format!("{{{S3}:'arn:aws:s3:::b/${{*}}'}}");
    check(&star, "s3:GetObject arn:aws:s3:::b/*", "", "allow");
    check(&star, "s3:GetObject arn:aws:s3:::b/k", "", "none");
    let deny = format!(
        "{{{S3}:'*'}},{{'Effect':'Deny','Action':'*','Resource':'arn:aws:s3:::home/${{aws:username}}/*'}}"
    );
    check(&deny, "s3:GetObject arn:aws:s3:::home/bob/k", "aws:username=ada", "allow");
    check(&deny, "s3:GetObject arn:aws:s3:::home/bob/k", "", "deny");
    let but = format!("{{{S3}:'*'}}")
        .replace("'Resource':'*'", "'NotResource':'arn:aws:s3:::home/${aws:username}'");
    check(&but, "s3:GetObject arn:aws:s3:::other", "", "none");
    check(&but, "s3:GetObject arn:aws:s3:::other", "aws:username=ada", "allow");
}

#[test]
fn session_policies_only_narrow() {
    let all = "{'Effect':'Allow','Action':'*','Resource':'*'}";
    let get = "{'Effect':'Allow','Action':'s3:GetObject','Resource':'*'}";
    let put = "{'Effect':'Allow','Action':'s3:PutObject','Resource':'*'}";
    let deny = "{'Sid':'D','Effect':'Deny','Action':'s3:*','Resource':'*'}";
    let request = "s3:GetObject arn:aws:s3:::b/k";
    check_sets(&[all], &[], request, "", "allow");
    check_sets(&[all], &[get], request, "", "allow");
    check_sets(&[all], &[put], request, "", "session none");
    check_sets(&[all], &[put, get], request, "", "allow");
    check_sets(&[put], &[all], request, "", "none");
    check_sets(&[], &[all], request, "", "none");
    check_sets(&[all], &[all, deny], request, "", "session deny by D");
    check_sets(&[put], &[deny], request, "", "session deny by D");
    check_sets(&[all, deny], &[all], request, "", "deny by D");
    check_sets(&[put], &[put], request, "", "none");
}
