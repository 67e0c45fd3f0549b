//! Reading and changing what is stored of REST APIs.

use weft_service::{Context, Error, Once, Scope};
use weft_store::{Read, WriteTx};

use super::records::{APIS, ApiKey, DEPLOYMENTS, PartKey, RestApi, SNAPSHOTS, STAGES, TREES, Tree};
use crate::ApiGateway;
use crate::control::errors;
use crate::places::PLACES;

/// The key of an API of this account and region.
pub(crate) fn api_key(scope: &Scope, id: &str) -> ApiKey {
    (scope.account.as_u64(), scope.region.as_str().to_owned(), id.to_owned())
}

/// The key of what belongs to an API.
pub(crate) fn part_key(key: &ApiKey, part: &str) -> PartKey {
    (key.0, key.1.clone(), key.2.clone(), part.to_owned())
}

/// The API, or that there is none.
pub(crate) fn require_api(tx: &impl Read, key: &ApiKey) -> Result<RestApi, Error> {
    APIS.get(tx, key)?.ok_or_else(errors::no_api)
}

/// The tree of an API, or that there is none.
pub(crate) fn require_tree(tx: &impl Read, key: &ApiKey) -> Result<Tree, Error> {
    TREES.get(tx, key)?.ok_or_else(errors::no_api)
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

impl ApiGateway {
    /// Reads something of an API's tree.
    pub(crate) async fn tree<T: Send + 'static>(
        &self,
        cx: &Context,
        api: &str,
        read: impl FnOnce(Tree) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let key = api_key(&cx.scope, api);
        self.store.read(move |tx| read(require_tree(tx, &key)?)).await
    }

    /// Adds something to an API's tree, once for each step of a plan: `find` has it by the name or id that `make` gives with it.
    pub(crate) async fn make_in_tree<T: Send + 'static>(
        &self,
        cx: &Context,
        api: &str,
        find: impl Fn(&mut Tree, &str) -> Option<T> + Send + 'static,
        make: impl Fn(&mut Tree) -> Result<(String, T), Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (key, once) = (api_key(&cx.scope, api), Once::of(cx));
        let work = move |tx: &mut WriteTx<'_>| {
            once.make(
                tx,
                |tx, id| Ok::<_, Error>(find(&mut require_tree(tx, &key)?, id)),
                |tx| {
                    let mut tree = require_tree(tx, &key)?;
                    let result = make(&mut tree)?;
                    TREES.insert(tx, &key, &tree)?;
                    Ok(result)
                },
            )
        };
        self.store.write(work).await
    }

    /// Changes an API's tree, in one transaction.
    pub(crate) async fn change_tree<T: Send + 'static>(
        &self,
        cx: &Context,
        api: &str,
        change: impl Fn(&mut Tree) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let key = api_key(&cx.scope, api);
        let work = move |tx: &mut WriteTx<'_>| {
            let mut tree = require_tree(tx, &key)?;
            let result = change(&mut tree)?;
            TREES.insert(tx, &key, &tree)?;
            Ok(result)
        };
        self.store.write(work).await
    }
}
