//! Signed requests as bytes, the same for every server.

use std::net::SocketAddr;

use bytes::Bytes;
use serde_json::Value;
use weft_wire::sigv4;

use crate::server::Access;
use crate::warm::now;

/// An invocation with an empty event, to be answered or to be queued.
pub(crate) fn invoke(
    address: SocketAddr,
    access: &Access,
    function: &str,
    queued: bool,
) -> Result<Vec<u8>, String> {
    let path = format!("/2015-03-31/functions/{function}/invocations");
    let kind = if queued { "Event" } else { "RequestResponse" };
    let headers = [("content-type", "application/json"), ("x-amz-invocation-type", kind)];
    bytes(address, access, "lambda", &path, &headers, Bytes::from_static(b"{}"))
}

/// A call of the Lambda API by path.
pub(crate) fn lambda(
    address: SocketAddr,
    access: &Access,
    path: &str,
    body: &Value,
) -> Result<Vec<u8>, String> {
    bytes(address, access, "lambda", path, &[("content-type", "application/json")], body.to_string().into())
}

/// A call of the Logs API.
pub(crate) fn logs(
    address: SocketAddr,
    access: &Access,
    operation: &str,
    body: &Value,
) -> Result<Vec<u8>, String> {
    let target = format!("Logs_20140328.{operation}");
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &*target)];
    bytes(address, access, "logs", "/", &headers, body.to_string().into())
}

fn bytes(
    address: SocketAddr,
    access: &Access,
    service: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<Vec<u8>, String> {
    let mut request = http::Request::post(format!("http://{address}{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(body).map_err(|error| error.to_string())?;
    sigv4::sign(&mut request, &access.credentials, &access.region, service, now())
        .map_err(|fault| format!("the request cannot be signed: {fault:?}"))?;
    let mut bytes =
        format!("POST {path} HTTP/1.1\r\ncontent-length: {}\r\n", request.body().len()).into_bytes();
    for (name, value) in request.headers() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(request.body());
    Ok(bytes)
}
