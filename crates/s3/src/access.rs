//! Who may do what with a bucket and what is in it.

use std::sync::Arc;

use weft_policy::Policy;
use weft_service::{Access, Context, Error, Principal};
use weft_types::AccountId;

use crate::acl::{Grant, enabled};
use crate::names::{bucket_arn, object_arn};
use crate::tables::{BUCKETS, Bucket, Version};
use crate::{S3, errors};

/// A bucket as a request finds it.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) bucket: Bucket,
    pub(crate) policy: Option<Arc<Policy>>,
    /// Whose an object is and whom it is granted to, where one was found and lists count.
    pub(crate) object: Option<(AccountId, Vec<Grant>)>,
}

impl Found {
    /// An action on the bucket itself.
    pub(crate) fn access(&self, action: &'static str) -> Access {
        self.own(Access::to(action, bucket_arn(&self.name)))
    }

    /// An action on an object.
    pub(crate) fn object_access(&self, action: &'static str, key: &str) -> Access {
        self.own(Access::to(action, object_arn(&self.name, key)))
    }

    /// The same for a version in it, which has its own owner and list where those count.
    pub(crate) fn with_version(mut self, version: Option<&Version>) -> Self {
        self.object = version.filter(|_| enabled(&self.bucket)).map(|version| {
            let owner = version.about.owner.unwrap_or(self.bucket.account);
            (owner, version.about.acl.clone())
        });
        self
    }

    fn own(&self, access: Access) -> Access {
        let account = self.bucket.account;
        let owner = self.object.as_ref().map_or(account, |(owner, _)| *owner);
        access.owned_by(owner).with("s3:ResourceAccount", account.to_string())
    }
}

impl S3 {
    /// The bucket of a name, for a caller who wants to do `action` with it, or with an object. Where there is none, only who
    /// might do so learns it. `owner` is who the caller believes it to belong to.
    pub(crate) async fn find(
        &self,
        cx: &Context,
        name: &str,
        owner: Option<&str>,
        wanted: (&'static str, Option<&str>),
    ) -> Result<Found, Error> {
        let key = name.to_owned();
        let bucket = self.read(move |tx| Ok(BUCKETS.get(tx, &(key.as_str(),))?)).await?;
        let Some(bucket) = bucket else {
            if !matches!(*cx.principal, Principal::Anonymous) {
                let resource = wanted.1.map_or_else(|| bucket_arn(name), |key| object_arn(name, key));
                cx.authorize(&Access::to(wanted.0, resource)).await?;
            }
            return Err(errors::no_such_bucket(name));
        };
        if owner.is_some_and(|owner| owner != bucket.account.to_string()) {
            return Err(errors::access_denied());
        }
        let policy = self.policy_of(name, &bucket)?;
        Ok(Found { name: name.to_owned(), bucket, policy, object: None })
    }

    /// Finds a bucket and makes sure that the caller may do `action` with it.
    pub(crate) async fn find_for(
        &self,
        cx: &Context,
        name: &str,
        owner: Option<&str>,
        action: &'static str,
    ) -> Result<Found, Error> {
        let found = self.find(cx, name, owner, (action, None)).await?;
        self.allow(cx, &found, &found.access(action)).await?;
        Ok(found)
    }

    /// Makes sure that the caller may do this with a bucket or what is in it.
    pub(crate) async fn allow(&self, cx: &Context, found: &Found, access: &Access) -> Result<(), Error> {
        let account = cx.principal.account();
        let is_ours = account == Some(found.bucket.account);
        let restricted = found.bucket.public_access.is_some_and(|access| access.restrict)
            && found.bucket.policy.as_deref().is_some_and(crate::public::is_public);
        // A public policy of a bucket that restricts those is for nobody from elsewhere.
        let policy = found.policy.as_deref().filter(|_| is_ours || !restricted);
        let own = found.bucket.policy.as_deref().filter(|_| policy.is_some());
        let granted = granted(cx, found, own, &access.action)?;
        let policy = granted.as_ref().or(policy);
        let is_service = matches!(*cx.principal, Principal::Service { .. });
        let result = if is_service && policy.is_none() {
            cx.authorize(access).await
        } else {
            cx.authorize_with(access, policy).await
        };
        match result {
            Err(error)
                if matches!(*cx.principal, Principal::Anonymous)
                    && error.code().starts_with("AccessDenied") =>
            {
                Err(errors::access_denied())
            }
            result => result,
        }
    }

    /// What is said of an object that is not there: only who may list the bucket learns that it is not.
    pub(crate) async fn absent(&self, cx: &Context, found: &Found, fault: Error) -> Error {
        match self.allow(cx, found, &found.access("s3:ListBucket")).await {
            Ok(()) => fault,
            Err(error) if error.code().starts_with("AccessDenied") => error,
            Err(error) => error,
        }
    }
}

/// The bucket's policy with what lists grant the caller; none where they grant nothing or do not count.
fn granted(cx: &Context, found: &Found, own: Option<&str>, action: &str) -> Result<Option<Policy>, Error> {
    // Within the owner's account policies decide.
    if !enabled(&found.bucket) || matches!(*cx.principal, Principal::Service { .. }) {
        return Ok(None);
    }
    let object = found.object.as_ref();
    let owner = object.map_or(found.bucket.account, |(owner, _)| *owner);
    if cx.principal.account() == Some(owner) {
        return Ok(None);
    }
    let private = found.bucket.public_access.is_some_and(|access| access.ignore_acls);
    let lists = (found.bucket.acl.as_slice(), object.map_or(&[][..], |(_, grants)| grants));
    crate::acl::policy(own, lists, action, &cx.principal, private)
}
