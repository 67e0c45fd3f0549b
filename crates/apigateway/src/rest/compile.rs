//! A stage, ready to answer requests: all that can be worked out before they come.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use regex::{Regex, RegexBuilder};
use weft_policy::Policy;

use super::matcher::{Matcher, Variables};
use super::records::{
    Authorizer, GatewayResponse, Integration, IntegrationResponse, Method, MethodSetting, RestApi, Snapshot,
    Stage,
};
use crate::data::cache::Cache;
use crate::data::log::{Format, group_of};
use crate::data::schema::{Models, Schema};
use crate::data::throttle::Bucket;
use crate::data::verdict::{Said, execute_arn};
use crate::places::Place;
use crate::vtl::Template;

/// A stage with its deployment.
#[derive(Debug)]
pub(crate) struct LiveStage {
    pub(crate) place: Place,
    pub(crate) api: RestApi,
    pub(crate) stage: Stage,
    matcher: Matcher,
    resources: Vec<LiveResource>,
    pub(crate) authorizers: HashMap<String, LiveAuthorizer>,
    pub(crate) models: Models,
    pub(crate) gateway_responses: BTreeMap<String, GatewayResponse>,
    /// What the API's own policy says. An error where it cannot be read: then nobody gets in.
    pub(crate) policy: Result<Option<Policy>, ()>,
    pub(crate) log: Option<LiveLog>,
}

#[derive(Debug)]
struct LiveResource {
    id: String,
    path: String,
    methods: HashMap<String, Arc<LiveMethod>>,
}

/// A method with what stands behind it.
#[derive(Debug)]
pub(crate) struct LiveMethod {
    pub(crate) resource_id: String,
    pub(crate) resource_path: String,
    pub(crate) method: Method,
    pub(crate) integration: Integration,
    /// By content type.
    pub(crate) request_templates: Vec<(String, Template)>,
    pub(crate) responses: Vec<LiveResponse>,
    pub(crate) check_body: bool,
    pub(crate) check_parameters: bool,
    pub(crate) bucket: Bucket,
}

/// How answers become the method's.
#[derive(Debug)]
pub(crate) struct LiveResponse {
    pub(crate) record: IntegrationResponse,
    /// None where it is for all that no other is for.
    pub(crate) pattern: Option<Regex>,
    pub(crate) templates: Vec<(String, Template)>,
}

/// An authorizer with what it has said.
#[derive(Debug)]
pub(crate) struct LiveAuthorizer {
    pub(crate) record: Authorizer,
    pub(crate) validation: Option<Regex>,
    pub(crate) ttl: Duration,
    pub(crate) said: Cache<Arc<Said>>,
}

/// Where requests are logged.
#[derive(Debug)]
pub(crate) struct LiveLog {
    pub(crate) format: Format,
    pub(crate) group: String,
    pub(crate) stream: String,
}

impl LiveStage {
    /// Compiles a stage.
    pub(crate) fn new(place: Place, stage: Stage, snapshot: Snapshot) -> Self {
        let Snapshot { api, tree } = snapshot;
        let mut resources = Vec::new();
        for resource in tree.resources.values() {
            let methods = resource.resource_methods.iter().filter_map(|(name, method)| {
                let validator = method.request_validator_id.as_ref().and_then(|id| tree.validators.get(id));
                let live = LiveMethod {
                    resource_id: resource.id.clone(),
                    resource_path: resource.path.clone(),
                    method: method.clone(),
                    integration: method.method_integration.clone()?,
                    request_templates: templates(&method.method_integration.as_ref()?.request_templates),
                    responses: responses(method.method_integration.as_ref()?),
                    check_body: validator.is_some_and(|one| one.validate_request_body),
                    check_parameters: validator.is_some_and(|one| one.validate_request_parameters),
                    bucket: bucket(&stage, &resource.path, name),
                };
                Some((name.clone(), Arc::new(live)))
            });
            let methods: HashMap<_, _> = methods.collect();
            if !methods.is_empty() {
                let (id, path) = (resource.id.clone(), resource.path.clone());
                resources.push(LiveResource { id, path, methods });
            }
        }
        let paths = resources.iter().enumerate().map(|(number, one)| (one.path.as_str(), "ANY", number));
        let models = tree.models.iter().filter_map(|(name, model)| {
            let json = serde_json::from_str(model.schema.as_deref()?).ok()?;
            Some((name.clone(), Schema::compile(&json).ok()?))
        });
        let authorizers = tree.authorizers.into_iter().map(|(id, one)| (id, LiveAuthorizer::new(one)));
        Self {
            matcher: Matcher::new(paths),
            models: models.collect(),
            authorizers: authorizers.collect(),
            gateway_responses: tree.gateway_responses,
            policy: policy(&place, &api),
            log: log(&api.id, &stage),
            resources,
            place,
            api,
            stage,
        }
    }

