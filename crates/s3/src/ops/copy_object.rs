//! `CopyObject`: makes an object of another one, without the bytes leaving.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::checksum::Algorithm;
use crate::copying::{Copied, Source};
use crate::names::check_key;
use crate::notifications::{Cause, tell_made};
use crate::output::tell_checksum;
use crate::reading::Preconditions;
use crate::request::{Making, stated};
use crate::tables::{About, Content, Version};
use crate::versions::{Conditions, Outcome, Place, place};
use crate::{S3, errors};

/// A parsed `CopyObject` request.
#[derive(Debug)]
pub(crate) struct CopyObject {
    at: Place,
    owner: Option<String>,
    source: Source,
    making: Making,
    algorithm: Option<Algorithm>,
    replace_about: bool,
    replace_tags: bool,
    /// Whether anything is said that makes a copy of an object to itself another object.
    changes: bool,
    conditions: Conditions,
}

impl Operation for CopyObject {
    const NAME: &'static str = "CopyObject";
    type Service = S3;
    type Input = model::CopyObjectRequest;
    type Output = model::CopyObjectOutput;

    fn parse(mut input: Self::Input, _: &Scope) -> Result<Self, Error> {
        check_key(&input.key)?;
        let conditions = Preconditions {
            if_match: input.copy_source_if_match.take(),
            if_none_match: input.copy_source_if_none_match.take(),
            if_modified_since: input.copy_source_if_modified_since,
            if_unmodified_since: input.copy_source_if_unmodified_since,
        };
        let source =
            Source::parse(&input.copy_source, input.expected_source_bucket_owner.take(), conditions)?;
        let replace_about = input.metadata_directive.as_deref() == Some("REPLACE");
        let replace_tags = input.tagging_directive.as_deref() == Some("REPLACE");
        let changes = replace_about
            || input.storage_class.is_some()
            || input.website_redirect_location.is_some()
            || input.server_side_encryption.is_some()
            || input.checksum_algorithm.is_some();
        let algorithm = input.checksum_algorithm.as_deref().map(Algorithm::parse).transpose()?;
        let conditions = Conditions::for_write(input.if_match.take(), input.if_none_match.take())?;
        Ok(Self {
            making: stated!(input).parse()?,
            at: Place { bucket: input.bucket, key: input.key },
            owner: input.expected_bucket_owner,
            source,
            algorithm,
            replace_about,
            replace_tags,
            changes,
            conditions,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(mut self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let found =
            s3.find(cx, &self.at.bucket, self.owner.as_deref(), ("s3:PutObject", Some(&self.at.key))).await?;
        let source_name = format!("/{}/{}", self.source.at.bucket, self.source.at.key);
        for action in self.making.actions() {
            let access =
                found.object_access(action, &self.at.key).with("s3:x-amz-copy-source", source_name.as_str());
            s3.allow(cx, &found, &self.making.conditions(access)).await?;
        }
        self.making.settle(cx, &found.bucket)?;
        if self.at == self.source.at && !self.changes && self.source.version_id.is_none() {
            let message = "This copy request is illegal because it is trying to copy an object to itself without changing \
                           the object's metadata, storage class, website redirect location or encryption attributes.";
            return Err(errors::invalid_request(message));
        }
        let source = s3.source(cx, &self.source).await?;
        let about = self.about(&source.version.about);
        let copied = s3.copied(&source.version, 0..source.version.size, self.algorithm).await?;
        let version = Version { modified: cx.scope.now, about, parts: 0, ..source.version };
        let (version, outcome) = self.store(s3, cx, version, copied).await?;
        s3.after(&outcome);
        let mut result = model::CopyObjectResult {
            e_tag: Some(format!("\"{}\"", version.etag)),
            last_modified: Some(version.modified),
            ..Default::default()
        };
        tell_checksum!(result, version.checksum.as_ref());
        Ok(model::CopyObjectOutput {
            copy_object_result: Some(result),
            copy_source_version_id: source.version_id,
            version_id: outcome.version_id,
            server_side_encryption: Some("AES256".to_owned()),
            ..Default::default()
        })
    }
}

impl CopyObject {
    /// What the copy says of itself: the source's words, or the request's.
    fn about(&self, source: &About) -> About {
        let own = &self.making.about;
        let mut about = if self.replace_about { own.clone() } else { source.clone() };
        about.tags = if self.replace_tags { own.tags.clone() } else { source.tags.clone() };
        about.headers.redirect.clone_from(&own.headers.redirect);
        about.storage_class.clone_from(&own.storage_class);
        about.retention.clone_from(&own.retention);
        about.legal_hold = own.legal_hold;
        about.owner = own.owner;
        about.acl.clone_from(&own.acl);
        about
    }

    async fn store(
        &self,
        s3: &S3,
        cx: &Context,
        version: Version,
        copied: Copied,
    ) -> Result<(Version, Outcome), Error> {
        let (at, conditions) = (self.at.clone(), self.conditions.clone());
        let cause = Cause::request("ObjectCreated:Copy", cx);
        match copied {
            Copied::Same(kept) => {
                let version = Version { content: kept.content.clone(), ..version };
                let stored = version.clone();
                // The source may have gone meanwhile, and its bytes with it.
                let _gate = s3.gate.read().await;
                let outcome = s3
                    .write(move |tx| {
                        kept.count_existing(tx)?;
                        let outcome = place(tx, &at, stored.clone(), &conditions)?;
                        tell_made(tx, &at, &cause, outcome)
                    })
                    .await?;
                Ok((version, outcome))
            }
            Copied::Anew(arrived) => {
                let checksum = Some(arrived.checksum.clone());
                let version = Version { etag: arrived.etag.clone(), size: arrived.size, checksum, ..version };
                let stored = version.clone();
                let outcome = s3
                    .commit(arrived, move |tx, content: &Content| {
                        let version = Version { content: content.clone(), ..stored.clone() };
                        let outcome = place(tx, &at, version, &conditions)?;
                        tell_made(tx, &at, &cause, outcome)
                    })
                    .await?;
                Ok((version, outcome))
            }
        }
    }
}
