//! REST APIs, made of properties or of a definition (`OpenAPI` or Swagger).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::convert;
use crate::handlers::apigateway::patches::{Gone, Patches};
use crate::handlers::apigateway::{SERVICE, retag};
use crate::handlers::definitions;
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// Properties that are one value of the API: what it is called there, and what it is where the template has none.
const VALUES: [(&str, &str, Option<Gone>); 7] = [
    ("Name", "name", None),
    ("Description", "description", Some(Gone::Removed)),
    ("ApiKeySourceType", "apiKeySource", Some(Gone::Is("HEADER"))),
    ("MinimumCompressionSize", "minimumCompressionSize", Some(Gone::Removed)),
    ("DisableExecuteApiEndpoint", "disableExecuteApiEndpoint", Some(Gone::Is("false"))),
    ("SecurityPolicy", "securityPolicy", Some(Gone::Removed)),
    ("EndpointAccessMode", "endpointAccessMode", Some(Gone::Removed)),
];

/// `AWS::ApiGateway::RestApi`.
pub(super) struct RestApi;

impl RestApi {
    fn made(id: &str, root: &Json) -> Made {
        Made::of(id).with("RestApiId", id).with("RootResourceId", root.clone())
    }

    async fn create(task: &Task<'_>) -> Result<Made, Failure> {
        let definition = definitions::of(task).await?;
        let name = task.text("Name").or_else(|| definition.as_deref().and_then(definitions::title));
        let Some(name) = name else {
            return Err(Failure::new(
                "Name is required for a REST API without a definition that has a title",
            ));
        };
        let names = [
            "Description",
            "Version",
            "CloneFrom",
            "BinaryMediaTypes",
            "MinimumCompressionSize",
            "EndpointConfiguration",
            "DisableExecuteApiEndpoint",
            "SecurityPolicy",
            "EndpointAccessMode",
        ];
        let mut input = Json::Object(task.pick(&names));
        input["Name"] = name.into();
        input["ApiKeySource"] = task.get("ApiKeySourceType").cloned().into();
        input["Policy"] = policy(task).into();
        if !task.tags().is_empty() {
            input["Tags"] = task.tag_map();
        }
        let made = task.make(SERVICE, "CreateRestApi", input).await?;
        let id = convert::text(&made["id"]);
        let mut root = made["rootResourceId"].clone();
        if let Some(definition) = definition {
            let put = Self::put(task, &id, &definition).await.map_err(|failure| failure.leaving(&id))?;
            if !put["rootResourceId"].is_null() {
                root = put["rootResourceId"].clone();
            }
            Self::settle(task, &id, &put, true).await.map_err(|failure| failure.leaving(&id))?;
        }
        Ok(Self::made(&id, &root))
    }

    async fn update(task: &Task<'_>) -> Result<Made, Failure> {
        let id = task.physical();
        let redefines = ["Body", "BodyS3Location", "Mode", "Parameters", "FailOnWarnings"]
            .iter()
            .any(|p| task.changed(p));
        let definition = if redefines { definitions::of(task).await? } else { None };
        let current = match &definition {
            Some(definition) => Self::put(task, id, definition).await?,
            None => task.make(SERVICE, "GetRestApi", json!({"RestApiId": id})).await?,
        };
        Self::settle(task, id, &current, definition.is_some()).await?;
        retag(task, SERVICE, &format!("/restapis/{id}")).await?;
        let root = Some(current["rootResourceId"].clone()).filter(|root| !root.is_null());
        Ok(Self::made(id, &root.unwrap_or_else(|| task.attribute("RootResourceId").into())))
    }

    /// Defines the API anew. The definition's own name, policy and so on are set over by [`Self::settle`].
    async fn put(task: &Task<'_>, id: &str, definition: &str) -> Result<Json, Failure> {
        let mode = task.text("Mode").unwrap_or_else(|| "overwrite".to_owned());
        let input = json!({
            "RestApiId": id,
            "Mode": mode,
            "FailOnWarnings": task.get("FailOnWarnings"),
            "Parameters": task.get("Parameters"),
            "Body": STANDARD.encode(definition),
        });
        task.make(SERVICE, "PutRestApi", input).await
    }

