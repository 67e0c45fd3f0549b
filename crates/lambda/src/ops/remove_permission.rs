//! `RemovePermission`: takes back what `AddPermission` gave.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_store::WriteTx;

use crate::name::FunctionRef;
use crate::permission::PolicyRecord;
use crate::{Lambda, errors};

/// A parsed `RemovePermission` request.
#[derive(Debug)]
pub(crate) struct RemovePermission {
    function: FunctionRef,
    sid: String,
    revision_id: Option<String>,
}

impl Operation for RemovePermission {
    const NAME: &'static str = "RemovePermission";
    type Service = Lambda;
    type Input = model::RemovePermissionRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)?;
        Ok(Self { function, sid: input.statement_id, revision_id: input.revision_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:RemovePermission", self.function.arn().as_str())]
    }

    async fn run(self, lambda: &Lambda, _: &Context) -> Result<(), Error> {
        let Self { function, sid, revision_id } = self;
        let arn = function.arn();
        let remove = move |_: &mut WriteTx<'_>, policy: &mut PolicyRecord| {
            if policy.statements.is_empty() {
                return Err(errors::not_found(format!("No policy is found for: {arn}")));
            }
            policy.remove(&sid)
        };
        lambda.functions.change_policy(&function, revision_id, remove).await?;
        lambda.cache.forget(&function.key);
        Ok(())
    }
}
