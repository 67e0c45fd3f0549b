//! Downloads of code, whose addresses carry their own signature.

use std::sync::Arc;

use http::request::Parts;
use http::{Response, Uri};
use weft_net::Body;
use weft_service::BoxFuture;
use weft_service::workload::CODE_PATH;

/// Answers requests for downloads. The node adapts Lambda to it.
pub trait Downloads: Send + Sync + 'static {
    /// Answers one request, whose body nobody reads.
    fn handle(&self, parts: Parts, request_id: Arc<str>) -> BoxFuture<'_, Response<Body>>;
}

/// Whether a request is for a download.
pub(crate) fn is_download(uri: &Uri) -> bool {
    uri.path().starts_with(CODE_PATH)
}
