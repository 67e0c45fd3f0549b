//! `DeleteBucket`: removes an empty bucket.

use std::sync::PoisonError;

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_store::WriteTx;

use crate::tables::{BUCKETS, CURRENT, GARBAGE, GARBAGE_PARTS, Number, SETTINGS, UPLOADS, VERSIONS};
use crate::versions::require_bucket;
use crate::{S3, errors};

/// A parsed `DeleteBucket` request.
#[derive(Debug)]
pub(crate) struct DeleteBucket {
    name: String,
    owner: Option<String>,
}

impl Operation for DeleteBucket {
    const NAME: &'static str = "DeleteBucket";
    type Service = S3;
    type Input = model::DeleteBucketRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.bucket, owner: input.expected_bucket_owner })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<(), Error> {
        let Self { name, owner } = self;
        s3.find_for(cx, &name, owner.as_deref(), "s3:DeleteBucket").await?;
        let bucket = name.clone();
        s3.write(move |tx| remove(tx, &bucket)).await?;
        s3.names.write().unwrap_or_else(PoisonError::into_inner).remove(&name);
        s3.garbage.notify_one();
        Ok(())
    }
}

fn remove(tx: &mut WriteTx<'_>, name: &str) -> Result<(), Error> {
    require_bucket(tx, name)?;
    let is_empty = VERSIONS.query(&(name,)).limit(1).rows(tx)?.is_empty()
        && CURRENT.query(&(name,)).limit(1).rows(tx)?.is_empty();
    if !is_empty {
        return Err(errors::bucket_not_empty(name));
    }
    // Uploads under way do not keep it, and end with it.
    for (key, _) in UPLOADS.query(&(name,)).rows(tx)? {
        UPLOADS.remove(tx, &key)?;
        GARBAGE.insert(tx, &(GARBAGE_PARTS.to_owned(), key.2), &Number(0))?;
    }
    for (key, _) in SETTINGS.query(&(name,)).rows(tx)? {
        SETTINGS.remove(tx, &key)?;
    }
    Ok(BUCKETS.remove(tx, &(name,))?)
}
