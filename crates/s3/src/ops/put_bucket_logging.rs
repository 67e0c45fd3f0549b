//! `PutBucketLogging`: sets where what is done with a bucket is told.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::access::Found;
use crate::tables::BUCKETS;
use crate::{S3, errors};

/// A parsed `PutBucketLogging` request.
#[derive(Debug)]
pub(crate) struct PutBucketLogging {
    name: String,
    owner: Option<String>,
    configuration: model::BucketLoggingStatus,
}

impl Operation for PutBucketLogging {
    const NAME: &'static str = "PutBucketLogging";
    type Service = S3;
    type Input = model::PutBucketLoggingRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let configuration = input.bucket_logging_status;
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner, configuration })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        let found = s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutBucketLogging").await?;
        if let Some(logging) = &self.configuration.logging_enabled {
            s3.check_log_target(&found, &logging.target_bucket).await?;
        }
        s3.set(&self.name, "logging", Some(self.configuration)).await
    }
}

impl S3 {
    /// Fails unless a bucket may be told of what is done with another: it has the same owner and region.
    async fn check_log_target(&self, found: &Found, target: &str) -> Result<(), Error> {
        let name = target.to_owned();
        let bucket = self.read(move |tx| Ok(BUCKETS.get(tx, &(name.as_str(),))?)).await?;
        let wrong = |message| Err(errors::plain("InvalidTargetBucketForLogging", 400, message));
        match bucket {
            None => wrong("The target bucket for logging does not exist"),
            Some(bucket) if bucket.account != found.bucket.account => {
                wrong("The owner for the bucket to be logged and the target bucket must be the same.")
            }
            Some(bucket) if bucket.region != found.bucket.region => {
                let message =
                    "The source bucket and the target bucket for logging must be in the same region";
                Err(errors::plain("CrossLocationLoggingProhibitted", 403, message))
            }
            Some(_) => Ok(()),
        }
    }
}