    /// The method that a request means, and the variables of its path.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<(Arc<LiveMethod>, Variables)> {
        let matched = self.matcher.find("ANY", path)?;
        let resource = &self.resources[matched.number];
        let found = resource.methods.get(method).or_else(|| resource.methods.get("ANY"))?;
        debug_assert_eq!(resource.id, found.resource_id);
        Some((Arc::clone(found), matched.variables))
    }
}

impl LiveAuthorizer {
    fn new(record: Authorizer) -> Self {
        let validation = record.identity_validation_expression.as_deref().and_then(whole);
        // Five minutes where nobody says otherwise.
        let seconds = record.authorizer_result_ttl_in_seconds.unwrap_or(300);
        let ttl = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        Self { record, validation, ttl, said: Cache::default() }
    }
}

/// A pattern that has to fit the whole text.
pub(crate) fn whole(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 20).build().ok()
}

/// Templates by content type. One whose syntax was wrong was refused before.
fn templates(texts: &BTreeMap<String, String>) -> Vec<(String, Template)> {
    texts.iter().filter_map(|(kind, text)| Some((kind.clone(), Template::parse(text).ok()?))).collect()
}

fn responses(integration: &Integration) -> Vec<LiveResponse> {
    let all = integration.integration_responses.values();
    all.map(|record| LiveResponse {
        pattern: record.selection_pattern.as_deref().filter(|text| !text.is_empty()).and_then(whole),
        templates: templates(&record.response_templates),
        record: record.clone(),
    })
    .collect()
}

/// A policy of an API may name the API's own methods in short: `execute-api:/stage/METHOD/path`.
pub(crate) fn with_whole_arns(policy: &str, arn: &str) -> String {
    policy.replace("\"execute-api:/", &format!("\"{arn}"))
}

/// The rate of a method: its own, or that of all.
fn bucket(stage: &Stage, path: &str, method: &str) -> Bucket {
    let own = format!("{}/{method}", path.trim_start_matches('/'));
    let settings = &stage.method_settings;
    let default = MethodSetting::default();
    let setting = settings.get(&own).or_else(|| settings.get("*/*")).unwrap_or(&default);
    Bucket::new(setting.throttling_rate_limit, setting.throttling_burst_limit)
}

fn policy(place: &Place, api: &RestApi) -> Result<Option<Policy>, ()> {
    let Some(text) = &api.policy else { return Ok(None) };
    let text = with_whole_arns(text, &execute_arn(place, &api.id, ""));
    Policy::parse(&text).map(Some).map_err(|error| {
        tracing::error!(%error, "the policy of an API cannot be read");
    })
}

fn log(api: &str, stage: &Stage) -> Option<LiveLog> {
    let settings = stage.access_log_settings.as_ref()?;
    let format = Format::parse(settings.format.as_deref()?).ok()?;
    let group = group_of(settings.destination_arn.as_deref()?)?.to_owned();
    Some(LiveLog { format, group, stream: format!("{api}/{}", stage.stage_name) })
}
