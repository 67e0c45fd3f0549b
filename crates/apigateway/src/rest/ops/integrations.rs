//! What stands behind methods.

use weft_model::apigateway as model;
use weft_service::{Context, Error};

use super::methods::path;
use crate::control::bridge::{body_of, record_of, shape_of};
use crate::control::operation::operation;
use crate::control::patch::{self, Kind, Rule};
use crate::control::{access, errors};
use crate::data::target::Target;
use crate::rest::records::{Integration, Tree};
use crate::vtl::Template;

const RULES: &[Rule] = &[
    ("/type", Kind::Needed),
    ("/httpMethod", Kind::Text),
    ("/uri", Kind::Text),
    ("/connectionType", Kind::Text),
    ("/credentials", Kind::Text),
    ("/requestParameters", Kind::Entry),
    ("/requestTemplates", Kind::Entry),
    ("/passthroughBehavior", Kind::Needed),
    ("/contentHandling", Kind::Text),
    ("/timeoutInMillis", Kind::Integer),
    ("/cacheNamespace", Kind::Needed),
    ("/cacheKeyParameters", Kind::Items),
    ("/responseTransferMode", Kind::Text),
];

macro_rules! integration_path {
    ($asked:ident) => {
        [&path(&$asked.rest_api_id, &$asked.resource_id, &$asked.http_method)[..], &["integration"]].concat()
    };
}

operation! {
    /// `PutIntegration`.
    PutIntegration(model::PutIntegrationRequest) -> model::Integration;
    access |asked, scope| [access::put(scope, &integration_path!(asked))];
    run |given, service, cx| {
        let (api, id, name) = (given.rest_api_id.clone(), given.resource_id.clone(), given.http_method.clone());
        let mut integration: Integration = record_of(body_of(given))?;
        complete(&mut integration, &id);
        check(&integration)?;
        pass_role(&integration, cx).await?;
        let change = move |tree: &mut Tree| {
            let method = tree.method(&id, &name)?;
            let mut integration = integration.clone();
            // Responses that are there stay: they belong to the method's path, not to this call.
            if let Some(old) = method.method_integration.take() {
                integration.integration_responses = old.integration_responses;
            }
            method.method_integration = Some(integration.clone());
            Ok(integration)
        };
        shape_of(&service.change_tree(cx, &api, change).await?)
    }
}

operation! {
    /// `GetIntegration`.
    GetIntegration(model::GetIntegrationRequest) -> model::Integration;
    access |asked, scope| [access::get(scope, &integration_path!(asked))];
    run |given, service, cx| {
        let (id, name) = (given.resource_id, given.http_method);
        let read = move |mut tree: Tree| tree.integration(&id, &name).cloned();
        shape_of(&service.tree(cx, &given.rest_api_id, read).await?)
    }
}

operation! {
    /// `UpdateIntegration`.
    UpdateIntegration(model::UpdateIntegrationRequest) -> model::Integration;
    access |asked, scope| [access::patch(scope, &integration_path!(asked))];
    run |given, service, cx| {
        let (id, name) = (given.resource_id, given.http_method);
        let patches = given.patch_operations.unwrap_or_default();
        let roles = patches.iter().filter(|patch| patch.path.as_deref() == Some("/credentials"));
        for role in roles {
            let integration = Integration { credentials: role.value.clone(), ..Integration::default() };
            pass_role(&integration, cx).await?;
        }
        let change = move |tree: &mut Tree| {
            let place = tree.integration(&id, &name)?;
            *place = patch::apply(place, &patches, RULES)?;
            check(place)?;
            Ok(place.clone())
        };
        shape_of(&service.change_tree(cx, &given.rest_api_id, change).await?)
    }
}

operation! {
    /// `DeleteIntegration`.
    DeleteIntegration(model::DeleteIntegrationRequest) -> ();
    access |asked, scope| [access::delete(scope, &integration_path!(asked))];
    run |given, service, cx| {
        let (id, name) = (given.resource_id, given.http_method);
        let change = move |tree: &mut Tree| {
            tree.integration(&id, &name)?;
            tree.method(&id, &name)?.method_integration = None;
            Ok(())
        };
        service.change_tree(cx, &given.rest_api_id, change).await
    }
}

impl Tree {
    /// The integration of a method, or that there is none.
    pub(crate) fn integration(&mut self, resource: &str, method: &str) -> Result<&mut Integration, Error> {
        let integration = self.method(resource, method)?.method_integration.as_mut();
        integration.ok_or_else(|| errors::not_found("Invalid Integration identifier specified"))
    }
}

/// Whoever names a role has to be allowed to hand it on.
async fn pass_role(integration: &Integration, cx: &Context) -> Result<(), Error> {
    match integration.credentials.as_deref() {
        Some(role) if role.starts_with("arn:") && role.contains(":role/") => {
            let access = weft_service::Access::to("iam:PassRole", role)
                .with("iam:PassedToService", "apigateway.amazonaws.com");
            cx.authorize(&access).await
        }
        _ => Ok(()),
    }
}

/// Fills in what nobody said.
pub(crate) fn complete(integration: &mut Integration, resource: &str) {
    if integration.passthrough_behavior.is_empty() {
        "WHEN_NO_MATCH".clone_into(&mut integration.passthrough_behavior);
    }
    if integration.timeout_in_millis == 0 {
        integration.timeout_in_millis = 29_000;
    }
    if integration.cache_namespace.is_empty() {
        resource.clone_into(&mut integration.cache_namespace);
    }
}

/// Checks an integration by itself.
pub(crate) fn check(integration: &Integration) -> Result<(), Error> {
    if !(50..=29_000).contains(&integration.timeout_in_millis) {
        return Err(errors::bad_request("Timeout should be between 50 ms and 29000 ms"));
    }
    if integration.connection_type.as_deref() == Some("VPC_LINK") {
        return Err(errors::unsupported("The connection type VPC_LINK"));
    }
    if integration.response_transfer_mode.as_deref() == Some("STREAM") {
        return Err(errors::unsupported("The response transfer mode STREAM"));
    }
    if !matches!(integration.passthrough_behavior.as_str(), "WHEN_NO_MATCH" | "WHEN_NO_TEMPLATES" | "NEVER") {
        return Err(errors::bad_request("Invalid passthrough behavior specified"));
    }
    for template in integration.request_templates.values() {
        check_template(template)?;
    }
    if integration.kind == "MOCK" {
        return Ok(());
    }
    if integration.http_method.as_deref().unwrap_or_default().is_empty() {
        return Err(errors::bad_request("Enumeration value for HttpMethod must be non-empty"));
    }
    let uri = integration.uri.as_deref().unwrap_or_default();
    match integration.kind.as_str() {
        "AWS" | "AWS_PROXY" => match Target::parse(uri).map_err(errors::bad_request)? {
            Target::Lambda(_) => Ok(()),
            Target::Service(service) => Err(errors::unsupported(&format!("An integration of {service}"))),
        },
        _ if uri.starts_with("http://") || uri.starts_with("https://") || uri.starts_with("${") => Ok(()),
        _ => Err(errors::bad_request("Invalid HTTP endpoint specified for URI")),
    }
}

/// Checks a mapping template's syntax.
pub(crate) fn check_template(text: &str) -> Result<(), Error> {
    Template::parse(text)
        .map(drop)
        .map_err(|error| errors::bad_request(format!("Invalid mapping template specified: {error}")))
}
