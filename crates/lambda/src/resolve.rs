//! From a function's name and qualifier to what runs, through memory.

use std::sync::Arc;

use weft_policy::Policy;
use weft_service::workload::Revision;
use weft_service::{BoxFuture, Error, Tags};

use crate::alias::Alias;
use crate::cache::Known;
use crate::function::Whole;
use crate::name::{FunctionKey, FunctionRef};
use crate::settings::why_not_here;
use crate::version::{Qualifier, VersionId};
use crate::{Lambda, errors};

/// What takes a request.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The version, as `ExecutedVersion` shows it.
    pub(crate) version: VersionId,
    /// What the workers run.
    pub(crate) revision: Arc<Revision>,
    /// What holds for all versions of the function.
    pub(crate) whole: Arc<Whole>,
    /// Workers that are kept for the version.
    pub(crate) provisioned: u32,
}

impl Lambda {
    /// What takes a request for a function, or AWS's error. Reads memory alone where the function is known there. An
    /// alias that shares requests between two versions draws one of them.
    pub(crate) async fn resolve(&self, function: &FunctionRef) -> Result<Target, Error> {
        let version = match function.target() {
            Qualifier::Version(version) => Some(version),
            Qualifier::Alias(name) => self.alias(&function.key, &name).await?.map(|alias| draw(&alias)),
        };
        let target = match version {
            Some(version) => self.at_version(&function.key, version).await?,
            None => None,
        };
        target.ok_or_else(|| errors::function_not_found(&function.arn()))
    }

    /// A version of a function, where it is there.
    pub(crate) async fn at_version(
        &self,
        key: &FunctionKey,
        version: VersionId,
    ) -> Result<Option<Target>, Error> {
        let of = |known: &Known| known.versions.get(&version).cloned();
        self.through_cache(
            key,
            of,
            || Box::pin(self.load(key, version)),
            |known, target| {
                known.versions.insert(version, target.clone());
            },
        )
        .await
    }

    /// An alias, where it is there.
    pub(crate) async fn alias(&self, key: &FunctionKey, name: &str) -> Result<Option<Arc<Alias>>, Error> {
        let of = |known: &Known| known.aliases.get(name).cloned();
        self.through_cache(
            key,
            of,
            || Box::pin(self.load_alias(key, name)),
            |known, alias| {
                known.aliases.insert(name.to_owned(), Arc::clone(alias));
            },
        )
        .await
    }

    /// The policy of a function (no qualifier), of a version or of an alias, by which callers that its account's own
    /// policies do not cover may use it. The function must be there.
    pub(crate) async fn resource_policy(&self, function: &FunctionRef) -> Result<Option<Arc<Policy>>, Error> {
        let qualifier = function.policy_qualifier();
        let of = |known: &Known| known.policies.get(qualifier).cloned();
        let load = || Box::pin(self.load_policy(function)) as BoxFuture<'_, _>;
        let found = self.through_cache(&function.key, of, load, |known, policy| {
            known.policies.insert(qualifier.to_owned(), policy.clone());
        });
        Ok(found.await?.flatten())
    }

    /// The tags of a function, which its versions and aliases share; none where it is not there.
    pub(crate) async fn function_tags(&self, key: &FunctionKey) -> Result<Option<Arc<Tags>>, Error> {
        let load = || Box::pin(self.load_tags(key)) as BoxFuture<'_, _>;
        let keep = |known: &mut Known, tags: &Arc<Tags>| known.tags = Some(Arc::clone(tags));
        self.through_cache(key, |known| known.tags.clone(), load, keep).await
    }

    async fn load(&self, key: &FunctionKey, version: VersionId) -> Result<Option<Target>, Error> {
        let function = FunctionRef { key: key.clone(), qualifier: None }.at(version);
        let Some(found) = self.functions.get(&function).await? else { return Ok(None) };
        let settings = &found.function.settings;
        if let Some(reason) = why_not_here(&settings.architecture, &settings.runtime) {
            return Err(Error::new("InvalidRuntimeException", reason).with_status(502));
        }
        let placement = self.placements.get(key);
        let folders = self.code.folders(&found.function).await?;
        let mut revision = found.function.revision(key, version, folders, &placement, self.scale());
        let provisioned = self.functions.provisioned_at(key, version).await?;
        if provisioned > 0 {
            revision.keep(provisioned);
        }
        let whole = Arc::new(found.latest.whole);
        Ok(Some(Target { version, revision: Arc::new(revision), whole, provisioned }))
    }

    async fn load_alias(&self, key: &FunctionKey, name: &str) -> Result<Option<Arc<Alias>>, Error> {
        Ok(self.functions.alias(key, name).await?.map(Arc::new))
    }

    async fn load_tags(&self, key: &FunctionKey) -> Result<Option<Arc<Tags>>, Error> {
        let function = FunctionRef { key: key.clone(), qualifier: None };
        Ok(self.functions.get(&function).await?.map(|found| Arc::new(found.latest.tags)))
    }

    /// Always something, so that it is remembered where there is no policy.
    async fn load_policy(&self, function: &FunctionRef) -> Result<Option<Option<Arc<Policy>>>, Error> {
        let record = self.functions.policy(function).await?;
        Ok(Some(record.map(|record| record.policy()).transpose()?.map(Arc::new)))
    }

    /// What `of` finds in memory, or what `load` gives, which is kept by `keep`.
    async fn through_cache<'a, T>(
        &self,
        key: &FunctionKey,
        of: impl Fn(&Known) -> Option<T>,
        load: impl Fn() -> BoxFuture<'a, Result<Option<T>, Error>>,
        keep: impl Fn(&mut Known, &T),
    ) -> Result<Option<T>, Error> {
        loop {
            if let Some(found) = self.cache.get(key, &of) {
                return Ok(Some(found));
            }
            let epoch = self.cache.epoch();
            let Some(found) = load().await? else { return Ok(None) };
            // Where a function changed meanwhile, this may be the old one.
            if self.cache.insert(key, epoch, |known| keep(known, &found)) {
                return Ok(Some(found));
            }
        }
    }
}

fn draw(alias: &Alias) -> VersionId {
    match alias.second {
        None => alias.version,
        Some(_) => alias.choose(u32::from_ne_bytes(weft_service::random_bytes())),
    }
}
