//! `CreateBucket`: makes a bucket; its name is one of its kind among all accounts.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_types::Region;

use crate::acl::{Asked, Grant, Kind, Permission};
use crate::names::{bucket_arn, check_bucket};
use crate::tables::{BUCKETS, Bucket, PublicAccess, Versioning};
use crate::tags::{BUCKET_TAGS_MAX, of_set};
use crate::{S3, errors};

/// A parsed `CreateBucket` request.
#[derive(Debug)]
pub(crate) struct CreateBucket {
    name: String,
    region: Region,
    ownership: String,
    acl: Asked,
    grants: Vec<Grant>,
    tags: BTreeMap<String, String>,
    object_lock: bool,
}

impl Operation for CreateBucket {
    const NAME: &'static str = "CreateBucket";
    type Service = S3;
    type Input = model::CreateBucketRequest;
    type Output = model::CreateBucketOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        check_bucket(&input.bucket)?;
        let configuration = input.create_bucket_configuration.unwrap_or_default();
        if configuration.location.is_some() || configuration.bucket.is_some() {
            return Err(errors::not_implemented("A directory bucket"));
        }
        let region = region_of(configuration.location_constraint.as_deref(), scope)?;
        let ownership = input.object_ownership.unwrap_or_else(|| "BucketOwnerEnforced".to_owned());
        let headers = [
            (Permission::FullControl, input.grant_full_control),
            (Permission::Read, input.grant_read),
            (Permission::Write, input.grant_write),
            (Permission::ReadAcl, input.grant_read_acp),
            (Permission::WriteAcl, input.grant_write_acp),
        ];
        let acl = Asked::of_headers(input.acl, headers);
        let grants = acl.grants(Kind::Bucket, scope.account, scope.account)?;
        let open = acl.is_some() && acl.canned.as_deref() != Some("private");
        if open && ownership == "BucketOwnerEnforced" {
            let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
            return Err(errors::plain("InvalidBucketAclWithObjectOwnership", 400, message));
        }
        let tags = of_set(configuration.tags.unwrap_or_default(), BUCKET_TAGS_MAX)?;
        let object_lock = input.object_lock_enabled_for_bucket == Some(true);
        Ok(Self { name: input.bucket, region, ownership, acl, grants, tags, object_lock })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let to = |action: &'static str| Access::to(action, bucket_arn(&self.name));
        let mut create = to("s3:CreateBucket").with("s3:locationconstraint", self.region.as_str());
        if let Some(acl) = &self.acl.canned {
            create = create.with("s3:x-amz-acl", acl.as_str());
        }
        let mut accesses = vec![create];
        if self.acl.is_some() {
            accesses.push(to("s3:PutBucketAcl"));
        }
        if self.ownership != "BucketOwnerEnforced" {
            let access = to("s3:PutBucketOwnershipControls");
            accesses.push(access.with("s3:x-amz-object-ownership", self.ownership.as_str()));
        }
        if self.object_lock {
            accesses.extend([to("s3:PutBucketObjectLockConfiguration"), to("s3:PutBucketVersioning")]);
        }
        if !self.tags.is_empty() {
            accesses.push(to("s3:TagResource").with_request_tags(&self.tags));
        }
        accesses
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, region, ownership, acl, grants, tags, object_lock } = self;
        let ownership_counts = ownership != "BucketOwnerEnforced";
        let bucket = Bucket {
            account: cx.scope.account,
            region,
            created: cx.scope.now,
            versioning: if object_lock { Versioning::Enabled } else { Versioning::Never },
            policy: None,
            public_access: Some(PublicAccess::BLOCKED),
            ownership: Some(ownership),
            tags,
            object_lock,
            acl: if ownership_counts { grants } else { Vec::new() },
            notifies: false,
        };
        // New buckets block public lists, so that one is refused with the bucket.
        acl.check(&bucket, &bucket.acl)?;
        let (key, step, now) = (name.clone(), cx.step().cloned(), cx.scope.now);
        s3.write(move |tx| {
            let made = step.as_ref().map(|step| step.before(tx)).transpose()?.flatten();
            match BUCKETS.get(tx, &(key.as_str(),))? {
                Some(_) if made.as_ref() == Some(&key) => return Ok(()),
                Some(known) => return taken(&known, &bucket),
                None => BUCKETS.insert(tx, &(key.clone(),), &bucket)?,
            }
            Ok(step.iter().try_for_each(|step| step.done(tx, &key, now))?)
        })
        .await?;
        s3.names.write().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        let bucket_arn = Some(bucket_arn(&name));
        Ok(model::CreateBucketOutput { location: Some(format!("/{name}")), bucket_arn })
    }
}

/// Where the bucket is to be: in the region of the request, which has to be named but for the oldest one.
fn region_of(constraint: Option<&str>, scope: &Scope) -> Result<Region, Error> {
    let own = scope.region.as_str();
    match constraint.filter(|constraint| !constraint.is_empty()) {
        None if own == "us-east-1" => Ok(scope.region.clone()),
        None => {
            let message = "The unspecified location constraint is incompatible for the region specific endpoint this \
                           request was sent to.";
            Err(errors::plain("IllegalLocationConstraintException", 400, message))
        }
        Some("EU") => Region::parse("eu-west-1").map_err(Error::internal),
        Some(constraint) if own == "us-east-1" || own == constraint => {
            Region::parse(constraint).map_err(|_| {
                errors::plain(
                    "InvalidLocationConstraint",
                    400,
                    "The specified location-constraint is not valid",
                )
            })
        }
        Some(constraint) => {
            let message = format!(
                "The {constraint} location constraint is incompatible for the region specific endpoint this request \
                 was sent to."
            );
            Err(Error::new("IllegalLocationConstraintException", message).with_status(400))
        }
    }
}

/// What is said where the name is taken. In the oldest region the owner may make a bucket again.
fn taken(known: &Bucket, wanted: &Bucket) -> Result<(), Error> {
    if known.account != wanted.account {
        let message = "The requested bucket name is not available. The bucket namespace is shared by all users of the \
                       system. Please select a different name and try again.";
        return Err(errors::plain("BucketAlreadyExists", 409, message));
    }
    if known.region.as_str() == "us-east-1" && wanted.region.as_str() == "us-east-1" {
        return Ok(());
    }
    let message = "Your previous request to create the named bucket succeeded and you already own it.";
    Err(errors::plain("BucketAlreadyOwnedByYou", 409, message))
}
