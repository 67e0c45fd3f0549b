//! `PutObject`: stores an object that comes in one piece.

use weft_model::s3 as model;
use weft_service::{Access, BodyOperation, Context, Error, IncomingBody, OutgoingBody, Scope};

use crate::S3;
use crate::names::check_key;
use crate::notifications::{Cause, tell_made};
use crate::output::tell_checksum;
use crate::receive::Expected;
use crate::request::{Making, given_checksums, stated};
use crate::tables::Version;
use crate::versions::{Conditions, Place, place};

/// A parsed `PutObject` request.
#[derive(Debug)]
pub(crate) struct PutObject {
    at: Place,
    owner: Option<String>,
    making: Making,
    expected: Expected,
    conditions: Conditions,
}

impl BodyOperation for PutObject {
    const NAME: &'static str = "PutObject";
    const TAKES_BODY: bool = true;
    type Service = S3;
    type Input = model::PutObjectRequest;
    type Output = model::PutObjectOutput;

    fn parse(mut input: Self::Input, _: &Scope) -> Result<Self, Error> {
        check_key(&input.key)?;
        if input.write_offset_bytes.is_some() {
            return Err(crate::errors::not_implemented("Writing at an offset"));
        }
        let expected = Expected::parse(
            input.content_md5.as_deref(),
            &given_checksums!(input),
            input.checksum_algorithm.as_deref(),
        )?;
        let conditions = Conditions::for_write(input.if_match.take(), input.if_none_match.take())?;
        Ok(Self {
            making: stated!(input).parse()?,
            at: Place { bucket: input.bucket, key: input.key },
            owner: input.expected_bucket_owner,
            expected,
            conditions,
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
        let Self { at, owner, mut making, expected, conditions } = self;
        let found = s3.find(cx, &at.bucket, owner.as_deref(), ("s3:PutObject", Some(&at.key))).await?;
        for action in making.actions() {
            s3.allow(cx, &found, &making.conditions(found.object_access(action, &at.key))).await?;
        }
        making.settle(cx, &found.bucket)?;
        let arrived = s3.receive_body(body, &expected).await?;
        let mut output = model::PutObjectOutput {
            e_tag: Some(format!("\"{}\"", arrived.etag)),
            server_side_encryption: Some(making.about.encryption()),
            ..Default::default()
        };
        tell_checksum!(output, Some(&arrived.checksum));
        let version = Version {
            id: String::new(),
            number: 0,
            modified: cx.scope.now,
            marker: false,
            size: arrived.size,
            etag: arrived.etag.clone(),
            content: crate::tables::Content::Empty,
            parts: 0,
            checksum: Some(arrived.checksum.clone()),
            about: making.about,
        };
        let cause = Cause::request("ObjectCreated:Put", cx);
        let outcome = s3
            .commit(arrived, move |tx, content| {
                let version = Version { content: content.clone(), ..version.clone() };
                let outcome = place(tx, &at, version, &conditions)?;
                tell_made(tx, &at, &cause, outcome)
            })
            .await?;
        s3.after(&outcome);
        output.version_id = outcome.version_id;
        Ok((output, None))
    }
}
