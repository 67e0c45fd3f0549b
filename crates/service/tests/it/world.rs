//! Three services with an operation or two, and users with fixed rights.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use weft_model::lambda::{GetFunctionConfigurationRequest, ListTagsRequest, ListTagsResponse};
use weft_model::logs::CreateLogGroupRequest;
use weft_model::sts::{GetCallerIdentityRequest, GetCallerIdentityResponse};
use weft_model::{lambda, logs, sts};
use weft_policy::{NamedPolicy, Policy};
use weft_service::testing::Client;
use weft_service::{
    Access, BoxFuture, Clock, Context, Credential, CredentialError, Dispatch, DispatchOptions, Error,
    Holdings, Identities, ManualClock, Operation, Principal, Registry, Scope, ServiceBuilder,
};
use weft_types::{AccountId, Timestamp};

pub(crate) const SECRET: &str = "a secret";
/// The name of the policy of the user `managed`.
pub(crate) const MANAGED: &str = "arn:aws:iam::000000000000:policy/Managed";

/// What the operations share: how often something ran.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) ran: AtomicU32,
}

/// `lambda:ListTags`: needs two accesses, fails with an error of the service's own where the ARN says so.
struct ListTags {
    arn: String,
}

impl Operation for ListTags {
    const NAME: &'static str = "ListTags";
    type Service = Counts;
    type Input = ListTagsRequest;
    type Output = ListTagsResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        assert!(!input.resource.ends_with("panic-in-parse"), "a bug in parse");
        Ok(Self { arn: input.resource })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:ListTags", self.arn.clone()), Access::to("iam:PassRole", "*")]
    }

    async fn run(self, counts: &Counts, _: &Context) -> Result<Self::Output, Error> {
        counts.ran.fetch_add(1, Ordering::Relaxed);
        assert!(!self.arn.ends_with("panic-in-run"), "a bug in run");
        if self.arn.ends_with("missing") {
            return Err(Error::new("ResourceNotFoundException", format!("Function not found: {}", self.arn)));
        }
        if self.arn.ends_with("broken") {
            return Err(Error::internal("the disk is on fire"));
        }
        Ok(ListTagsResponse { tags: Some([("a".to_owned(), "b".to_owned())].into()) })
    }
}

/// `logs:CreateLogGroup`: calls itself for the name without its last letter, until one letter is left.
struct CreateLogGroup {
    name: String,
}

impl Operation for CreateLogGroup {
    const NAME: &'static str = "CreateLogGroup";
    type Service = Counts;
    type Input = CreateLogGroupRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.log_group_name })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to(
            "logs:CreateLogGroup",
            scope.arn("logs", &format!("log-group:{}", self.name)).to_string(),
        )]
    }

    async fn run(self, counts: &Counts, cx: &Context) -> Result<(), Error> {
        counts.ran.fetch_add(1, Ordering::Relaxed);
        if self.name == "slow" {
            std::future::pending::<()>().await;
        }
        let shorter = self.name[..self.name.len() - 1].to_owned();
        if shorter.is_empty() {
            return Ok(());
        }
        let input = CreateLogGroupRequest { log_group_name: shorter, ..Default::default() };
        cx.call("logs", "CreateLogGroup", input).await
    }
}

/// `sts:GetCallerIdentity`.
struct GetCallerIdentity;

impl Operation for GetCallerIdentity {
    const NAME: &'static str = "GetCallerIdentity";
    type Service = Counts;
    type Input = GetCallerIdentityRequest;
    type Output = GetCallerIdentityResponse;

    fn parse(_: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self)
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, _: &Counts, cx: &Context) -> Result<Self::Output, Error> {
        let arn = cx.principal.arn().map(|arn| arn.to_string());
        Ok(GetCallerIdentityResponse { arn, ..Default::default() })
    }
}

/// Users by their keys: `AKIA` and the name in capitals, filled with `0`.
struct Users;

