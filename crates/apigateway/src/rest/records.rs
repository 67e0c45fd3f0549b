//! What the store holds of REST APIs. Members have the names that they have on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weft_store::{Record, Table};
use weft_types::Timestamp;

/// Account, region, API.
pub(crate) type ApiKey = (u64, String, String);
/// Account, region, API, and the name or id of what belongs to it.
pub(crate) type PartKey = (u64, String, String, String);

pub(crate) const APIS: Table<ApiKey, RestApi> = Table::new("rest-apis");
/// Resources with their methods and all else that a deployment takes a copy of.
pub(crate) const TREES: Table<ApiKey, Tree> = Table::new("rest-trees");
pub(crate) const STAGES: Table<PartKey, Stage> = Table::new("rest-stages");
pub(crate) const DEPLOYMENTS: Table<PartKey, Deployment> = Table::new("rest-deployments");
/// The copies, which nothing changes.
pub(crate) const SNAPSHOTS: Table<PartKey, Snapshot> = Table::new("rest-snapshots");
pub(crate) const ACCOUNTS: Table<(u64, String), Account> = Table::new("rest-accounts");

type Texts = BTreeMap<String, String>;

/// An API without its resources.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RestApi {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    pub(crate) created_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) warnings: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) binary_media_types: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) minimum_compression_size: Option<i32>,
    pub(crate) api_key_source: String,
    pub(crate) endpoint_configuration: EndpointConfiguration,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<String>,
    pub(crate) tags: Texts,
    pub(crate) disable_execute_api_endpoint: bool,
    pub(crate) root_resource_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) security_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint_access_mode: Option<String>,
}

impl Record for RestApi {}

/// Where an API is reached. One machine has one kind of endpoint; what was asked for is kept as it was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EndpointConfiguration {
    pub(crate) types: Vec<String>,
    pub(crate) ip_address_type: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) vpc_endpoint_ids: Vec<String>,
}

impl Default for EndpointConfiguration {
    fn default() -> Self {
        Self {
            types: vec!["EDGE".to_owned()],
            ip_address_type: "ipv4".to_owned(),
            vpc_endpoint_ids: Vec::new(),
        }
    }
}

/// What a deployment takes a copy of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tree {
    /// By id.
    pub(crate) resources: BTreeMap<String, Resource>,
    /// By id.
    pub(crate) authorizers: BTreeMap<String, Authorizer>,
    /// By name.
    pub(crate) models: BTreeMap<String, Model>,
    /// By id.
    pub(crate) validators: BTreeMap<String, RequestValidator>,
    /// By type.
    pub(crate) gateway_responses: BTreeMap<String, GatewayResponse>,
}

impl Record for Tree {}

/// A resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Resource {
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path_part: Option<String>,
    pub(crate) path: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) resource_methods: BTreeMap<String, Method>,
}

/// A method of a resource.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Method {
    pub(crate) http_method: String,
    pub(crate) authorization_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authorizer_id: Option<String>,
    pub(crate) api_key_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_validator_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operation_name: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) request_parameters: BTreeMap<String, bool>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) request_models: Texts,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) method_responses: BTreeMap<String, MethodResponse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) method_integration: Option<Integration>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) authorization_scopes: Vec<String>,
}

/// What a method may answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MethodResponse {
    pub(crate) status_code: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) response_parameters: BTreeMap<String, bool>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) response_models: Texts,
}

/// What stands behind a method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Integration {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connection_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connection_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credentials: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) request_parameters: Texts,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) request_templates: Texts,
    pub(crate) passthrough_behavior: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_handling: Option<String>,
    pub(crate) timeout_in_millis: i32,
    pub(crate) cache_namespace: String,
    pub(crate) cache_key_parameters: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) integration_responses: BTreeMap<String, IntegrationResponse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_transfer_mode: Option<String>,
}

/// How an answer of what stands behind becomes one of the method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct IntegrationResponse {
    pub(crate) status_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) selection_pattern: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) response_parameters: Texts,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) response_templates: Texts,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) content_handling: Option<String>,
}

/// Who decides about callers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Authorizer {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authorizer_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authorizer_credentials: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity_source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity_validation_expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authorizer_result_ttl_in_seconds: Option<i32>,
}

/// What a body must look like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Model {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<String>,
    pub(crate) content_type: String,
}

/// What of a request is checked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RequestValidator {
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    pub(crate) validate_request_body: bool,
    pub(crate) validate_request_parameters: bool,
}

/// How the gateway itself answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GatewayResponse {
    pub(crate) response_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status_code: Option<String>,
    pub(crate) response_parameters: Texts,
    pub(crate) response_templates: Texts,
    pub(crate) default_response: bool,
}

/// A deployment, without its copy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    pub(crate) created_date: Timestamp,
}

impl Record for Deployment {}

/// The copy that a deployment took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) api: RestApi,
    pub(crate) tree: Tree,
}

impl Record for Snapshot {}

/// A stage: a name under which a deployment is reached.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Stage {
    pub(crate) deployment_id: String,
    pub(crate) stage_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    pub(crate) cache_cluster_enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_cluster_size: Option<String>,
    pub(crate) cache_cluster_status: String,
    pub(crate) method_settings: BTreeMap<String, MethodSetting>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) variables: Texts,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) documentation_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_log_settings: Option<AccessLogSettings>,
    pub(crate) tracing_enabled: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tags: Texts,
    pub(crate) created_date: Timestamp,
    pub(crate) last_updated_date: Timestamp,
}

impl Record for Stage {}

/// Settings of a stage's methods; the key is `resource/path/METHOD`, or `*/*` for all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MethodSetting {
    pub(crate) metrics_enabled: bool,
    pub(crate) logging_level: String,
    pub(crate) data_trace_enabled: bool,
    pub(crate) throttling_burst_limit: i32,
    pub(crate) throttling_rate_limit: f64,
    pub(crate) caching_enabled: bool,
    pub(crate) cache_ttl_in_seconds: i32,
    pub(crate) cache_data_encrypted: bool,
    pub(crate) require_authorization_for_cache_control: bool,
    pub(crate) unauthorized_cache_control_header_strategy: String,
}

impl Default for MethodSetting {
    fn default() -> Self {
        Self {
            metrics_enabled: false,
            logging_level: "OFF".to_owned(),
            data_trace_enabled: false,
            throttling_burst_limit: 5000,
            throttling_rate_limit: 10_000.0,
            caching_enabled: false,
            cache_ttl_in_seconds: 300,
            cache_data_encrypted: false,
            require_authorization_for_cache_control: true,
            unauthorized_cache_control_header_strategy: "SUCCEED_WITH_RESPONSE_HEADER".to_owned(),
        }
    }
}

/// Where a stage's requests are logged, and as what.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AccessLogSettings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) destination_arn: Option<String>,
}

/// Settings of an account in a region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Account {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cloudwatch_role_arn: Option<String>,
}

impl Record for Account {}
