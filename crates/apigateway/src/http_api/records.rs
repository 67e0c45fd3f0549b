//! What the store holds of HTTP APIs. Members have the names that they have on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weft_store::{Record, Table};
use weft_types::Timestamp;

use crate::rest::records::{AccessLogSettings, ApiKey, PartKey};

pub(crate) const APIS: Table<ApiKey, Api> = Table::new("http-apis");
pub(crate) const TREES: Table<ApiKey, Tree> = Table::new("http-trees");
pub(crate) const STAGES: Table<PartKey, Stage> = Table::new("http-stages");
pub(crate) const DEPLOYMENTS: Table<PartKey, Deployment> = Table::new("http-deployments");
/// The copies that deployments took.
pub(crate) const SNAPSHOTS: Table<PartKey, Snapshot> = Table::new("http-snapshots");

type Texts = BTreeMap<String, String>;

macro_rules! record {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        #[allow(clippy::struct_field_names, reason = "members have the names that they have on the wire")]
        pub(crate) struct $name { $($(#[$of])* pub(crate) $field: $type,)* }
    };
}

record! {
    /// An API without its routes.
    Api {
        api_id: String,
        name: String,
        protocol_type: String,
        route_selection_expression: String,
        api_key_selection_expression: String,
        ip_address_type: String,
        description: Option<String>,
        version: Option<String>,
        cors_configuration: Option<Cors>,
        disable_execute_api_endpoint: bool,
        tags: Texts,
        created_date: Timestamp,
        import_info: Option<Vec<String>>,
        warnings: Option<Vec<String>>,
    }
}

impl Record for Api {}

record! {
    /// What browsers may do from other sites.
    Cors {
        allow_credentials: Option<bool>,
        allow_headers: Vec<String>,
        allow_methods: Vec<String>,
        allow_origins: Vec<String>,
        expose_headers: Vec<String>,
        max_age: Option<i32>,
    }
}

/// What a deployment takes a copy of; all by id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tree {
    pub(crate) routes: BTreeMap<String, Route>,
    pub(crate) integrations: BTreeMap<String, Integration>,
    pub(crate) authorizers: BTreeMap<String, Authorizer>,
}

impl Record for Tree {}

record! {
    /// A route.
    Route {
        route_id: String,
        route_key: String,
        api_gateway_managed: Option<bool>,
        api_key_required: bool,
        authorization_scopes: Option<Vec<String>>,
        authorization_type: String,
        authorizer_id: Option<String>,
        operation_name: Option<String>,
        target: Option<String>,
    }
}

record! {
    /// What stands behind routes.
    Integration {
        integration_id: String,
        api_gateway_managed: Option<bool>,
        integration_type: String,
        integration_subtype: Option<String>,
        integration_method: Option<String>,
        integration_uri: Option<String>,
        connection_type: String,
        connection_id: Option<String>,
        credentials_arn: Option<String>,
        description: Option<String>,
        payload_format_version: String,
        request_parameters: Option<Texts>,
        response_parameters: Option<BTreeMap<String, Texts>>,
        timeout_in_millis: i32,
    }
}

record! {
    /// Who decides about callers.
    Authorizer {
        authorizer_id: String,
        name: String,
        authorizer_type: String,
        authorizer_uri: Option<String>,
        authorizer_credentials_arn: Option<String>,
        authorizer_payload_format_version: Option<String>,
        authorizer_result_ttl_in_seconds: Option<i32>,
        enable_simple_responses: Option<bool>,
        identity_source: Vec<String>,
        identity_validation_expression: Option<String>,
        jwt_configuration: Option<JwtConfiguration>,
    }
}

record! {
    /// Whose tokens are believed, and for whom they must be.
    JwtConfiguration {
        audience: Vec<String>,
        issuer: Option<String>,
    }
}

record! {
    /// A deployment, without its copy.
    Deployment {
        deployment_id: String,
        description: Option<String>,
        auto_deployed: bool,
        deployment_status: String,
        created_date: Timestamp,
    }
}

impl Record for Deployment {}

/// The copy that a deployment took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) api: Api,
    pub(crate) tree: Tree,
}

impl Record for Snapshot {}

record! {
    /// A stage.
    Stage {
        stage_name: String,
        api_gateway_managed: Option<bool>,
        auto_deploy: bool,
        deployment_id: Option<String>,
        description: Option<String>,
        access_log_settings: Option<AccessLogSettings>,
        default_route_settings: RouteSettings,
        route_settings: BTreeMap<String, RouteSettings>,
        stage_variables: Texts,
        tags: Texts,
        created_date: Timestamp,
        last_updated_date: Timestamp,
        last_deployment_status_message: Option<String>,
    }
}

impl Record for Stage {}

record! {
    /// Settings of a route.
    RouteSettings {
        data_trace_enabled: Option<bool>,
        detailed_metrics_enabled: bool,
        logging_level: Option<String>,
        throttling_burst_limit: Option<i32>,
        throttling_rate_limit: Option<f64>,
    }
}
