//! Lists as requests give them: by a name, by headers, or line by line.

use weft_model::s3 as model;
use weft_service::Error;
use weft_types::AccountId;

use super::{AUTHENTICATED, EVERYBODY, Grant, Grantee, LOG_DELIVERY, Permission, disabled, enabled};
use crate::errors;
use crate::output::canonical_id;
use crate::tables::Bucket;

/// Lines of a list.
const GRANTS_MAX: usize = 100;

/// What a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bucket,
    Object,
}

/// What a request says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) canned: Option<String>,
    /// `x-amz-grant-…`, by what they grant.
    pub(crate) headers: Vec<(Permission, String)>,
    pub(crate) listed: Option<model::AccessControlPolicy>,
}

impl Asked {
    /// What the headers of a request say.
    pub(crate) fn of_headers(canned: Option<String>, given: [(Permission, Option<String>); 5]) -> Self {
        let headers = given.into_iter().filter_map(|(permission, text)| Some((permission, text?))).collect();
        Self { canned, headers, listed: None }
    }

    /// Whether anything is said.
    pub(crate) fn is_some(&self) -> bool {
        self.canned.is_some() || !self.headers.is_empty() || self.listed.is_some()
    }

    /// The list for something of `owner`'s in or as a bucket of `bucket_owner`'s; empty where nothing is said.
    pub(crate) fn grants(
        &self,
        kind: Kind,
        owner: AccountId,
        bucket_owner: AccountId,
    ) -> Result<Vec<Grant>, Error> {
        let said = [self.canned.is_some(), !self.headers.is_empty(), self.listed.is_some()];
        if said.iter().filter(|said| **said).count() > 1 {
            let message = "Specifying both Canned ACLs and Header Grants is not allowed";
            return Err(errors::invalid_request(message));
        }
        if let Some(name) = &self.canned {
            return canned(name, kind, owner, bucket_owner);
        }
        let mut grants = Vec::new();
        for (permission, text) in &self.headers {
            for one in text.split(',').map(str::trim).filter(|one| !one.is_empty()) {
                grants.push(Grant { to: of_header(one)?, permission: *permission });
            }
        }
        if let Some(policy) = &self.listed {
            grants = listed(policy, owner)?;
        }
        if kind == Kind::Object && grants.iter().any(|grant| grant.permission == Permission::Write) {
            return Err(errors::invalid_request("The permission WRITE is not for objects"));
        }
        if grants.len() > GRANTS_MAX {
            return Err(errors::invalid_request("The request contained more than 100 grants"));
        }
        Ok(grants)
    }

    /// Refuses a list that the bucket does not take. `grants` are what [`Self::grants`] found.
    pub(crate) fn check(&self, bucket: &Bucket, grants: &[Grant]) -> Result<(), Error> {
        if !self.is_some() {
            return Ok(());
        }
        if !enabled(bucket) {
            let own = Grant::of_owner(bucket.account);
            return if grants.iter().all(|grant| *grant == own) { Ok(()) } else { Err(disabled()) };
        }
        let blocked = bucket.public_access.is_some_and(|access| access.block_acls);
        if blocked && grants.iter().any(Grant::is_public) {
            return Err(errors::access_denied());
        }
        Ok(())
    }
}

fn canned(name: &str, kind: Kind, owner: AccountId, bucket_owner: AccountId) -> Result<Vec<Grant>, Error> {
    let to = |to: Grantee, permission: Permission| Grant { to, permission };
    let mut grants = vec![Grant::of_owner(owner)];
    match (name, kind) {
        ("public-read-write", Kind::Bucket) => {
            grants.push(to(Grantee::Everybody, Permission::Read));
            grants.push(to(Grantee::Everybody, Permission::Write));
        }
        ("public-read", _) | ("public-read-write", Kind::Object) => {
            grants.push(to(Grantee::Everybody, Permission::Read));
        }
        ("authenticated-read", _) => grants.push(to(Grantee::Authenticated, Permission::Read)),
        ("log-delivery-write", Kind::Bucket) => {
            grants.push(to(Grantee::LogDelivery, Permission::Write));
            grants.push(to(Grantee::LogDelivery, Permission::ReadAcl));
        }
        ("bucket-owner-read", _) if owner != bucket_owner => {
            grants.push(to(Grantee::Account(canonical_id(bucket_owner)), Permission::Read));
        }
        ("bucket-owner-full-control", _) if owner != bucket_owner => {
            grants.push(Grant::of_owner(bucket_owner));
        }
        ("private" | "bucket-owner-read" | "bucket-owner-full-control", _) => {}
        ("aws-exec-read", _) => return Err(errors::not_implemented("The canned ACL aws-exec-read")),
        _ => return Err(errors::invalid_argument("The canned ACL is not valid", "x-amz-acl", name)),
    }
    Ok(grants)
}

/// One grantee of a header: `id="…"`, `uri="…"` or `emailAddress="…"`.
fn of_header(text: &str) -> Result<Grantee, Error> {
    let wrong = || errors::plain("InvalidArgument", 400, "Argument format not recognized");
    let (kind, value) = text.split_once('=').ok_or_else(wrong)?;
    let value = value.trim().trim_matches('"');
    match kind.trim().to_ascii_lowercase().as_str() {
        "id" => account(value),
        "uri" => group(value),
        "emailaddress" => Err(no_email()),
        _ => Err(wrong()),
    }
}

fn listed(policy: &model::AccessControlPolicy, owner: AccountId) -> Result<Vec<Grant>, Error> {
    let id = policy.owner.as_ref().and_then(|owner| owner.id.as_deref());
    let id = id.ok_or_else(errors::malformed_xml)?;
    if id != canonical_id(owner) {
        return Err(errors::access_denied());
    }
    let lines = policy.grants.iter().flatten();
    lines
        .map(|line| {
            let grantee = line.grantee.as_ref().ok_or_else(errors::malformed_xml)?;
            let permission = line.permission.as_deref().and_then(Permission::parse);
            let to = match (&grantee.id, &grantee.uri, &grantee.email_address) {
                (Some(id), None, None) => account(id)?,
                (None, Some(uri), None) => group(uri)?,
                (None, None, Some(_)) => return Err(no_email()),
                _ => return Err(errors::malformed_xml()),
            };
            Ok(Grant { to, permission: permission.ok_or_else(errors::malformed_xml)? })
        })
        .collect()
}

fn account(id: &str) -> Result<Grantee, Error> {
    let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_id {
        return Err(errors::invalid_argument("Invalid id", "CanonicalUser/ID", id));
    }
    Ok(Grantee::Account(id.to_ascii_lowercase()))
}

fn group(uri: &str) -> Result<Grantee, Error> {
    match uri {
        EVERYBODY => Ok(Grantee::Everybody),
        AUTHENTICATED => Ok(Grantee::Authenticated),
        LOG_DELIVERY => Ok(Grantee::LogDelivery),
        _ => Err(errors::invalid_argument("Invalid group uri", "Group/URI", uri)),
    }
}

fn no_email() -> Error {
    let message = "The e-mail address you provided does not match any account on record.";
    errors::plain("UnresolvableGrantByEmailAddress", 400, message)
}
