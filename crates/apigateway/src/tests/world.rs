//! The service with fakes around it.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Response;
use weft_model::lambda::{InvocationRequest, InvocationResponse};
use weft_model::{ServiceSchema, Shape, apigateway, apigatewayv2};
use weft_net::Body;
use weft_service::execute_api::{ExecuteApis as _, UpstreamCall, UpstreamError, Upstreams};
use weft_service::testing::{self, Client};
use weft_service::{Access, BoxFuture, Clock, Context, Error, Operation, Registry, Scope, ServiceBuilder};
use weft_store::{Memory, Store};
use weft_wire::ServiceFault;

use crate::ApiGateway;
use crate::http_api::jwt::tests::MODULUS;

/// All of it.
pub(crate) struct World {
    pub(crate) client: Client,
    /// Signs well and may do nothing.
    pub(crate) stranger: Client,
    pub(crate) apis: Arc<ApiGateway>,
    pub(crate) functions: Arc<Functions>,
}

/// What functions are asked, and what they answer.
#[derive(Default)]
pub(crate) struct Functions {
    pub(crate) asked: Mutex<Vec<(String, Option<String>, serde_json::Value)>>,
    pub(crate) answers: Mutex<Vec<Result<String, String>>>,
}

struct Invoke(InvocationRequest);

impl Operation for Invoke {
    const NAME: &'static str = "Invoke";
    type Service = Functions;
    type Input = InvocationRequest;
    type Output = InvocationResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self(input))
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, functions: &Functions, cx: &Context) -> Result<InvocationResponse, Error> {
        let event = serde_json::from_slice(&self.0.payload.unwrap_or_default()).unwrap_or_default();
        let source = cx.source_arn.as_deref().map(str::to_owned);
        functions.asked.lock().unwrap().push((self.0.function_name, source, event));
        let answer = functions.answers.lock().unwrap().pop();
        match answer {
            Some(Ok(answer)) => Ok(InvocationResponse { payload: Some(answer.into()), ..Default::default() }),
            Some(Err(message)) => Ok(InvocationResponse {
                function_error: Some("Unhandled".to_owned()),
                payload: Some(Bytes::from(serde_json::json!({ "errorMessage": message }).to_string())),
                ..Default::default()
            }),
            None => Err(Error::new("AccessDeniedException", "not allowed").with_status(403)),
        }
    }
}

/// A server that says what it was asked.
struct Mirror;

impl Upstreams for Mirror {
    fn send(&self, call: UpstreamCall) -> BoxFuture<'_, Result<Response<Body>, UpstreamError>> {
        let (parts, _) = call.request.into_parts();
        if parts.uri.host() == Some("127.0.0.1") {
            return Box::pin(std::future::ready(Err(UpstreamError::Refused("not public".to_owned()))));
        }
        if parts.uri.host() == Some("issuer.example") {
            let keys = match parts.uri.path() {
                "/.well-known/openid-configuration" => {
                    r#"{"jwks_uri":"http://issuer.example/keys"}"#.to_owned()
                }
                _ => format!(r#"{{"keys":[{{"kty":"RSA","kid":"one","n":"{MODULUS}","e":"AQAB"}}]}}"#),
            };
            return Box::pin(std::future::ready(Ok(Response::new(weft_net::full(keys)))));
        }
        let text = format!("{} {} {:?}", parts.method, parts.uri, parts.headers.get("x-a"));
        let response = Response::builder().status(203).header("x-from", "mirror").body(weft_net::full(text));
        Box::pin(std::future::ready(Ok(response.unwrap())))
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let memory = Memory::new();
        let clock = testing::clock();
        let for_apis = Arc::clone(&clock) as Arc<dyn Clock>;
        let apis = Arc::new(ApiGateway::new(Store::memory(&memory).unwrap(), for_apis));
        let functions = Arc::new(Functions::default());
        let mut registry = Registry::default();
        apis.register(&mut registry);
        registry.add(ServiceBuilder::new(&weft_model::lambda::SERVICE).operation::<Invoke>(&functions));
        let [client, stranger] = testing::clients(registry, &clock);
        apis.connect(&client.dispatch, Arc::new(Mirror));
        Self { client, stranger, apis, functions }
    }

    pub(crate) async fn rest<I: Shape, O: Shape>(
        &self,
        operation: &str,
        input: I,
    ) -> Result<O, ServiceFault> {
        self.client.call(&apigateway::SERVICE, operation, input).await
    }

    pub(crate) async fn http<I: Shape, O: Shape>(
        &self,
        operation: &str,
        input: I,
    ) -> Result<O, ServiceFault> {
        self.client.call(&apigatewayv2::SERVICE, operation, input).await
    }

    /// Takes a description in and deploys it to the stage `prod`; gives the API's id.
    pub(crate) async fn rest_api(&self, document: &str) -> String {
        let input =
            apigateway::ImportRestApiRequest { body: document.to_owned().into(), ..Default::default() };
        let api: apigateway::RestApi = self.rest("ImportRestApi", input).await.unwrap();
        let id = api.id.unwrap();
        let input = apigateway::CreateDeploymentRequest {
            rest_api_id: id.clone(),
            stage_name: Some("prod".to_owned()),
            ..Default::default()
        };
        self.rest::<_, apigateway::Deployment>("CreateDeployment", input).await.unwrap();
        id
    }

    /// Takes a description in and shows it in the stage `$default`; gives the API's id.
    pub(crate) async fn http_api(&self, document: &str) -> String {
        let input = apigatewayv2::ImportApiRequest { body: document.to_owned(), ..Default::default() };
        let api: apigatewayv2::ImportApiResponse = self.http("ImportApi", input).await.unwrap();
        let id = api.api_id.unwrap();
        let input = apigatewayv2::CreateStageRequest {
            api_id: id.clone(),
            stage_name: "$default".to_owned(),
            auto_deploy: Some(true),
            ..Default::default()
        };
        self.http::<_, apigatewayv2::CreateStageResponse>("CreateStage", input).await.unwrap();
        id
    }

    /// Lets functions answer, the first one first.
    pub(crate) fn answer(&self, answers: &[Result<&str, &str>]) {
        let owned = answers.iter().rev().map(|one| one.map(str::to_owned).map_err(str::to_owned));
        self.functions.answers.lock().unwrap().extend(owned);
    }

    /// Asks an API; gives the status, the headers and the body.
    pub(crate) async fn ask(
        &self,
        api: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> (u16, http::HeaderMap, String) {
        let answer = self.apis.execute(super::call(api, method, path, headers, body)).await;
        let (head, body) = answer.into_parts();
        let body = weft_net::collect_limited(body, 1 << 20).await.unwrap();
        (head.status.as_u16(), head.headers, String::from_utf8(body.to_vec()).unwrap())
    }
}

/// Services whose operations the tests go through.
pub(crate) const SERVICES: [&ServiceSchema; 2] = [&apigateway::SERVICE, &apigatewayv2::SERVICE];
