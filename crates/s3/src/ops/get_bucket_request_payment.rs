//! `GetBucketRequestPayment`: who pays for requests to a bucket.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;

/// A parsed `GetBucketRequestPayment` request.
#[derive(Debug)]
pub(crate) struct GetBucketRequestPayment {
    name: String,
    owner: Option<String>,
}

impl Operation for GetBucketRequestPayment {
    const NAME: &'static str = "GetBucketRequestPayment";
    type Service = S3;
    type Input = model::GetBucketRequestPaymentRequest;
    type Output = model::GetBucketRequestPaymentOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        s3.find_for(cx, &self.name, self.owner.as_deref(), "s3:GetBucketRequestPayment").await?;
        let configuration = s3
            .setting::<model::RequestPaymentConfiguration>(&self.name, "requestPayment")
            .await?
            .unwrap_or_default();
        let payer = Some(configuration.payer).filter(|payer| !payer.is_empty());
        Ok(model::GetBucketRequestPaymentOutput { payer: payer.or_else(|| Some("BucketOwner".to_owned())) })
    }
}
