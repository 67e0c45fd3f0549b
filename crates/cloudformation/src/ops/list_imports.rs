//! `ListImports`: which stacks use an export.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::tables::{IMPORTS, STACKS, place};
use crate::{Cloudformation, errors, request};

const PAGE: usize = 100;

/// A parsed `ListImports` request.
#[derive(Debug)]
pub(crate) struct ListImports {
    export: String,
    offset: usize,
}

impl Operation for ListImports {
    const NAME: &'static str = "ListImports";
    type Service = Cloudformation;
    type Input = model::ListImportsInput;
    type Output = model::ListImportsOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { export: input.export_name, offset: request::offset(input.next_token.as_deref())? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("cloudformation:ListImports", "*")]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let (scope, export) = (cx.scope.clone(), self.export.clone());
        let work = move |tx: &weft_store::ReadTx<'_>| {
            let (account, region) = place(&scope);
            let mut names = Vec::new();
            for ((_, _, _, unique), _) in IMPORTS.query(&(account, region.as_str(), export.as_str())).rows(tx)? {
                if let Some(stack) = STACKS.get(tx, &(account, region.clone(), unique))? {
                    names.push(stack.name);
                }
            }
            Ok::<_, Error>(names)
        };
        let names = service.store.read(work).await?;
        if names.is_empty() {
            return Err(errors::validation(format!("Export '{}' is not imported by any stack.", self.export)));
        }
        let (page, next_token) = request::page(names, self.offset, PAGE);
        Ok(model::ListImportsOutput { imports: Some(page), next_token })
    }
}
