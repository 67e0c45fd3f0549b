//! Stub.
use weft_service::Error;
use weft_store::Read;
use crate::places::Place;
pub(crate) struct Stored;
impl Stored { pub(crate) fn read(_: &impl Read, _: &(u64, String, String)) -> Result<Option<Self>, Error> { Ok(None) } }
pub(crate) struct LiveApi;
impl LiveApi { pub(crate) fn new(_: Place, _: Stored) -> Self { Self } }
impl crate::ApiGateway { pub(crate) async fn serve_http(&self, _: &LiveApi, _: weft_service::execute_api::ExecuteCall, _: weft_types::Timestamp) -> http::Response<weft_net::Body> { crate::rest::serve::forbidden() } }
