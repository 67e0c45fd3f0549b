//! Definitions of APIs, inline or in S3.

use serde_json::Value as Json;
use weft_service::ObjectName;

use crate::convert;
use crate::task::{Failure, Task};

/// Bytes of a definition. Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>.
const BYTES_MAX: u64 = 6 << 20;

/// The definition that `Body` or `BodyS3Location` has.
pub(super) async fn of(task: &Task<'_>) -> Result<Option<String>, Failure> {
    if let Some(body) = task.get("Body") {
        return Ok(Some(convert::text(body)));
    }
    let Some(place) = task.get("BodyS3Location") else { return Ok(None) };
    let text = |name: &str| place.get(name).map(convert::text);
    let (Some(bucket), Some(key)) = (text("Bucket"), text("Key")) else {
        return Err(Failure::new("BodyS3Location must have a Bucket and a Key"));
    };
    let object = ObjectName { bucket, key, version: text("Version") };
    let objects = task.service.objects().map_err(|error| Failure::new(error.message()))?;
    let read = objects.read(task.cx, &object, BYTES_MAX).await;
    let bytes = read.map_err(|error| crate::task::failure("s3", &error))?;
    let text = String::from_utf8(bytes.to_vec());
    text.map(Some).map_err(|_| Failure::new("The definition in S3 is not UTF-8"))
}

/// The title of a definition in JSON, which names an API that has no other name.
pub(super) fn title(definition: &str) -> Option<String> {
    let document: Json = serde_json::from_str(definition).ok()?;
    document.pointer("/info/title").map(convert::text)
}
