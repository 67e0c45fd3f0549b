//! REST APIs themselves.

use weft_model::apigateway as model;
use weft_policy::Policy;
use weft_service::{Context, Error, Once};
use weft_store::WriteTx;

use crate::ApiGateway;
use crate::control::bridge::{body_of, record_of, shape_of};
use crate::control::operation::operation;
use crate::control::page::Page;
use crate::control::patch::{self, Kind, Rule};
use crate::control::{access, errors, ids, tags};
use crate::places::{PLACES, Place};
use crate::rest::compile::with_whole_arns;
use crate::rest::records::{APIS, Resource, RestApi, TREES, Tree};
use crate::rest::state::{api_key, remove_api, require_api, require_tree};

/// REST APIs of an account in a region.
const APIS_MAX: usize = 600;

const RULES: &[Rule] = &[
    ("/name", Kind::Needed),
    ("/description", Kind::Text),
    ("/version", Kind::Text),
    ("/policy", Kind::Text),
    ("/binaryMediaTypes", Kind::Items),
    ("/minimumCompressionSize", Kind::Integer),
    ("/apiKeySource", Kind::Needed),
    ("/disableExecuteApiEndpoint", Kind::Bool),
    ("/endpointConfiguration/types", Kind::Items),
    ("/endpointConfiguration/ipAddressType", Kind::Needed),
    ("/endpointConfiguration/vpcEndpointIds", Kind::Items),
    ("/securityPolicy", Kind::Text),
    ("/endpointAccessMode", Kind::Text),
];

operation! {
    /// `CreateRestApi`: an API with its root resource.
    CreateRestApi(model::CreateRestApiRequest) -> model::RestApi;
    access |asked, scope| {
        let tags = asked.tags.clone().unwrap_or_default();
        [access::post(scope, &["restapis"]).with_request_tags(&tags)]
    };
    run |given, service, cx| {
        let from = given.clone_from.clone();
        let mut api: RestApi = record_of(body_of(given))?;
        api.id = ids::api();
        api.created_date = cx.scope.now;
        let tree = match from {
            None => Tree::default(),
            Some(from) => {
                // Whoever takes a copy has to be allowed to read all of it.
                cx.authorize(&access::get(&cx.scope, &["restapis", &from])).await?;
                service.tree(cx, &from, Ok).await?
            }
        };
        shape_of(&service.create_rest(cx, api, tree).await?)
    }
}

impl ApiGateway {
    /// Stores a new API with its tree, which gets a root where it has none.
    pub(crate) async fn create_rest(
        &self,
        cx: &Context,
        mut api: RestApi,
        mut tree: Tree,
    ) -> Result<RestApi, Error> {
        if api.api_key_source.is_empty() {
            "HEADER".clone_into(&mut api.api_key_source);
        }
        check(&mut api)?;
        match tree.resources.values().find(|resource| resource.parent_id.is_none()) {
            Some(root) => api.root_resource_id.clone_from(&root.id),
            None => {
                let id = ids::root();
                let root = Resource { id: id.clone(), path: "/".to_owned(), ..Resource::default() };
                tree.resources.insert(id.clone(), root);
                api.root_resource_id = id;
            }
        }
        let key = api_key(&cx.scope, &api.id);
        let place = Place { account: cx.scope.account, region: cx.scope.region.clone(), http: false };
        let once = Once::of(cx);
        let work = move |tx: &mut WriteTx<'_>| {
            let known = |tx: &WriteTx<'_>, id: &str| {
                Ok::<_, Error>(APIS.get(tx, &(key.0, key.1.clone(), id.to_owned()))?)
            };
            once.make(tx, known, |tx| {
                if APIS.query(&(key.0, key.1.clone())).limit(APIS_MAX).rows(tx)?.len() == APIS_MAX {
                    return Err(errors::too_many("Maximum number of REST APIs has been reached"));
                }
                APIS.insert(tx, &key, &api)?;
                TREES.insert(tx, &key, &tree)?;
                PLACES.insert(tx, &(key.2.clone(),), &place)?;
                Ok((api.id.clone(), api.clone()))
            })
        };
        self.store.write(work).await
    }
}

