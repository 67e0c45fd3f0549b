//! `CreateMultipartUpload`: begins an upload in parts.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::checksum::Algorithm;
use crate::names::check_key;
use crate::request::{Making, stated};
use crate::tables::{UPLOADS, Upload};
use crate::uploads::new_id;
use crate::versions::{Place, require_bucket};
use crate::{S3, errors};

/// A parsed `CreateMultipartUpload` request.
#[derive(Debug)]
pub(crate) struct CreateMultipartUpload {
    at: Place,
    owner: Option<String>,
    making: Making,
    checksum: Option<(Algorithm, bool)>,
}

impl Operation for CreateMultipartUpload {
    const NAME: &'static str = "CreateMultipartUpload";
    type Service = S3;
    type Input = model::CreateMultipartUploadRequest;
    type Output = model::CreateMultipartUploadOutput;

    fn parse(mut input: Self::Input, _: &Scope) -> Result<Self, Error> {
        check_key(&input.key)?;
        let algorithm = input.checksum_algorithm.as_deref().map(Algorithm::parse).transpose()?;
        Ok(Self {
            checksum: checksum(algorithm, input.checksum_type.as_deref())?,
            making: stated!(input).parse()?,
            at: Place { bucket: input.bucket, key: input.key },
            owner: input.expected_bucket_owner,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { at, owner, mut making, checksum } = self;
        let found = s3.find(cx, &at.bucket, owner.as_deref(), ("s3:PutObject", Some(&at.key))).await?;
        for action in making.actions() {
            s3.allow(cx, &found, &making.conditions(found.object_access(action, &at.key))).await?;
        }
        making.settle(cx, &found.bucket)?;
        let initiator = cx.principal.arn().map_or_else(|| cx.principal.user_id(), |arn| arn.to_string());
        let upload = Upload { initiated: cx.scope.now, initiator, about: making.about, checksum };
        let id = new_id(cx.scope.now);
        let key = (at.bucket.clone(), at.key.clone(), id.clone());
        let encryption = upload.about.encryption();
        s3.write(move |tx| {
            require_bucket(tx, &key.0)?;
            Ok(UPLOADS.insert(tx, &key, &upload)?)
        })
        .await?;
        Ok(model::CreateMultipartUploadOutput {
            bucket: Some(at.bucket),
            key: Some(at.key),
            upload_id: Some(id),
            server_side_encryption: Some(encryption),
            checksum_algorithm: checksum.map(|(algorithm, _)| algorithm.name().to_owned()),
            checksum_type: checksum
                .map(|(_, full)| if full { "FULL_OBJECT" } else { "COMPOSITE" }.to_owned()),
            ..Default::default()
        })
    }
}

/// How the object is to be checked: which algorithm, and whether by its bytes.
fn checksum(algorithm: Option<Algorithm>, kind: Option<&str>) -> Result<Option<(Algorithm, bool)>, Error> {
    let Some(algorithm) = algorithm else {
        return match kind {
            None => Ok(None),
            Some(_) => {
                let message = "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.";
                Err(errors::invalid_request(message))
            }
        };
    };
    let full = kind.map_or(algorithm == Algorithm::Crc64Nvme, |kind| kind == "FULL_OBJECT");
    let fits = if full { algorithm.can_be_joined() } else { algorithm != Algorithm::Crc64Nvme };
    if fits {
        return Ok(Some((algorithm, full)));
    }
    let name = algorithm.name().to_ascii_lowercase();
    let kind = if full { "FULL_OBJECT" } else { "COMPOSITE" };
    let message = format!("The {kind} checksum type cannot be used with the {name} checksum algorithm.");
    Err(errors::invalid_request(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_have_their_kinds() {
        let check = |algorithm: Option<Algorithm>, kind: Option<&str>, expected: Result<Option<bool>, ()>| {
            let found = checksum(algorithm, kind).map(|found| found.map(|(_, full)| full)).map_err(|_| ());
            assert_eq!(found, expected, "{algorithm:?} {kind:?}");
        };
        check(None, None, Ok(None));
        check(None, Some("FULL_OBJECT"), Err(()));
        check(Some(Algorithm::Crc32), None, Ok(Some(false)));
        check(Some(Algorithm::Crc32), Some("FULL_OBJECT"), Ok(Some(true)));
        check(Some(Algorithm::Crc64Nvme), None, Ok(Some(true)));
        check(Some(Algorithm::Crc64Nvme), Some("COMPOSITE"), Err(()));
        check(Some(Algorithm::Sha256), Some("FULL_OBJECT"), Err(()));
        check(Some(Algorithm::Sha256), None, Ok(Some(false)));
    }
}
