//! `ListObjectsV2`: the current objects of a bucket by their keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::listing::{Entry, From, Selection, after_all};
use crate::lists::{Encoding, limit_of, list_access, object, objects, selection, split};
use crate::{S3, errors, output};

/// A parsed `ListObjectsV2` request.
#[derive(Debug)]
pub(crate) struct ListObjectsV2 {
    input: model::ListObjectsV2Request,
    selection: Selection,
    limit: i32,
    begin: Option<From<String>>,
}

impl Operation for ListObjectsV2 {
    const NAME: &'static str = "ListObjectsV2";
    type Service = S3;
    type Input = model::ListObjectsV2Request;
    type Output = model::ListObjectsV2Output;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let limit = limit_of(input.max_keys, "max-keys")?;
        let begin = match (&input.continuation_token, &input.start_after) {
            (Some(token), _) => Some(read_token(token)?),
            (None, Some(key)) if !key.is_empty() => Some(From::After(key.clone())),
            _ => None,
        };
        let selection = selection(input.prefix.as_ref(), input.delimiter.as_ref(), limit);
        Ok(Self { input, selection, limit, begin })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { input, selection, limit, begin } = self;
        let owner = input.expected_bucket_owner.as_deref();
        let found = s3.find(cx, &input.bucket, owner, ("s3:ListBucket", None)).await?;
        s3.allow(cx, &found, &list_access(&found, "s3:ListBucket", &selection, limit)).await?;
        let bucket = input.bucket.clone();
        let page = s3.read(move |tx| Ok(objects(tx, &bucket, &selection, begin)?)).await?;
        let next = page.entries.last().filter(|_| page.truncated).map(token);
        let count = i32::try_from(page.entries.len()).ok();
        let encoding = Encoding::of(input.encoding_type.as_deref());
        let (rows, common_prefixes) = split(page.entries, encoding);
        let shown = (input.fetch_owner == Some(true)).then(|| output::owner(found.bucket.account));
        let contents = rows.into_iter().map(|(key, version)| object(&key, version, encoding, shown.clone()));
        Ok(model::ListObjectsV2Output {
            is_truncated: Some(page.truncated),
            contents: Some(contents.collect()),
            prefix: Some(encoding.write(input.prefix.as_deref().unwrap_or_default())),
            delimiter: input.delimiter.map(|delimiter| encoding.write(&delimiter)),
            max_keys: Some(limit),
            common_prefixes,
            encoding_type: encoding.name(),
            key_count: count,
            continuation_token: input.continuation_token,
            next_continuation_token: next,
            start_after: input.start_after.map(|key| encoding.write(&key)),
            name: Some(input.bucket),
            ..Default::default()
        })
    }
}

/// Tells where a page ended.
fn token<V>(entry: &Entry<(String, V)>) -> String {
    match entry {
        Entry::Row((key, _)) => BASE64.encode(format!("1k{key}")),
        Entry::Prefix(prefix) => BASE64.encode(format!("1p{prefix}")),
    }
}

fn read_token(token: &str) -> Result<From<String>, Error> {
    let wrong = || {
        let message = "The continuation token provided is incorrect";
        errors::invalid_argument(message, "continuation-token", token)
    };
    let text = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(wrong)?;
    if let Some(key) = text.strip_prefix("1k") {
        return Ok(From::After(key.to_owned()));
    }
    let prefix = text.strip_prefix("1p").ok_or_else(wrong)?;
    Ok(From::Key(after_all(prefix.as_bytes()).ok_or_else(wrong)?))
}
