//! Tests of the operations and of requests, through dispatch, with signed requests, on a store in memory.

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use http::Request;
use weft_service::execute_api::ExecuteCall;
use weft_types::{AccountId, Region, Timestamp};

use crate::data::request::Incoming;
use crate::places::Place;

/// Where APIs of tests belong.
pub(crate) fn place() -> Place {
    Place { account: AccountId::DEFAULT, region: Region::default(), http: false }
}

/// A request as the gateway hands it over.
pub(crate) fn call(
    api: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> ExecuteCall {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request = request.header("host", format!("{api}.execute-api.us-east-1.localhost"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (original, ()) = request.body(()).unwrap().into_parts();
    ExecuteCall {
        api: api.to_owned(),
        region: Some("us-east-1".to_owned()),
        stage: None,
        path_and_query: path.to_owned(),
        original,
        body: Bytes::copy_from_slice(body),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        secure: true,
        local: true,
        request_id: "0a1b2c3d-0000-4000-8000-000000000000".into(),
    }
}

/// A request that was read.
pub(crate) fn incoming(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Incoming {
    Incoming::new(call("abc", method, path, headers, body), path, Timestamp::from_millis(1_795_482_123_004))
}

mod operations;
mod requests;
mod world;
