//! The API over a store in memory, with fakes for whoever runs code and builds.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use weft_compute::{
    BuildCommand, BuildRunner, Chosen, Compute, Finished, LineSink, Options, Platform, PlatformFacts,
    RunError, Seams,
};
use weft_model::{Shape, sts, weft};
use weft_net::Body;
use weft_policy::{NamedPolicy, Policy};
use weft_service::starts::StartStatus;
use weft_service::testing::Client;
use weft_service::workload::{
    Artifact, Artifacts, BUILDS_BUCKET, Contract, Invocation, Invoked, Revision, WorkError, WorkRequest,
    WorkerStatus, Workers, WorkloadId,
};
use weft_service::{
    Access, BoxFuture, Context, Credential, CredentialError, Dispatch, DispatchOptions, Error, Holdings,
    Identities, ManualClock, Operation, Principal, Registry, Scope, ServiceBuilder,
};
use weft_store::{Blobs, Digest, Memory, Store, Trees};
use weft_types::{AccountId, Timestamp};

pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_795_000_000);
/// A role that the fake STS knows.
pub(crate) const ROLE: &str = "arn:aws:iam::000000000000:role/weft/shop/x/weft.shop.web";

/// One installation.
pub(crate) struct World {
    pub(crate) memory: Memory,
    folder: tempfile::TempDir,
    pub(crate) workers: Arc<FakeWorkers>,
    pub(crate) runner: Arc<FakeRunner>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) compute: Compute,
    pub(crate) admin: Client,
    pub(crate) nobody: Client,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::open(Memory::new(), folder, Arc::default(), Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::open(Memory::new(), folder, Arc::default(), options).await
    }

    /// The same installation after the end of its process.
    pub(crate) async fn restarted(self) -> Self {
        let Self { memory, folder, runner, compute, admin, nobody, .. } = self;
        drop((compute, admin, nobody));
        Self::open(memory, folder, runner, Options::default()).await
    }

    async fn open(
        memory: Memory,
        folder: tempfile::TempDir,
        runner: Arc<FakeRunner>,
        options: Options,
    ) -> Self {
        let (workers, clock) = (Arc::new(FakeWorkers::default()), Arc::new(ManualClock::at(NOW)));
        let seams = Seams {
            store: Store::memory(&memory).expect("a store"),
            blobs: Blobs::open(&folder.path().join("blobs")).expect("blobs"),
            trees: Trees::open(&folder.path().join("trees")).expect("trees"),
            workers: Arc::clone(&workers) as Arc<dyn Workers>,
            runner: Arc::clone(&runner) as Arc<dyn BuildRunner>,
            platform: Arc::new(FakePlatform),
            clock: Arc::clone(&clock) as Arc<_>,
        };
        let compute = Compute::open(seams, options).await.expect("it opens");
        let mut registry = Registry::default();
        registry.add(compute.operations());
        registry.add(ServiceBuilder::new(&sts::SERVICE).operation::<FakeAssumeRole>(&Arc::new(())));
        let dispatch = Dispatch::new(
            registry,
            Arc::new(FakeIdentities),
            Arc::clone(&clock) as Arc<_>,
            DispatchOptions::default(),
        );
        let admin = Client::new(&dispatch, "AKIAADMIN", "secret");
        let nobody = Client::new(&dispatch, "AKIANOBODY", "secret");
        Self { memory, folder, workers, runner, clock, compute, admin, nobody }
    }

    /// Calls an operation as the administrator.
    pub(crate) async fn call<I: Shape, O: Shape>(&self, operation: &str, input: I) -> Result<O, String> {
        let answer = self.admin.call(&weft::SERVICE, operation, input).await;
        answer.map_err(|fault| format!("{}: {}", fault.code, fault.message))
    }

    pub(crate) async fn app(&self, app: &str) {
        let request = weft::CreateAppRequest { app: app.to_owned() };
        self.call::<_, weft::CreateAppResponse>("CreateApp", request).await.expect("an app");
    }

    /// A service once it is known whether its latest revision can serve.
    pub(crate) async fn settled(&self, app: &str, name: &str) -> weft::DescribeServiceResponse {
        loop {
            let described = self.described(app, name).await;
            if described.service.as_ref().expect("a service").state != "Pending" {
                return described;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn described(&self, app: &str, name: &str) -> weft::DescribeServiceResponse {
        let request = weft::DescribeServiceRequest { app: app.to_owned(), name: name.to_owned() };
        self.call("DescribeService", request).await.expect("described")
    }

    /// Changes a service's settings; gives what the operation answered.
    pub(crate) async fn update(&self, app: &str, name: &str, command: &str) -> weft::ServiceDescription {
        let request = weft::UpdateServiceRequest {
            app: app.to_owned(),
            name: name.to_owned(),
            settings: Some(settings(command)),
            ..Default::default()
        };
        let updated: weft::UpdateServiceResponse =
            self.call("UpdateService", request).await.expect("updated");
        updated.service.expect("a service")
    }

    /// Uploads files; gives their digest.
    pub(crate) async fn upload(&self, files: &[(&str, &str)]) -> String {
        let bytes = zip(files);
        let digest = Digest::of(&bytes).to_string();
        let request = weft::PutBlobRequest { digest: digest.clone(), body: Bytes::from(bytes) };
        self.call::<_, weft::PutBlobResponse>("PutBlob", request).await.expect("a blob");
        digest
    }

    /// Uploads bytes as they are.
    pub(crate) async fn upload_bytes(&self, bytes: &'static [u8]) -> String {
        let digest = Digest::of(bytes).to_string();
        let request = weft::PutBlobRequest { digest: digest.clone(), body: Bytes::from_static(bytes) };
        self.call::<_, weft::PutBlobResponse>("PutBlob", request).await.expect("a blob");
        digest
    }

    /// The code of a build, as Lambda gets it.
    pub(crate) async fn artifact(&self, build_id: &str) -> Artifact {
        Artifacts::find(&self.compute, BUILDS_BUCKET, build_id).await.expect("an artifact")
    }

    /// Builds what was uploaded, to its end.
    pub(crate) async fn build(
        &self,
        request: weft::CreateBuildRequest,
    ) -> (weft::BuildDescription, Vec<String>) {
        let started: weft::CreateBuildResponse = self.call("CreateBuild", request).await.expect("a build");
        let build_id = started.build.expect("a build").build_id;
        let (mut lines, mut after) = (Vec::new(), None);
        loop {
            let request = weft::DescribeBuildRequest { build_id: build_id.clone(), after };
            let news: weft::DescribeBuildResponse = self.call("DescribeBuild", request).await.expect("news");
            lines.extend(news.lines.into_iter().flatten().map(|line| line.text));
            after = news.next_after;
            let build = news.build.expect("a build");
            if !matches!(build.state.as_str(), "QUEUED" | "RUNNING") {
                return (build, lines);
            }
            tokio::task::yield_now().await;
        }
    }

    /// A finished build without packages.
    pub(crate) async fn code(&self, text: &str) -> String {
        let source = self.upload(&[("server", text)]).await;
        let request = weft::CreateBuildRequest { source, kind: "none".to_owned(), ..Default::default() };
        let (build, _) = self.build(request).await;
        assert_eq!(build.state, "SUCCEEDED", "{build:?}");
        build.build_id
    }

    pub(crate) async fn service(&self, app: &str, name: &str) -> weft::ServiceDescription {
        self.service_that_runs(app, name, "./server").await
    }

    pub(crate) async fn service_that_runs(
        &self,
        app: &str,
        name: &str,
        command: &str,
    ) -> weft::ServiceDescription {
        let code = weft::ServiceCode { build_id: self.code("one").await, source: Some("s1".to_owned()) };
        let request = weft::CreateServiceRequest {
            app: app.to_owned(),
            name: name.to_owned(),
            part: Some("main".to_owned()),
            code,
            settings: weft::ServiceSettings { command: vec![command.to_owned()], ..Default::default() },
        };
        let made: weft::CreateServiceResponse = self.call("CreateService", request).await.expect("a service");
        made.service.expect("a service");
        self.settled(app, name).await.service.expect("a service")
    }

    pub(crate) async fn route(
        &self,
        app: &str,
        host: Option<&str>,
        path: &str,
        target: &str,
    ) -> Result<String, String> {
        let request = weft::CreateRouteRequest {
            app: app.to_owned(),
            host: host.map(str::to_owned),
            path: path.to_owned(),
            target: target.to_owned(),
            ..Default::default()
        };
        let made: weft::CreateRouteResponse = self.call("CreateRoute", request).await?;
        Ok(made.route.expect("a route").route_id)
    }
}

pub(crate) fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a file");
        zip.write_all(text.as_bytes()).expect("written");
    }
    zip.finish().expect("a zip").into_inner()
}

