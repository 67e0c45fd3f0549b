//! `GetObject`: an object's bytes, or a range of them.

use weft_model::s3 as model;
use weft_service::{Access, BodyOperation, Context, Error, IncomingBody, OutgoingBody, Scope};

use crate::S3;
use crate::output::{tell_checksum, tell_version};
use crate::reading::Preconditions;
use crate::selected::{Overrides, Wanted};
use crate::versions::Place;

/// A parsed `GetObject` request.
#[derive(Debug)]
pub(crate) struct GetObject {
    wanted: Wanted,
    overrides: Overrides,
}

impl BodyOperation for GetObject {
    const NAME: &'static str = "GetObject";
    const TAKES_BODY: bool = false;
    type Service = S3;
    type Input = model::GetObjectRequest;
    type Output = model::GetObjectOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let _ = scope;
        let overrides = Overrides {
            cache_control: input.response_cache_control,
            content_disposition: input.response_content_disposition,
            content_encoding: input.response_content_encoding,
            content_language: input.response_content_language,
            content_type: input.response_content_type,
            expires: input.response_expires,
        };
        let wanted = Wanted {
            at: Place { bucket: input.bucket, key: input.key },
            owner: input.expected_bucket_owner,
            version_id: input.version_id,
            range: input.range,
            part: input.part_number,
            with_checksum: input.checksum_mode.is_some(),
            conditions: Preconditions {
                if_match: input.if_match,
                if_none_match: input.if_none_match,
                if_modified_since: input.if_modified_since,
                if_unmodified_since: input.if_unmodified_since,
            },
        };
        wanted.check()?;
        Ok(Self { wanted, overrides })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(
        self,
        s3: &S3,
        cx: &Context,
        _: IncomingBody,
    ) -> Result<(Self::Output, Option<OutgoingBody>), Error> {
        self.overrides.check(cx)?;
        let selected = s3.select(cx, &self.wanted).await?;
        let mut output = model::GetObjectOutput::default();
        tell_version!(output, &selected.version, selected.versioned);
        tell_checksum!(output, selected.checksum(self.wanted.with_checksum));
        output.content_range = selected.content_range();
        output.parts_count = selected.parts_count;
        self.overrides.apply(&mut output);
        let length = selected.range.end - selected.range.start;
        output.content_length = i64::try_from(length).ok();
        let stream = s3.bytes_of(&selected.version, selected.range).await?;
        Ok((output, Some(OutgoingBody::new(stream, length))))
    }
}
