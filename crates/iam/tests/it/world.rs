//! A fresh installation, and short ways to ask it.

use std::sync::Arc;

use weft_iam::Iam;
use weft_model::iam::{
    CreateAccessKeyRequest, CreateAccessKeyResponse, CreateRoleRequest, CreateRoleResponse,
};
use weft_model::{ServiceSchema, Shape, Value, iam, sts};
use weft_service::testing::Client;
use weft_service::{Clock, Dispatch, DispatchOptions, ManualClock, Registry};
use weft_store::{Memory, Store};
use weft_types::Timestamp;

pub(crate) const ACCOUNT: &str = "000000000000";

pub(crate) struct World {
    pub(crate) memory: Memory,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) iam: Arc<Iam>,
    pub(crate) dispatch: Arc<Dispatch>,
    pub(crate) admin: Client,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::on(Memory::new(), DispatchOptions::default()).await
    }

    /// An installation on what a store holds, as after a restart.
    pub(crate) async fn on(memory: Memory, options: DispatchOptions) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_795_485_723)));
        let store = Store::memory(&memory).expect("a store");
        let iam = Iam::open(store, Arc::clone(&clock) as Arc<dyn Clock>).await.expect("iam opens");
        let key = iam.bootstrap(None).await.expect("an admin");
        let mut registry = Registry::default();
        iam.register(&mut registry);
        let identities = Arc::clone(&iam);
        let dispatch = Dispatch::new(registry, identities, Arc::clone(&clock) as Arc<dyn Clock>, options);
        let admin = Client::new(&dispatch, &key.access_key_id, &key.secret);
        Self { memory, clock, iam, dispatch, admin }
    }

    /// A user with an inline policy of these statements (`'` for `"`), and a client with its key.
    pub(crate) async fn user(&self, name: &str, statements: &str) -> Client {
        let user = iam::CreateUserRequest { user_name: name.to_owned(), ..Default::default() };
        ok::<_, iam::CreateUserResponse>(&self.admin, "CreateUser", user).await;
        if !statements.is_empty() {
            let put = iam::PutUserPolicyRequest {
                user_name: name.to_owned(),
                policy_name: "inline".to_owned(),
                policy_document: document(statements),
            };
            ok::<_, ()>(&self.admin, "PutUserPolicy", put).await;
        }
        let (id, secret) = self.key_of(name).await;
        Client::new(&self.dispatch, &id, &secret)
    }

    pub(crate) async fn key_of(&self, name: &str) -> (String, String) {
        let create = CreateAccessKeyRequest { user_name: Some(name.to_owned()) };
        let made: CreateAccessKeyResponse = ok(&self.admin, "CreateAccessKey", create).await;
        let key = made.access_key.expect("a key");
        (key.access_key_id, key.secret_access_key)
    }

    /// A role that trusts by these statements and may do those, by its ARN.
    pub(crate) async fn role(&self, name: &str, trust: &str, may: &str) -> String {
        let create = CreateRoleRequest {
            role_name: name.to_owned(),
            assume_role_policy_document: document(trust),
            ..Default::default()
        };
        let made: CreateRoleResponse = ok(&self.admin, "CreateRole", create).await;
        if !may.is_empty() {
            let put = iam::PutRolePolicyRequest {
                role_name: name.to_owned(),
                policy_name: "inline".to_owned(),
                policy_document: document(may),
            };
            ok::<_, ()>(&self.admin, "PutRolePolicy", put).await;
        }
        made.role.expect("a role").arn
    }
}

pub(crate) fn text(value: &str) -> String {
    value.to_owned()
}

/// A policy document of statements in which `'` stands for `"`.
pub(crate) fn document(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.replace('\'', "\""))
}

pub(crate) fn allow(action: &str) -> String {
    format!("{{'Effect':'Allow','Action':'{action}','Resource':'*'}}")
}

pub(crate) fn trusts(principal: &str) -> String {
    format!("{{'Effect':'Allow','Action':'sts:AssumeRole','Principal':{principal}}}")
}

/// Calls an operation that must succeed.
#[track_caller]
pub(crate) fn ok<'a, I: Shape + 'a, O: Shape>(
    client: &'a Client,
    operation: &'a str,
    input: I,
) -> impl Future<Output = O> + 'a {
    let place = std::panic::Location::caller();
    async move {
        match client.call(service_of(operation), operation, input).await {
            Ok(output) => output,
            Err(fault) => panic!("{operation} at {place}: {fault}"),
        }
    }
}

/// Calls an operation that must fail, and returns `status code: message`.
pub(crate) async fn fails<I: Shape>(client: &Client, operation: &str, input: I) -> String {
    match client.call_value(service_of(operation), operation, &input.into_value()).await {
        Ok(value) => panic!("{operation} succeeded: {value:?}"),
        Err(fault) => format!("{} {fault}", fault.status.as_u16()),
    }
}

/// Who the client is, by its ARN, or the fault.
pub(crate) async fn whoami(client: &Client) -> String {
    let asked = client.call_value(&sts::SERVICE, "GetCallerIdentity", &Value::Struct(Vec::new())).await;
    match asked.map(sts::GetCallerIdentityResponse::from_value) {
        Ok(found) => found.arn.unwrap_or_default(),
        Err(fault) => format!("{} {fault}", fault.status.as_u16()),
    }
}

fn service_of(operation: &str) -> &'static ServiceSchema {
    if sts::SERVICE.operation(operation).is_some() { &sts::SERVICE } else { &iam::SERVICE }
}
