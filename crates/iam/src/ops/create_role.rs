//! `CreateRole`: a new role and whom it trusts.

use std::collections::BTreeMap;

use weft_model::iam::{CreateRoleRequest, CreateRoleResponse};
use weft_service::{Access, Context, Error, Once, Operation, Scope};

use crate::ops::trust;
use crate::records::{Grants, Role};
use crate::{Iam, boundaries, entity, ids, named, tags};

/// A parsed `CreateRole` request.
pub(crate) struct CreateRole {
    name: String,
    path: String,
    trust: String,
    description: Option<String>,
    boundary: Option<String>,
    session_seconds_max: i32,
    tags: BTreeMap<String, String>,
}

impl Operation for CreateRole {
    const NAME: &'static str = "CreateRole";
    type Service = Iam;
    type Input = CreateRoleRequest;
    type Output = CreateRoleResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self {
            name: input.role_name,
            path: input.path.unwrap_or_else(|| "/".to_owned()),
            trust: input.assume_role_policy_document,
            description: input.description,
            boundary: input.permissions_boundary,
            session_seconds_max: input.max_session_duration.unwrap_or(3600),
            tags: tags::parse(input.tags)?,
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let arn = ids::arn(scope.account, "role", &self.path, &self.name);
        let create = Access::to("iam:CreateRole", arn.clone()).with_request_tags(&self.tags);
        let create = boundaries::condition(create, self.boundary.as_deref());
        let tag = Access::to("iam:TagRole", arn).with_request_tags(&self.tags);
        if self.tags.is_empty() { vec![create] } else { vec![create, tag] }
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let trusted = trust::check(&self.trust)?;
        let role = Role {
            account: cx.scope.account,
            name: self.name,
            path: self.path,
            id: ids::unique_id("AROA"),
            created: cx.scope.now,
            grants: Grants { boundary: self.boundary, ..Grants::default() },
            trust: self.trust,
            description: self.description,
            session_seconds_max: self.session_seconds_max,
            tags: self.tags,
            service: None,
            last_used: None,
        };
        let (given, once) = (role.trust.clone(), Once::of(cx));
        let made = iam.write(move |tx| {
            let trust = trust::bind(tx, &trusted, &role.trust)?;
            named::add_once(tx, &once, &Role { trust, ..role.clone() }, entity::add)
        });
        let made = Role { trust: given, ..made.await? };
        Ok(CreateRoleResponse { role: Some(made.show()) })
    }
}
