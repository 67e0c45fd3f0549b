use super::{ADA, Keys, request_of};
use crate::{
    Compared, NamedPolicy, Policies, Policy, PolicySet, ResourceSide, Why, context_keys, nearest_miss,
};

/// What the nearest statement of an identity policy (or of the resource's, where `set` says so) failed for.
#[track_caller]
fn check(set: PolicySet, statements: &str, request: &str, keys: &str, expected: &str) {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.replace('\'', "\""));
    let named = [NamedPolicy::new("rights", Policy::parse(&text).expect("a policy"))];
    let policies = match set {
        PolicySet::Resource => {
            Policies { resource: ResourceSide::Policy(&named[0].policy), ..Policies::default() }
        }
        PolicySet::Boundary => Policies { boundary: Some(&named[0]), ..Policies::default() },
        PolicySet::Session => Policies { session: &named, ..Policies::default() },
        PolicySet::Identity => Policies { identity: &named, ..Policies::default() },
    };
    let (action, resource) = request.split_once(' ').expect("action and resource");
    let keys = Keys::read(keys);
    let found = nearest_miss(&request_of(ADA, action, resource, &keys), &policies, set);
    let found = found.map(|miss| {
        let source = miss.source;
        let place = format!("{}[{}]", source.sid().unwrap_or("-"), source.statement);
        match miss.why {
            Why::Principal => format!("{place} principal"),
            Why::Resource => format!("{place} resource"),
            Why::Condition(Compared { operator, key, wanted, found }) => {
                let found = found.map_or("nothing".to_owned(), |values| values.join("|"));
                format!("{place} {operator} {key}: {} but {found}", wanted.join("|"))
            }
        }
    });
    assert_eq!(found.as_deref().unwrap_or("none"), expected, "{statements}");
}

#[test]
fn the_nearest_statement_is_the_one_that_fails_the_latest() {
    let get = "{'Sid':'Get','Effect':'Allow','Action':'s3:GetObject','Resource':'arn:aws:s3:::b/*','Condition':{'IpAddress':{'aws:SourceIp':'10.0.0.0/8'}}}";
    let other = "{'Sid':'Other','Effect':'Allow','Action':'s3:*','Resource':'arn:aws:s3:::c/*'}";
    let deny = "{'Sid':'No','Effect':'Deny','Action':'s3:*','Resource':'arn:aws:s3:::d/*'}";
    let identity = PolicySet::Identity;
    let wanted = "Get[0] IpAddress aws:SourceIp: 10.0.0.0/8 but 192.0.2.1";
    check(identity, get, "s3:GetObject arn:aws:s3:::b/k", "aws:SourceIp=192.0.2.1", wanted);
    let unknown = "Get[1] IpAddress aws:SourceIp: 10.0.0.0/8 but nothing";
    check(identity, &format!("{other},{get}"), "s3:GetObject arn:aws:s3:::b/k", "", unknown);
    check(identity, &format!("{deny},{other}"), "s3:PutObject arn:aws:s3:::b/k", "", "Other[1] resource");
    check(identity, get, "s3:PutObject arn:aws:s3:::b/k", "", "none");
    check(identity, deny, "s3:PutObject arn:aws:s3:::b/k", "", "none");
    check(PolicySet::Boundary, other, "s3:PutObject arn:aws:s3:::b/k", "", "Other[0] resource");
    check(
        PolicySet::Session,
        get,
        "s3:GetObject arn:aws:s3:::b/k",
        "",
        "Get[0] IpAddress aws:SourceIp: 10.0.0.0/8 but nothing",
    );
}

#[test]
fn a_resources_policy_may_fail_for_its_principal() {
    let eve = "{'Effect':'Allow','Action':'s3:*','Resource':'*','Principal':{'AWS':'444455556666'}}";
    let trust = "{'Effect':'Allow','Action':'sts:AssumeRole','Principal':{'AWS':'111122223333'},'Condition':{'StringEquals':{'sts:ExternalId':['a','b']}}}";
    check(PolicySet::Resource, eve, "s3:GetObject arn:aws:s3:::b/k", "", "-[0] principal");
    check(
        PolicySet::Resource,
        trust,
        "sts:AssumeRole arn:aws:iam::111122223333:role/r",
        "sts:ExternalId=c",
        "-[0] StringEquals sts:ExternalId: a|b but c",
    );
}

#[test]
fn a_policy_tells_the_condition_keys_that_it_reads() {
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:username}/${aws:PrincipalTag/x, 'y'}",
         "Condition":{"StringEquals":{"aws:RequestTag/a":"${aws:userid}"},"Bool":{"aws:SecureTransport":true}}},
        {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Null":{"AWS:UserName":"true"}}}]}"#;
    let policy = Policy::parse(text).expect("a policy");
    let expected =
        ["aws:username", "aws:PrincipalTag/x", "aws:RequestTag/a", "aws:userid", "aws:SecureTransport"];
    assert_eq!(context_keys([&policy]), expected);
    assert_eq!(context_keys([&policy, &policy]), expected, "each once");
}

#[test]
fn policies_tell_whether_they_read_keys_that_begin_in_some_way() {
    let text = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${aws:PrincipalTag/x}"},
        {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Null":{"AWS:resourceTag/a":"true"}}}]}"#;
    let policy = Policy::parse(text).expect("a policy");
    let named = NamedPolicy::new("rights", policy.clone());
    let all = [
        Policies { identity: std::slice::from_ref(&named), ..Policies::default() },
        Policies { session: std::slice::from_ref(&named), ..Policies::default() },
        Policies { boundary: Some(&named), ..Policies::default() },
        Policies { resource: ResourceSide::Policy(&policy), ..Policies::default() },
        Policies { resource: ResourceSide::Required(&policy), ..Policies::default() },
    ];
    for policies in all {
        assert!(policies.read_keys_of("aws:ResourceTag/") && policies.read_keys_of("aws:PrincipalTag/"));
        assert!(!policies.read_keys_of("aws:RequestTag/") && !policies.read_keys_of("aws:ResourceTag/ab"));
    }
    assert!(!Policies::default().read_keys_of("aws:ResourceTag/"));
}
