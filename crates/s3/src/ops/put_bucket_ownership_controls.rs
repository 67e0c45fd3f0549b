//! `PutBucketOwnershipControls`: sets whose the objects of a bucket are.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::acl::Grant;
use crate::{S3, errors};

/// A parsed `PutBucketOwnershipControls` request.
#[derive(Debug)]
pub(crate) struct PutBucketOwnershipControls {
    name: String,
    owner: Option<String>,
    ownership: String,
}

impl Operation for PutBucketOwnershipControls {
    const NAME: &'static str = "PutBucketOwnershipControls";
    type Service = S3;
    type Input = model::PutBucketOwnershipControlsRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let mut rules = input.ownership_controls.rules.into_iter().map(|rule| rule.object_ownership);
        let (Some(ownership), None) = (rules.next(), rules.next()) else {
            return Err(errors::malformed_xml());
        };
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner, ownership })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutBucketOwnershipControls").await?;
        s3.change_bucket(&self.name, move |bucket| {
            let own = Grant::of_owner(bucket.account);
            if self.ownership == "BucketOwnerEnforced" && bucket.acl.iter().any(|grant| *grant != own) {
                let message =
                    "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
                return Err(errors::plain("InvalidBucketAclWithObjectOwnership", 400, message));
            }
            bucket.ownership = Some(self.ownership.clone());
            Ok(())
        })
        .await
    }
}
