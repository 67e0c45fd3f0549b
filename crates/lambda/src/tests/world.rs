//! A Lambda service with fakes around it.

use std::collections::HashMap;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use weft_model::{Shape, lambda as model, sts};
use weft_net::Body;
use weft_service::testing::{self, Client};
pub(crate) use weft_service::testing::{START, refusal};
use weft_service::workload::{
    Artifact, Artifacts, Invocation, Invoked, Revision, WorkError, WorkRequest, WorkerStatus, Workers,
    WorkloadId,
};
use weft_service::{
    Access, BoxFuture, Clock, Context, Error, ManualClock, Message, Operation, Principal, Registry, Scope,
    ServiceBuilder, Target,
};
use weft_store::{Blobs, Memory, Store, Trees};
use weft_types::{AccountId, Arn, Region};
use weft_wire::ServiceFault;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{FunctionKey, Lambda, LambdaOptions, LambdaParts};

pub(crate) const ROLE: &str = "arn:aws:iam::000000000000:role/worker";

/// All of it.
pub(crate) struct World {
    pub(crate) client: Client,
    /// Signs well and may do nothing.
    pub(crate) stranger: Client,
    pub(crate) lambda: Arc<Lambda>,
    pub(crate) workers: Arc<FakeWorkers>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) topics: Arc<FakeTopics>,
    pub(crate) memory: Memory,
    pub(crate) folder: Arc<tempfile::TempDir>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(LambdaOptions::default())
    }

    pub(crate) fn with(options: LambdaOptions) -> Self {
        Self::open(Memory::new(), Arc::new(tempfile::tempdir().unwrap()), options)
    }

    /// The same data in a new process.
    pub(crate) fn restart(&self) -> Self {
        Self::open(self.memory.clone(), Arc::clone(&self.folder), LambdaOptions::default())
    }

    fn open(memory: Memory, folder: Arc<tempfile::TempDir>, options: LambdaOptions) -> Self {
        let clock = testing::clock();
        let workers = Arc::new(FakeWorkers::default());
        let parts = LambdaParts {
            store: Store::memory(&memory).unwrap(),
            blobs: Blobs::open(&folder.path().join("blobs")).unwrap(),
            trees: Trees::open(&folder.path().join("trees")).unwrap(),
            workers: Arc::clone(&workers) as Arc<dyn Workers>,
            artifacts: Arc::new(FakeArtifacts(folder.path().join("builds"))),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
        };
        let lambda = Arc::new(Lambda::new(parts, options));
        let mut registry = Registry::default();
        registry.add(lambda.register());
        registry.add(ServiceBuilder::new(&sts::SERVICE).operation::<FakeAssumeRole>(&Arc::new(())));
        let topics = Arc::new(FakeTopics::default());
        registry.add_target("sns", Arc::clone(&topics) as Arc<dyn Target>);
        let [client, stranger] = testing::clients(registry, &clock);
        lambda.connect(&client.dispatch);
        Self { client, stranger, lambda, workers, clock, topics, memory, folder }
    }

    pub(crate) async fn call<I: Shape, O: Shape>(
        &self,
        operation: &str,
        input: I,
    ) -> Result<O, ServiceFault> {
        self.client.call(&model::SERVICE, operation, input).await
    }

    /// Creates a function from one file.
    pub(crate) async fn create(&self, name: &str) -> model::FunctionConfiguration {
        self.call("CreateFunction", create_request(name)).await.unwrap()
    }

    pub(crate) async fn get(&self, name: &str) -> Result<model::FunctionConfiguration, ServiceFault> {
        let input =
            model::GetFunctionConfigurationRequest { function_name: name.to_owned(), qualifier: None };
        self.call("GetFunctionConfiguration", input).await
    }

    pub(crate) async fn invoke(
        &self,
        name: &str,
        payload: &str,
    ) -> Result<model::InvocationResponse, ServiceFault> {
        let payload = Some(Bytes::copy_from_slice(payload.as_bytes()));
        let input =
            model::InvocationRequest { function_name: name.to_owned(), payload, ..Default::default() };
        self.call("Invoke", input).await
    }

    /// Publishes `$LATEST`; gives what is shown of the version.
    pub(crate) async fn publish(&self, name: &str) -> model::FunctionConfiguration {
        let input = model::PublishVersionRequest { function_name: name.to_owned(), ..Default::default() };
        self.call("PublishVersion", input).await.unwrap()
    }

    /// Gives a function other code.
    pub(crate) async fn update_code(&self, name: &str, text: &[u8]) -> model::FunctionConfiguration {
        let input = model::UpdateFunctionCodeRequest {
            function_name: name.to_owned(),
            zip_file: Some(zip_of(&[("app.py", text)])),
            ..Default::default()
        };
        self.call("UpdateFunctionCode", input).await.unwrap()
    }

    /// Makes an alias that leads to a version.
    pub(crate) async fn create_alias(
        &self,
        name: &str,
        alias: &str,
        version: &str,
    ) -> Result<model::AliasConfiguration, ServiceFault> {
        let input = model::CreateAliasRequest {
            function_name: name.to_owned(),
            name: alias.to_owned(),
            function_version: version.to_owned(),
            ..Default::default()
        };
        self.call("CreateAlias", input).await
    }

    /// Sends an event that is delivered later.
    pub(crate) async fn send(
        &self,
        name: &str,
        payload: &str,
    ) -> Result<model::InvocationResponse, ServiceFault> {
        let input = model::InvocationRequest {
            function_name: name.to_owned(),
            payload: Some(Bytes::copy_from_slice(payload.as_bytes())),
            invocation_type: Some("Event".to_owned()),
            ..Default::default()
        };
        self.call("Invoke", input).await
    }

    /// Has a function wait for a permit of the gate before each answer.
    pub(crate) fn gate(&self, name: &str) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.workers.gates.lock().unwrap().insert(name.to_owned(), Arc::clone(&gate));
        gate
    }

    /// What functions were invoked with, in order; forgets it.
    pub(crate) fn delivered(&self) -> Vec<(String, String)> {
        let all = std::mem::take(&mut *self.workers.invocations.lock().unwrap());
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
        let name = |one: &Invocation| one.invoked_arn.resource()["function:".len()..].to_owned();
        all.iter().map(|one| (name(one), text(&one.payload))).collect()
    }

    /// Moves the clock.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.set(self.clock.now().plus(time));
    }

    /// Archives and trees that are on disk.
    pub(crate) fn kept(&self) -> (usize, usize) {
        let count = |folder: &std::path::Path| {
            let mut files = 0;
            let mut folders = vec![folder.to_path_buf()];
            while let Some(next) = folders.pop() {
                for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
                    if entry.path().is_dir() { folders.push(entry.path()) } else { files += 1 }
                }
            }
            files
        };
        let trees = std::fs::read_dir(self.folder.path().join("trees")).unwrap();
        let trees =
            trees.filter(|entry| !entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with('.'));
        (count(&self.folder.path().join("blobs")), trees.count())
    }
}

