//! Putting the layers together, lowest first. What needs each other in a circle meets through `adapters`.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use weft_apigateway::ApiGateway;
use weft_cloudformation::Cloudformation;
use weft_compute::{Chosen, Compute, SandboxRunner, Seams as ComputeSeams};
use weft_ecr::{Ecr, EcrOptions};
use weft_gateway::{ApiHandler, Gateway, GatewayOptions};
use weft_iam::{AdminKey, Iam};
use weft_lambda::{Lambda, LambdaOptions, LambdaParts};
use weft_logs::{Logs, LogsOptions};
use weft_mesh::{Directory, Mesh, MeshOptions, Seams as MeshSeams};
use weft_runtime::{Runtime, RuntimeConfig, Sandboxes, choose_interpreter};
use weft_s3::S3;
use weft_sandbox::Launcher;
use weft_service::workload::{Revisions, RoleCredentials, Workers, WorkloadId};
use weft_service::{Clock, Dispatch, DispatchOptions, Registry, StackResponses, SystemClock};
use weft_ssm::{Ssm, SsmOptions};
use weft_store::{Blobs, Options as StoreOptions, Store, Trees};

use crate::adapters::{
    DownloadsOfLambda, LateArtifacts, LateCredentials, LateDispatch, Placer, UrlsOfLambda,
};
use crate::authority::Trust;
use crate::platform::ThisPlatform;
use crate::upstreams::ServersOfApis;
use crate::{StartError, TREES_FOLDER};

/// A server's parts that live as long as it does.
pub(crate) struct Parts {
    pub(crate) stores: Vec<Store>,
    pub(crate) iam: Arc<Iam>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) lambda: Arc<Lambda>,
    pub(crate) compute: Compute,
    pub(crate) cloudformation: Arc<Cloudformation>,
    pub(crate) ecr: Arc<Ecr>,
    pub(crate) s3: S3,
    pub(crate) apis: Arc<ApiGateway>,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) platform: Arc<ThisPlatform>,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) edge: Arc<Gateway>,
    pub(crate) admin: AdminKey,
}

/// The stores of a data folder, one environment per service, so that none slows another.
struct Stores {
    iam: Store,
    lambda: Store,
    logs: Store,
    compute: Store,
    cloudformation: Store,
    s3: Store,
    apis: Store,
    ssm: Store,
    ecr: Store,
    /// Keys with which services seal what they store.
    keys: Store,
}

impl Stores {
    fn open(data: &Path) -> Result<Self, StartError> {
        let open = |name: &str| Store::open(&data.join("store").join(name), &StoreOptions::default());
        Ok(Self {
            iam: open("iam")?,
            lambda: open("lambda")?,
            logs: open("logs")?,
            compute: open("compute")?,
            cloudformation: open("cloudformation")?,
            s3: open("s3")?,
            apis: open("apigateway")?,
            ssm: open("ssm")?,
            ecr: open("ecr")?,
            keys: open("keys")?,
        })
    }

    fn all(self) -> Vec<Store> {
        let Self { iam, lambda, logs, compute, cloudformation, s3, apis, ssm, ecr, keys } = self;
        vec![iam, lambda, logs, compute, cloudformation, s3, apis, ssm, ecr, keys]
    }
}

