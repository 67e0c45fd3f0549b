//! Carrying out a plan, step by step, each one a call that anybody could make.

use std::collections::BTreeMap;

use weft_model::iam::{
    CreateRoleRequest, CreateRoleResponse, DeleteRolePolicyRequest, DeleteRoleRequest, PutRolePolicyRequest,
    UpdateAssumeRolePolicyRequest,
};
use weft_model::lambda::{
    CreateFunctionRequest, DeleteFunctionRequest as DeleteLambda, DeleteFunctionResponse as DeletedLambda,
    Environment, FunctionCode as LambdaCode, FunctionConfiguration, UpdateFunctionCodeRequest,
    UpdateFunctionConfigurationRequest,
};
use weft_model::weft::{
    CreateAppRequest, CreateAppResponse, CreateRouteRequest, CreateRouteResponse, CreateServiceRequest,
    CreateServiceResponse, DeleteAppRequest, DeleteAppResponse, DeleteFunctionRequest,
    DeleteFunctionResponse, DeleteRouteRequest, DeleteRouteResponse, DeleteServiceRequest,
    DeleteServiceResponse, FunctionCode, PutFunctionRequest, PutFunctionResponse, ScaleSettings, ServiceCode,
    ServiceSettings, UpdateRouteRequest, UpdateRouteResponse, UpdateServiceRequest, UpdateServiceResponse,
};
use weft_template::{
    FunctionResource, Key, PartName, Resource, RoleResource, RouteResource, Scale, ServiceResource, Step,
};
use weft_types::{AppName, WorkloadName};

use crate::client::{CallError, Client};

/// The bucket by which `CreateFunction` names a build.
const BUILDS_BUCKET: &str = "weft-builds";

/// Carries out steps for one app.
pub(crate) struct Executor<'a> {
    pub(crate) client: &'a Client,
    pub(crate) app: &'a AppName,
    /// The finished build of each workload whose code is new.
    pub(crate) builds: &'a BTreeMap<WorkloadName, String>,
    /// The ids of the routes that are there.
    pub(crate) route_ids: &'a BTreeMap<Key, String>,
}

