//! `CreatePolicyVersion`: a new document, in force at once where it is set as default.

use weft_model::iam::{CreatePolicyVersionRequest, CreatePolicyVersionResponse};
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Iam;
use crate::documents::{self, Purpose};
use crate::errors::limit_exceeded;
use crate::policies::{PolicyArn, require_size, show_version};
use crate::records::Version;

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
        let now = cx.scope.now;
        let version = iam
            .change_policy(cx, self.arn, move |_, policy| {
                if policy.versions.len() >= VERSIONS_MAX {
                    let message = "A managed policy can have up to 5 versions. Before you create a new version, you \
                                   must delete an existing version.";
                    return Err(limit_exceeded(message));
                }
                let number = policy.next;
                policy.next += 1;
                policy.versions.insert(number, Version { document: self.document.clone(), created: now });
                policy.updated = now;
                if self.default {
                    policy.default = number;
                }
                Ok(show_version(number, now, policy.default, None))
            })
            .await?;
        Ok(CreatePolicyVersionResponse { policy_version: Some(version) })
    }
}
