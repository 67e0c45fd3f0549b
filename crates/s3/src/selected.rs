//! The version and the bytes that a read asks for.

use std::ops::Range;

use weft_model::s3 as model;
use weft_service::{Context, Error, Principal};
use weft_types::Timestamp;

use crate::access::Found;
use crate::checksum::Checksum;
use crate::names::check_key;
use crate::reading::{Preconditions, range_of};
use crate::request::with_existing_tags;
use crate::tables::{Content, PARTS, Version, Versioning};
use crate::versions::{Place, find};
use crate::{S3, errors};

/// What a read asks for.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) at: Place,
    pub(crate) owner: Option<String>,
    pub(crate) version_id: Option<String>,
    pub(crate) range: Option<String>,
    pub(crate) part: Option<i32>,
    pub(crate) with_checksum: bool,
    pub(crate) conditions: Preconditions,
}

impl Wanted {
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_key(&self.at.key)?;
        if self.range.is_some() && self.part.is_some() {
            return Err(errors::invalid_request(
                "Cannot specify both Range header and partNumber query parameter",
            ));
        }
        match self.part {
            Some(number) if !(1..=10_000).contains(&number) => {
                let message = "Part number must be an integer between 1 and 10000, inclusive";
                Err(errors::invalid_argument(message, "partNumber", &number.to_string()))
            }
            _ => Ok(()),
        }
    }
}

/// What a read gets.
pub(crate) struct Selected {
    pub(crate) version: Version,
    /// Whether the bucket keeps or kept versions.
    pub(crate) versioned: bool,
    pub(crate) range: Range<u64>,
    /// Whether the range was asked for.
    partial: bool,
    pub(crate) parts_count: Option<i32>,
    part_checksum: Option<Checksum>,
}

impl Selected {
    /// `Content-Range`, where a part was asked for.
    pub(crate) fn content_range(&self) -> Option<String> {
        let Range { start, end } = self.range;
        let last = end.saturating_sub(1);
        (self.partial && end > start).then(|| format!("bytes {start}-{last}/{}", self.version.size))
    }

    /// The checksum of what is given, where it is asked for and known.
    pub(crate) fn checksum(&self, wanted: bool) -> Option<&Checksum> {
        let whole = !self.partial || self.range == (0..self.version.size);
        match &self.part_checksum {
            Some(checksum) => Some(checksum).filter(|_| wanted),
            None => self.version.checksum.as_ref().filter(|_| wanted && whole),
        }
    }
}

/// The headers that a request wants other than the object has them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides {
    pub(crate) cache_control: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) expires: Option<Timestamp>,
}

macro_rules! apply {
    ($from:expr, $output:expr) => {
        let Self {
            cache_control,
            content_disposition,
            content_encoding,
            content_language,
            content_type,
            expires,
        } = $from.clone();
        let set = |place: &mut Option<String>, text: Option<String>| {
            if text.is_some() {
                *place = text;
            }
        };
        set(&mut $output.cache_control, cache_control);
        set(&mut $output.content_disposition, content_disposition);
        set(&mut $output.content_encoding, content_encoding);
        set(&mut $output.content_language, content_language);
        set(&mut $output.content_type, content_type);
        set(&mut $output.expires, expires.map(|time| time.format("%a, %d %b %Y %H:%M:%S GMT")));
    };
}

impl Overrides {
    /// Only who is known may ask for them.
    pub(crate) fn check(&self, cx: &Context) -> Result<(), Error> {
        let some = self.cache_control.is_some()
            || self.content_disposition.is_some()
            || self.content_encoding.is_some()
            || self.content_language.is_some()
            || self.content_type.is_some()
            || self.expires.is_some();
        if some && matches!(*cx.principal, Principal::Anonymous) {
            let message = "Request specific response headers cannot be used for anonymous GET requests.";
            return Err(errors::invalid_request(message));
        }
        Ok(())
    }

