//! `UploadPart`: stores a part of an upload.

use weft_model::s3 as model;
use weft_service::{Access, BodyOperation, Context, Error, IncomingBody, OutgoingBody, Scope};

use crate::S3;
use crate::output::tell_checksum;
use crate::receive::{Arrived, Expected};
use crate::request::given_checksums;
use crate::tables::{Content, Part};
use crate::uploads::{part_number, require, set_part};
use crate::versions::Place;

/// A parsed `UploadPart` request.
#[derive(Debug)]
pub(crate) struct UploadPart {
    at: Place,
    owner: Option<String>,
    id: String,
    number: u32,
    expected: Expected,
}

impl BodyOperation for UploadPart {
    const NAME: &'static str = "UploadPart";
    const TAKES_BODY: bool = true;
    type Service = S3;
    type Input = model::UploadPartRequest;
    type Output = model::UploadPartOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let expected = Expected::parse(
            input.content_md5.as_deref(),
            &given_checksums!(input),
            input.checksum_algorithm.as_deref(),
        )?;
        Ok(Self {
            number: part_number(input.part_number)?,
            at: Place { bucket: input.bucket, key: input.key },
            owner: input.expected_bucket_owner,
            id: input.upload_id,
            expected,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(
        self,
        s3: &S3,
        cx: &Context,
        body: IncomingBody,
    ) -> Result<(Self::Output, Option<OutgoingBody>), Error> {
        let Self { at, owner, id, number, mut expected } = self;
        let found = s3.find(cx, &at.bucket, owner.as_deref(), ("s3:PutObject", Some(&at.key))).await?;
        s3.allow(cx, &found, &found.object_access("s3:PutObject", &at.key)).await?;
        let (place, upload_id) = (at.clone(), id.clone());
        let upload = s3.read(move |tx| require(tx, &place, &upload_id)).await?;
        // What the upload was begun with holds where the part says nothing.
        expected.algorithm = expected.algorithm.or(upload.checksum.map(|(algorithm, _)| algorithm));
        let arrived = s3.receive_body(body, &expected).await?;
        let mut output = model::UploadPartOutput {
            e_tag: Some(format!("\"{}\"", arrived.etag)),
            server_side_encryption: Some("AES256".to_owned()),
            ..Default::default()
        };
        tell_checksum!(output, Some(&arrived.checksum), value);
        s3.store_part(cx, at, id, number, arrived).await?;
        Ok((output, None))
    }
}

impl S3 {
    /// Stores what arrived as a part.
    pub(crate) async fn store_part(
        &self,
        cx: &Context,
        at: Place,
        id: String,
        number: u32,
        arrived: Arrived,
    ) -> Result<(), Error> {
        let part = Part {
            size: arrived.size,
            etag: arrived.etag.clone(),
            modified: cx.scope.now,
            content: Content::Empty,
            checksum: Some(arrived.checksum.clone()),
        };
        let outcome = self
            .commit(arrived, move |tx, content| {
                set_part(tx, &at, &id, number, &Part { content: content.clone(), ..part.clone() })
            })
            .await?;
        self.after(&outcome);
        Ok(())
    }
}
