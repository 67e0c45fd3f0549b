//! CloudFormation, IAM, Lambda and Logs in one process, and short ways to ask them.

use std::collections::BTreeMap;
use std::sync::Arc;

use weft_cloudformation::{Cloudformation, Options};
use weft_iam::Iam;
use weft_lambda::{Lambda, LambdaOptions, LambdaParts};
use weft_logs::{Logs, LogsOptions};
use weft_model::{ServiceSchema, Shape, Value, cloudformation as model, iam, lambda, logs};
use weft_service::testing::{self, Client};
use weft_service::{Clock, Dispatch, DispatchOptions, Registry};
use weft_store::{Blobs, Memory, Store, Trees};

use crate::workers::NoWorkers;

/// What is there besides stacks, by the operation that lists it.
pub(crate) type Inventory = BTreeMap<&'static str, String>;

const LISTS: [(&ServiceSchema, &str); 9] = [
    (&iam::SERVICE, "ListRoles"),
    (&iam::SERVICE, "ListUsers"),
    (&iam::SERVICE, "ListGroups"),
    (&iam::SERVICE, "ListInstanceProfiles"),
    (&lambda::SERVICE, "ListFunctions"),
    (&lambda::SERVICE, "ListLayers"),
    (&lambda::SERVICE, "ListCodeSigningConfigs"),
    (&logs::SERVICE, "DescribeLogGroups"),
    (&logs::SERVICE, "DescribeResourcePolicies"),
];

pub(crate) struct World {
    pub(crate) admin: Client,
    // The services are held weakly by what calls them.
    _services: (Arc<Cloudformation>, Arc<Lambda>, Arc<Logs>),
    _folder: tempfile::TempDir,
}

fn store() -> Store {
    Store::memory(&Memory::new()).expect("a store")
}

fn lambda(folder: &std::path::Path, clock: &Arc<dyn Clock>) -> Arc<Lambda> {
    let parts = LambdaParts {
        store: store(),
        blobs: Blobs::open(&folder.join("blobs")).expect("blobs"),
        trees: Trees::open(&folder.join("trees")).expect("trees"),
        workers: Arc::new(NoWorkers),
        artifacts: Arc::new(NoWorkers),
        clock: Arc::clone(clock),
    };
    Arc::new(Lambda::new(parts, LambdaOptions::default()))
}

impl World {
    pub(crate) async fn new() -> Self {
        let clock: Arc<dyn Clock> = testing::clock();
        let folder = tempfile::tempdir().expect("a folder");
        let iam = Iam::open(store(), Arc::clone(&clock)).await.expect("iam opens");
        let key = iam.bootstrap(None).await.expect("an administrator");
        let lambda = lambda(folder.path(), &clock);
        let logs = Arc::new(Logs::new(store(), Arc::clone(&clock), LogsOptions::default()));
        let stacks = Cloudformation::new(store(), Arc::clone(&clock), Options::default());
        let mut registry = Registry::default();
        iam.register(&mut registry);
        registry.add(lambda.register());
        registry.add(logs.register());
        stacks.register(&mut registry);
        let dispatch = Dispatch::new(registry, iam, clock, DispatchOptions::default());
        lambda.connect(&dispatch);
        logs.connect(&dispatch);
        stacks.connect(&dispatch, None);
        let admin = Client::new(&dispatch, &key.access_key_id, &key.secret);
        Self { admin, _services: (stacks, lambda, logs), _folder: folder }
    }

    /// Calls an operation that must succeed.
    pub(crate) async fn ok<O: Shape>(
        &self,
        service: &'static ServiceSchema,
        operation: &str,
        input: impl Shape,
    ) -> O {
        let answer = self.admin.call(service, operation, input).await;
        answer.unwrap_or_else(|fault| panic!("{operation}: {fault}"))
    }

