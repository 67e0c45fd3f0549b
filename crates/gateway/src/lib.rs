//! The front door: classifies a request and hands it to an API or a workload.
//!
//! [`Gateway`] is a [`weft_net::Handler`]. A request goes, in this order:
//!
//! 0. to the function URL that its host (`<id>.lambda-url.<region>.localhost`) or its path (`/_weft/lambda-url/<id>/…`)
//!    names, signed or not; or to the API of API Gateway that its host (`<id>.execute-api.<region>.…`) or its path
//!    (`/restapis/<id>/<stage>/_user_request_/…`) names;
//!    or to [`Downloads`], where no workload owns the host and the path begins with `/_weft/_code/`;
//!    or to the stack that waits for it, where it puts a custom resource's answer
//!    (`cloudformation-custom-resource-response-…`);
//! 1. to the workload that owns its host (`<workload>.<app>.weft.localhost`, or a host that a route names), signed or not;
//! 2. to the workload of the path form, `/_weft/<app>/<workload>/…`, signed or not;
//! 3. to [`Apis`], where it is an AWS call: signed (SigV4, `SigV2`, presigned), or with `X-Amz-Target`, or a query-protocol
//!    call (`Action=…&Version=…`). An `Authorization` of another scheme makes no AWS call;
//! 4. to the route that its path has on hosts that nothing claims;
//! 5. nowhere: 404.
//!
//! A workload sees its request without hop-by-hop headers, with `Forwarded`, `X-Forwarded-*` and `X-Request-Id`, and
//! with `X-Weft-Caller: outside`. Everything called `X-Weft-…` that came in is gone, in any spelling that a CGI-like
//! server would take for it, so a workload may believe what it reads there. Inside the mesh the same header names the
//! calling workload.
//!
//! Invariants: bodies stream unless an API or a signature needs them whole; nothing durable is written; a route whose
//! rule nobody can check answers 501 instead of letting through; a route of which nobody said who may use it answers on
//! loopback only, and never at the edge; why a worker failed is told to loopback only.
//!
//! The crate deliberately does not know AWS beyond how its calls look from outside, nor how workers run.

mod access;
mod answer;
mod auth;
mod classify;
mod downloads;
mod execute;
mod front;
mod headers;
mod ids;
mod responses;
mod urls;
mod whole;

pub use auth::{Allowed, Asked, Authorizer, Denied, NoAuthorizer};
pub use downloads::Downloads;
pub use front::{ApiHandler, ApiRequest, Apis, Gateway, GatewayOptions, RouteTable};
pub use headers::{CALLER, OUTSIDE, PRINCIPAL};
pub use urls::{FunctionUrls, UrlRequest};
