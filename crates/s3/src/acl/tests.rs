//! Tests of lists.

use weft_service::{Error, Principal};

use super::*;

fn other() -> AccountId {
    AccountId::parse("111122223333").unwrap()
}

fn grants(canned: &str, kind: Kind, owner: AccountId) -> Result<Vec<Grant>, &'static str> {
    let asked = Asked { canned: Some(canned.to_owned()), ..Asked::default() };
    asked.grants(kind, owner, AccountId::DEFAULT).map_err(|error| error.code())
}

#[test]
fn names_stand_for_lists() {
    let check = |name: &str, kind: Kind, owner: AccountId, expected: Result<&[(&str, &str)], &str>| {
        let found = grants(name, kind, owner).map(|grants| {
            let lines = to_model(owner, &grants).into_iter().skip(1);
            lines
                .map(|line| {
                    let to = line.grantee.and_then(|one| one.uri.or(one.id)).unwrap_or_default();
                    (to, line.permission.unwrap_or_default())
                })
                .collect::<Vec<_>>()
        });
        let short = found
            .as_ref()
            .map(|lines| lines.iter().map(|(to, what)| (to.as_str(), what.as_str())).collect::<Vec<_>>());
        assert_eq!(short.as_deref().map_err(|code| **code), expected, "{name} {kind:?}");
    };
    let own = AccountId::DEFAULT;
    check("private", Kind::Bucket, own, Ok(&[]));
    check("public-read", Kind::Object, own, Ok(&[(EVERYBODY, "READ")]));
    check("public-read-write", Kind::Bucket, own, Ok(&[(EVERYBODY, "READ"), (EVERYBODY, "WRITE")]));
    check("authenticated-read", Kind::Object, own, Ok(&[(AUTHENTICATED, "READ")]));
    check("bucket-owner-full-control", Kind::Object, own, Ok(&[]));
    let id = canonical_id(own);
    check("bucket-owner-full-control", Kind::Object, other(), Ok(&[(&id, "FULL_CONTROL")]));
    check("bucket-owner-read", Kind::Object, other(), Ok(&[(&id, "READ")]));
    check("everything", Kind::Object, own, Err("InvalidArgument"));
    check("log-delivery-write", Kind::Object, own, Err("InvalidArgument"));
}

#[test]
fn headers_name_grantees() {
    let id = canonical_id(other());
    let check = |text: &str, expected: Result<usize, &str>| {
        let asked = Asked { headers: vec![(Permission::Read, text.to_owned())], ..Asked::default() };
        let found = asked.grants(Kind::Object, AccountId::DEFAULT, AccountId::DEFAULT);
        assert_eq!(found.map(|all| all.len()).map_err(|error| error.code()), expected, "{text}");
    };
    check(&format!("id=\"{id}\", uri=\"{EVERYBODY}\""), Ok(2));
    check(&format!("id={id}"), Ok(1));
    check("id=\"x\"", Err("InvalidArgument"));
    check("uri=\"http://other\"", Err("InvalidArgument"));
    check("emailAddress=\"a@b.example\"", Err("UnresolvableGrantByEmailAddress"));
    check("whoever", Err("InvalidArgument"));
}

#[test]
fn lists_let_callers_do_what_they_say() {
    let user = |account: AccountId| Principal::Root(account);
    let check = |bucket: &str, object: &str, action: &str, who: &Principal, expected: bool| {
        let bucket = grants(bucket, Kind::Bucket, AccountId::DEFAULT).unwrap();
        let object = grants(object, Kind::Object, AccountId::DEFAULT).unwrap();
        let found = policy(None, (&bucket, &object), action, who, false).unwrap();
        assert_eq!(found.is_some(), expected, "{action} {who:?}");
        let private = policy(None, (&bucket, &object), action, who, true).unwrap();
        assert!(private.is_none() || who.account() == Some(AccountId::DEFAULT));
    };
    let nobody = Principal::Anonymous;
    check("private", "public-read", "s3:GetObject", &nobody, true);
    check("private", "public-read", "s3:GetObjectAcl", &nobody, false);
    check("private", "private", "s3:GetObject", &nobody, false);
    check("public-read", "private", "s3:ListBucket", &nobody, true);
    check("public-read", "private", "s3:PutObject", &nobody, false);
    check("public-read-write", "private", "s3:PutObject", &nobody, true);
    check("private", "authenticated-read", "s3:GetObject", &nobody, false);
    check("private", "authenticated-read", "s3:GetObject", &user(other()), true);
    check("private", "private", "s3:GetObject", &user(other()), false);
    check("private", "private", "s3:GetObject", &user(AccountId::DEFAULT), true);
    check("private", "private", "s3:DeleteObject", &user(AccountId::DEFAULT), false);
}

#[test]
fn denials_of_the_policy_stay() {
    let deny = r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}"#;
    let object = grants("public-read", Kind::Object, AccountId::DEFAULT).unwrap();
    let found: Result<_, Error> =
        policy(Some(deny), (&[], &object), "s3:GetObject", &Principal::Anonymous, false);
    let text = format!("{:?}", found.unwrap());
    assert!(text.contains("Deny") && text.contains("Allow"), "{text}");
}
