//! HTTP APIs themselves.

use weft_model::apigatewayv2 as model;
use weft_service::{Context, Error, Once};
use weft_store::WriteTx;

use super::{integrations, routes, stages};
use crate::ApiGateway;
use crate::control::bridge::{body_of, shape_of};
use crate::control::operation::operation;
use crate::control::page::Page;
use crate::control::{access, errors, ids, tags};
use crate::http_api::records::{APIS, Api, Integration, Route, STAGES, Stage, TREES, Tree};
use crate::http_api::state::{auto_deploy, merged, new_record, remove_api, require_api};
use crate::places::{PLACES, Place};
use crate::rest::state::{api_key, part_key};

/// APIs of an account in a region.
const APIS_MAX: usize = 600;

operation! {
    /// `CreateApi`; with a target it is ready to be asked at once.
    CreateApi(model::CreateApiRequest) -> model::CreateApiResponse;
    access |asked, scope| {
        let tags = asked.tags.clone().unwrap_or_default();
        [access::post(scope, &["apis"]).with_request_tags(&tags)]
    };
    run |given, service, cx| {
        let quick = Quick {
            target: given.target.clone(),
            route_key: given.route_key.clone(),
            credentials: given.credentials_arn.clone(),
        };
        let mut api: Api = new_record(given)?;
        api.api_id = ids::api();
        let (tree, stage) = quick.parts(cx)?;
        shape_of(&Told(service, cx).api(&service.create_http(cx, api, tree, stage).await?)?)
    }
}

/// What `CreateApi` makes beside the API.
struct Quick {
    target: Option<String>,
    route_key: Option<String>,
    credentials: Option<String>,
}

impl Quick {
    fn parts(self, cx: &Context) -> Result<(Tree, Option<Stage>), Error> {
        let mut tree = Tree::default();
        let Some(target) = self.target else { return Ok((tree, None)) };
        let is_url = target.starts_with("http://") || target.starts_with("https://");
        let mut integration = Integration {
            integration_id: ids::http_part(),
            api_gateway_managed: Some(true),
            integration_type: if is_url { "HTTP_PROXY" } else { "AWS_PROXY" }.to_owned(),
            integration_method: is_url.then(|| "ANY".to_owned()),
            integration_uri: Some(target),
            credentials_arn: self.credentials,
            payload_format_version: if is_url { "1.0" } else { "2.0" }.to_owned(),
            ..Integration::default()
        };
        integrations::complete(&mut integration);
        integrations::check(&integration)?;
        let mut route = Route {
            route_id: ids::http_part(),
            api_gateway_managed: Some(true),
            route_key: self.route_key.unwrap_or_else(|| "$default".to_owned()),
            target: Some(format!("integrations/{}", integration.integration_id)),
            ..Route::default()
        };
        routes::complete(&mut route);
        tree.integrations.insert(integration.integration_id.clone(), integration);
        routes::check(&route, &tree)?;
        tree.routes.insert(route.route_id.clone(), route);
        let stage = Stage {
            api_gateway_managed: Some(true),
            auto_deploy: true,
            ..stages::new("$default", cx.scope.now)
        };
        Ok((tree, Some(stage)))
    }
}

/// Checks what an API says of itself, and fills in what nobody said.
pub(crate) fn complete(api: &mut Api) -> Result<(), Error> {
    match api.protocol_type.as_str() {
        "HTTP" => {}
        "WEBSOCKET" => return Err(errors::unsupported("The protocol type WEBSOCKET")),
        other => return Err(errors::bad_request(format!("Invalid protocol specified: {other}"))),
    }
    if api.name.is_empty() || api.name.len() > 128 {
        return Err(errors::bad_request(
            "Invalid API name specified. Name must be between 1 and 128 characters",
        ));
    }
    let default = |text: &mut String, value: &str| {
        if text.is_empty() {
            value.clone_into(text);
        }
    };
    default(&mut api.route_selection_expression, "$request.method $request.path");
    default(&mut api.api_key_selection_expression, "$request.header.x-api-key");
    default(&mut api.ip_address_type, "ipv4");
    if api.route_selection_expression.replace(['{', '}'], "") != "$request.method $request.path" {
        return Err(errors::bad_request(
            "Route selection expression of an HTTP API must be $request.method $request.path",
        ));
    }
    if let Some(cors) = &api.cors_configuration
        && cors.allow_credentials == Some(true)
        && cors.allow_origins.iter().any(|origin| origin == "*")
    {
        return Err(errors::bad_request("allowCredentials cannot be true where allowOrigins has *"));
    }
    tags::check(&api.tags)
}

