//! `PUT /2022-07-01/telemetry` and `PUT /2020-08-15/logs`: an extension wants to know.

use http::{HeaderMap, Method, Request, Response, StatusCode};
use weft_net::Body;

use super::extension_calls::{identifier, refused};
use super::posted::collect;
use super::{RuntimeApi, answers};
use crate::extensions::Refused;
use crate::telemetry::NotSubscribed;

impl RuntimeApi {
    /// Answers a subscription.
    pub(super) async fn subscribe(&self, is_logs: bool, request: Request<Body>) -> Response<Body> {
        if request.method() != Method::PUT {
            return answers::unknown(request.uri().path());
        }
        let (head, body) = request.into_parts();
        let name = match self.subscriber(&head.headers) {
            Ok(name) => name,
            Err(why) => return refused(why),
        };
        let Ok((body, _)) = collect(body).await else { return answers::truncated() };
        match self.telemetry.subscribe(&name, is_logs, &body) {
            Ok(()) => answers::json(StatusCode::OK, "\"OK\"".to_owned()),
            Err(NotSubscribed::Invalid(message)) => {
                answers::problem(StatusCode::BAD_REQUEST, "ValidationError", &message)
            }
            Err(NotSubscribed::Closed) => {
                let api = if is_logs { "Logs" } else { "Telemetry" };
                let message = format!("{api} API subscription is closed");
                answers::problem(StatusCode::FORBIDDEN, &format!("{api}.SubscriptionClosed"), &message)
            }
        }
    }

    fn subscriber(&self, headers: &HeaderMap) -> Result<String, Refused> {
        self.extensions.name_of(identifier(headers)?)
    }
}
