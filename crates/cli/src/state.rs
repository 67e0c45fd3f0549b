//! What is there of an app, as the resources that a plan compares.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use weft_model::iam::{
    GetRolePolicyRequest, GetRolePolicyResponse, ListRolesRequest, ListRolesResponse, Role,
};
use weft_model::lambda::{FunctionConfiguration, GetFunctionConfigurationRequest};
use weft_model::weft::{
    DescribeAppRequest, DescribeAppResponse, FunctionDescription, RouteDescription, ScaleSettings,
    ServiceDescription,
};
use weft_template::{
    AppResource, Auth, FunctionResource, Key, PartName, Resource, Resources, RoleResource, RouteResource,
    Scale, ServiceResource,
};
use weft_types::{AppName, Arn, RuntimeName, WorkloadName};

use crate::client::{CallError, Client};
use crate::failure::Failure;
use crate::inventory;

/// An app as it is.
pub(crate) struct State {
    /// Everything that is there.
    pub(crate) resources: Resources,
    /// The ids of its routes.
    pub(crate) route_ids: BTreeMap<Key, String>,
}

impl State {
    /// Reads an app; one that does not exist has nothing.
    pub(crate) async fn read(client: &Client, app: &AppName) -> Result<Self, Failure> {
        let mut state = Self { resources: Resources::new(), route_ids: BTreeMap::new() };
        let request = DescribeAppRequest { app: app.to_string() };
        match client.call::<_, DescribeAppResponse>("weft", "DescribeApp", request).await {
            Ok(_) => state.resources.insert(Resource::App(AppResource { name: app.clone() })),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
        for role in roles(client, app).await? {
            state.resources.insert(Resource::Role(role));
        }
        if state.resources.get(&Key::App).is_none() {
            return Ok(state);
        }
        for service in inventory::services(client, app.as_str()).await? {
            state.resources.insert(Resource::Service(service_resource(service)?));
        }
        for function in inventory::functions(client, app.as_str()).await? {
            state.resources.insert(Resource::Function(function_resource(client, function).await?));
        }
        for route in inventory::routes(client, app.as_str()).await? {
            let id = route.route_id.clone();
            let resource = Resource::Route(route_resource(route)?);
            state.route_ids.insert(resource.key(), id);
            state.resources.insert(resource);
        }
        Ok(state)
    }
}

async fn roles(client: &Client, app: &AppName) -> Result<Vec<RoleResource>, Failure> {
    let mut found = Vec::new();
    let mut marker = None;
    loop {
        let request = ListRolesRequest {
            path_prefix: Some(RoleResource::path_prefix(app)),
            marker,
            ..Default::default()
        };
        let page: ListRolesResponse = client.call("iam", "ListRoles", request).await?;
        for role in page.roles.unwrap_or_default() {
            if let Some(resource) = role_resource(client, app, role).await? {
                found.push(resource);
            }
        }
        marker = page.marker;
        if marker.is_none() {
            return Ok(found);
        }
    }
}

async fn role_resource(
    client: &Client,
    app: &AppName,
    role: Role,
) -> Result<Option<RoleResource>, CallError> {
    let Some((part, workload)) = RoleResource::owner(app, &role.path, &role.role_name) else {
        return Ok(None);
    };
    let request = GetRolePolicyRequest {
        role_name: role.role_name.clone(),
        policy_name: RoleResource::POLICY_NAME.to_owned(),
    };
    let policy = match client.call::<_, GetRolePolicyResponse>("iam", "GetRolePolicy", request).await {
        Ok(answer) => answer.policy_document.as_deref().map(decoded),
        Err(error) if error.is_not_found() => None,
        Err(error) => return Err(error),
    };
    Ok(Some(RoleResource {
        workload,
        part: Some(part),
        role_path: role.path,
        role_name: role.role_name,
        trust_policy: decoded(&role.assume_role_policy_document.unwrap_or_default()),
        policy,
    }))
}

/// Policy documents travel percent-encoded.
fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A value that the server sent and that breaks the rules of its kind: a newer server, or a damaged one.
fn odd(what: &str, value: &str) -> Failure {
    Failure::Told(format!(
        "the server's answer has the {what} `{value}`, which this build does not understand"
    ))
}

fn name(text: &str) -> Result<WorkloadName, Failure> {
    WorkloadName::parse(text).map_err(|_| odd("workload", text))
}

fn scale(settings: &ScaleSettings, usual: Scale) -> Scale {
    let number = |value: Option<i32>, usual: u32| value.and_then(|n| u32::try_from(n).ok()).unwrap_or(usual);
    Scale {
        min: number(settings.min, usual.min),
        max: number(settings.max, usual.max),
        concurrency: number(settings.concurrency, usual.concurrency),
        queue_max: number(settings.queue_max, usual.queue_max),
        queue_seconds: number(settings.queue_seconds, usual.queue_seconds),
        idle_seconds: number(settings.idle_seconds, usual.idle_seconds),
    }
}

fn service_resource(service: ServiceDescription) -> Result<ServiceResource, Failure> {
    let settings = service.settings;
    // A deploy ends with its latest revision in force. What failed, or somebody else has begun, is deployed anew.
    let is_open = service.state == "Failed" || service.latest_revision != service.revision;
    let source = service.code.source.filter(|_| !is_open).unwrap_or_default();
    let role = settings.role_arn.map(|arn| Arn::parse(&arn).map_err(|_| odd("role", &arn))).transpose()?;
    Ok(ServiceResource {
        name: name(&service.name)?,
        part: service.part.as_deref().and_then(PartName::parse),
        source,
        command: settings.command,
        interpreter: settings.interpreter,
        environment: settings.environment.unwrap_or_default(),
        role,
        memory_mib: settings.memory_mib.and_then(|n| u32::try_from(n).ok()).unwrap_or_default(),
        timeout_seconds: settings.timeout_seconds.and_then(|n| u32::try_from(n).ok()).unwrap_or_default(),
        start_timeout_seconds: settings
            .start_timeout_seconds
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or_default(),
        scale: scale(&settings.scale.unwrap_or_default(), Scale::SERVICE),
        health: settings.health_path,
    })
}

async fn function_resource(
    client: &Client,
    function: FunctionDescription,
) -> Result<FunctionResource, Failure> {
    let request = GetFunctionConfigurationRequest {
        function_name: function.function_name.clone(),
        ..Default::default()
    };
    // A function that was deleted behind the app's back is there by name only: everything of it differs.
    let settings = match client.call("lambda", "GetFunctionConfiguration", request).await {
        Ok(settings) => settings,
        Err(error) if error.is_not_found() => FunctionConfiguration::default(),
        Err(error) => return Err(error.into()),
    };
    let runtime = settings.runtime.unwrap_or_else(|| "none".to_owned());
    let role = settings.role.unwrap_or_else(|| "arn:aws:iam::000000000000:role/none".to_owned());
    Ok(FunctionResource {
        name: name(&function.name)?,
        part: function.part.as_deref().and_then(PartName::parse),
        function_name: function.function_name,
        source: function.code.and_then(|code| code.source).unwrap_or_default(),
        runtime: RuntimeName::parse(&runtime).map_err(|_| odd("runtime", &runtime))?,
        handler: settings.handler.unwrap_or_default(),
        environment: settings.environment.and_then(|e| e.variables).unwrap_or_default(),
        role: Arn::parse(&role).map_err(|_| odd("role", &role))?,
        memory_mib: settings.memory_size.and_then(|n| u32::try_from(n).ok()).unwrap_or_default(),
        timeout_seconds: settings.timeout.and_then(|n| u32::try_from(n).ok()).unwrap_or_default(),
        scale: scale(&function.scale, Scale::FUNCTION),
    })
}

fn route_resource(route: RouteDescription) -> Result<RouteResource, Failure> {
    let auth = match route.auth.as_str() {
        "none" => Auth::None,
        "unsaid" => Auth::Unsaid,
        "iam" => Auth::Iam,
        other => return Err(odd("route's auth", other)),
    };
    Ok(RouteResource {
        host: route.host,
        path: route.path,
        part: route.part.as_deref().and_then(PartName::parse),
        target: name(&route.target)?,
        auth,
        strip: route.strip,
    })
}