impl Executor<'_> {
    /// Carries out one step.
    pub(crate) async fn step(&self, step: &Step) -> Result<(), CallError> {
        match step {
            Step::Create(Resource::App(_)) => {
                let request = CreateAppRequest { app: self.app.to_string() };
                self.client.call::<_, CreateAppResponse>("weft", "CreateApp", request).await.map(drop)
            }
            Step::Create(Resource::Role(role)) => self.create_role(role).await,
            Step::Create(Resource::Function(function)) => self.create_function(function).await,
            Step::Create(Resource::Service(service)) => self.create_service(service).await,
            Step::Create(Resource::Route(route)) => self.create_route(route).await,
            Step::Update { to, changed, .. } => self.update(to, changed).await,
            Step::Delete(resource) => self.delete(resource).await,
        }
    }

    async fn update(&self, to: &Resource, changed: &[&str]) -> Result<(), CallError> {
        match to {
            Resource::App(_) => Ok(()),
            Resource::Role(role) => self.update_role(role).await,
            Resource::Function(function) => self.update_function(function, changed).await,
            Resource::Service(service) => self.update_service(service, changed).await,
            Resource::Route(route) => self.update_route(route).await,
        }
    }

    async fn delete(&self, resource: &Resource) -> Result<(), CallError> {
        let app = self.app.to_string();
        let done = match resource {
            Resource::App(_) => self
                .client
                .call::<_, DeleteAppResponse>("weft", "DeleteApp", DeleteAppRequest { app })
                .await
                .map(drop),
            Resource::Role(role) => self.delete_role(role).await,
            Resource::Function(function) => self.delete_function(function).await,
            Resource::Service(service) => {
                let request = DeleteServiceRequest { app, name: service.name.to_string() };
                self.client.call::<_, DeleteServiceResponse>("weft", "DeleteService", request).await.map(drop)
            }
            Resource::Route(_) => {
                let Some(route_id) = self.route_ids.get(&resource.key()).cloned() else { return Ok(()) };
                let request = DeleteRouteRequest { app, route_id };
                self.client.call::<_, DeleteRouteResponse>("weft", "DeleteRoute", request).await.map(drop)
            }
        };
        gone_is_done(done)
    }

    async fn create_role(&self, role: &RoleResource) -> Result<(), CallError> {
        let request = CreateRoleRequest {
            path: Some(role.role_path.clone()),
            role_name: role.role_name.clone(),
            assume_role_policy_document: role.trust_policy.clone(),
            description: Some(format!("The role of {}/{}, made by weft up", self.app, role.workload)),
            ..Default::default()
        };
        self.client.call::<_, CreateRoleResponse>("iam", "CreateRole", request).await?;
        self.put_role_policy(role).await
    }

    async fn update_role(&self, role: &RoleResource) -> Result<(), CallError> {
        let request = UpdateAssumeRolePolicyRequest {
            role_name: role.role_name.clone(),
            policy_document: role.trust_policy.clone(),
        };
        self.client.call::<_, ()>("iam", "UpdateAssumeRolePolicy", request).await?;
        self.put_role_policy(role).await
    }

    async fn put_role_policy(&self, role: &RoleResource) -> Result<(), CallError> {
        let role_name = role.role_name.clone();
        let policy_name = RoleResource::POLICY_NAME.to_owned();
        match role.policy.clone() {
            Some(policy_document) => {
                let request = PutRolePolicyRequest { role_name, policy_name, policy_document };
                self.client.call::<_, ()>("iam", "PutRolePolicy", request).await
            }
            None => {
                let request = DeleteRolePolicyRequest { role_name, policy_name };
                gone_is_done(self.client.call::<_, ()>("iam", "DeleteRolePolicy", request).await)
            }
        }
    }

    async fn delete_role(&self, role: &RoleResource) -> Result<(), CallError> {
        let role_name = role.role_name.clone();
        let request = DeleteRolePolicyRequest {
            role_name: role_name.clone(),
            policy_name: RoleResource::POLICY_NAME.to_owned(),
        };
        gone_is_done(self.client.call::<_, ()>("iam", "DeleteRolePolicy", request).await)?;
        self.client.call::<_, ()>("iam", "DeleteRole", DeleteRoleRequest { role_name }).await
    }

    /// Makes a function; one that an interrupted `up` left behind is brought to the same state.
    async fn create_function(&self, function: &FunctionResource) -> Result<(), CallError> {
        let code = LambdaCode {
            s3_bucket: Some(BUILDS_BUCKET.to_owned()),
            s3_key: self.builds.get(&function.name).cloned(),
            ..Default::default()
        };
        let tags = [("weft:app", self.app.to_string()), ("weft:name", function.name.to_string())];
        let request = CreateFunctionRequest {
            function_name: function.function_name.clone(),
            runtime: Some(function.runtime.to_string()),
            role: function.role.to_string(),
            handler: Some(function.handler.clone()),
            code,
            timeout: signed(function.timeout_seconds),
            memory_size: signed(function.memory_mib),
            environment: Some(Environment { variables: Some(function.environment.clone()) }),
            tags: Some(tags.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
            ..Default::default()
        };
        match self.client.call::<_, FunctionConfiguration>("lambda", "CreateFunction", request).await {
            Err(error) if error.code() == Some("ResourceConflictException") => {
                self.update_function(function, &["code", "runtime"]).await
            }
            Err(error) => Err(error),
            Ok(_) => self.put_function(function).await,
        }
    }

    async fn update_function(&self, function: &FunctionResource, changed: &[&str]) -> Result<(), CallError> {
        let is_setting = |word: &&str| !matches!(*word, "code" | "scale");
        if changed.iter().any(is_setting) {
            let request = UpdateFunctionConfigurationRequest {
                function_name: function.function_name.clone(),
                runtime: Some(function.runtime.to_string()),
                role: Some(function.role.to_string()),
                handler: Some(function.handler.clone()),
                timeout: signed(function.timeout_seconds),
                memory_size: signed(function.memory_mib),
                environment: Some(Environment { variables: Some(function.environment.clone()) }),
                ..Default::default()
            };
            let updated: Result<FunctionConfiguration, _> =
                self.client.call("lambda", "UpdateFunctionConfiguration", request).await;
            match updated {
                Err(error) if error.is_not_found() => return Box::pin(self.create_function(function)).await,
                other => other?,
            };
        }
        if let Some(build) = self.builds.get(&function.name) {
            let request = UpdateFunctionCodeRequest {
                function_name: function.function_name.clone(),
                s3_bucket: Some(BUILDS_BUCKET.to_owned()),
                s3_key: Some(build.clone()),
                ..Default::default()
            };
            self.client.call::<_, FunctionConfiguration>("lambda", "UpdateFunctionCode", request).await?;
        }
        self.put_function(function).await
    }

    /// Enters a function into the app's directory, with its scale and what its code was made from.
    async fn put_function(&self, function: &FunctionResource) -> Result<(), CallError> {
        let request = PutFunctionRequest {
            app: self.app.to_string(),
            name: function.name.to_string(),
            part: part(function.part.as_ref()),
            function_name: function.function_name.clone(),
            scale: Some(scale(&function.scale)),
            code: Some(FunctionCode {
                build_id: self.builds.get(&function.name).cloned(),
                source: Some(function.source.clone()),
                code_sha256: None,
            }),
        };
        self.client.call::<_, PutFunctionResponse>("weft", "PutFunction", request).await.map(drop)
    }

    async fn delete_function(&self, function: &FunctionResource) -> Result<(), CallError> {
        let request = DeleteFunctionRequest { app: self.app.to_string(), name: function.name.to_string() };
        gone_is_done(
            self.client.call::<_, DeleteFunctionResponse>("weft", "DeleteFunction", request).await.map(drop),
        )?;
        let request = DeleteLambda { function_name: function.function_name.clone(), ..Default::default() };
        self.client.call::<_, DeletedLambda>("lambda", "DeleteFunction", request).await.map(drop)
    }

    async fn create_service(&self, service: &ServiceResource) -> Result<(), CallError> {
        let request = CreateServiceRequest {
            app: self.app.to_string(),
            name: service.name.to_string(),
            part: part(service.part.as_ref()),
            code: self.code(service).unwrap_or_default(),
            settings: settings(service),
        };
        self.client.call::<_, CreateServiceResponse>("weft", "CreateService", request).await.map(drop)
    }

    async fn update_service(&self, service: &ServiceResource, changed: &[&str]) -> Result<(), CallError> {
        let request = UpdateServiceRequest {
            app: self.app.to_string(),
            name: service.name.to_string(),
            part: part(service.part.as_ref()),
            expected_revision: None,
            code: if changed.contains(&"code") { self.code(service) } else { None },
            settings: Some(settings(service)),
        };
        self.client.call::<_, UpdateServiceResponse>("weft", "UpdateService", request).await.map(drop)
    }

    fn code(&self, service: &ServiceResource) -> Option<ServiceCode> {
        let build_id = self.builds.get(&service.name)?.clone();
        Some(ServiceCode { build_id, source: Some(service.source.clone()) })
    }

    async fn create_route(&self, route: &RouteResource) -> Result<(), CallError> {
        let request = CreateRouteRequest {
            app: self.app.to_string(),
            part: part(route.part.as_ref()),
            host: route.host.clone(),
            path: route.path.clone(),
            target: route.target.to_string(),
            auth: Some(route.auth.as_str().to_owned()),
            strip: Some(route.strip),
        };
        self.client.call::<_, CreateRouteResponse>("weft", "CreateRoute", request).await.map(drop)
    }

    async fn update_route(&self, route: &RouteResource) -> Result<(), CallError> {
        let key = Key::Route { host: route.host.clone(), path: route.path.clone() };
        let request = UpdateRouteRequest {
            app: self.app.to_string(),
            route_id: self.route_ids.get(&key).cloned().unwrap_or_default(),
            part: part(route.part.as_ref()),
            target: route.target.to_string(),
            auth: Some(route.auth.as_str().to_owned()),
            strip: Some(route.strip),
        };
        self.client.call::<_, UpdateRouteResponse>("weft", "UpdateRoute", request).await.map(drop)
    }
}

/// What is gone already need not be deleted.
fn gone_is_done(done: Result<(), CallError>) -> Result<(), CallError> {
    match done {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}

fn part(part: Option<&PartName>) -> Option<String> {
    part.map(ToString::to_string)
}

fn signed(number: u32) -> Option<i32> {
    i32::try_from(number).ok()
}

fn scale(scale: &Scale) -> ScaleSettings {
    ScaleSettings {
        min: signed(scale.min),
        max: signed(scale.max),
        concurrency: signed(scale.concurrency),
        queue_max: signed(scale.queue_max),
        queue_seconds: signed(scale.queue_seconds),
        idle_seconds: signed(scale.idle_seconds),
    }
}

fn settings(service: &ServiceResource) -> ServiceSettings {
    ServiceSettings {
        command: service.command.clone(),
        interpreter: service.interpreter.clone(),
        environment: Some(service.environment.clone()),
        role_arn: service.role.as_ref().map(ToString::to_string),
        memory_mib: signed(service.memory_mib),
        timeout_seconds: signed(service.timeout_seconds),
        start_timeout_seconds: signed(service.start_timeout_seconds),
        health_path: service.health.clone(),
        scale: Some(scale(&service.scale)),
        ..Default::default()
    }
}
