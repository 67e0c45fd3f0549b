//! `GetBucketReplication`: where objects of a bucket are copied to.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::{S3, errors};

/// A parsed `GetBucketReplication` request.
#[derive(Debug)]
pub(crate) struct GetBucketReplication {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketReplication {
    const NAME: &'static str = "GetBucketReplication";
    type Service = S3;
    type Input = model::GetBucketReplicationRequest;
    type Output = model::GetBucketReplicationOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetReplicationConfiguration").await?;
        let found = s3.setting::<model::ReplicationConfiguration>(&self.name, "replication").await?;
        let configuration = found.ok_or_else(|| {
            errors::plain(
                "ReplicationConfigurationNotFoundError",
                404,
                "The replication configuration was not found",
            )
        })?;
        Ok(model::GetBucketReplicationOutput { replication_configuration: Some(configuration) })
    }
}
