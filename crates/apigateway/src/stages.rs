//! Compiled stages, behind a pointer that is swapped after each change.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::Response;
use tokio::sync::Mutex;
use weft_net::Body;
use weft_service::execute_api::{ExecuteApis, ExecuteCall};
use weft_service::{BoxFuture, Error};
use weft_store::ReadTx;

use crate::ApiGateway;
use crate::data::request::Incoming;
use crate::http_api;
use crate::places::{PLACES, Place};
use crate::rest;
use crate::rest::serve::forbidden;

/// All APIs that requests came to, ready to answer more.
#[derive(Default)]
pub(crate) struct Live {
    apis: ArcSwap<imbl::HashMap<String, Arc<LiveApi>>>,
    /// One change at a time, so that none overtakes another.
    changing: Mutex<()>,
}

/// An API with its stages, by name.
pub(crate) enum LiveApi {
    Rest(Place, HashMap<String, Arc<rest::compile::LiveStage>>),
    Http(Place, Arc<http_api::compile::LiveApi>),
}

enum Stored {
    Rest(Place, Vec<(rest::records::Stage, rest::records::Snapshot)>),
    Http(Place, http_api::compile::Stored),
}

impl LiveApi {
    fn place(&self) -> &Place {
        match self {
            Self::Rest(place, _) | Self::Http(place, _) => place,
        }
    }
}

fn read(tx: &ReadTx<'_>, id: &str) -> Result<Option<Stored>, Error> {
    let Some(place) = PLACES.get(tx, &(id,))? else { return Ok(None) };
    let key = (place.account.as_u64(), place.region.as_str().to_owned(), id.to_owned());
    if place.http {
        let stored = http_api::compile::Stored::read(tx, &key)?;
        return Ok(stored.map(|stored| Stored::Http(place, stored)));
    }
    let mut stages = Vec::new();
    for (_, stage) in rest::records::STAGES.query(&key).rows(tx)? {
        let own = rest::state::part_key(&key, &stage.deployment_id);
        if let Some(snapshot) = rest::records::SNAPSHOTS.get(tx, &own)? {
            stages.push((stage, snapshot));
        }
    }
    Ok(Some(Stored::Rest(place, stages)))
}

impl ApiGateway {
    /// Makes requests see an API as it is stored now.
    pub(crate) async fn refresh(&self, id: &str) -> Result<(), Error> {
        self.load(id).await.map(drop)
    }

    async fn load(&self, id: &str) -> Result<Option<Arc<LiveApi>>, Error> {
        let _one = self.live.changing.lock().await;
        let wanted = id.to_owned();
        let stored = self.store.read(move |tx| read(tx, &wanted)).await?;
        let live = stored.map(|stored| {
            Arc::new(match stored {
                Stored::Http(place, stored) => {
                    let api = http_api::compile::LiveApi::new(&place, stored);
                    LiveApi::Http(place, Arc::new(api))
                }
                Stored::Rest(place, stages) => {
                    let compiled = stages.into_iter().map(|(stage, snapshot)| {
                        let name = stage.stage_name.clone();
                        (name, Arc::new(rest::compile::LiveStage::new(place.clone(), stage, snapshot)))
                    });
                    LiveApi::Rest(place.clone(), compiled.collect())
                }
            })
        });
        let mut apis = imbl::HashMap::clone(&self.live.apis.load());
        match &live {
            Some(live) => apis.insert(id.to_owned(), Arc::clone(live)),
            None => apis.remove(id),
        };
        self.live.apis.store(Arc::new(apis));
        Ok(live)
    }

    async fn live(&self, id: &str) -> Result<Option<Arc<LiveApi>>, Error> {
        if let Some(live) = self.live.apis.load().get(id) {
            return Ok(Some(Arc::clone(live)));
        }
        // Whoever asks for what is not there makes nobody wait.
        let wanted = id.to_owned();
        let is_there =
            self.store.read(move |tx| Ok::<_, Error>(PLACES.get(tx, &(wanted,))?.is_some())).await?;
        if is_there { self.load(id).await } else { Ok(None) }
    }

    async fn answer(&self, call: ExecuteCall) -> Response<Body> {
        let now = self.clock.now();
        let live = match self.live(&call.api).await {
            Ok(Some(live)) => live,
            Ok(None) => return forbidden(),
            Err(error) => {
                tracing::error!(api = call.api, %error, "an API cannot be read");
                return weft_net::text(
                    http::StatusCode::SERVICE_UNAVAILABLE,
                    r#"{"message":"Service Unavailable"}"#,
                );
            }
        };
        let region = live.place().region.as_str();
        if call.region.as_deref().is_some_and(|asked| asked != region) {
            return forbidden();
        }
        match &*live {
            LiveApi::Rest(_, stages) => {
                let (stage, path) = match call.stage.clone() {
                    Some(stage) => (stage, call.path_and_query.clone()),
                    None => split_stage(&call.path_and_query),
                };
                let Some(stage) = stages.get(&stage).cloned() else { return forbidden() };
                let incoming = Incoming::new(call, &path, now);
                self.serve_rest(&stage, &incoming).await
            }
            LiveApi::Http(_, api) => self.serve_http(api, call, now).await,
        }
    }
}

/// The first part of a path, and what is left.
pub(crate) fn split_stage(path_and_query: &str) -> (String, String) {
    let trimmed = path_and_query.strip_prefix('/').unwrap_or(path_and_query);
    let end = trimmed.find(['/', '?']).unwrap_or(trimmed.len());
    let rest = &trimmed[end..];
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    (crate::data::request::decoded(&trimmed[..end]), rest)
}

impl ExecuteApis for ApiGateway {
    fn execute(&self, call: ExecuteCall) -> BoxFuture<'_, Response<Body>> {
        Box::pin(self.answer(call))
    }
}

#[cfg(test)]
mod tests {
    use super::split_stage;

    #[test]
    fn the_first_part_of_a_path_is_the_stage() {
        let check = |path: &str, stage: &str, rest: &str| {
            assert_eq!(split_stage(path), (stage.to_owned(), rest.to_owned()), "{path}");
        };
        check("/prod/pets?a=b", "prod", "/pets?a=b");
        check("/prod", "prod", "/");
        check("/prod?a", "prod", "/?a");
        check("/prod/", "prod", "/");
        check("/", "", "/");
        check("/%24default/x", "$default", "/x");
    }
}
