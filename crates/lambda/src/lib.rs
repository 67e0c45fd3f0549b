//! The Lambda API.
//!
//! [`Lambda`] holds functions in a store of its own, their archives as blobs and trees by content, and hands what it
//! stores to [`Workers`] as immutable [`Revision`]s. What an invocation needs is in memory ([`Lambda::register`] gives the
//! operations; `Invoke` reads nothing from the store once a function is warm) and changes with each update.
//!
//! A function is `$LATEST` (`functions`), its published copies (`versions`) and names for those (`aliases`); `resolve`
//! leads from a name and qualifier to what runs. What belongs to a function, a version or an alias (policies, URLs,
//! concurrency, how it is invoked asynchronously) has a table each and goes with it (`belongings`). Layers are archives
//! like code; several become one tree.
//!
//! Invariants: a function that was acknowledged is there after a restart, with its code; a function's role can be
//! assumed by Lambda when it is set; an update never leaves a pool of the old revision behind; a version does not
//! change and its number is never used again; an archive stays while a function, a version or a layer has it; a setting
//! that would change something and that Weft has not is refused by name, never ignored.
//!
//! The crate deliberately does not know how workers start, what a runtime's bootstrap does, or where builds come from.
//! What waits and what runs is told by `events` and `loads`.

mod access;
mod alias;
mod aliases;
mod belongings;
mod cache;
mod change;
mod code;
mod concurrency;
mod cors;
mod counted;
mod downloads;
mod environment;
mod errors;
mod event_invokes;
mod events;
mod function;
mod functions;
mod hold;
mod invoking;
mod layer;
mod layer_access;
mod layers;
mod loads;
mod logging;
mod mappings;
mod name;
mod objects;
mod ops;
mod outside;
mod page;
mod permission;
mod policies;
mod provisioning;
mod rates;
mod resolve;
mod runtime_updates;
mod runtimes;
mod settings;
mod signing;
mod tables;
mod tags;
#[cfg(test)]
mod tests;
mod trace;
mod url_calls;
mod urls;
mod version;
mod versions;
mod work_errors;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use weft_model::sts;
use weft_service::workload::{Artifacts, Revision, Revisions, Scale, Workers, WorkloadId, WorkloadKind};
use weft_service::{BoxFuture, Clock, Context, Dispatch, Error, Objects, ServiceBuilder};
use weft_store::{Blobs, Store, Trees};
use weft_types::{AppName, Arn, Timestamp};

use crate::cache::{Cache, Placements};
use crate::code::CodeStore;
use crate::downloads::Downloads;
use crate::events::Events;
pub use crate::events::queue::QueueLimits;
use crate::function::Function;
use crate::functions::{Changed, Functions, Update};
use crate::layers::Layers;
use crate::loads::Loads;
use crate::mappings::crew::Pollers;
use crate::mappings::records::Mappings;
pub use crate::mappings::source::{EventSource, EventSources, Polled, Position, SourceRecord};
pub use crate::name::FunctionKey;
use crate::name::FunctionRef;
use crate::provisioning::Kept;
use crate::url_calls::KnownUrls;
pub use crate::url_calls::UrlCall;
use crate::version::VersionId;

/// Settings of [`Lambda`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LambdaOptions {
    /// Workers that one function may have, and what `GetAccountSettings` tells. Default 1,000, as AWS's. At this limit
    /// invocations get 429 at once.
    pub concurrency_max: u32,
    /// Bytes of archives that an account may have in a region. Default 75 GiB.
    pub code_bytes_max: u64,
    /// Bytes of an archive's files. Default 262,144,000 (250 MB), as AWS's.
    pub unpacked_bytes_max: u64,
    /// How long a worker may idle before it is stopped. Default 5 minutes.
    pub idle_timeout: Duration,
    /// How long a request may wait for a worker to start. Default 60 s.
    pub queue_timeout: Duration,
    /// The time between removals of unused code. Default 10 minutes.
    pub sweep_every: Duration,
    /// Requests a second that each environment of a function may take; 0 for no such limit. Default 0: AWS's 10 divide a
    /// fleet among strangers, while here a worker's own pace, of tens of thousands, is what there is.
    pub requests_per_environment: u32,
    /// Events that may wait for their functions.
    pub events: QueueLimits,
}

