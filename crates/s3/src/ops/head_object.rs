//! `HeadObject`: what `GetObject` would say, without the bytes.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::S3;
use crate::output::{tell_checksum, tell_version};
use crate::reading::Preconditions;
use crate::selected::{Overrides, Wanted};
use crate::versions::Place;

/// A parsed `HeadObject` request.
#[derive(Debug)]
pub(crate) struct HeadObject {
    wanted: Wanted,
    overrides: Overrides,
}

impl Operation for HeadObject {
    const NAME: &'static str = "HeadObject";
    type Service = S3;
    type Input = model::HeadObjectRequest;
    type Output = model::HeadObjectOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
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

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        self.overrides.check(cx)?;
        let selected = s3.select(cx, &self.wanted).await?;
        let mut output = model::HeadObjectOutput::default();
        tell_version!(output, &selected.version, selected.versioned);
        tell_checksum!(output, selected.checksum(self.wanted.with_checksum));
        output.content_range = selected.content_range();
        output.parts_count = selected.parts_count;
        self.overrides.apply_head(&mut output);
        output.content_length = i64::try_from(selected.range.end - selected.range.start).ok();
        Ok(output)
    }
}
