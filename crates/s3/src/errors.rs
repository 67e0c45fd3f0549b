//! The errors of S3: codes, statuses and messages.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.

use weft_model::Value;
use weft_service::Error;
use weft_store::BlobError;

fn error(code: &'static str, status: u16, message: impl Into<String>) -> Error {
    Error::new(code, message).with_status(status)
}

fn text(error: Error, name: &'static str, text: impl Into<String>) -> Error {
    error.with_member(name, Value::Text(text.into()))
}

pub(crate) fn no_such_bucket(name: &str) -> Error {
    text(error("NoSuchBucket", 404, "The specified bucket does not exist"), "BucketName", name)
}

pub(crate) fn no_such_key(key: &str) -> Error {
    text(error("NoSuchKey", 404, "The specified key does not exist."), "Key", key)
}

pub(crate) fn no_such_version(key: &str, version: &str) -> Error {
    let fault = error("NoSuchVersion", 404, "The specified version does not exist.");
    text(text(fault, "Key", key), "VersionId", version)
}

pub(crate) fn no_such_upload(id: &str) -> Error {
    let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
                   aborted or completed.";
    text(error("NoSuchUpload", 404, message), "UploadId", id)
}

pub(crate) fn bucket_not_empty(name: &str) -> Error {
    let message = "The bucket you tried to delete is not empty";
    text(error("BucketNotEmpty", 409, message), "BucketName", name)
}

pub(crate) fn access_denied() -> Error {
    error("AccessDenied", 403, "Access Denied")
}

pub(crate) fn invalid_argument(message: impl Into<String>, name: &str, value: &str) -> Error {
    let fault = error("InvalidArgument", 400, message);
    text(text(fault, "ArgumentName", name), "ArgumentValue", value)
}

pub(crate) fn invalid_request(message: impl Into<String>) -> Error {
    error("InvalidRequest", 400, message)
}

pub(crate) fn invalid_version_id(id: &str) -> Error {
    invalid_argument("Invalid version id specified", "versionId", id)
}

pub(crate) fn malformed_xml() -> Error {
    let message = "The XML you provided was not well-formed or did not validate against our published schema";
    error("MalformedXML", 400, message)
}

pub(crate) fn precondition_failed(condition: &str) -> Error {
    let message = "At least one of the pre-conditions you specified did not hold";
    text(error("PreconditionFailed", 412, message), "Condition", condition)
}

pub(crate) fn not_modified(etag: &str) -> Error {
    text(error("NotModified", 304, "Not Modified"), "etag", format!("\"{etag}\""))
}

pub(crate) fn invalid_range(range: &str, size: u64) -> Error {
    let fault = error("InvalidRange", 416, "The requested range is not satisfiable");
    text(text(fault, "RangeRequested", range), "ActualObjectSize", size.to_string())
}

pub(crate) fn bad_digest(message: impl Into<String>) -> Error {
    error("BadDigest", 400, message)
}

pub(crate) fn invalid_digest(given: &str) -> Error {
    let fault = error("InvalidDigest", 400, "The Content-MD5 you specified was invalid.");
    text(fault, "Content-MD5", given)
}

pub(crate) fn too_large(size: Option<u64>, most: u64) -> Error {
    let fault = error("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size");
    let fault = text(fault, "MaxSizeAllowed", most.to_string());
    match size {
        Some(size) => text(fault, "ProposedSize", size.to_string()),
        None => fault,
    }
}

pub(crate) fn too_small(size: u64, least: u64, number: u32, etag: &str) -> Error {
    let message = "Your proposed upload is smaller than the minimum allowed size";
    let fault = text(error("EntityTooSmall", 400, message), "ProposedSize", size.to_string());
    let fault = text(fault, "MinSizeAllowed", least.to_string());
    text(text(fault, "PartNumber", number.to_string()), "ETag", etag)
}

pub(crate) fn invalid_part(id: &str, number: i32, etag: &str) -> Error {
    let message = "One or more of the specified parts could not be found.  The part may not have been uploaded, or the \
                   specified entity tag may not match the part's entity tag.";
    let fault = text(error("InvalidPart", 400, message), "UploadId", id);
    text(text(fault, "PartNumber", number.to_string()), "ETag", etag)
}

pub(crate) fn invalid_part_order(id: &str) -> Error {
    let message = "The list of parts was not in ascending order. Parts must be ordered by part number.";
    text(error("InvalidPartOrder", 400, message), "UploadId", id)
}

pub(crate) fn marker_not_allowed(modified: &str) -> Error {
    let fault = error("MethodNotAllowed", 405, "The specified method is not allowed against this resource.");
    let fault = text(text(fault, "Method", "GET"), "ResourceType", "DeleteMarker");
    text(text(fault, "x-amz-delete-marker", "true"), "last-modified", modified)
}

pub(crate) fn marker_is_current(key: &str, id: &str) -> Error {
    text(text(no_such_key(key), "x-amz-delete-marker", "true"), "x-amz-version-id", id)
}

pub(crate) fn not_implemented(what: &str) -> Error {
    let message =
        format!("{what} is not implemented by this version of Weft. See unsupported.txt of the service.");
    error("NotImplemented", 501, message)
}

/// What a blob's failure is to a caller: an error of the body that came is told as it is.
pub(crate) fn of_blob(failure: BlobError, most: u64) -> Error {
    match failure {
        BlobError::Incoming(cause) => match cause.downcast::<Error>() {
            Ok(error) => error,
            Err(cause) => Error::internal(cause),
        },
        BlobError::TooLarge(_) => too_large(None, most),
        other => Error::internal(other),
    }
}

/// An error of S3 that has a code, a status and a message and nothing else.
pub(crate) fn plain(code: &'static str, status: u16, message: &'static str) -> Error {
    error(code, status, message)
}

/// A notification's destination that cannot be told anything.
pub(crate) fn bad_destination(arn: &str) -> Error {
    let fault = error("InvalidArgument", 400, "Unable to validate the following destination configurations");
    text(text(fault, "ArgumentName1", arn), "ArgumentValue1", "null")
}