/// Opens what is stored in `data` and makes everything that serves it.
pub(crate) async fn assemble(
    data: &Path,
    shown_data: &Path,
    launcher: Launcher,
    pinned: Option<(String, String)>,
    trust: &Trust,
) -> Result<Parts, StartError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let stores = Stores::open(data)?;
    let logs = Arc::new(Logs::new(stores.logs.clone(), Arc::clone(&clock), LogsOptions::default()));
    let iam = Iam::open(stores.iam.clone(), Arc::clone(&clock)).await?;
    let pinned = pinned.map(|(access_key_id, secret)| AdminKey { access_key_id, secret });
    let admin = iam.bootstrap(pinned).await?;

    let credentials = LateCredentials::default();
    let mesh = Mesh::new(MeshOptions { tls: Some(trust.tls.clone()), ..MeshOptions::default() });
    let runtime = Runtime::new(
        runtime_config(trust),
        Arc::new(Sandboxes::new(launcher.clone())),
        Arc::new(mesh.clone()),
        Arc::<Logs>::clone(&logs),
        Arc::new(credentials.clone()),
        Arc::clone(&clock),
    );
    let workers: Arc<dyn Workers> = Arc::<Runtime>::clone(&runtime);

    let platform = Arc::new(ThisPlatform {
        launcher: launcher.clone(),
        data: shown_data.to_path_buf(),
        started: clock.now(),
        authority_until: trust.until,
        addresses: OnceLock::new(),
    });
    let artifacts = LateArtifacts::default();
    let lambda = lambda(data, &stores, &workers, &artifacts, &clock)?;
    let compute = Compute::open(
        ComputeSeams {
            store: stores.compute.clone(),
            blobs: Blobs::open(&data.join("blobs/sources"))?,
            trees: trees(data, "builds")?,
            workers: Arc::clone(&workers),
            runner: Arc::new(SandboxRunner::new(launcher, Arc::new(choose))),
            platform: Arc::<ThisPlatform>::clone(&platform),
            clock: Arc::clone(&clock),
        },
        weft_compute::Options::default(),
    )
    .await?;
    artifacts.set(Arc::new(compute.clone()));
    compute.connect_functions(Arc::<Lambda>::clone(&lambda), Arc::new(Placer(Arc::clone(&lambda))));

    let mut registry = Registry::default();
    iam.register(&mut registry);
    registry.add(lambda.register());
    registry.add(logs.register());
    registry.add(compute.operations());
    let others = Others::open(data, &stores, &clock).await?;
    others.register(&mut registry);
    let dispatch = Dispatch::new(registry, Arc::<Iam>::clone(&iam), clock, DispatchOptions::default());
    lambda.connect(&dispatch);
    let api = LateDispatch::new(others.s3.clone());
    logs.connect(&dispatch);
    lambda.read_objects_from(Arc::new(others.s3.clone()));
    others.connect(&dispatch, ServersOfApis::new(compute.clone(), lambda.counted()));
    api.set(dispatch);
    let Others { s3, apis, ecr, cloudformation, .. } = others;
    let credentials_of_iam: Arc<dyn RoleCredentials> = Arc::<Iam>::clone(&iam);
    let _ = credentials.0.set(credentials_of_iam);

    let revisions: Arc<dyn Revisions> = Arc::new(compute.clone());
    let options = GatewayOptions::default();
    let downloads = Arc::new(DownloadsOfLambda(Arc::clone(&lambda)));
    let endpoint = ApiHandler::new(Arc::new(api.clone()), options.api_body_bytes_max);
    let responses: Arc<dyn StackResponses> = Arc::<Cloudformation>::clone(&cloudformation);
    let endpoint = endpoint.with_stack_responses(Arc::clone(&responses));
    mesh.connect(MeshSeams {
        directory: Arc::new(AppDirectory(compute.clone())),
        revisions: Arc::clone(&revisions),
        workers: lambda.counted(),
        aws: Arc::new(endpoint.with_downloads(Arc::<DownloadsOfLambda>::clone(&downloads))),
    });
    let gateway = |options: GatewayOptions| {
        let (api, authorizer) = (Arc::new(api.clone()), Arc::new(api.clone()));
        let (workers, revisions) = (lambda.counted(), Arc::clone(&revisions));
        let urls = Arc::new(UrlsOfLambda(Arc::clone(&lambda)));
        let gateway = Gateway::new(api, workers, revisions, authorizer, compute.routes(), options);
        gateway.with_function_urls(urls).with_execute_apis(Arc::<ApiGateway>::clone(&apis))
    };
    let edge = Arc::new(gateway(GatewayOptions { edge: true, ..GatewayOptions::default() }));
    let gateway = gateway(options).with_downloads(downloads).with_stack_responses(responses);
    let gateway = Arc::new(gateway.with_images(Arc::<Ecr>::clone(&ecr)));
    Ok(Parts {
        stores: stores.all(),
        iam,
        logs,
        lambda,
        compute,
        cloudformation,
        ecr,
        s3,
        apis,
        runtime,
        platform,
        gateway,
        edge,
        admin,
    })
}

