//! What a list lets a caller do, as a policy.

use serde_json::{Value, json};
use weft_policy::Policy;
use weft_service::{Error, Principal};

use super::{Grant, Grantee, Permission};
use crate::output::canonical_id;

/// Actions that a line of a bucket's list allows.
const BUCKET: [(Permission, &[&str]); 4] = [
    (Permission::Read, &["s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"]),
    (Permission::Write, &["s3:PutObject"]),
    (Permission::ReadAcl, &["s3:GetBucketAcl"]),
    (Permission::WriteAcl, &["s3:PutBucketAcl"]),
];
/// Actions that a line of an object's list allows.
const OBJECT: [(Permission, &[&str]); 3] = [
    (Permission::Read, &["s3:GetObject", "s3:GetObjectVersion"]),
    (Permission::ReadAcl, &["s3:GetObjectAcl", "s3:GetObjectVersionAcl"]),
    (Permission::WriteAcl, &["s3:PutObjectAcl", "s3:PutObjectVersionAcl"]),
];

/// The bucket's policy, if any, with what lists grant a caller to do; `None` where they grant nothing. Public lines do not count where
/// `private` is set.
pub(crate) fn policy(
    own: Option<&str>,
    (bucket, object): (&[Grant], &[Grant]),
    action: &str,
    principal: &Principal,
    private: bool,
) -> Result<Option<Policy>, Error> {
    let of_bucket = bucket.iter().filter(|grant| allows(&BUCKET, grant.permission, action));
    let of_object = object.iter().filter(|grant| allows(&OBJECT, grant.permission, action));
    let granted: Vec<Value> = of_bucket
        .chain(of_object)
        .filter(|grant| !(private && grant.is_public()))
        .filter_map(|grant| statement(grant, action, principal))
        .collect();
    if granted.is_empty() {
        return Ok(None);
    }
    let mut document = match own {
        Some(text) => serde_json::from_str(text).map_err(Error::internal)?,
        None => json!({ "Version": "2012-10-17", "Statement": [] }),
    };
    let statements = &mut document["Statement"];
    if !statements.is_array() {
        *statements = json!([statements.take()]);
    }
    if let Some(list) = statements.as_array_mut() {
        list.extend(granted);
    }
    Policy::parse(&document.to_string()).map(Some).map_err(Error::internal)
}

fn allows(table: &[(Permission, &[&str])], permission: Permission, action: &str) -> bool {
    let mut rows =
        table.iter().filter(|(known, _)| permission == Permission::FullControl || *known == permission);
    rows.any(|(_, actions)| actions.contains(&action))
}

/// A line as a statement for this caller; none where it is for others.
fn statement(grant: &Grant, action: &str, principal: &Principal) -> Option<Value> {
    let account = principal.account();
    let who = match &grant.to {
        Grantee::Everybody => json!("*"),
        Grantee::Authenticated => json!({ "AWS": account?.to_string() }),
        Grantee::Account(id) => {
            let account = account.filter(|account| canonical_id(*account) == *id)?;
            json!({ "AWS": account.to_string() })
        }
        Grantee::LogDelivery => return None,
    };
    Some(json!({ "Effect": "Allow", "Principal": who, "Action": action, "Resource": "*" }))
}
