//! `GetTemplate`: the text as it was submitted, or the document after transforms.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::change_sets::ChangeSetRef;
use crate::names::StackRef;
use crate::tables::{ORIGINAL, PROCESSED, require, text};
use crate::{Cloudformation, errors};

/// A parsed `GetTemplate` request.
#[derive(Debug)]
pub(crate) struct GetTemplate {
    stack: Option<StackRef>,
    change_set: Option<ChangeSetRef>,
    processed: bool,
}

impl Operation for GetTemplate {
    const NAME: &'static str = "GetTemplate";
    type Service = Cloudformation;
    type Input = model::GetTemplateInput;
    type Output = model::GetTemplateOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let change_set = match input.change_set_name {
            Some(name) => Some(ChangeSetRef::parse(&name, input.stack_name.as_deref(), scope)?),
            None => None,
        };
        let stack = input.stack_name.map(|name| StackRef::parse(&name, scope)).transpose()?;
        if stack.is_none() && change_set.is_none() {
            return Err(errors::validation("Either StackName or ChangeSetName must be specified."));
        }
        Ok(Self { stack, change_set, processed: input.template_stage.as_deref() == Some("Processed") })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let resource = match (&self.stack, &self.change_set) {
            (Some(stack), _) => stack.access(scope),
            (None, Some(change_set)) => change_set.access(scope),
            (None, None) => "*".to_owned(),
        };
        vec![Access::to("cloudformation:GetTemplate", resource)]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let owner = match (self.change_set, self.stack) {
            (Some(change_set), _) => service.change_set(&cx.scope, &change_set).await?.1.unique,
            (None, Some(stack)) => {
                let scope = cx.scope.clone();
                service.store.read(move |tx| require(tx, &scope, &stack)).await?.unique
            }
            (None, None) => return Err(errors::validation("StackName must be specified.")),
        };
        let which = if self.processed { PROCESSED } else { ORIGINAL };
        let found = service.store.read(move |tx| Ok::<_, Error>(text(tx, &owner, which)?)).await?;
        Ok(model::GetTemplateOutput {
            template_body: Some(found.unwrap_or_default()),
            stages_available: Some(vec!["Original".to_owned(), "Processed".to_owned()]),
        })
    }
}