    pub(crate) fn apply(&self, output: &mut model::GetObjectOutput) {
        apply!(self, output);
    }

    pub(crate) fn apply_head(&self, output: &mut model::HeadObjectOutput) {
        apply!(self, output);
    }
}

impl S3 {
    /// Finds a version that the caller may read with `action`, or its like for versions that are named.
    pub(crate) async fn version_for(
        &self,
        cx: &Context,
        at: &Place,
        owner: Option<&str>,
        version_id: Option<&str>,
        (action, versioned_action): (&'static str, &'static str),
    ) -> Result<(Found, Version), Error> {
        let action = if version_id.is_some() { versioned_action } else { action };
        let found = self.find(cx, &at.bucket, owner, (action, Some(&at.key))).await?;
        let (place, id) = (at.clone(), version_id.map(str::to_owned));
        let version = self.read(move |tx| find(tx, &place, id.as_deref())).await;
        // What is wrong with an id is told only who may ask.
        let found = found.with_version(version.as_ref().ok().and_then(Option::as_ref));
        let mut access = found.object_access(action, &at.key);
        if let Some(id) = version_id {
            access = access.with("s3:VersionId", id);
        }
        if let Ok(Some(version)) = &version {
            access = with_existing_tags(access, &version.about.tags);
        }
        self.allow(cx, &found, &access).await?;
        let fault = match version? {
            Some(version) if !version.marker => return Ok((found, version)),
            Some(marker) if version_id.is_some() => {
                let modified = marker.modified.format("%a, %d %b %Y %H:%M:%S GMT");
                return Err(errors::marker_not_allowed(&modified));
            }
            Some(marker) => errors::marker_is_current(&at.key, &marker.id),
            None => match version_id {
                Some(id) => errors::no_such_version(&at.key, id),
                None => errors::no_such_key(&at.key),
            },
        };
        Err(self.absent(cx, &found, fault).await)
    }

    /// Finds what a read asks for, and checks that the caller may have it.
    pub(crate) async fn select(&self, cx: &Context, wanted: &Wanted) -> Result<Selected, Error> {
        let id = wanted.version_id.as_deref();
        let actions = ("s3:GetObject", "s3:GetObjectVersion");
        let (found, version) = self.version_for(cx, &wanted.at, wanted.owner.as_deref(), id, actions).await?;
        wanted.conditions.for_read(&version)?;
        let versioned = found.bucket.versioning != Versioning::Never;
        if let Some(number) = wanted.part {
            return self.select_part(version, versioned, number).await;
        }
        let asked = wanted.range.as_deref().map(|range| range_of(range, version.size)).transpose()?.flatten();
        let partial = asked.is_some();
        let range = asked.unwrap_or(0..version.size);
        Ok(Selected { version, versioned, range, partial, parts_count: None, part_checksum: None })
    }

    async fn select_part(&self, version: Version, versioned: bool, number: i32) -> Result<Selected, Error> {
        let wrong = || errors::plain("InvalidPartNumber", 416, "The requested partnumber is not satisfiable");
        let Content::Parts(upload) = version.content.clone() else {
            if number != 1 {
                return Err(wrong());
            }
            let range = 0..version.size;
            let partial = version.size > 0;
            return Ok(Selected {
                version,
                versioned,
                range,
                partial,
                parts_count: None,
                part_checksum: None,
            });
        };
        let parts = self.read(move |tx| Ok(PARTS.query(&(upload.as_str(),)).rows(tx)?)).await?;
        let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
        let start: u64 = parts.iter().take(index).map(|(_, part)| part.size).sum();
        let (_, part) = parts.get(index).ok_or_else(wrong)?;
        Ok(Selected {
            versioned,
            range: start..start + part.size,
            partial: true,
            parts_count: i32::try_from(version.parts).ok(),
            part_checksum: part
                .checksum
                .clone()
                .filter(|_| version.checksum.as_ref().is_none_or(|sum| !sum.full)),
            version,
        })
    }
}