impl Default for LambdaOptions {
    fn default() -> Self {
        Self {
            concurrency_max: 1000,
            code_bytes_max: 75 << 30,
            unpacked_bytes_max: 262_144_000,
            idle_timeout: Duration::from_mins(5),
            queue_timeout: Duration::from_mins(1),
            sweep_every: Duration::from_mins(10),
            requests_per_environment: 0,
            events: QueueLimits::default(),
        }
    }
}

/// What a [`Lambda`] is made of.
pub struct LambdaParts {
    /// A store that nothing else uses.
    pub store: Store,
    /// Archives.
    pub blobs: Blobs,
    /// Unpacked archives; a folder that nothing else uses.
    pub trees: Trees,
    /// Runs functions.
    pub workers: Arc<dyn Workers>,
    /// Finds code that `Code.S3Bucket` names.
    pub artifacts: Arc<dyn Artifacts>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// How a function belongs to an app. Kept in memory: who deploys apps says it again after a restart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Placement {
    /// The app.
    pub app: Option<AppName>,
    /// How the function's pool scales; none for Lambda's own way, where invocations never queue at the limit.
    pub scale: Option<Scale>,
    generation: u64,
}

impl Placement {
    /// A placement.
    pub fn new(app: Option<AppName>, scale: Option<Scale>) -> Self {
        Self { app, scale, generation: 0 }
    }
}

/// The service's state.
pub struct Lambda {
    functions: Functions,
    layers: Layers,
    code: CodeStore,
    workers: Arc<dyn Workers>,
    clock: Arc<dyn Clock>,
    options: LambdaOptions,
    cache: Cache,
    placements: Placements,
    /// Where Weft listens, for the URLs that are shown.
    port: AtomicU16,
    loads: Loads,
    kept: Kept,
    known_urls: KnownUrls,
    downloads: Downloads,
    mappings: Mappings,
    pollers: Pollers,
    events: Arc<Events>,
    /// Authorizes what goes on beside requests. Weak, as it knows the operations, which know this.
    dispatch: OnceLock<Weak<Dispatch>>,
    /// Reads code in S3.
    objects: OnceLock<Arc<dyn Objects>>,
}

impl Lambda {
    /// The service.
    pub fn new(parts: LambdaParts, options: LambdaOptions) -> Self {
        let LambdaParts { store, blobs, trees, workers, artifacts, clock } = parts;
        Self {
            functions: Functions::new(store.clone(), options.code_bytes_max, options.unpacked_bytes_max),
            layers: Layers::new(store.clone(), options.code_bytes_max),
            mappings: Mappings::new(store.clone()),
            pollers: Pollers::default(),
            events: Arc::new(Events::new(store.clone(), options.events)),
            code: CodeStore::new(store, blobs, trees, artifacts, options.unpacked_bytes_max),
            workers,
            clock,
            options,
            cache: Cache::default(),
            placements: Placements::default(),
            port: AtomicU16::new(4566),
            loads: Loads::default(),
            kept: Kept::default(),
            known_urls: KnownUrls::default(),
            downloads: Downloads::default(),
            dispatch: OnceLock::new(),
            objects: OnceLock::new(),
        }
    }

    /// Says what authorizes the work that goes on beside requests, once it is there.
    pub fn connect(&self, dispatch: &Arc<Dispatch>) {
        let _ = self.dispatch.set(Arc::downgrade(dispatch));
    }

    /// Says how objects of S3 are read. Until then code is in archives and builds only.
    pub fn read_objects_from(&self, objects: Arc<dyn Objects>) {
        let _ = self.objects.set(objects);
    }

    /// Says on which port Weft listens, which function URLs show. 4566 until then.
    pub fn set_port(&self, port: u16) {
        self.port.store(port, Ordering::Relaxed);
    }

    fn port(&self) -> u16 {
        self.port.load(Ordering::Relaxed)
    }

