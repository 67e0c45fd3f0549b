//! How an event reads.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::Cause;
use crate::names::bucket_arn;
use crate::output::canonical_id;
use crate::tables::{Bucket, Version, Versioning};
use crate::versions::Place;

/// What stays as it is in a key.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*');
/// The MD5 of nothing, the tag of delete markers in events.
const EMPTY_ETAG: &str = "d41d8cd98f00b204e9800998ecf8427e";

/// The event of one version, as a function gets it.
pub(super) fn payload(bucket: &Bucket, at: &Place, cause: &Cause, version: &Version, id: &str) -> String {
    let owner: String = canonical_id(bucket.account).to_ascii_uppercase().chars().take(13).collect();
    let newer = ["Lifecycle", "ObjectTagging", "ObjectAcl"].iter().any(|kind| cause.event.starts_with(kind));
    json!({ "Records": [{
        "eventVersion": if newer { "2.3" } else { "2.1" },
        "eventSource": "aws:s3",
        "awsRegion": bucket.region.as_str(),
        "eventTime": cause.at.iso8601(),
        "eventName": cause.event,
        "userIdentity": { "principalId": cause.principal },
        "requestParameters": { "sourceIPAddress": cause.address },
        "responseElements": { "x-amz-request-id": cause.request_id, "x-amz-id-2": cause.request_id },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": id,
            "bucket": {
                "name": at.bucket,
                "ownerIdentity": { "principalId": format!("A{owner}") },
                "arn": bucket_arn(&at.bucket),
            },
            "object": object(bucket, at, cause, version),
        },
    }]})
    .to_string()
}

fn object(bucket: &Bucket, at: &Place, cause: &Cause, version: &Version) -> Value {
    let mut object = Map::new();
    let encoded = utf8_percent_encode(&at.key, KEPT).to_string().replace("%20", "+");
    object.insert("key".to_owned(), encoded.into());
    let is_made = cause.event.starts_with("ObjectCreated");
    let is_about = cause.event.starts_with("ObjectTagging") || cause.event.starts_with("ObjectAcl");
    if is_made {
        object.insert("size".to_owned(), version.size.into());
    }
    if is_made || is_about {
        object.insert("eTag".to_owned(), version.etag.as_str().into());
    } else if version.marker && cause.event.ends_with("MarkerCreated") {
        object.insert("eTag".to_owned(), EMPTY_ETAG.into());
    }
    if bucket.versioning != Versioning::Never {
        object.insert("versionId".to_owned(), version.id.as_str().into());
    }
    if !is_about {
        object.insert("sequencer".to_owned(), format!("{:018X}", version.number).into());
    }
    Value::Object(object)
}