    /// Everything but stacks.
    pub(crate) async fn inventory(&self) -> Inventory {
        let mut found = BTreeMap::new();
        for (service, operation) in LISTS {
            let listed = self.admin.call_value(service, operation, &Value::Struct(Vec::new())).await;
            found.insert(operation, format!("{:?}", listed.expect(operation)));
        }
        let local = iam::ListPoliciesRequest { scope: Some("Local".to_owned()), ..Default::default() };
        let policies: iam::ListPoliciesResponse = self.ok(&iam::SERVICE, "ListPolicies", local).await;
        found.insert("ListPolicies", format!("{policies:?}"));
        found
    }

    pub(crate) async fn create(&self, template: &str) -> model::Stack {
        let input = model::CreateStackInput {
            stack_name: "shop".to_owned(),
            template_body: Some(template.to_owned()),
            capabilities: Some(vec!["CAPABILITY_NAMED_IAM".to_owned()]),
            tags: Some(vec![model::Tag { key: "team".to_owned(), value: "red".to_owned() }]),
            ..Default::default()
        };
        let made: model::CreateStackOutput = self.ok(&model::SERVICE, "CreateStack", input).await;
        self.settled(&made.stack_id.expect("an id")).await
    }

    pub(crate) async fn update(&self, template: &str) -> model::Stack {
        let input = model::UpdateStackInput {
            stack_name: "shop".to_owned(),
            template_body: Some(template.to_owned()),
            capabilities: Some(vec!["CAPABILITY_NAMED_IAM".to_owned()]),
            ..Default::default()
        };
        let made: model::UpdateStackOutput = self.ok(&model::SERVICE, "UpdateStack", input).await;
        self.settled(&made.stack_id.expect("an id")).await
    }

    pub(crate) async fn delete(&self, stack: &model::Stack) -> model::Stack {
        let id = stack.stack_id.clone().expect("an id");
        let input = model::DeleteStackInput { stack_name: id.clone(), ..Default::default() };
        self.ok::<()>(&model::SERVICE, "DeleteStack", input).await;
        self.settled(&id).await
    }

    /// The stack when its operation ended; asking waits.
    async fn settled(&self, id: &str) -> model::Stack {
        loop {
            let input = model::DescribeStacksInput { stack_name: Some(id.to_owned()), ..Default::default() };
            let answer: model::DescribeStacksOutput = self.ok(&model::SERVICE, "DescribeStacks", input).await;
            let stack = answer.stacks.and_then(|mut stacks| stacks.pop()).expect("the stack");
            if !stack.stack_status.ends_with("_IN_PROGRESS") {
                return stack;
            }
        }
    }

    /// The reasons of what failed, for messages of tests.
    pub(crate) async fn reasons(&self, stack: &model::Stack) -> Vec<String> {
        let input = model::DescribeStackEventsInput {
            stack_name: stack.stack_id.clone().expect("an id"),
            ..Default::default()
        };
        let events: model::DescribeStackEventsOutput =
            self.ok(&model::SERVICE, "DescribeStackEvents", input).await;
        let reason = |event: model::StackEvent| {
            let failed = event.resource_status.as_ref().is_some_and(|status| status.ends_with("FAILED"));
            let reason = event.resource_status_reason.filter(|_| failed)?;
            Some(format!("{}: {reason}", event.logical_resource_id.unwrap_or_default()))
        };
        events.stack_events.unwrap_or_default().into_iter().filter_map(reason).collect()
    }

    /// Fails with the reasons unless the stack has this status.
    pub(crate) async fn expect(&self, stack: &model::Stack, status: &str) {
        let reasons = self.reasons(stack).await;
        assert_eq!(stack.stack_status, status, "{reasons:?}");
    }
}

/// A stack's output.
pub(crate) fn output(stack: &model::Stack, name: &str) -> String {
    let mut outputs = stack.outputs.iter().flatten();
    let found = outputs.find(|output| output.output_key.as_deref() == Some(name));
    found.and_then(|output| output.output_value.clone()).unwrap_or_else(|| panic!("no output {name}"))
}