pub(crate) fn key(name: &str) -> FunctionKey {
    FunctionKey { account: AccountId::DEFAULT, region: Region::default(), name: name.to_owned() }
}

/// A request that AWS would accept.
pub(crate) fn create_request(name: &str) -> model::CreateFunctionRequest {
    model::CreateFunctionRequest {
        function_name: name.to_owned(),
        runtime: Some("python3.12".to_owned()),
        handler: Some("app.main".to_owned()),
        role: ROLE.to_owned(),
        code: zip_code(&[("app.py", b"def main(event, context): return event")]),
        ..Default::default()
    }
}

pub(crate) fn zip_code(files: &[(&str, &[u8])]) -> model::FunctionCode {
    model::FunctionCode { zip_file: Some(zip_of(files)), ..Default::default() }
}

pub(crate) fn zip_of(files: &[(&str, &[u8])]) -> Bytes {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner().into()
}

/// Workers that answer with what they got, and remember what they were told.
#[derive(Default)]
pub(crate) struct FakeWorkers {
    pub(crate) revisions: Mutex<Vec<Arc<Revision>>>,
    pub(crate) invocations: Mutex<Vec<Invocation>>,
    pub(crate) retired: Mutex<Vec<(WorkloadId, Option<String>)>>,
    pub(crate) warm: Mutex<Vec<Arc<Revision>>>,
    pub(crate) error: Mutex<Option<WorkError>>,
    pub(crate) forwarded: Mutex<Vec<http::request::Parts>>,
    /// Names of functions that fail.
    pub(crate) failing: Mutex<Vec<String>>,
    /// What functions answer instead of what they got, by name.
    pub(crate) answers: Mutex<HashMap<String, String>>,
    /// Functions that take a permit for each answer, by name.
    pub(crate) gates: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Workers for FakeWorkers {
    fn invoke(
        &self,
        revision: Arc<Revision>,
        invocation: Invocation,
    ) -> BoxFuture<'static, Result<Invoked, WorkError>> {
        self.revisions.lock().unwrap().push(revision);
        self.invocations.lock().unwrap().push(invocation.clone());
        let error = self.error.lock().unwrap().clone();
        let fails =
            self.failing.lock().unwrap().iter().any(|name| invocation.invoked_arn.resource().contains(name));
        let function = invocation.invoked_arn.resource().rsplit(':').next().unwrap_or_default();
        let answer = self.answers.lock().unwrap().get(function).cloned().map(Bytes::from);
        let gate = self.gates.lock().unwrap().get(function).cloned();
        Box::pin(async move {
            if let Some(gate) = gate {
                gate.acquire().await.unwrap().forget();
            }
            let answer = Invoked {
                payload: if fails {
                    "{\"errorMessage\":\"no\"}".into()
                } else {
                    answer.unwrap_or(invocation.payload)
                },
                error: fails.then_some("Unhandled"),
                log_tail: invocation.tail.then(|| Bytes::from_static(b"START\nEND\n")),
                cold: false,
                duration: Duration::ZERO,
            };
            error.map_or(Ok(answer), Err)
        })
    }