/// Notes what it is told.
#[derive(Default)]
pub(crate) struct FakeWorkers {
    told: Mutex<Vec<String>>,
    /// Lets one gated revision go on.
    pub(crate) gate: Arc<tokio::sync::Notify>,
    /// What runs.
    pub(crate) running: Mutex<(Vec<WorkerStatus>, Vec<StartStatus>)>,
}

impl FakeWorkers {
    pub(crate) fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().expect("no panic"))
    }
}

impl Workers for FakeWorkers {
    fn invoke(&self, _: Arc<Revision>, _: Invocation) -> BoxFuture<'static, Result<Invoked, WorkError>> {
        Box::pin(async { Err(WorkError::Stopping) })
    }

    fn forward(
        &self,
        _: Arc<Revision>,
        _: WorkRequest,
    ) -> BoxFuture<'static, Result<http::Response<Body>, WorkError>> {
        Box::pin(async { Err(WorkError::Stopping) })
    }

    fn retire(&self, workload: &WorkloadId, keep: Option<&str>) {
        let kept = keep.map_or("none".to_owned(), short);
        self.told.lock().expect("no panic").push(format!("retire {} but {kept}", workload.name));
    }

    fn keep_warm(&self, revision: Arc<Revision>) {
        let text = format!("warm {} {}", short(&revision.id), revision.scale.min);
        self.told.lock().expect("no panic").push(text);
    }

    /// As the command says: `broken` never becomes ready, `slow` not while anybody waits, `gated` when the
    /// gate opens (`gated-broken` fails then), all else at once.
    fn prepare(&self, revision: Arc<Revision>) -> BoxFuture<'static, Result<(), WorkError>> {
        self.told.lock().expect("no panic").push(format!("prepare {}", short(&revision.id)));
        let Contract::Http(http) = &revision.contract else { return Box::pin(async { Ok(()) }) };
        let reason = "it ended before it listened. The last that it printed:\nno such module".to_owned();
        match http.command[0].as_str() {
            "broken" => Box::pin(async { Err(WorkError::StartFailed { reason }) }),
            "gated" | "gated-broken" => {
                let (gate, broken) = (Arc::clone(&self.gate), http.command[0] == "gated-broken");
                Box::pin(async move {
                    gate.notified().await;
                    if broken { Err(WorkError::StartFailed { reason }) } else { Ok(()) }
                })
            }
            "slow" => Box::pin(std::future::pending()),
            _ => Box::pin(async { Ok(()) }),
        }
    }

    fn status(&self) -> Vec<WorkerStatus> {
        self.running.lock().expect("no panic").0.clone()
    }

    fn starts(&self) -> Vec<StartStatus> {
        self.running.lock().expect("no panic").1.clone()
    }
}

