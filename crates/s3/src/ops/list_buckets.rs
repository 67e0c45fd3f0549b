//! `ListBuckets`: the caller's account's buckets.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::bucket_arn;
use crate::tables::BUCKETS;
use crate::{S3, output};

/// Buckets of a page.
const PAGE_MAX: usize = 10_000;

/// A parsed `ListBuckets` request.
#[derive(Debug)]
pub(crate) struct ListBuckets {
    prefix: Option<String>,
    region: Option<String>,
    after: Option<String>,
    limit: usize,
}

impl Operation for ListBuckets {
    const NAME: &'static str = "ListBuckets";
    type Service = S3;
    type Input = model::ListBucketsRequest;
    type Output = model::ListBucketsOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let limit = input.max_buckets.and_then(|most| usize::try_from(most).ok()).unwrap_or(PAGE_MAX);
        Ok(Self {
            prefix: input.prefix,
            region: input.bucket_region,
            after: input.continuation_token,
            limit: limit.clamp(1, PAGE_MAX),
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("s3:ListAllMyBuckets", "*")]
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { prefix, region, after, limit } = self;
        let account = cx.scope.account;
        let start = prefix.clone().unwrap_or_default();
        let mut rows = s3
            .read(move |tx| {
                let query = BUCKETS.query(&());
                let query = match &after {
                    Some(after) => query.after(&(after.as_str(),)),
                    None => query.from(&(start.as_str(),)),
                };
                let rows = query.rows(tx)?.into_iter().filter(|((name,), bucket)| {
                    bucket.account == account
                        && name.starts_with(&start)
                        && region.as_deref().is_none_or(|region| region == bucket.region.as_str())
                });
                Ok(rows.take(limit + 1).collect::<Vec<_>>())
            })
            .await?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let continuation_token = rows.last().filter(|_| more).map(|((name,), _)| name.clone());
        let buckets = rows.into_iter().map(|((name,), bucket)| model::Bucket {
            bucket_arn: Some(bucket_arn(&name)),
            name: Some(name),
            creation_date: Some(bucket.created),
            bucket_region: Some(bucket.region.as_str().to_owned()),
        });
        let buckets = Some(buckets.collect());
        Ok(model::ListBucketsOutput {
            buckets,
            owner: Some(output::owner(account)),
            continuation_token,
            prefix,
        })
    }
}
