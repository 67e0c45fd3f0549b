//! `DeleteStack`.

use std::collections::BTreeSet;

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::begin::{nesting, pass_role};
use crate::names::StackRef;
use crate::tables::find;
use crate::{Cloudformation, errors, request};

/// A parsed `DeleteStack` request.
#[derive(Debug)]
pub(crate) struct DeleteStack {
    stack: StackRef,
    role: Option<String>,
    retain: BTreeSet<String>,
    token: Option<String>,
}

impl Operation for DeleteStack {
    const NAME: &'static str = "DeleteStack";
    type Service = Cloudformation;
    type Input = model::DeleteStackInput;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self {
            stack: StackRef::parse(&input.stack_name, scope)?,
            role: input.role_arn.filter(|role| !role.is_empty()),
            retain: request::names(input.retain_resources),
            token: input.client_request_token,
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let mut accesses = vec![Access::to("cloudformation:DeleteStack", self.stack.access(scope))];
        accesses.extend(self.role.as_deref().map(pass_role));
        accesses
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<(), Error> {
        let (scope, stack) = (cx.scope.clone(), self.stack.clone());
        let found = service.store.read(move |tx| Ok::<_, Error>(find(tx, &scope, &stack)?)).await?;
        let Some(found) = found else { return Ok(()) };
        // A nested stack has the protection of the outermost one, whose own updates may delete it all the same.
        let root = match found.root.as_deref().filter(|_| nesting(cx).is_none()) {
            Some(root) => {
                let (scope, root) = (cx.scope.clone(), StackRef::parse(root, &cx.scope)?);
                service.store.read(move |tx| Ok::<_, Error>(find(tx, &scope, &root)?)).await?
            }
            None => None,
        };
        if let Some(protected) =
            [Some(&found), root.as_ref()].into_iter().flatten().find(|stack| stack.protected)
        {
            return Err(errors::validation(format!(
                "Stack [{}] cannot be deleted while TerminationProtection is enabled",
                protected.name
            )));
        }
        service.begin_delete(cx, &found, self.role.as_deref(), self.retain, self.token).await
    }
}