    /// Brings what the API is to what the properties say.
    async fn settle(task: &Task<'_>, id: &str, current: &Json, defined: bool) -> Result<(), Failure> {
        let mut patches = Patches::default();
        for (property, name, gone) in VALUES {
            let is = Some(&current[name]).filter(|value| !value.is_null()).map(convert::text);
            let was = task.previous.is_some_and(|previous| previous.contains_key(property));
            match (task.text(property), gone) {
                (Some(wanted), _) if is.as_ref() != Some(&wanted) => {
                    patches.replace(format!("/{name}"), wanted);
                }
                (None, Some(Gone::Is(text))) if was && is.as_deref() != Some(text) => {
                    patches.replace(format!("/{name}"), text);
                }
                (None, Some(Gone::Removed)) if was && is.is_some() => patches.remove(format!("/{name}")),
                _ => {}
            }
        }
        media_types(task, current, &mut patches);
        endpoints(task, current, &mut patches);
        match policy(task) {
            Some(policy) if task.changed("Policy") || defined => patches.replace("/policy", policy),
            None if task.previous.is_some() && task.changed("Policy") => patches.remove("/policy"),
            _ => {}
        }
        if let Some(patches) = patches.some() {
            task.make(SERVICE, "UpdateRestApi", json!({"RestApiId": id, "PatchOperations": patches})).await?;
        }
        Ok(())
    }
}

/// The policy's text; none where it is empty, as some tools write it.
fn policy(task: &Task<'_>) -> Option<String> {
    task.text("Policy").filter(|policy| !policy.is_empty() && policy != "{}")
}

fn texts(value: Option<&Json>) -> Vec<String> {
    value.and_then(Json::as_array).into_iter().flatten().map(convert::text).collect()
}

fn media_types(task: &Task<'_>, current: &Json, patches: &mut Patches) {
    let was = texts(task.previous.and_then(|previous| previous.get("BinaryMediaTypes")));
    let (is, wanted) = (texts(current.get("binaryMediaTypes")), texts(task.get("BinaryMediaTypes")));
    let gone = was.iter().filter(|kind| is.contains(kind) && !wanted.contains(kind));
    for kind in gone {
        patches.remove(format!("/binaryMediaTypes/{}", super::patches::escaped(kind)));
    }
    for kind in wanted.iter().filter(|kind| !is.contains(kind)) {
        let path = format!("/binaryMediaTypes/{}", super::patches::escaped(kind));
        patches.add(path, "");
    }
}

fn endpoints(task: &Task<'_>, current: &Json, patches: &mut Patches) {
    if !task.changed("EndpointConfiguration") {
        return;
    }
    let (wanted, is) = (task.get("EndpointConfiguration"), &current["endpointConfiguration"]);
    let part = |name: &str| texts(wanted.and_then(|wanted| wanted.get(name)));
    let (types, now) = (part("Types"), texts(is.get("types")));
    if let (Some(wanted), Some(now)) = (types.first(), now.first())
        && wanted != now
    {
        patches.replace(format!("/endpointConfiguration/types/{now}"), wanted.as_str());
    }
    if let Some(kind) = wanted.and_then(|wanted| wanted.get("IpAddressType")) {
        patches.replace("/endpointConfiguration/ipAddressType", convert::text(kind));
    }
    patches.items(
        &texts(is.get("vpcEndpointIds")),
        &part("VpcEndpointIds"),
        "/endpointConfiguration/vpcEndpointIds",
    );
}

impl Handler for RestApi {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::create(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::update(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(
            async move { task.remove(SERVICE, "DeleteRestApi", json!({"RestApiId": task.physical()})).await },
        )
    }
}
