//! `ListMultipartUploads`: the uploads under way of a bucket.

use weft_model::s3 as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_store::{Read, StoreError};

use crate::listing::{Entry, From, Page, Selection, after_all};
use crate::lists::{Encoding, limit_of, list_access, selection, split};
use crate::tables::{UPLOADS, Upload};
use crate::{S3, output};

/// A parsed `ListMultipartUploads` request.
#[derive(Debug)]
pub(crate) struct ListMultipartUploads {
    input: model::ListMultipartUploadsRequest,
    selection: Selection,
    limit: i32,
}

type Row = (String, String, Upload);

impl Operation for ListMultipartUploads {
    const NAME: &'static str = "ListMultipartUploads";
    type Service = S3;
    type Input = model::ListMultipartUploadsRequest;
    type Output = model::ListMultipartUploadsOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let limit = limit_of(input.max_uploads, "max-uploads")?;
        let selection = selection(input.prefix.as_ref(), input.delimiter.as_ref(), limit);
        Ok(Self { input, selection, limit })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, s3: &S3, cx: &Context) -> Result<Self::Output, Error> {
        let Self { input, selection, limit } = self;
        let owner = input.expected_bucket_owner.as_deref();
        let action = "s3:ListBucketMultipartUploads";
        let found = s3.find(cx, &input.bucket, owner, (action, None)).await?;
        s3.allow(cx, &found, &list_access(&found, action, &selection, limit)).await?;
        let begin = begin(&selection, input.key_marker.as_deref(), input.upload_id_marker.as_deref());
        let bucket = input.bucket.clone();
        let page = s3.read(move |tx| Ok(uploads(tx, &bucket, &selection, begin)?)).await?;
        let encoding = Encoding::of(input.encoding_type.as_deref());
        let (next_key_marker, next_upload_id_marker) = match page.entries.last().filter(|_| page.truncated) {
            Some(Entry::Row((key, id, _))) => (Some(encoding.write(key)), Some(id.clone())),
            Some(Entry::Prefix(prefix)) => (Some(encoding.write(prefix)), None),
            None => (None, None),
        };
        let (rows, common_prefixes) = split(page.entries, encoding);
        let owner = output::owner(found.bucket.account);
        Ok(model::ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            key_marker: Some(encoding.write(input.key_marker.as_deref().unwrap_or_default())),
            upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
            next_key_marker,
            next_upload_id_marker,
            prefix: Some(encoding.write(input.prefix.as_deref().unwrap_or_default())),
            delimiter: input.delimiter.map(|delimiter| encoding.write(&delimiter)),
            max_uploads: Some(limit),
            is_truncated: Some(page.truncated),
            uploads: Some(rows.into_iter().map(|row| shown(row, encoding, &owner)).collect()),
            common_prefixes,
            encoding_type: encoding.name(),
            ..Default::default()
        })
    }
}

fn begin(selection: &Selection, key: Option<&str>, id: Option<&str>) -> Option<From<(String, String)>> {
    let key = key.filter(|key| !key.is_empty())?;
    if let Some(id) = id.filter(|id| !id.is_empty()) {
        return Some(From::After((key.to_owned(), id.to_owned())));
    }
    let is_prefix = key.starts_with(&selection.prefix) && selection.rolled_up(key) == Some(key);
    let next = after_all(key.as_bytes()).filter(|_| is_prefix);
    Some(From::Key(next.unwrap_or_else(|| [key.as_bytes(), &[0]].concat())))
}

fn uploads(
    tx: &impl Read,
    bucket: &str,
    selection: &Selection,
    begin: Option<From<(String, String)>>,
) -> Result<Page<Row>, StoreError> {
    selection.page(begin, |from, limit| {
        let query = UPLOADS.query(&(bucket,)).limit(limit);
        let query = match from {
            From::Key(key) => query.from(&(bucket, key.clone())),
            From::After((key, id)) => query.after(&(bucket, key.as_str(), id.as_str())),
        };
        let rows = query.rows(tx)?.into_iter();
        Ok(rows
            .map(|((_, key, id), upload)| ((key.clone(), id.clone()), key.clone(), (key, id, upload)))
            .collect())
    })
}

fn shown((key, id, upload): Row, encoding: Encoding, owner: &model::Owner) -> model::MultipartUpload {
    model::MultipartUpload {
        upload_id: Some(id),
        key: Some(encoding.write(&key)),
        initiated: Some(upload.initiated),
        storage_class: Some(upload.about.storage_class.unwrap_or_else(|| "STANDARD".to_owned())),
        owner: Some(owner.clone()),
        initiator: Some(model::Initiator { id: Some(upload.initiator), ..Default::default() }),
        checksum_algorithm: upload.checksum.map(|(algorithm, _)| algorithm.name().to_owned()),
        checksum_type: upload
            .checksum
            .map(|(_, full)| if full { "FULL_OBJECT" } else { "COMPOSITE" }.to_owned()),
    }
}