impl ApiGateway {
    /// Stores a new API with its tree and its first stage.
    pub(crate) async fn create_http(
        &self,
        cx: &Context,
        mut api: Api,
        tree: Tree,
        stage: Option<Stage>,
    ) -> Result<Api, Error> {
        api.created_date = cx.scope.now;
        complete(&mut api)?;
        let (key, now, deployment) = (api_key(&cx.scope, &api.api_id), cx.scope.now, ids::http_part());
        let place = Place { account: cx.scope.account, region: cx.scope.region.clone(), http: true };
        let once = Once::of(cx);
        let work = move |tx: &mut WriteTx<'_>| {
            let known = |tx: &WriteTx<'_>, id: &str| {
                Ok::<_, Error>(APIS.get(tx, &(key.0, key.1.clone(), id.to_owned()))?)
            };
            once.make(tx, known, |tx| {
                if APIS.query(&(key.0, key.1.clone())).limit(APIS_MAX).rows(tx)?.len() == APIS_MAX {
                    return Err(Error::new(
                        "TooManyRequestsException",
                        "Maximum number of APIs has been reached",
                    ));
                }
                APIS.insert(tx, &key, &api)?;
                TREES.insert(tx, &key, &tree)?;
                PLACES.insert(tx, &(key.2.clone(),), &place)?;
                if let Some(stage) = &stage {
                    STAGES.insert(tx, &part_key(&key, &stage.stage_name), stage)?;
                    auto_deploy(tx, &key, &deployment, now)?;
                }
                Ok((api.api_id.clone(), api.clone()))
            })
        };
        self.store.write(work).await
    }
}

/// An API as it is told: with its address.
pub(crate) struct Told<'t>(pub(crate) &'t ApiGateway, pub(crate) &'t Context);

impl Told<'_> {
    pub(crate) fn api(&self, api: &Api) -> Result<serde_json::Value, Error> {
        let mut json = serde_json::to_value(api).map_err(Error::internal)?;
        json["apiEndpoint"] = self.0.endpoint(&api.api_id, self.1.scope.region.as_str()).into();
        if api.tags.is_empty() {
            json["tags"] = serde_json::json!({});
        }
        Ok(json)
    }
}

operation! {
    /// `GetApi`.
    GetApi(model::GetApiRequest) -> model::GetApiResponse;
    access |asked, scope| [access::get(scope, &["apis", &asked.api_id])];
    run |given, service, cx| {
        let key = api_key(&cx.scope, &given.api_id);
        shape_of(&Told(service, cx).api(&service.store.read(move |tx| require_api(tx, &key)).await?)?)
    }
}

operation! {
    /// `GetApis`.
    GetApis(model::GetApisRequest) -> model::GetApisResponse;
    access |_asked, scope| [access::get(scope, &["apis"])];
    run |given, service, cx| {
        let page = Page::of_text(given.next_token.as_deref(), given.max_results.as_deref())?;
        let key = api_key(&cx.scope, page.after.as_deref().unwrap_or_default());
        let wanted = page.limit + 1;
        let read = move |tx: &weft_store::ReadTx<'_>| {
            let all = APIS.query(&(key.0, key.1.clone())).limit(wanted);
            let rows = if key.2.is_empty() { all.rows(tx)? } else { all.after(&key).rows(tx)? };
            Ok::<_, Error>(rows.into_iter().map(|(_, api)| api).collect::<Vec<_>>())
        };
        let mut items = service.store.read(read).await?;
        let next_token = page.end(&mut items, |api| api.api_id.clone());
        let told = Told(service, cx);
        let items = items.iter().map(|api| shape_of(&told.api(api)?)).collect::<Result<_, _>>()?;
        Ok(model::GetApisResponse { items: Some(items), next_token })
    }
}

operation! {
    /// `UpdateApi`; of an API made with a target, that one too.
    UpdateApi(model::UpdateApiRequest) -> model::UpdateApiResponse;
    access |asked, scope| [access::patch(scope, &["apis", &asked.api_id])];
    run |given, service, cx| {
        let id = given.api_id.clone();
        let (target, route_key) = (given.target.clone(), given.route_key.clone());
        let changes = body_of(given);
        let change = move |api: &mut Api, tree: &mut Tree| {
            *api = merged(api, &changes)?;
            complete(api)?;
            if let Some(target) = &target {
                let managed = tree.integrations.values_mut().find(|one| one.api_gateway_managed == Some(true));
                let managed = managed.ok_or_else(|| errors::bad_request("The API was not made with a target"))?;
                managed.integration_uri = Some(target.clone());
                integrations::check(managed)?;
            }
            if let Some(key) = &route_key {
                let managed = tree.routes.values_mut().find(|one| one.api_gateway_managed == Some(true));
                let managed = managed.ok_or_else(|| errors::bad_request("The API was not made with a target"))?;
                managed.route_key.clone_from(key);
            }
            Ok(api.clone())
        };
        shape_of(&Told(service, cx).api(&service.change_http(cx, &id, change).await?)?)
    }
}

operation! {
    /// `DeleteApi`: with its stages and deployments.
    DeleteApi(model::DeleteApiRequest) -> ();
    access |asked, scope| [access::delete(scope, &["apis", &asked.api_id])];
    run |given, service, cx| {
        let key = api_key(&cx.scope, &given.api_id);
        let work = move |tx: &mut WriteTx<'_>| {
            require_api(tx, &key)?;
            remove_api(tx, &key)
        };
        service.store.write(work).await?;
        service.refresh(&given.api_id).await
    }
}

operation! {
    /// `DeleteCorsConfiguration`.
    DeleteCorsConfiguration(model::DeleteCorsConfigurationRequest) -> ();
    access |asked, scope| [access::delete(scope, &["apis", &asked.api_id, "cors"])];
    run |given, service, cx| {
        let change = |api: &mut Api, _: &mut Tree| {
            api.cors_configuration = None;
            Ok(())
        };
        service.change_http(cx, &given.api_id, change).await
    }
}
