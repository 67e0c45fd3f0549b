//! HTTP APIs of API Gateway and what belongs to them.

use serde_json::{Map, Value as Json, json};

use crate::convert;
use crate::handlers::apigateway::retag;
use crate::handlers::{Handlers, definitions};
use crate::task::{Failure, Handler, Made, Outcome, Task};

pub(super) fn add(all: &mut Handlers) {
    all.add("AWS::ApiGatewayV2::Api", Api);
    all.add("AWS::ApiGatewayV2::Stage", Stage);
    all.add("AWS::ApiGatewayV2::Route", ROUTE);
    all.add("AWS::ApiGatewayV2::Integration", INTEGRATION);
    all.add("AWS::ApiGatewayV2::Authorizer", AUTHORIZER);
    all.add("AWS::ApiGatewayV2::Deployment", DEPLOYMENT);
}

/// The service's id in the registry.
const SERVICE: &str = "apigatewayv2";

fn api_of(task: &Task<'_>) -> String {
    task.text("ApiId").unwrap_or_default()
}

/// Properties, and what stands for those that are gone from the template.
fn wanted(task: &Task<'_>, leave: &[&str], gone: &[(&str, Json)]) -> Map<String, Json> {
    let mut input = task.but(leave);
    for (property, value) in gone {
        let was = task.previous.is_some_and(|previous| previous.contains_key(*property));
        if was && task.get(property).is_none() {
            input.insert((*property).to_owned(), value.clone());
        }
    }
    input
}

/// `AWS::ApiGatewayV2::Api`.
struct Api;

impl Api {
    /// What definitions and tags do not go with.
    const APART: [&'static str; 6] =
        ["Body", "BodyS3Location", "BasePath", "FailOnWarnings", "Tags", "DisableSchemaValidation"];

    fn made(task: &Task<'_>, answer: &Json) -> Made {
        let id = convert::text(&answer["ApiId"]);
        let (region, account) = (&task.stack.region, &task.stack.account);
        Made::of(id.clone())
            .with("ApiId", id.clone())
            .with("ApiEndpoint", answer["ApiEndpoint"].clone())
            .with("ExecuteApiArn", format!("arn:aws:execute-api:{region}:{account}:{id}"))
    }

    async fn create(task: &Task<'_>) -> Result<Made, Failure> {
        if let Some(definition) = definitions::of(task).await? {
            return Self::import(task, &definition).await;
        }
        let mut input = Json::Object(task.but(&Self::APART));
        if !task.tags().is_empty() {
            input["Tags"] = task.tag_map();
        }
        let answer = task.make(SERVICE, "CreateApi", input).await?;
        Ok(Self::made(task, &answer))
    }

    /// Makes an API of a definition; properties beside it win over it.
    async fn import(task: &Task<'_>, definition: &str) -> Result<Made, Failure> {
        let mut input = Self::definition(task, definition);
        let answer = task.make(SERVICE, "ImportApi", input.take()).await?;
        let made = Self::made(task, &answer);
        let rest = async {
            Self::settle(task, &made.physical_id).await?;
            retag(task, SERVICE, &format!("/apis/{}", made.physical_id)).await
        };
        rest.await.map_err(|failure: Failure| failure.leaving(&made.physical_id))?;
        Ok(made)
    }

    fn definition(task: &Task<'_>, definition: &str) -> Json {
        json!({
            "Body": definition,
            "Basepath": task.get("BasePath"),
            "FailOnWarnings": task.get("FailOnWarnings"),
        })
    }

    /// Sets what the template says of the API itself.
    async fn settle(task: &Task<'_>, id: &str) -> Result<Option<Json>, Failure> {
        let leave = [&Self::APART[..], &["ProtocolType"]].concat();
        let gone =
            [("Description", "".into()), ("DisableExecuteApiEndpoint", false.into()), ("Version", "".into())];
        let mut input = wanted(task, &leave, &gone);
        if task.previous.is_some_and(|previous| previous.contains_key("CorsConfiguration"))
            && task.get("CorsConfiguration").is_none()
        {
            task.remove(SERVICE, "DeleteCorsConfiguration", json!({"ApiId": id})).await?;
        }
        if input.is_empty() {
            return Ok(None);
        }
        input.insert("ApiId".to_owned(), id.into());
        task.make(SERVICE, "UpdateApi", Json::Object(input)).await.map(Some)
    }

    async fn update(task: &Task<'_>) -> Result<Made, Failure> {
        let id = task.physical();
        if ["Body", "BodyS3Location", "BasePath", "FailOnWarnings"]
            .iter()
            .any(|property| task.changed(property))
            && let Some(definition) = definitions::of(task).await?
        {
            let mut input = Self::definition(task, &definition);
            input["ApiId"] = id.into();
            task.make(SERVICE, "ReimportApi", input).await?;
        }
        let answer = Self::settle(task, id).await?;
        retag(task, SERVICE, &format!("/apis/{id}")).await?;
        let endpoint =
            answer.map(|answer| answer["ApiEndpoint"].clone()).filter(|endpoint| !endpoint.is_null());
        let endpoint = endpoint.unwrap_or_else(|| task.attribute("ApiEndpoint").into());
        Ok(Self::made(task, &json!({"ApiId": id, "ApiEndpoint": endpoint})))
    }
}

impl Handler for Api {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::create(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::update(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move { task.remove(SERVICE, "DeleteApi", json!({"ApiId": task.physical()})).await })
    }
}

/// `AWS::ApiGatewayV2::Stage`.
struct Stage;

impl Stage {
    async fn create(task: &Task<'_>) -> Result<Made, Failure> {
        let mut input = Json::Object(task.but(&["Tags"]));
        if !task.tags().is_empty() {
            input["Tags"] = task.tag_map();
        }
        task.make(SERVICE, "CreateStage", input).await?;
        Ok(Made::of(task.text("StageName").unwrap_or_default()))
    }