/// Checks what an API says of itself.
pub(crate) fn check(api: &mut RestApi) -> Result<(), Error> {
    if api.name.is_empty() || api.name.len() > 1024 {
        return Err(errors::bad_request("Invalid API name specified"));
    }
    if api.minimum_compression_size.is_some_and(|size| !(0..=10_485_760).contains(&size)) {
        let message = "Invalid minimum compression size, must be between 0 and 10485760";
        return Err(errors::bad_request(message));
    }
    if !matches!(api.api_key_source.as_str(), "HEADER" | "AUTHORIZER") {
        return Err(errors::bad_request(format!("Invalid API key source specified: {}", api.api_key_source)));
    }
    let types = &api.endpoint_configuration.types;
    if types.iter().any(|one| !matches!(one.as_str(), "EDGE" | "REGIONAL" | "PRIVATE")) || types.is_empty() {
        return Err(errors::bad_request("Invalid endpoint type specified"));
    }
    // An empty text is how some tools say that there is none.
    api.policy = api.policy.take().filter(|policy| !policy.trim().is_empty());
    if let Some(policy) = &api.policy {
        let parsed = Policy::parse(&with_whole_arns(policy, "arn:aws:execute-api:*:*:*/"));
        parsed.map_err(|error| {
            errors::bad_request("Invalid policy document. Please check the policy syntax and ensure that Principals are valid.")
                .with_cause(error)
        })?;
    }
    tags::check(&api.tags)
}

operation! {
    /// `GetRestApi`.
    GetRestApi(model::GetRestApiRequest) -> model::RestApi;
    access |asked, scope| [access::get(scope, &["restapis", &asked.rest_api_id])];
    run |given, service, cx| {
        let key = api_key(&cx.scope, &given.rest_api_id);
        shape_of(&service.store.read(move |tx| require_api(tx, &key)).await?)
    }
}

operation! {
    /// `GetRestApis`.
    GetRestApis(model::GetRestApisRequest) -> model::RestApis;
    access |_asked, scope| [access::get(scope, &["restapis"])];
    run |given, service, cx| {
        let page = Page::of(given.position.as_deref(), given.limit)?;
        let key = api_key(&cx.scope, page.after.as_deref().unwrap_or_default());
        let wanted = page.limit + 1;
        let read = move |tx: &weft_store::ReadTx<'_>| {
            let all = APIS.query(&(key.0, key.1.clone())).limit(wanted);
            let rows = if key.2.is_empty() { all.rows(tx)? } else { all.after(&key).rows(tx)? };
            Ok::<_, Error>(rows.into_iter().map(|(_, api)| api).collect::<Vec<_>>())
        };
        let mut items = service.store.read(read).await?;
        let position = page.end(&mut items, |api| api.id.clone());
        let items = items.iter().map(shape_of).collect::<Result<Vec<_>, _>>()?;
        Ok(model::RestApis { position, items: Some(items) })
    }
}

operation! {
    /// `UpdateRestApi`. What requests see of it changes with the next deployment.
    UpdateRestApi(model::UpdateRestApiRequest) -> model::RestApi;
    access |asked, scope| [access::patch(scope, &["restapis", &asked.rest_api_id])];
    run |given, service, cx| {
        let key = api_key(&cx.scope, &given.rest_api_id);
        let patches = given.patch_operations.unwrap_or_default();
        let work = move |tx: &mut WriteTx<'_>| {
            let mut api: RestApi = patch::apply(&require_api(tx, &key)?, &patches, RULES)?;
            check(&mut api)?;
            APIS.insert(tx, &key, &api)?;
            Ok::<_, Error>(api)
        };
        shape_of(&service.store.write(work).await?)
    }
}

operation! {
    /// `DeleteRestApi`: with its stages and deployments.
    DeleteRestApi(model::DeleteRestApiRequest) -> ();
    access |asked, scope| [access::delete(scope, &["restapis", &asked.rest_api_id])];
    run |given, service, cx| {
        let key = api_key(&cx.scope, &given.rest_api_id);
        let work = move |tx: &mut WriteTx<'_>| {
            require_tree(tx, &key)?;
            remove_api(tx, &key)
        };
        service.store.write(work).await?;
        service.refresh(&given.rest_api_id).await
    }
}