    /// The operations.
    pub fn register(self: &Arc<Self>) -> ServiceBuilder {
        ServiceBuilder::new(&weft_model::lambda::SERVICE)
            .tags(Arc::<Self>::clone(self))
            .operation::<ops::add_layer_version_permission::AddLayerVersionPermission>(self)
            .operation::<ops::add_permission::AddPermission>(self)
            .operation::<ops::create_alias::CreateAlias>(self)
            .operation::<ops::create_code_signing_config::CreateCodeSigningConfig>(self)
            .operation::<ops::create_event_source_mapping::CreateEventSourceMapping>(self)
            .operation::<ops::create_function::CreateFunction>(self)
            .operation::<ops::create_function_url_config::CreateFunctionUrlConfig>(self)
            .operation::<ops::delete_alias::DeleteAlias>(self)
            .operation::<ops::delete_code_signing_config::DeleteCodeSigningConfig>(self)
            .operation::<ops::delete_event_source_mapping::DeleteEventSourceMapping>(self)
            .operation::<ops::delete_function::DeleteFunction>(self)
            .operation::<ops::delete_function_code_signing_config::DeleteFunctionCodeSigningConfig>(self)
            .operation::<ops::delete_function_concurrency::DeleteFunctionConcurrency>(self)
            .operation::<ops::delete_function_event_invoke_config::DeleteFunctionEventInvokeConfig>(self)
            .operation::<ops::delete_function_url_config::DeleteFunctionUrlConfig>(self)
            .operation::<ops::delete_layer_version::DeleteLayerVersion>(self)
            .operation::<ops::delete_provisioned_concurrency_config::DeleteProvisionedConcurrencyConfig>(self)
            .operation::<ops::get_account_settings::GetAccountSettings>(self)
            .operation::<ops::get_alias::GetAlias>(self)
            .operation::<ops::get_code_signing_config::GetCodeSigningConfig>(self)
            .operation::<ops::get_event_source_mapping::GetEventSourceMapping>(self)
            .operation::<ops::get_function::GetFunction>(self)
            .operation::<ops::get_function_code_signing_config::GetFunctionCodeSigningConfig>(self)
            .operation::<ops::get_function_concurrency::GetFunctionConcurrency>(self)
            .operation::<ops::get_function_configuration::GetFunctionConfiguration>(self)
            .operation::<ops::get_function_event_invoke_config::GetFunctionEventInvokeConfig>(self)
            .operation::<ops::get_function_recursion_config::GetFunctionRecursionConfig>(self)
            .operation::<ops::get_function_url_config::GetFunctionUrlConfig>(self)
            .operation::<ops::get_layer_version::GetLayerVersion>(self)
            .operation::<ops::get_layer_version_by_arn::GetLayerVersionByArn>(self)
            .operation::<ops::get_layer_version_policy::GetLayerVersionPolicy>(self)
            .operation::<ops::get_policy::GetPolicy>(self)
            .operation::<ops::get_provisioned_concurrency_config::GetProvisionedConcurrencyConfig>(self)
            .operation::<ops::get_runtime_management_config::GetRuntimeManagementConfig>(self)
            .operation::<ops::invoke::Invoke>(self)
            .operation::<ops::invoke_async::InvokeAsync>(self)
            .streaming_operation::<ops::invoke_with_response_stream::InvokeWithResponseStream>(self)
            .operation::<ops::list_aliases::ListAliases>(self)
            .operation::<ops::list_code_signing_configs::ListCodeSigningConfigs>(self)
            .operation::<ops::list_function_event_invoke_configs::ListFunctionEventInvokeConfigs>(self)
            .operation::<ops::list_function_url_configs::ListFunctionUrlConfigs>(self)
            .operation::<ops::list_event_source_mappings::ListEventSourceMappings>(self)
            .operation::<ops::list_functions::ListFunctions>(self)
            .operation::<ops::list_functions_by_code_signing_config::ListFunctionsByCodeSigningConfig>(self)
            .operation::<ops::list_layer_versions::ListLayerVersions>(self)
            .operation::<ops::list_layers::ListLayers>(self)
            .operation::<ops::list_provisioned_concurrency_configs::ListProvisionedConcurrencyConfigs>(self)
            .operation::<ops::list_tags::ListTags>(self)
            .operation::<ops::list_versions_by_function::ListVersionsByFunction>(self)
            .operation::<ops::publish_layer_version::PublishLayerVersion>(self)
            .operation::<ops::publish_version::PublishVersion>(self)
            .operation::<ops::put_function_code_signing_config::PutFunctionCodeSigningConfig>(self)
            .operation::<ops::put_function_concurrency::PutFunctionConcurrency>(self)
            .operation::<ops::put_function_event_invoke_config::PutFunctionEventInvokeConfig>(self)
            .operation::<ops::put_function_recursion_config::PutFunctionRecursionConfig>(self)
            .operation::<ops::put_provisioned_concurrency_config::PutProvisionedConcurrencyConfig>(self)
            .operation::<ops::put_runtime_management_config::PutRuntimeManagementConfig>(self)
            .operation::<ops::remove_layer_version_permission::RemoveLayerVersionPermission>(self)
            .operation::<ops::remove_permission::RemovePermission>(self)
            .operation::<ops::tag_resource::TagResource>(self)
            .operation::<ops::untag_resource::UntagResource>(self)
            .operation::<ops::update_alias::UpdateAlias>(self)
            .operation::<ops::update_code_signing_config::UpdateCodeSigningConfig>(self)
            .operation::<ops::update_event_source_mapping::UpdateEventSourceMapping>(self)
            .operation::<ops::update_function_code::UpdateFunctionCode>(self)
            .operation::<ops::update_function_configuration::UpdateFunctionConfiguration>(self)
            .operation::<ops::update_function_event_invoke_config::UpdateFunctionEventInvokeConfig>(self)
            .operation::<ops::update_function_url_config::UpdateFunctionUrlConfig>(self)
    }

