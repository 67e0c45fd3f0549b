//! Which permissions an operation needs: the HTTP method is the action, the path of the API's own call the resource.
//!
//! Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagement.html>.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use weft_service::{Access, Scope};
use weft_types::Arn;

/// The ARN of a resource of the control plane: `arn:aws:apigateway:REGION::/restapis/ID`.
pub(crate) fn arn(scope: &Scope, path: &[&str]) -> String {
    Arn::of("apigateway", scope.region.as_str(), "", &format!("/{}", path.join("/"))).to_string()
}

pub(crate) fn get(scope: &Scope, path: &[&str]) -> Access {
    Access::to("apigateway:GET", arn(scope, path))
}

pub(crate) fn post(scope: &Scope, path: &[&str]) -> Access {
    Access::to("apigateway:POST", arn(scope, path))
}

pub(crate) fn put(scope: &Scope, path: &[&str]) -> Access {
    Access::to("apigateway:PUT", arn(scope, path))
}

pub(crate) fn patch(scope: &Scope, path: &[&str]) -> Access {
    Access::to("apigateway:PATCH", arn(scope, path))
}

pub(crate) fn delete(scope: &Scope, path: &[&str]) -> Access {
    Access::to("apigateway:DELETE", arn(scope, path))
}

/// The last element of a path for the tags of a resource.
pub(crate) fn encoded(arn: &str) -> String {
    utf8_percent_encode(arn, NON_ALPHANUMERIC).to_string()
}
