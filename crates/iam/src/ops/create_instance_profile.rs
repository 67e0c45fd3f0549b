//! `CreateInstanceProfile`: a new instance profile, without a role.

use weft_model::iam::{CreateInstanceProfileRequest, CreateInstanceProfileResponse};
use weft_service::{Access, Context, Error, Once, Operation, Scope};

use crate::named::{self, Named as _};
use crate::records::InstanceProfile;
use crate::tags::{self, Tags};
use crate::{Iam, ids};

/// A parsed `CreateInstanceProfile` request.
pub(crate) struct CreateInstanceProfile {
    name: String,
    path: String,
    tags: Tags,
}

impl Operation for CreateInstanceProfile {
    const NAME: &'static str = "CreateInstanceProfile";
    type Service = Iam;
    type Input = CreateInstanceProfileRequest;
    type Output = CreateInstanceProfileResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self {
            name: input.instance_profile_name,
            path: input.path.unwrap_or_else(|| "/".to_owned()),
            tags: tags::parse(input.tags)?,
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let arn = ids::arn(scope.account, InstanceProfile::KIND, &self.path, &self.name);
        let create = Access::to("iam:CreateInstanceProfile", arn.clone()).with_request_tags(&self.tags);
        let tag = Access::to("iam:TagInstanceProfile", arn).with_request_tags(&self.tags);
        if self.tags.is_empty() { vec![create] } else { vec![create, tag] }
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let profile = InstanceProfile {
            account: cx.scope.account,
            name: self.name,
            path: self.path,
            id: ids::unique_id("AIPA"),
            created: cx.scope.now,
            role: None,
            tags: self.tags,
        };
        let once = Once::of(cx);
        let made = iam.write(move |tx| named::add_once(tx, &once, &profile, named::add)).await?;
        Ok(CreateInstanceProfileResponse { instance_profile: Some(made.show(None)) })
    }
}
