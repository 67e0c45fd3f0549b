//! Answers of the gateway's own: by kind of failure, as the API's gateway responses shape them.
//!
//! Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value as Json, json};
use weft_net::{Body, full};

use super::compile::LiveStage;
use super::records::GatewayResponse;
use super::templates::{Scene, render_plain};

macro_rules! kinds {
    ($($name:ident $wire:literal $status:literal $type:literal;)*) => {
        /// A kind of failure.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(dead_code, reason = "some kinds are of features that are not there yet; their answers can be described")]
        pub(crate) enum Kind { $($name),* }

        impl Kind {
            /// All names, as the API has them.
            pub(crate) const NAMES: &'static [&'static str] = &[$($wire),*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$name => $wire),* }
            }

            fn status(self) -> u16 {
                match self { $(Self::$name => $status),* }
            }

            fn error_type(self) -> &'static str {
                match self { $(Self::$name => $type),* }
            }
        }

        fn status_of(name: &str) -> Option<&'static str> {
            match name { $($wire => Some(stringify!($status)),)* _ => None }
        }
    };
}

kinds! {
    AccessDenied "ACCESS_DENIED" 403 "AccessDeniedException";
    ApiConfigurationError "API_CONFIGURATION_ERROR" 500 "InternalServerErrorException";
    AuthorizerConfigurationError "AUTHORIZER_CONFIGURATION_ERROR" 500 "AuthorizerConfigurationException";
    AuthorizerFailure "AUTHORIZER_FAILURE" 500 "AuthorizerConfigurationException";
    BadRequestBody "BAD_REQUEST_BODY" 400 "BadRequestException";
    BadRequestParameters "BAD_REQUEST_PARAMETERS" 400 "BadRequestException";
    Default4xx "DEFAULT_4XX" 400 "BadRequestException";
    Default5xx "DEFAULT_5XX" 500 "InternalServerErrorException";
    ExpiredToken "EXPIRED_TOKEN" 403 "ExpiredTokenException";
    IntegrationFailure "INTEGRATION_FAILURE" 504 "InternalServerErrorException";
    IntegrationTimeout "INTEGRATION_TIMEOUT" 504 "InternalServerErrorException";
    InvalidApiKey "INVALID_API_KEY" 403 "ForbiddenException";
    InvalidSignature "INVALID_SIGNATURE" 403 "InvalidSignatureException";
    MissingAuthenticationToken "MISSING_AUTHENTICATION_TOKEN" 403 "MissingAuthenticationTokenException";
    QuotaExceeded "QUOTA_EXCEEDED" 429 "LimitExceededException";
    RequestTooLarge "REQUEST_TOO_LARGE" 413 "RequestEntityTooLargeException";
    ResourceNotFound "RESOURCE_NOT_FOUND" 404 "NotFoundException";
    Throttled "THROTTLED" 429 "TooManyRequestsException";
    Unauthorized "UNAUTHORIZED" 401 "UnauthorizedException";
    UnsupportedMediaType "UNSUPPORTED_MEDIA_TYPE" 415 "BadRequestException";
    WafFiltered "WAF_FILTERED" 403 "ForbiddenException";
}

/// A failure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) kind: Kind,
    pub(crate) message: Option<String>,
    /// Another status than the kind's.
    pub(crate) status: Option<u16>,
    /// What of a body does not fit its model.
    pub(crate) validation: Option<String>,
    /// What happened behind the method, for the log alone.
    pub(crate) cause: Option<String>,
}

impl Refusal {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: Some(message.into()), status: None, validation: None, cause: None }
    }

    /// A method that cannot be carried out as it is described.
    pub(crate) fn configuration(cause: impl Into<String>) -> Self {
        let own = Self::new(Kind::ApiConfigurationError, "Internal server error");
        Self { cause: Some(cause.into()), ..own }
    }

    /// What stands behind the method answered something that cannot be passed on.
    pub(crate) fn malformed(cause: impl Into<String>) -> Self {
        let own = Self::new(Kind::Default5xx, "Internal server error");
        Self { status: Some(502), cause: Some(cause.into()), ..own }
    }

    /// What stands behind the method did not answer in time.
    pub(crate) fn timed_out() -> Self {
        Self::new(Kind::IntegrationTimeout, "Endpoint request timed out")
    }

    /// The answer, as the API shapes it. Whatever the API says of the kind counts, else what it says of all of its class.
    pub(crate) fn into_response(self, stage: Option<&LiveStage>, scene: &mut Scene<'_>) -> Response<Body> {
        let Self { kind, message, status, validation, .. } = self;
        let status = status.unwrap_or_else(|| kind.status());
        let class = if status < 500 { Kind::Default4xx } else { Kind::Default5xx };
        let find = |kind: Kind| stage.and_then(|stage| stage.gateway_responses.get(kind.name()));
        let shaped =
            find(kind).or_else(|| find(class)).cloned().unwrap_or_else(|| default_response(kind.name()));
        // The class says a status only where somebody set it.
        let own = shaped.status_code.as_deref().and_then(|code| code.parse().ok());
        let status = if shaped.default_response { status } else { own.unwrap_or(status) };
        let text = message.as_ref().map_or(Json::Null, |text| json!(text));
        scene.context["error"] = json!({
            "message": message,
            "messageString": text.to_string(),
            "responseType": kind.name(),
            "validationErrorString": validation,
        });
        scene.context["status"] = json!(status.to_string());
        let accept = scene.incoming.header("accept").unwrap_or_default();
        let (content_type, template) = shaped
            .response_templates
            .iter()
            .find(|(kind, _)| accept.split(',').any(|wanted| wanted.trim() == kind.as_str()))
            .or_else(|| shaped.response_templates.get_key_value("application/json"))
            .or_else(|| shaped.response_templates.iter().next())
            .map_or(("application/json", ""), |(kind, template)| (kind.as_str(), template.as_str()));
        let body = render_plain(template, scene);
        let mut response = Response::new(full(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        weft_net::headers::set(headers, http::header::CONTENT_TYPE, content_type);
        headers.insert("x-amzn-errortype", HeaderValue::from_static(kind.error_type()));
        for (name, value) in &shaped.response_parameters {
            let Some(name) = name.strip_prefix("gatewayresponse.header.") else { continue };
            if let (Ok(name), Some(value)) = (name.parse::<HeaderName>(), scene.parameter(value)) {
                weft_net::headers::set(headers, name, &value);
            }
        }
        response
    }
}

/// What the gateway answers where nobody says otherwise.
pub(crate) fn default_response(kind: &str) -> GatewayResponse {
    let template = "{\"message\":$context.error.messageString}";
    GatewayResponse {
        response_type: kind.to_owned(),
        status_code: status_of(kind).filter(|_| !kind.starts_with("DEFAULT_")).map(str::to_owned),
        response_parameters: BTreeMap::new(),
        response_templates: BTreeMap::from([("application/json".to_owned(), template.to_owned())]),
        default_response: true,
    }
}