fn policy_of(name: &str) -> &'static str {
    match name {
        "admin" | "bounded" => r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
        "tagger" => r#"{"Statement":{"Effect":"Allow","Action":"lambda:ListTags","Resource":"*"}}"#,
        "denied" | "managed" => {
            r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"lambda:*","Resource":"*"}]}"#
        }
        "short" => {
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":["arn:aws:logs:*:*:log-group:??","arn:aws:logs:*:*:log-group:???"]}}"#
        }
        _ => r#"{"Statement":{"Effect":"Deny","NotAction":"*","Resource":"*"}}"#,
    }
}

impl Identities for Users {
    fn credential<'a>(
        &'a self,
        id: &'a str,
        _: Option<&'a str>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        let account = AccountId::DEFAULT;
        let name = id.trim_start_matches("AKIA").trim_end_matches('0').to_lowercase();
        let principal = match name.as_str() {
            "unavailable" => {
                let error = CredentialError::Unavailable("the store is gone".to_owned());
                return Box::pin(async { Err(error) });
            }
            "expired" => return Box::pin(async { Err(CredentialError::Expired) }),
            "unknown" => return Box::pin(async { Err(CredentialError::Unknown) }),
            "root" => Principal::Root(account),
            _ => Principal::User { account, path: "/".to_owned(), name, id: "AIDA".to_owned() },
        };
        let credential = Credential::long_lived(SECRET, Arc::new(principal));
        Box::pin(async { Ok(credential) })
    }

    fn holdings<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<Arc<Holdings>, Error>> {
        let Principal::User { name, .. } = principal else { return Box::pin(async { Ok(Arc::default()) }) };
        let parse = |text| Policy::parse(text).expect("a policy of the test");
        let place = if name == "managed" { MANAGED } else { "rights" };
        let identity = vec![NamedPolicy::new(place, parse(policy_of(name)))];
        let only_logs = r#"{"Statement":{"Effect":"Allow","Action":"logs:*","Resource":"*"}}"#;
        let boundary = (name == "bounded").then(|| NamedPolicy::new("edge", parse(only_logs)));
        let tags = vec![("team".to_owned(), "blue".to_owned())];
        Box::pin(async { Ok(Arc::new(Holdings { identity, boundary, tags })) })
    }
}

pub(crate) struct World {
    pub(crate) counts: Arc<Counts>,
    pub(crate) dispatch: Arc<Dispatch>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(DispatchOptions::default())
    }

    pub(crate) fn with(options: DispatchOptions) -> Self {
        let counts = Arc::new(Counts::default());
        let mut registry = Registry::default();
        registry.add(ServiceBuilder::new(&lambda::SERVICE).operation::<ListTags>(&counts));
        registry.add(ServiceBuilder::new(&logs::SERVICE).operation::<CreateLogGroup>(&counts));
        registry.add(ServiceBuilder::new(&sts::SERVICE).operation::<GetCallerIdentity>(&counts));
        Self::from(counts, registry, options)
    }

    /// A world with one service.
    pub(crate) fn of(service: impl Fn(&Arc<Counts>) -> ServiceBuilder) -> Self {
        let counts = Arc::new(Counts::default());
        let mut registry = Registry::default();
        registry.add(service(&counts));
        Self::from(counts, registry, DispatchOptions::default())
    }

    fn from(counts: Arc<Counts>, registry: Registry, options: DispatchOptions) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_seconds(1_795_485_723)));
        let dispatch = Dispatch::new(registry, Arc::new(Users), clock as Arc<dyn Clock>, options);
        Self { counts, dispatch }
    }

    pub(crate) fn client(&self, name: &str) -> Client {
        Client::new(&self.dispatch, &format!("AKIA{:0<16}", name.to_uppercase()), SECRET)
    }

    pub(crate) fn ran(&self) -> u32 {
        self.counts.ran.load(Ordering::Relaxed)
    }
}

/// Operations of each protocol that have no code here.
pub(crate) fn without_code() -> GetFunctionConfigurationRequest {
    GetFunctionConfigurationRequest { function_name: "f".to_owned(), ..Default::default() }
}
