//! `CreateServiceLinkedRole`: the role that a service acts with, which only the service changes.

use weft_model::iam::{CreateServiceLinkedRoleRequest, CreateServiceLinkedRoleResponse};
use weft_service::{Access, Context, Error, Once, Operation, Scope};
use weft_store::WriteTx;

use crate::errors::invalid_input;
use crate::linked::{self, taken};
use crate::records::{ROLES, Role, name_key};
use crate::{Iam, ids, named, uses};

/// A parsed `CreateServiceLinkedRole` request.
pub(crate) struct CreateServiceLinkedRole {
    service: String,
    suffix: Option<String>,
    description: Option<String>,
}

impl Operation for CreateServiceLinkedRole {
    const NAME: &'static str = "CreateServiceLinkedRole";
    type Service = Iam;
    type Input = CreateServiceLinkedRoleRequest;
    type Output = CreateServiceLinkedRoleResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self {
            service: input.aws_service_name,
            suffix: input.custom_suffix,
            description: input.description,
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let name = linked::find(&self.service).map_or_else(
            || "AWSServiceRoleFor".to_owned(),
            |linked| linked.role_name(self.suffix.as_deref()),
        );
        let arn = ids::arn(scope.account, "role", &linked::path(&self.service), &name);
        vec![Access::to("iam:CreateServiceLinkedRole", arn).with("iam:AWSServiceName", &self.service)]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let linked = linked::find(&self.service).ok_or_else(|| {
            invalid_input(format!("Service-linked roles of {} are not known here.", self.service))
        })?;
        if self.suffix.is_some() && !linked.takes_suffix() {
            return Err(invalid_input(format!("Custom suffix is not allowed for {}", self.service)));
        }
        let name = linked.role_name(self.suffix.as_deref());
        let role = linked.role(cx.scope.account, name, self.description, cx.scope.now);
        let once = Once::of(cx);
        let made = iam.write(move |tx| named::add_once(tx, &once, &role, add)).await?;
        Ok(CreateServiceLinkedRoleResponse { role: Some(made.show()) })
    }
}

fn add(tx: &mut WriteTx<'_>, role: &Role) -> Result<(), Error> {
    if ROLES.get(tx, &name_key(role.account, &role.name))?.is_some() {
        return Err(taken(&role.name));
    }
    for arn in &role.grants.attached {
        uses::count_attachment(tx, role.account, arn, 1)?;
    }
    named::add(tx, role)
}