    fn forward(
        &self,
        _: Arc<Revision>,
        work: WorkRequest,
    ) -> BoxFuture<'static, Result<http::Response<Body>, WorkError>> {
        let (head, _) = work.request.into_parts();
        self.forwarded.lock().unwrap().push(head);
        let error = self.error.lock().unwrap().clone();
        Box::pin(async move {
            let mut answer = http::Response::new(weft_net::full("served"));
            answer
                .headers_mut()
                .insert("access-control-allow-origin", http::HeaderValue::from_static("evil"));
            error.map_or(Ok(answer), Err)
        })
    }

    fn retire(&self, workload: &WorkloadId, keep: Option<&str>) {
        self.retired.lock().unwrap().push((workload.clone(), keep.map(str::to_owned)));
    }

    fn keep_warm(&self, revision: Arc<Revision>) {
        self.warm.lock().unwrap().push(revision);
    }

    fn prepare(&self, _: Arc<Revision>) -> BoxFuture<'static, Result<(), WorkError>> {
        Box::pin(async { Ok(()) })
    }

    fn status(&self) -> Vec<WorkerStatus> {
        Vec::new()
    }

    fn interpreter_note<'a>(&'a self, declared: &'a str) -> BoxFuture<'a, Option<String>> {
        let note = (declared == "python3.8").then(|| "Python 3.11 runs it".to_owned());
        Box::pin(async move { note })
    }
}

struct FakeArtifacts(PathBuf);

impl Artifacts for FakeArtifacts {
    fn find<'a>(&'a self, bucket: &'a str, key: &'a str) -> BoxFuture<'a, Result<Artifact, Error>> {
        Box::pin(async move {
            if bucket != "weft-builds" {
                return Err(Error::new("InvalidParameterValueException", "no such bucket").with_status(400));
            }
            let tree = self.0.join(key);
            std::fs::create_dir_all(&tree).unwrap();
            Ok(Artifact { tree, sha256_base64: "sum".to_owned(), size_bytes: 5 })
        })
    }
}

/// Topics that keep what they get, but for one that is not there.
#[derive(Default)]
pub(crate) struct FakeTopics(pub(crate) Mutex<Vec<(String, Message)>>);

impl Target for FakeTopics {
    fn check<'a>(&'a self, _: &'a Context, resource: &'a Arn) -> BoxFuture<'a, Result<(), Error>> {
        let missing = resource.resource() == "missing";
        let error = || Error::new("NotFound", "Topic does not exist").with_status(404);
        Box::pin(std::future::ready(if missing { Err(error()) } else { Ok(()) }))
    }

    fn take<'a>(
        &'a self,
        _: &'a Context,
        resource: &'a Arn,
        message: Message,
    ) -> BoxFuture<'a, Result<(), Error>> {
        self.0.lock().unwrap().push((resource.resource().to_owned(), message));
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Lets Lambda assume roles whose name begins with `worker`.
struct FakeAssumeRole {
    role: String,
}

impl Operation for FakeAssumeRole {
    const NAME: &'static str = "AssumeRole";
    type Service = ();
    type Input = sts::AssumeRoleRequest;
    type Output = sts::AssumeRoleResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { role: input.role_arn })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, (): &(), cx: &Context) -> Result<Self::Output, Error> {
        let lambda = matches!(&*cx.principal, Principal::Service { name: "lambda.amazonaws.com", .. });
        if lambda && self.role.contains(":role/worker") {
            let user =
                sts::AssumedRoleUser { assumed_role_id: "AROA:session".to_owned(), ..Default::default() };
            return Ok(sts::AssumeRoleResponse { assumed_role_user: Some(user), ..Default::default() });
        }
        Err(Error::new("AccessDenied", "not authorized to perform: sts:AssumeRole").with_status(403))
    }
}
