//! Code in the buckets of S3.

use weft_service::{Context, Error, ObjectName};

use crate::Lambda;
use crate::code::CodeSource;
use crate::errors::{invalid_parameter, not_implemented};

impl Lambda {
    /// Code as it is kept: where it is an object of S3, that is read with the caller's rights. An archive may not have more bytes
    /// than its files may.
    pub(crate) async fn fetch(&self, cx: &Context, source: CodeSource) -> Result<CodeSource, Error> {
        let CodeSource::Object(object) = source else { return Ok(source) };
        let Some(objects) = self.objects.get() else {
            // As before there were buckets: who keeps builds says that the bucket is none of theirs.
            return match object {
                ObjectName { version: Some(_), .. } => Err(not_implemented("Code.S3ObjectVersion is")),
                ObjectName { bucket, key, version: None } => Ok(CodeSource::Artifact { bucket, key }),
            };
        };
        let max = self.options.unpacked_bytes_max;
        match objects.read(cx, &object, max).await {
            Ok(archive) if archive.is_empty() => {
                Err(invalid_parameter("Uploaded file must be a non-empty zip"))
            }
            Ok(archive) => Ok(CodeSource::Archive(archive)),
            Err(error) => Err(object_error(error, max)),
        }
    }
}

/// An error of S3 as Lambda tells it.
fn object_error(error: Error, max: u64) -> Error {
    if error.status().is_some_and(|status| status >= 500) {
        return error;
    }
    let (code, message) = (error.code().to_owned(), error.message().to_owned());
    match code.as_str() {
        "EntityTooLarge" => invalid_parameter(format!("Unzipped size must be smaller than {max} bytes")),
        "AccessDenied" | "AccessDeniedException" => {
            let message = format!(
                "Your access has been denied by S3, please make sure your request credentials have permission to GetObject \
                 for the object. S3 Error Code: AccessDenied. S3 Error Message: {message}"
            );
            Error::new("AccessDeniedException", message).with_status(403)
        }
        _ => invalid_parameter(format!(
            "Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
        )),
    }
    .with_cause(error)
}