    /// Makes a function part of an app and scales it as the app says; `None` takes it out again. The function need
    /// not exist yet. Where this changes something, the workers that the function has are drained.
    pub fn place(&self, key: &FunctionKey, placement: Option<Placement>) {
        let before = self.placements.get(key);
        if self.placements.set(key, placement) {
            // Versions that are not known any more have workers that are about to end for want of work.
            let known = self.cache.get(key, |known| Some(known.versions.keys().copied().collect()));
            let mut versions: BTreeSet<VersionId> = known.unwrap_or_default();
            versions.insert(VersionId::Latest);
            self.cache.forget(key);
            for version in versions {
                self.workers.retire(&workload(key, version, &before), None);
            }
            self.kept.changed.notify_one();
        }
    }

    /// Keeps the workers that were promised, and removes unused code now and then, until it is dropped.
    pub async fn run(&self) {
        let mut sweeps = tokio::time::interval(self.options.sweep_every);
        self.kept.changed.notify_one();
        loop {
            tokio::select! {
                () = self.kept.changed.notified() => {
                    if let Err(error) = self.keep_all_provisioned().await {
                        tracing::error!(?error, "what is provisioned could not be read");
                    }
                }
                _ = sweeps.tick() => {
                    if let Err(error) = self.sweep(self.clock.now()).await {
                        tracing::error!(?error, "unused code could not be removed");
                    }
                }
            }
        }
    }

    /// Removes a bounded amount of code that no function has used for half an hour; tells how many archives.
    pub async fn sweep(&self, now: Timestamp) -> Result<usize, Error> {
        self.code.sweep(now).await
    }

    /// The keys of a bucket's artifacts that functions refer to, of all accounts and regions. A function that is made while this
    /// is asked has asked for its artifact just before.
    pub async fn artifacts_in_use(&self, bucket: &str) -> Result<BTreeSet<String>, Error> {
        self.code.artifacts_in_use(bucket).await
    }

    /// Lambda's own way to scale: a worker per request, refused at once at the limit.
    fn scale(&self) -> Scale {
        Scale {
            min: 0,
            max: self.options.concurrency_max,
            concurrency: 1,
            queue_max: 0,
            queue_timeout: self.options.queue_timeout,
            idle_timeout: self.options.idle_timeout,
        }
    }

