//! `DeleteChangeSet`. One that is not there is no error where its stack is.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Cloudformation;
use crate::change_sets::{ChangeSetRef, find_set, remove};
use crate::tables::require;

/// A parsed `DeleteChangeSet` request.
#[derive(Debug)]
pub(crate) struct DeleteChangeSet {
    change_set: ChangeSetRef,
}

impl Operation for DeleteChangeSet {
    const NAME: &'static str = "DeleteChangeSet";
    type Service = Cloudformation;
    type Input = model::DeleteChangeSetInput;
    type Output = model::DeleteChangeSetOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let change_set = ChangeSetRef::parse(&input.change_set_name, input.stack_name.as_deref(), scope)?;
        Ok(Self { change_set })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let access = Access::to("cloudformation:DeleteChangeSet", self.change_set.access(scope));
        vec![access.with("cloudformation:ChangeSetName", self.change_set.name())]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let (scope, wanted) = (cx.scope.clone(), self.change_set);
        let work = move |tx: &mut weft_store::WriteTx<'_>| {
            if let ChangeSetRef::Name(_, stack) = &wanted {
                require(tx, &scope, stack)?;
            }
            if let Some((stack, set)) = find_set(tx, &scope, &wanted)? {
                remove(tx, &stack, &set)?;
            }
            Ok::<_, Error>(())
        };
        service.store.write(work).await?;
        Ok(model::DeleteChangeSetOutput {})
    }
}