    async fn update(task: &Task<'_>) -> Result<Made, Failure> {
        let (api, name) = (api_of(task), task.physical());
        let place = json!({"ApiId": api, "StageName": name});
        let was = |property: &str| task.previous.and_then(|previous| previous.get(property));
        if was("AccessLogSettings").is_some() && task.get("AccessLogSettings").is_none() {
            task.remove(SERVICE, "DeleteAccessLogSettings", place.clone()).await?;
        }
        let kept = task.get("RouteSettings").and_then(Json::as_object);
        for route in
            was("RouteSettings").and_then(Json::as_object).into_iter().flatten().map(|(route, _)| route)
        {
            if !kept.is_some_and(|kept| kept.contains_key(route)) {
                let mut input = place.clone();
                input["RouteKey"] = route.as_str().into();
                task.remove(SERVICE, "DeleteRouteSettings", input).await?;
            }
        }
        let gone = [
            ("Description", "".into()),
            ("AutoDeploy", false.into()),
            ("DefaultRouteSettings", json!({})),
            ("StageVariables", json!({})),
        ];
        let mut input = Json::Object(wanted(task, &["Tags"], &gone));
        // Variables that are gone are emptied, which takes them away.
        let kept = task.get("StageVariables").and_then(Json::as_object);
        for name in
            was("StageVariables").and_then(Json::as_object).into_iter().flatten().map(|(name, _)| name)
        {
            if !kept.is_some_and(|kept| kept.contains_key(name)) {
                input["StageVariables"][name] = "".into();
            }
        }
        task.make(SERVICE, "UpdateStage", input).await?;
        retag(task, SERVICE, &format!("/apis/{api}/stages/{name}")).await?;
        Ok(Made::of(name))
    }
}

impl Handler for Stage {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::create(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::update(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let input = json!({"ApiId": api_of(task), "StageName": task.physical()});
            task.remove(SERVICE, "DeleteStage", input).await
        })
    }
}

/// A part of an API that has an id and is made, changed and deleted by one operation each.
struct Part {
    create: &'static str,
    update: &'static str,
    delete: &'static str,
    id: &'static str,
    /// Properties that the update does not take.
    fixed: &'static [&'static str],
    /// What stands for properties that are gone.
    gone: fn() -> Vec<(&'static str, Json)>,
}

/// `AWS::ApiGatewayV2::Route`.
const ROUTE: Part = Part {
    create: "CreateRoute",
    update: "UpdateRoute",
    delete: "DeleteRoute",
    id: "RouteId",
    fixed: &[],
    gone: || {
        vec![
            ("AuthorizationType", "NONE".into()),
            ("AuthorizationScopes", json!([])),
            ("ApiKeyRequired", false.into()),
            ("OperationName", "".into()),
            ("Target", "".into()),
        ]
    },
};

/// `AWS::ApiGatewayV2::Integration`.
const INTEGRATION: Part = Part {
    create: "CreateIntegration",
    update: "UpdateIntegration",
    delete: "DeleteIntegration",
    id: "IntegrationId",
    fixed: &[],
    gone: || {
        vec![("Description", "".into()), ("CredentialsArn", "".into()), ("TimeoutInMillis", 30_000.into())]
    },
};

/// `AWS::ApiGatewayV2::Authorizer`.
const AUTHORIZER: Part = Part {
    create: "CreateAuthorizer",
    update: "UpdateAuthorizer",
    delete: "DeleteAuthorizer",
    id: "AuthorizerId",
    fixed: &[],
    gone: || vec![("EnableSimpleResponses", false.into()), ("AuthorizerCredentialsArn", "".into())],
};

/// `AWS::ApiGatewayV2::Deployment`.
const DEPLOYMENT: Part = Part {
    create: "CreateDeployment",
    update: "UpdateDeployment",
    delete: "DeleteDeployment",
    id: "DeploymentId",
    fixed: &["StageName"],
    gone: || vec![("Description", "".into())],
};

impl Part {
    fn made(&self, id: String) -> Made {
        Made::of(id.clone()).with(self.id, id)
    }

    /// Properties as requests have them: parameters of responses are lists in templates and maps in requests.
    fn input(&self, task: &Task<'_>, leave: &[&str]) -> Json {
        let mut input = wanted(task, leave, &(self.gone)());
        if let Some(Json::Object(codes)) = input.get_mut("ResponseParameters") {
            for (_, parameters) in codes.iter_mut() {
                if let Some(Json::Array(list)) = parameters.get("ResponseParameters") {
                    let pairs =
                        list.iter().map(|one| (convert::text(&one["Destination"]), one["Source"].clone()));
                    *parameters = pairs.collect::<Map<_, _>>().into();
                }
            }
        }
        Json::Object(input)
    }

    async fn create(&self, task: &Task<'_>) -> Result<Made, Failure> {
        let answer = task.make(SERVICE, self.create, self.input(task, &[])).await?;
        Ok(self.made(convert::text(&answer[self.id])))
    }

    async fn update(&self, task: &Task<'_>) -> Result<Made, Failure> {
        let mut input = self.input(task, self.fixed);
        input[self.id] = task.physical().into();
        task.make(SERVICE, self.update, input).await?;
        Ok(self.made(task.physical().to_owned()))
    }
}

impl Handler for Part {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(self.create(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(self.update(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let input = json!({"ApiId": api_of(task), self.id: task.physical()});
            task.remove(SERVICE, self.delete, input).await
        })
    }
}
