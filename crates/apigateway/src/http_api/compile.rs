//! An HTTP API, ready to answer requests.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use weft_service::Error;
use weft_store::Read;

use super::records::{Api, Authorizer, Integration, Route, SNAPSHOTS, STAGES, Snapshot, Stage};
use crate::data::cache::Cache;
use crate::data::log::{Format, group_of};
use crate::data::throttle::Bucket;
use crate::data::verdict::Said;
use crate::http_api::jwt::Keys;
use crate::http_api::ops::routes::parts;
use crate::places::Place;
use crate::rest::compile::LiveLog;
use crate::rest::matcher::{Matcher, Variables};
use crate::rest::records::ApiKey;
use crate::rest::state::part_key;

/// What is stored of an API that has stages.
pub(crate) struct Stored(Vec<(Stage, Snapshot)>);

impl Stored {
    /// Reads it; a stage without a deployment shows nothing.
    pub(crate) fn read(tx: &impl Read, key: &ApiKey) -> Result<Option<Self>, Error> {
        let mut stages = Vec::new();
        for (_, stage) in STAGES.query(key).rows(tx)? {
            let Some(id) = stage.deployment_id.clone() else { continue };
            if let Some(snapshot) = SNAPSHOTS.get(tx, &part_key(key, &id))? {
                stages.push((stage, snapshot));
            }
        }
        Ok(Some(Self(stages)))
    }
}

/// An API with its stages, by name.
#[derive(Debug)]
pub(crate) struct LiveApi {
    pub(crate) stages: HashMap<String, Arc<LiveStage>>,
}

/// A stage with its deployment.
#[derive(Debug)]
pub(crate) struct LiveStage {
    pub(crate) place: Place,
    pub(crate) api: Api,
    pub(crate) stage: Stage,
    matcher: Matcher,
    routes: Vec<Arc<LiveRoute>>,
    default: Option<Arc<LiveRoute>>,
    pub(crate) authorizers: HashMap<String, LiveAuthorizer>,
    pub(crate) log: Option<LiveLog>,
}

/// A route with what stands behind it.
#[derive(Debug)]
pub(crate) struct LiveRoute {
    pub(crate) route: Route,
    pub(crate) integration: Option<Integration>,
    pub(crate) bucket: Bucket,
}

/// An authorizer with what it has said, and the keys of its issuer.
#[derive(Debug)]
pub(crate) struct LiveAuthorizer {
    pub(crate) record: Authorizer,
    pub(crate) ttl: Duration,
    pub(crate) said: Cache<Arc<Answer>>,
    pub(crate) keys: Keys,
}

/// What an authorizer function said.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Yes or no, and what it tells those behind the route.
    Simple(bool, serde_json::Map<String, serde_json::Value>),
    /// A policy.
    Policy(Said),
}

impl LiveApi {
    /// Compiles an API.
    pub(crate) fn new(place: &Place, stored: Stored) -> Self {
        let stages = stored.0.into_iter().map(|(stage, snapshot)| {
            (stage.stage_name.clone(), Arc::new(LiveStage::new(place.clone(), stage, snapshot)))
        });
        Self { stages: stages.collect() }
    }
}

impl LiveStage {
    fn new(place: Place, stage: Stage, snapshot: Snapshot) -> Self {
        let Snapshot { api, tree } = snapshot;
        let integration = |route: &Route| {
            let id = route.target.as_deref()?.strip_prefix("integrations/")?;
            tree.integrations.get(id).cloned()
        };
        let live = |route: &Route| {
            Arc::new(LiveRoute {
                integration: integration(route),
                bucket: bucket(&stage, &route.route_key),
                route: route.clone(),
            })
        };
        let (default, routes): (Vec<_>, Vec<_>) =
            tree.routes.values().partition(|route| route.route_key == "$default");
        let routes: Vec<Arc<LiveRoute>> = routes.into_iter().map(live).collect();
        let keys = routes.iter().enumerate().filter_map(|(number, live)| {
            let (method, path) = parts(&live.route.route_key)?;
            Some((path, method, number))
        });
        Self {
            matcher: Matcher::new(keys),
            default: default.first().map(|route| live(route)),
            authorizers: tree
                .authorizers
                .iter()
                .map(|(id, record)| (id.clone(), LiveAuthorizer::new(record.clone())))
                .collect(),
            log: log(&api.api_id, &stage),
            routes,
            place,
            api,
            stage,
        }
    }

    /// The route that a request means, and the variables of its path.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<(Arc<LiveRoute>, Variables)> {
        match self.matcher.find(method, path) {
            Some(found) => Some((Arc::clone(&self.routes[found.number]), found.variables)),
            None => self.default.clone().map(|route| (route, Vec::new())),
        }
    }
}

impl LiveAuthorizer {
    fn new(record: Authorizer) -> Self {
        let seconds = record.authorizer_result_ttl_in_seconds.unwrap_or(0);
        let ttl = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        Self { record, ttl, said: Cache::default(), keys: Keys::default() }
    }
}

fn bucket(stage: &Stage, key: &str) -> Bucket {
    let default = &stage.default_route_settings;
    let own = stage.route_settings.get(key).unwrap_or(default);
    let rate = own.throttling_rate_limit.or(default.throttling_rate_limit).unwrap_or(10_000.0);
    let burst = own.throttling_burst_limit.or(default.throttling_burst_limit).unwrap_or(5000);
    Bucket::new(rate, burst)
}

fn log(api: &str, stage: &Stage) -> Option<LiveLog> {
    let settings = stage.access_log_settings.as_ref()?;
    let format = Format::parse(settings.format.as_deref()?).ok()?;
    let group = group_of(settings.destination_arn.as_deref()?)?.to_owned();
    let name = stage.stage_name.trim_start_matches('$');
    Some(LiveLog { format, group, stream: format!("{api}/{name}") })
}
