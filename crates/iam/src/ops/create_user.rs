//! `CreateUser`: a new user, without keys or policies.

use std::collections::{BTreeMap, BTreeSet};

use weft_model::iam::{CreateUserRequest, CreateUserResponse};
use weft_service::{Access, Context, Error, Once, Operation, Scope};

use crate::records::{Grants, User};
use crate::{Iam, boundaries, entity, ids, named, tags};

/// A parsed `CreateUser` request.
pub(crate) struct CreateUser {
    name: String,
    path: String,
    boundary: Option<String>,
    tags: BTreeMap<String, String>,
}

impl Operation for CreateUser {
    const NAME: &'static str = "CreateUser";
    type Service = Iam;
    type Input = CreateUserRequest;
    type Output = CreateUserResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let path = input.path.unwrap_or_else(|| "/".to_owned());
        Ok(Self {
            name: input.user_name,
            path,
            boundary: input.permissions_boundary,
            tags: tags::parse(input.tags)?,
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let arn = ids::arn(scope.account, "user", &self.path, &self.name);
        let create = Access::to("iam:CreateUser", arn.clone()).with_request_tags(&self.tags);
        let create = boundaries::condition(create, self.boundary.as_deref());
        let tag = Access::to("iam:TagUser", arn).with_request_tags(&self.tags);
        if self.tags.is_empty() { vec![create] } else { vec![create, tag] }
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let user = User {
            account: cx.scope.account,
            name: self.name,
            path: self.path,
            id: ids::unique_id("AIDA"),
            created: cx.scope.now,
            grants: Grants { boundary: self.boundary, ..Grants::default() },
            keys: Vec::new(),
            tags: self.tags,
            groups: BTreeSet::new(),
        };
        let once = Once::of(cx);
        let made = iam.write(move |tx| named::add_once(tx, &once, &user, entity::add)).await?;
        Ok(CreateUserResponse { user: Some(made.show()) })
    }
}
