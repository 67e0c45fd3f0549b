//! `CreateGroup`: a new group, without users or policies.

use weft_model::iam::{CreateGroupRequest, CreateGroupResponse};
use weft_service::{Access, Context, Error, Once, Operation, Scope};

use crate::records::{Grants, Group};
use crate::{Iam, ids, named};

/// A parsed `CreateGroup` request.
pub(crate) struct CreateGroup {
    name: String,
    path: String,
}

impl Operation for CreateGroup {
    const NAME: &'static str = "CreateGroup";
    type Service = Iam;
    type Input = CreateGroupRequest;
    type Output = CreateGroupResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.group_name, path: input.path.unwrap_or_else(|| "/".to_owned()) })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("iam:CreateGroup", ids::arn(scope.account, "group", &self.path, &self.name))]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let group = Group {
            account: cx.scope.account,
            name: self.name,
            path: self.path,
            id: ids::unique_id("AGPA"),
            created: cx.scope.now,
            grants: Grants::default(),
        };
        let once = Once::of(cx);
        let made = iam.write(move |tx| named::add_once(tx, &once, &group, named::add)).await?;
        Ok(CreateGroupResponse { group: Some(made.show()) })
    }
}