    /// Changes a function; its old workers drain.
    async fn update(
        &self,
        key: &FunctionKey,
        update: Update,
        change: impl Fn(&mut Function) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<Changed, Error> {
        let dry_run = update.dry_run;
        let updated = self.functions.update(key, update, change).await?;
        if !dry_run {
            self.cache.forget(key);
            let placement = self.placements.get(key);
            let keep = updated.function.revision_key(&placement);
            self.workers.retire(&workload(key, VersionId::Latest, &placement), Some(&keep));
            // A function that cannot run here says so when it is invoked.
            if placement.scale.is_some_and(|scale| scale.min > 0)
                && let Ok(Some(target)) = self.at_version(key, VersionId::Latest).await
            {
                self.workers.keep_warm(target.revision);
            }
        }
        Ok(updated)
    }

    /// Removes a function with all of its versions and stops their workers.
    async fn remove(&self, key: &FunctionKey, now: Timestamp) -> Result<(), Error> {
        let numbers = self.functions.remove(key, now).await?;
        self.cache.forget(key);
        self.loads.forget(key);
        self.kept.forget(key);
        let placement = self.placements.get(key);
        for version in numbers.into_iter().map(VersionId::Number).chain([VersionId::Latest]) {
            self.workers.retire(&workload(key, version, &placement), None);
        }
        Ok(())
    }

    /// Removes a published version and stops its workers.
    async fn remove_version(&self, key: &FunctionKey, number: u64, now: Timestamp) -> Result<(), Error> {
        self.functions.remove_version(key, number, now).await?;
        self.cache.forget(key);
        let workload = workload(key, VersionId::Number(number), &self.placements.get(key));
        self.workers.retire(&workload, None);
        Ok(())
    }

    /// What is to be said of a runtime on this machine.
    async fn runtime_note(&self, runtime: &str) -> Option<String> {
        self.workers.interpreter_note(&runtimes::interpreter(runtime)?).await
    }

    /// Fails with AWS's error unless Lambda may assume the role.
    async fn require_assumable(&self, cx: &Context, role: &Arn) -> Result<(), Error> {
        let request = sts::AssumeRoleRequest {
            role_arn: role.as_str().to_owned(),
            role_session_name: "weft-lambda-check".to_owned(),
            ..Default::default()
        };
        let call = cx.as_service(access::PRINCIPAL).call("sts", "AssumeRole", request).await;
        match call {
            Ok(sts::AssumeRoleResponse { .. }) => Ok(()),
            Err(error) if error.status().is_some_and(|status| status >= 500) => Err(error),
            Err(error) => Err(errors::invalid_parameter(
                "The role defined for the function cannot be assumed by Lambda.",
            )
            .with_cause(error)),
        }
    }
}

impl Revisions for Lambda {
    fn current<'a>(
        &'a self,
        workload: &'a WorkloadId,
    ) -> BoxFuture<'a, Result<Option<Arc<Revision>>, Error>> {
        Box::pin(async move {
            if workload.kind != WorkloadKind::Function {
                return Ok(None);
            }
            let (name, qualifier) = match workload.name.split_once(':') {
                Some((name, qualifier)) => (name, Some(qualifier.to_owned())),
                None => (&*workload.name, None),
            };
            let (account, region) = (workload.account, workload.region.clone());
            let key = FunctionKey { account, region, name: name.to_owned() };
            match self.resolve(&FunctionRef { key, qualifier }).await {
                Ok(target) => Ok(Some(target.revision)),
                Err(error) if error.code() == "ResourceNotFoundException" => Ok(None),
                Err(error) => Err(error),
            }
        })
    }
}

fn workload(key: &FunctionKey, version: VersionId, placement: &Placement) -> WorkloadId {
    WorkloadId {
        account: key.account,
        region: key.region.clone(),
        app: placement.app.clone(),
        name: match version {
            VersionId::Latest => key.name.as_str().into(),
            VersionId::Number(number) => format!("{}:{number}", key.name).into(),
        },
        kind: WorkloadKind::Function,
    }
}
