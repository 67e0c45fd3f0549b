//! Reading and changing what is stored of HTTP APIs; stages with `autoDeploy` follow each change.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use weft_model::Shape;
use weft_service::{Context, Error, Once};
use weft_store::{Read, WriteTx};
use weft_types::Timestamp;

use super::records::{APIS, Api, DEPLOYMENTS, Deployment, SNAPSHOTS, STAGES, Snapshot, TREES, Tree};
use crate::ApiGateway;
use crate::control::bridge::{body_of, record_of};
use crate::control::{errors, ids};
use crate::places::PLACES;
use crate::rest::records::ApiKey;
use crate::rest::state::{api_key, part_key};

/// The API, or that there is none.
pub(crate) fn require_api(tx: &impl Read, key: &ApiKey) -> Result<Api, Error> {
    APIS.get(tx, key)?.ok_or_else(|| errors::no_http_api(&key.2))
}

/// The tree of an API, or that there is none.
pub(crate) fn require_tree(tx: &impl Read, key: &ApiKey) -> Result<Tree, Error> {
    TREES.get(tx, key)?.ok_or_else(|| errors::no_http_api(&key.2))
}

/// Takes a copy of an API.
pub(crate) fn deploy(
    tx: &mut WriteTx<'_>,
    key: &ApiKey,
    id: &str,
    description: Option<String>,
    auto: bool,
    now: Timestamp,
) -> Result<Deployment, Error> {
    let snapshot = Snapshot { api: require_api(tx, key)?, tree: require_tree(tx, key)? };
    let deployment = Deployment {
        deployment_id: id.to_owned(),
        description,
        auto_deployed: auto,
        deployment_status: "DEPLOYED".to_owned(),
        created_date: now,
    };
    let own = part_key(key, id);
    DEPLOYMENTS.insert(tx, &own, &deployment)?;
    SNAPSHOTS.insert(tx, &own, &snapshot)?;
    Ok(deployment)
}

/// Deploys to all stages that deploy by themselves. The copies that these showed before go.
pub(crate) fn auto_deploy(tx: &mut WriteTx<'_>, key: &ApiKey, id: &str, now: Timestamp) -> Result<(), Error> {
    let stages = STAGES.query(key).rows(tx)?;
    let (following, others): (Vec<_>, Vec<_>) = stages.into_iter().partition(|(_, stage)| stage.auto_deploy);
    if following.is_empty() {
        return Ok(());
    }
    let description = "Automatic deployment triggered by changes to the Api configuration".to_owned();
    deploy(tx, key, id, Some(description), true, now)?;
    for (own, mut stage) in following {
        let before = stage.deployment_id.replace(id.to_owned());
        stage.last_updated_date = now;
        stage.last_deployment_status_message =
            Some(format!("Successfully deployed stage with deployment ID '{id}'"));
        STAGES.insert(tx, &own, &stage)?;
        let Some(before) = before.filter(|before| before != id) else { continue };
        let at = part_key(key, &before);
        let is_shown = others.iter().any(|(_, stage)| stage.deployment_id.as_ref() == Some(&before));
        if !is_shown && DEPLOYMENTS.get(tx, &at)?.is_some_and(|known| known.auto_deployed) {
            DEPLOYMENTS.remove(tx, &at)?;
            SNAPSHOTS.remove(tx, &at)?;
        }
    }
    Ok(())
}

/// Removes an API and all that belongs to it.
pub(crate) fn remove_api(tx: &mut WriteTx<'_>, key: &ApiKey) -> Result<(), Error> {
    for (stage, _) in STAGES.query(key).rows(tx)? {
        STAGES.remove(tx, &stage)?;
    }
    for (deployment, _) in DEPLOYMENTS.query(key).rows(tx)? {
        DEPLOYMENTS.remove(tx, &deployment)?;
        SNAPSHOTS.remove(tx, &deployment)?;
    }
    TREES.remove(tx, key)?;
    APIS.remove(tx, key)?;
    PLACES.remove(tx, &(key.2.clone(),))?;
    Ok(())
}

/// A record with the members that a request has; all others stay.
pub(crate) fn merged<R: Serialize + DeserializeOwned>(record: &R, changes: &Json) -> Result<R, Error> {
    let mut json = serde_json::to_value(record).map_err(Error::internal)?;
    if let (Some(members), Some(changes)) = (json.as_object_mut(), changes.as_object()) {
        for (name, value) in changes {
            // An empty text takes a member away, as that is how tools say so.
            let gone = value.as_str() == Some("");
            members.insert(name.clone(), if gone { Json::Null } else { value.clone() });
        }
    }
    record_of(json)
}

impl ApiGateway {
    /// Reads something of an API's tree.
    pub(crate) async fn http_tree<T: Send + 'static>(
        &self,
        cx: &Context,
        api: &str,
        read: impl FnOnce(Tree) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let key = api_key(&cx.scope, api);
        self.store.read(move |tx| read(require_tree(tx, &key)?)).await
    }

    /// Changes an API with its tree, in one transaction, and deploys where that goes by itself.
    pub(crate) async fn change_http<T: Send + 'static>(
        &self,
        cx: &Context,
        id: &str,
        change: impl Fn(&mut Api, &mut Tree) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (key, now, deployment) = (api_key(&cx.scope, id), cx.scope.now, ids::http_part());
        let work = move |tx: &mut WriteTx<'_>| {
            let (mut api, mut tree) = (require_api(tx, &key)?, require_tree(tx, &key)?);
            let result = change(&mut api, &mut tree)?;
            APIS.insert(tx, &key, &api)?;
            TREES.insert(tx, &key, &tree)?;
            auto_deploy(tx, &key, &deployment, now)?;
            Ok::<T, Error>(result)
        };
        let result = self.store.write(work).await?;
        self.refresh(id).await?;
        Ok(result)
    }
}

impl ApiGateway {
    /// Adds something to an API, once for each step of a plan: `find` has it by the id that `make` gives with it.
    pub(crate) async fn make_in_http<T: Send + 'static>(
        &self,
        cx: &Context,
        api: &str,
        find: impl Fn(&mut Tree, &str) -> Option<T> + Send + 'static,
        make: impl Fn(&mut Tree) -> Result<(String, T), Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (key, now, deployment) = (api_key(&cx.scope, api), cx.scope.now, ids::http_part());
        let once = Once::of(cx);
        let work = move |tx: &mut WriteTx<'_>| {
            once.make(
                tx,
                |tx, id| Ok::<_, Error>(find(&mut require_tree(tx, &key)?, id)),
                |tx| {
                    let mut tree = require_tree(tx, &key)?;
                    let result = make(&mut tree)?;
                    TREES.insert(tx, &key, &tree)?;
                    auto_deploy(tx, &key, &deployment, now)?;
                    Ok(result)
                },
            )
        };
        let result = self.store.write(work).await?;
        self.refresh(api).await?;
        Ok(result)
    }
}

/// A request's body as a new record.
pub(crate) fn new_record<R: DeserializeOwned>(input: impl Shape) -> Result<R, Error> {
    record_of(body_of(input))
}