/// `r3` of a revision's id.
fn short(id: &str) -> String {
    let last = id.rsplit('/').next().unwrap_or(id);
    last.split('-').next().unwrap_or(last).to_owned()
}

/// Does what pip, npm and the look at the source would do, on the folders that it is given.
#[derive(Default)]
pub(crate) struct FakeRunner {
    pub(crate) ran: Mutex<Vec<String>>,
}

impl BuildRunner for FakeRunner {
    fn choose<'a>(&'a self, declared: &'a str) -> BoxFuture<'a, Result<Chosen, String>> {
        let chosen = |version: &str| Chosen {
            version: version.to_owned(),
            path: PathBuf::from("/usr/bin/interpreter"),
            prefix: PathBuf::from("/usr"),
            note: (declared == "python3.8").then(|| "runs on Python 3.11".to_owned()),
        };
        let answer = match declared {
            declared if declared.starts_with("python") => Ok(chosen("3.11.2")),
            declared if declared.starts_with("node") => Ok(chosen("22.1.0")),
            other => Err(format!("no {other} is installed; install one: apt install {other}")),
        };
        Box::pin(async move { answer })
    }

    fn run(&self, command: BuildCommand, line: LineSink) -> BoxFuture<'static, Result<Finished, RunError>> {
        let argv = command.argv.join(" ");
        self.ran.lock().expect("no panic").push(argv.clone());
        let at = |target: &str| {
            let mount = command.mounts.iter().find(|mount| mount.target == Path::new(target));
            mount.map(|mount| mount.source.clone()).unwrap_or_default()
        };
        let ok = Finished { success: true, how: "exit status 0".to_owned() };
        let failed = Finished { success: false, how: "exit status 1".to_owned() };
        let finished = if argv.contains("compile.py") {
            let bad = std::fs::read_to_string(at("/build/source").join("bad.py")).is_ok()
                && argv.ends_with("strict");
            if bad {
                line(r#"{"file":"bad.py","line":2,"column":5,"message":"invalid syntax","text":"x ="}"#);
            }
            if bad { failed } else { ok }
        } else if argv.contains("nosuch") {
            line("ERROR: No matching distribution found for nosuch");
            failed
        } else if argv.contains("-m pip") {
            line("Successfully installed Flask");
            let folder = at("/build/packages");
            std::fs::create_dir(folder.join("flask")).expect("made");
            std::fs::write(folder.join("flask/__init__.py"), "").expect("written");
            std::fs::write(folder.join("app.py"), "a package's own").expect("written");
            ok
        } else {
            let module = at("/build/packages").join("node_modules/x");
            std::fs::create_dir_all(&module).expect("made");
            std::fs::write(module.join("index.js"), "").expect("written");
            ok
        };
        Box::pin(async move { Ok(finished) })
    }
}