/// Unpacked files of a kind.
fn trees(data: &Path, name: &str) -> Result<Trees, StartError> {
    Ok(Trees::open(&data.join(TREES_FOLDER).join(name))?)
}

fn lambda(
    data: &Path,
    stores: &Stores,
    workers: &Arc<dyn Workers>,
    artifacts: &LateArtifacts,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<Lambda>, StartError> {
    let parts = LambdaParts {
        store: stores.lambda.clone(),
        blobs: Blobs::open(&data.join("blobs/lambda"))?,
        trees: trees(data, "lambda")?,
        workers: Arc::clone(workers),
        artifacts: Arc::new(artifacts.clone()),
        clock: Arc::clone(clock),
    };
    Ok(Arc::new(Lambda::new(parts, LambdaOptions::default())))
}

/// The services that know no workers.
struct Others {
    s3: S3,
    apis: Arc<ApiGateway>,
    ssm: Arc<Ssm>,
    ecr: Arc<Ecr>,
    cloudformation: Arc<Cloudformation>,
}

impl Others {
    async fn open(data: &Path, stores: &Stores, clock: &Arc<dyn Clock>) -> Result<Self, StartError> {
        let images = Blobs::open(&data.join("blobs/ecr"))?;
        Ok(Self {
            s3: S3::open(stores.s3.clone(), Blobs::open(&data.join("blobs/s3"))?)?,
            apis: Arc::new(ApiGateway::new(stores.apis.clone(), Arc::clone(clock))),
            ssm: Ssm::open(stores.ssm.clone(), &stores.keys, SsmOptions::default()).await?,
            ecr: Ecr::open(stores.ecr.clone(), images, Arc::clone(clock), EcrOptions::default()).await?,
            cloudformation: Cloudformation::new(
                stores.cloudformation.clone(),
                Arc::clone(clock),
                weft_cloudformation::Options::default(),
            ),
        })
    }

    fn register(&self, registry: &mut Registry) {
        self.cloudformation.register(registry);
        self.apis.register(registry);
        registry.add(self.s3.register());
        registry.add(self.ssm.register());
        registry.add(self.ecr.register());
    }

    fn connect(&self, dispatch: &Arc<Dispatch>, servers: ServersOfApis) {
        self.ecr.connect(dispatch);
        self.s3.connect(dispatch);
        self.cloudformation.connect(dispatch, Some(Arc::new(self.s3.clone())));
        self.apis.connect(dispatch, Arc::new(servers));
    }
}

/// Where workers find the bundle of trusted authorities, beside the places where programs look for one.
const BUNDLE: &str = "/etc/weft/ca-bundle.pem";

/// The runtime's settings: every worker trusts our authority beside those that the machine trusts.
fn runtime_config(trust: &Trust) -> RuntimeConfig {
    let named = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"];
    let places = weft_sandbox::bundle_places().into_iter().map(|place| place.display().to_string());
    RuntimeConfig {
        environment: named.map(|name| (name.to_owned(), BUNDLE.to_owned())).into(),
        mounts: places.chain([BUNDLE.to_owned()]).map(|place| (place, trust.bundle.clone())).collect(),
        ..RuntimeConfig::default()
    }
}

/// Chooses an interpreter for a build as the runtime chooses one for a worker.
fn choose(declared: &str, installed: &[weft_sandbox::Interpreter]) -> Result<Chosen, String> {
    let weft_runtime::InterpreterChoice { interpreter, note } = choose_interpreter(declared, installed)?;
    let weft_sandbox::Interpreter { version, path, prefix, .. } = interpreter;
    Ok(Chosen { version, path, prefix, note })
}

/// Names of an app's workloads.
struct AppDirectory(Compute);

impl Directory for AppDirectory {
    fn find(&self, caller: &WorkloadId, name: &str) -> Option<WorkloadId> {
        self.0.find(caller, name)
    }
}
