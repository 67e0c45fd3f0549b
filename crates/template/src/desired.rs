//! From a manifest to the resources that it wants.

use std::collections::BTreeMap;

use serde_json::json;
use weft_types::{AccountId, Arn, WorkloadName};

use crate::{
    AppResource, Code, Function, FunctionResource, Manifest, Permission, Resource, Resources, RoleResource,
    Route, RouteResource, Service, ServiceResource,
};

/// Where a manifest is deployed to, and what its code is.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The account.
    pub account: AccountId,
    /// The SHA-256 of each workload's packed code, in hexadecimal, by the workload's name.
    pub digests: BTreeMap<WorkloadName, String>,
}

/// A workload's code was not packed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the code of `{0}` has no digest")]
pub struct NotPacked(pub WorkloadName);

/// Who assumes a service's role.
const SERVICE_PRINCIPAL: &str = "compute.weft.localhost";
/// Who assumes a function's role.
const FUNCTION_PRINCIPAL: &str = "lambda.amazonaws.com";

impl Manifest {
    /// All that the manifest wants, its code being what `placement` says.
    pub fn resources(&self, placement: &Placement) -> Result<Resources, NotPacked> {
        let mut resources = Resources::new();
        resources.insert(Resource::App(AppResource { name: self.app.clone() }));
        for service in &self.services {
            let role = (!service.permissions.is_empty())
                .then(|| self.role(&service.name, SERVICE_PRINCIPAL, &service.permissions));
            resources.insert(Resource::Service(self.service(service, role.as_ref(), placement)?));
            self.routes(&service.name, &service.routes).for_each(|route| resources.insert(route));
            if let Some(role) = role {
                resources.insert(Resource::Role(role));
            }
        }
        for function in &self.functions {
            let role = self.role(&function.name, FUNCTION_PRINCIPAL, &function.permissions);
            resources.insert(Resource::Function(self.function(function, &role, placement)?));
            self.routes(&function.name, &function.routes).for_each(|route| resources.insert(route));
            resources.insert(Resource::Role(role));
        }
        Ok(resources)
    }

    fn role(&self, workload: &WorkloadName, principal: &str, permissions: &[Permission]) -> RoleResource {
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Principal": { "Service": principal }, "Action": "sts:AssumeRole" }],
        });
        let statement = |p: &Permission| {
            let effect = if p.allow { "Allow" } else { "Deny" };
            json!({ "Effect": effect, "Action": p.actions, "Resource": p.resources })
        };
        let statements: Vec<_> = permissions.iter().map(statement).collect();
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        RoleResource {
            workload: workload.clone(),
            part: Some(self.part.clone()),
            role_name: format!("weft.{}.{workload}", self.app),
            role_path: format!("{}{}/", RoleResource::path_prefix(&self.app), self.part),
            trust_policy: trust.to_string(),
            policy: (!permissions.is_empty()).then(|| policy.to_string()),
        }
    }

    fn service(
        &self,
        service: &Service,
        role: Option<&RoleResource>,
        placement: &Placement,
    ) -> Result<ServiceResource, NotPacked> {
        Ok(ServiceResource {
            name: service.name.clone(),
            part: Some(self.part.clone()),
            source: placement.source(&service.name, &service.code)?,
            command: service.command.clone(),
            interpreter: service.interpreter.clone(),
            environment: service.environment.clone(),
            role: role.map(|role| role.arn(placement.account)),
            memory_mib: service.memory_mib,
            timeout_seconds: service.timeout_seconds,
            start_timeout_seconds: service.start_timeout_seconds,
            scale: service.scale,
            health: service.health.clone(),
        })
    }

    fn function(
        &self,
        function: &Function,
        role: &RoleResource,
        placement: &Placement,
    ) -> Result<FunctionResource, NotPacked> {
        Ok(FunctionResource {
            name: function.name.clone(),
            part: Some(self.part.clone()),
            function_name: format!("{}-{}", self.app, function.name),
            source: placement.source(&function.name, &function.code)?,
            runtime: function.runtime.clone(),
            handler: function.handler.clone(),
            environment: function.environment.clone(),
            role: role.arn(placement.account),
            memory_mib: function.memory_mib,
            timeout_seconds: function.timeout_seconds,
            scale: function.scale,
        })
    }

    fn routes(&self, target: &WorkloadName, routes: &[Route]) -> impl Iterator<Item = Resource> {
        routes.iter().map(move |route| {
            Resource::Route(RouteResource {
                host: route.host.clone(),
                path: route.path.clone(),
                part: Some(self.part.clone()),
                target: target.clone(),
                auth: route.auth,
                strip: route.strip,
            })
        })
    }
}

impl RoleResource {
    /// The role's ARN.
    pub fn arn(&self, account: AccountId) -> Arn {
        let resource = format!("role{}{}", self.role_path, self.role_name);
        Arn::of("iam", "", &account.to_string(), &resource)
    }
}

impl Placement {
    /// What a workload's code is made from: the digest of the packed code, the kind of build, and its interpreter. Two
    /// workloads of the same source have the same code.
    fn source(&self, name: &WorkloadName, code: &Code) -> Result<String, NotPacked> {
        let digest = self.digests.get(name).ok_or_else(|| NotPacked(name.clone()))?;
        Ok(format!("{digest}:{}:{}", code.build.as_str(), code.interpreter.as_deref().unwrap_or("-")))
    }
}