struct FakePlatform;

impl Platform for FakePlatform {
    fn facts(&self) -> BoxFuture<'_, PlatformFacts> {
        let addresses = vec!["http://127.0.0.1:4566".to_owned()];
        let facts =
            PlatformFacts { version: "0.1.0".to_owned(), started: NOW, addresses, ..Default::default() };
        Box::pin(async move { facts })
    }
}

struct FakeIdentities;

impl Identities for FakeIdentities {
    fn credential<'a>(
        &'a self,
        access_key_id: &'a str,
        _: Option<&'a str>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        let name = access_key_id.trim_start_matches("AKIA").to_ascii_lowercase();
        let (account, path, id) = (AccountId::DEFAULT, "/".to_owned(), format!("AIDA{name}"));
        let principal = Arc::new(Principal::User { account, path, name, id });
        let credential = Credential::long_lived("secret", principal);
        Box::pin(async move { Ok(credential) })
    }

    fn holdings<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<Arc<Holdings>, Error>> {
        let texts: &[&str] = match principal {
            Principal::User { name, .. } if name == "admin" => {
                &[r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#]
            }
            // Everything that has no tag `team=red`.
            Principal::User { name, .. } if name == "notred" => &[
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
                r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"red"}}}]}"#,
            ],
            _ => &[],
        };
        let named = |text: &&str| NamedPolicy::new("all", Policy::parse(text).expect("a policy"));
        let identity = texts.iter().map(named).collect();
        Box::pin(async move { Ok(Arc::new(Holdings { identity, ..Holdings::default() })) })
    }
}

/// Lets the platform assume [`ROLE`] and no other.
struct FakeAssumeRole(String);

impl Operation for FakeAssumeRole {
    const NAME: &'static str = "AssumeRole";
    type Service = ();
    type Input = sts::AssumeRoleRequest;
    type Output = sts::AssumeRoleResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self(input.role_arn))
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, (): &(), cx: &Context) -> Result<Self::Output, Error> {
        let trusted = matches!(&*cx.principal, Principal::Service { name: "compute.weft.localhost", .. });
        if trusted && self.0 == ROLE {
            return Ok(Self::Output::default());
        }
        Err(Error::new("AccessDenied", "not trusted"))
    }
}

/// Settings with a map of variables.
pub(crate) fn settings(command: &str) -> weft::ServiceSettings {
    weft::ServiceSettings {
        command: vec![command.to_owned()],
        environment: Some(BTreeMap::from([("A".to_owned(), "b".to_owned())])),
        ..Default::default()
    }
}
