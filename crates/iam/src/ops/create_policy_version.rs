//! `CreatePolicyVersion`: a new document, in force at once where it is set as default.

use weft_model::iam::{CreatePolicyVersionRequest, CreatePolicyVersionResponse};
use weft_service::{Access, Context, Error, Once, Operation, Scope};
use weft_store::WriteTx;

use crate::Iam;
use crate::documents::{self, Purpose};
use crate::errors::limit_exceeded;
use crate::policies::{PolicyArn, require_size, show_version};
use crate::records::{ManagedPolicy, Version};

/// Versions that a policy may have.
const VERSIONS_MAX: usize = 5;

/// A parsed `CreatePolicyVersion` request.
pub(crate) struct CreatePolicyVersion {
    arn: PolicyArn,
    document: String,
    default: bool,
}

impl Operation for CreatePolicyVersion {
    const NAME: &'static str = "CreatePolicyVersion";
    type Service = Iam;
    type Input = CreatePolicyVersionRequest;
    type Output = CreatePolicyVersionResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self {
            arn: PolicyArn::parse(&input.policy_arn)?,
            document: input.policy_document,
            default: input.set_as_default.unwrap_or(false),
        })
    }

    /// The policy's tags count: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        iam.allow_policy(cx, Access::to("iam:CreatePolicyVersion", self.arn.as_str()), &self.arn).await?;
        documents::check(Purpose::Managed, &self.document)?;
        require_size(&self.document)?;
        let Self { arn, document, default } = self;
        let (now, once) = (cx.scope.now, Once::of(cx));
        let made = iam.change_policy(cx, arn, move |tx, policy| {
            let there: Vec<u32> = policy.versions.keys().copied().collect();
            let find = |id: &str| id.parse().ok().filter(|number| there.contains(number));
            let make = |_: &mut WriteTx<'_>| {
                let version = Version { document: document.clone(), created: now };
                add(policy, version, default).map(|number| (number.to_string(), number))
            };
            let number = once.make(tx, |_, id| Ok(find(id)), make)?;
            Ok((number, policy.versions.get(&number).map_or(now, |version| version.created), policy.default))
        });
        let (number, created, default) = made.await?;
        Ok(CreatePolicyVersionResponse { policy_version: Some(show_version(number, created, default, None)) })
    }
}

/// Adds a version; gives its number.
fn add(policy: &mut ManagedPolicy, version: Version, default: bool) -> Result<u32, Error> {
    if policy.versions.len() >= VERSIONS_MAX {
        let message = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an \
                       existing version.";
        return Err(limit_exceeded(message));
    }
    let number = policy.next;
    policy.next += 1;
    policy.updated = version.created;
    policy.versions.insert(number, version);
    if default {
        policy.default = number;
    }
    Ok(number)
}
