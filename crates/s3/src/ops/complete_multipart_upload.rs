//! `CompleteMultipartUpload`: makes an object of an upload's parts.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::notifications::{Cause, tell_made};
use crate::output::tell_checksum;
use crate::receive::Expected;
use crate::request::given_checksums;
use crate::uploads::{Completion, Listed, complete};
use crate::versions::{Conditions, Place};
use crate::{S3, errors};

/// A parsed `CompleteMultipartUpload` request.
#[derive(Debug)]
pub(crate) struct CompleteMultipartUpload {
    owner: Option<String>,
    completion: Completion,
}

impl Operation for CompleteMultipartUpload {
    const NAME: &'static str = "CompleteMultipartUpload";
    type Service = S3;
    type Input = model::CompleteMultipartUploadRequest;
    type Output = model::CompleteMultipartUploadOutput;

    fn parse(mut input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let parts = input.multipart_upload.take().and_then(|upload| upload.parts).unwrap_or_default();
        if parts.is_empty() {
            return Err(errors::malformed_xml());
        }
        let mut given = given_checksums!(input).into_iter().filter_map(|(name, text)| Some((name, text?)));
        let checksum = given.next().map(|(_, text)| text.clone());
        if given.next().is_some() {
            // Says what is wrong.
            Expected::parse(None, &given_checksums!(input), None)?;
        }
        let listed = parts.into_iter().map(listed).collect::<Result<_, Error>>()?;
        let completion = Completion {
            at: Place { bucket: input.bucket, key: input.key },
            id: input.upload_id,
            listed,
            checksum,
            size: input.mpu_object_size.and_then(|size| u64::try_from(size).ok()),
            conditions: Conditions::for_write(input.if_match, input.if_none_match)?,
        };
        Ok(Self { owner: input.expected_bucket_owner, completion })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { owner, completion } = self;
        let at = completion.at.clone();
        let found = s3.find(cx, &at.bucket, owner.as_deref(), ("s3:PutObject", Some(&at.key))).await?;
        s3.allow(cx, &found, &found.object_access("s3:PutObject", &at.key)).await?;
        let now = cx.scope.now;
        let cause = Cause::request("ObjectCreated:CompleteMultipartUpload", cx);
        let (version, outcome) = s3
            .write(move |tx| {
                let (version, outcome) = complete(tx, &completion, now)?;
                Ok((version, tell_made(tx, &completion.at, &cause, outcome)?))
            })
            .await?;
        s3.after(&outcome);
        let mut output = model::CompleteMultipartUploadOutput {
            location: Some(format!("/{}/{}", at.bucket, at.key)),
            bucket: Some(at.bucket),
            key: Some(at.key),
            e_tag: Some(format!("\"{}\"", version.etag)),
            version_id: outcome.version_id,
            server_side_encryption: Some("AES256".to_owned()),
            ..Default::default()
        };
        tell_checksum!(output, version.checksum.as_ref());
        Ok(output)
    }
}

fn listed(part: model::CompletedPart) -> Result<Listed, Error> {
    let sums = given_checksums!(part);
    let checksum = sums.into_iter().find_map(|(_, text)| text.cloned());
    let (Some(number), Some(etag)) = (part.part_number, part.e_tag) else {
        return Err(errors::malformed_xml());
    };
    Ok(Listed { number, etag, checksum })
}
