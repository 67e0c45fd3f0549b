//! `PutBucketRequestPayment`: sets who pays for requests to a bucket.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::{S3, errors};

/// A parsed `PutBucketRequestPayment` request.
#[derive(Debug)]
pub(crate) struct PutBucketRequestPayment {
    name: String,
    owner: Option<String>,
    configuration: model::RequestPaymentConfiguration,
}

impl Operation for PutBucketRequestPayment {
    const NAME: &'static str = "PutBucketRequestPayment";
    type Service = S3;
    type Input = model::PutBucketRequestPaymentRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let configuration = input.request_payment_configuration;
        if configuration.payer != "BucketOwner" {
            return Err(errors::not_implemented("Requests that the requester pays for"));
        }
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner, configuration })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:PutBucketRequestPayment").await?;
        s3.set(&self.name, "requestPayment", Some(self.configuration)).await
    }
}
