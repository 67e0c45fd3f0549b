//! Leave for pages of elsewhere to call S3.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html>.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, ORIGIN, VARY,
};
use http::request::Parts;
use http::{Response, StatusCode};
use weft_net::Body;
use weft_s3::{CorsAnswer, CorsGrant, CorsRequest, S3};

use super::{answer, fault, set};

const OFF: &str = "CORSResponse: CORS is not enabled for this bucket.";
const REFUSED: &str = "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request \
                       method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the \
                       resource's CORS spec.";

/// Answers what a browser asks before it lets a page call.
pub(super) async fn preflight(s3: &S3, bucket: &str, parts: &Parts, id: &str) -> Response<Body> {
    let bad = |message: &str| fault(StatusCode::BAD_REQUEST, "BadRequest", message, id);
    let Some(origin) = text(parts, ORIGIN) else {
        return bad("Insufficient information. Origin request header needed.");
    };
    let Some(method) = text(parts, ACCESS_CONTROL_REQUEST_METHOD) else {
        return bad("Invalid Access-Control-Request-Method: null");
    };
    let asked = CorsRequest { origin, method, headers: text(parts, ACCESS_CONTROL_REQUEST_HEADERS) };
    match s3.cors(bucket, &asked).await {
        Ok(CorsGrant::Allowed(allowed)) => {
            let mut response = answer(StatusCode::OK, "", "", id);
            response.headers_mut().extend(to_headers(&allowed));
            response
        }
        Ok(CorsGrant::Refused) => fault(StatusCode::FORBIDDEN, "AccessForbidden", REFUSED, id),
        Ok(CorsGrant::NotSet) => fault(StatusCode::FORBIDDEN, "AccessForbidden", OFF, id),
        Err(error) => {
            tracing::error!(bucket, %error, "a bucket's CORS rules could not be read");
            let message = "We encountered an internal error. Please try again.";
            fault(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message, id)
        }
    }
}

/// What is added to the answer of a call that a page of elsewhere makes.
pub(super) async fn headers(s3: &S3, bucket: &str, parts: &Parts) -> HeaderMap {
    let Some(origin) = text(parts, ORIGIN) else { return HeaderMap::new() };
    let asked = CorsRequest { origin, method: parts.method.as_str(), headers: None };
    match s3.cors(bucket, &asked).await {
        Ok(CorsGrant::Allowed(allowed)) => to_headers(&allowed),
        Ok(CorsGrant::Refused | CorsGrant::NotSet) => HeaderMap::new(),
        Err(error) => {
            tracing::error!(bucket, %error, "a bucket's CORS rules could not be read");
            HeaderMap::new()
        }
    }
}

fn to_headers(allowed: &CorsAnswer) -> HeaderMap {
    let mut headers = HeaderMap::new();
    set(&mut headers, ACCESS_CONTROL_ALLOW_ORIGIN, &allowed.origin);
    set(&mut headers, ACCESS_CONTROL_ALLOW_METHODS, &allowed.methods);
    if allowed.credentials {
        set(&mut headers, ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    if let Some(names) = &allowed.headers {
        set(&mut headers, ACCESS_CONTROL_ALLOW_HEADERS, names);
    }
    if let Some(names) = &allowed.exposed {
        set(&mut headers, ACCESS_CONTROL_EXPOSE_HEADERS, names);
    }
    if let Some(seconds) = allowed.max_age {
        set(&mut headers, ACCESS_CONTROL_MAX_AGE, &seconds.to_string());
    }
    set(&mut headers, VARY, "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
    headers
}

fn text(parts: &Parts, name: HeaderName) -> Option<&str> {
    parts.headers.get(name).and_then(|value| value.to_str().ok())
}
