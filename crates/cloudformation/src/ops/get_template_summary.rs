//! `GetTemplateSummary`.

use std::collections::BTreeMap;

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_template::cloudformation::{ParameterDeclaration, Schema, Template};

use crate::names::StackRef;
use crate::ops::validate_template::needed;
use crate::prepare::Source;
use crate::tables::require;
use crate::{Cloudformation, errors, request};

/// A parsed `GetTemplateSummary` request.
#[derive(Debug)]
pub(crate) struct GetTemplateSummary {
    stack: Option<StackRef>,
    source: Source,
}

impl Operation for GetTemplateSummary {
    const NAME: &'static str = "GetTemplateSummary";
    type Service = Cloudformation;
    type Input = model::GetTemplateSummaryInput;
    type Output = model::GetTemplateSummaryOutput;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let stack = input.stack_name.map(|name| StackRef::parse(&name, scope)).transpose()?;
        let source = match &stack {
            Some(_) => request::source(input.template_body, input.template_url, Some(true))?,
            None => request::source(input.template_body, input.template_url, None)?,
        };
        Ok(Self { stack, source })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let resource = self.stack.as_ref().map_or_else(|| "*".to_owned(), |stack| stack.access(scope));
        vec![Access::to("cloudformation:GetTemplateSummary", resource)]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let found = match self.stack {
            Some(stack) => {
                let scope = cx.scope.clone();
                Some(service.store.read(move |tx| require(tx, &scope, &stack)).await?)
            }
            None => None,
        };
        let text = service.load(cx, &self.source, found.as_ref()).await?;
        let template = Template::parse(&text).map_err(|error| errors::template(&error))?;
        let (capabilities, capabilities_reason) = needed(&template);
        Ok(model::GetTemplateSummaryOutput {
            parameters: Some(template.parameters().iter().map(declaration).collect()),
            description: template.description().map(str::to_owned),
            capabilities,
            capabilities_reason,
            resource_types: Some(template.resource_types()),
            version: template.document().get("AWSTemplateFormatVersion").map(crate::convert::text),
            metadata: template.metadata().map(ToString::to_string),
            declared_transforms: Some(template.transforms().to_vec()).filter(|list| !list.is_empty()),
            resource_identifier_summaries: Some(identifiers(&template)),
            warnings: None,
        })
    }
}

fn declaration(parameter: &ParameterDeclaration) -> model::ParameterDeclaration {
    let allowed = Some(parameter.allowed_values.clone()).filter(|values| !values.is_empty());
    model::ParameterDeclaration {
        parameter_key: Some(parameter.key.clone()),
        default_value: parameter.default.clone(),
        parameter_type: Some(parameter.kind.clone()),
        no_echo: Some(parameter.no_echo),
        description: parameter.description.clone(),
        parameter_constraints: Some(model::ParameterConstraints { allowed_values: allowed }),
    }
}

/// By which properties the resources of each type are told apart.
fn identifiers(template: &Template) -> Vec<model::ResourceIdentifierSummary> {
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let resources = template.document().get("Resources").and_then(|resources| resources.as_object());
    for (logical_id, resource) in resources.into_iter().flatten() {
        if let Some(kind) = resource.get("Type").and_then(|kind| kind.as_str()) {
            kinds.entry(kind.to_owned()).or_default().push(logical_id.clone());
        }
    }
    let summaries = kinds.into_iter().filter_map(|(kind, logical_ids)| {
        let names = Schema::of(&kind)?.primary_identifier().to_vec();
        Some(model::ResourceIdentifierSummary {
            resource_type: Some(kind),
            logical_resource_ids: Some(logical_ids),
            resource_identifiers: Some(names),
        })
    });
    summaries.collect()
}
