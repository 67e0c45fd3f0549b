//! `ValidateTemplate`: whether a text is a template; nothing is made.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_template::cloudformation::Template;

use crate::prepare::Source;
use crate::{Cloudformation, errors, request};

/// A parsed `ValidateTemplate` request.
#[derive(Debug)]
pub(crate) struct ValidateTemplate {
    source: Source,
}

impl Operation for ValidateTemplate {
    const NAME: &'static str = "ValidateTemplate";
    type Service = Cloudformation;
    type Input = model::ValidateTemplateInput;
    type Output = model::ValidateTemplateOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { source: request::source(input.template_body, input.template_url, None)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("cloudformation:ValidateTemplate", "*")]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let text = service.load(cx, &self.source, None).await?;
        let template = Template::parse(&text).map_err(|error| errors::template(&error))?;
        let parameters = template.parameters().iter().map(|parameter| model::TemplateParameter {
            parameter_key: Some(parameter.key.clone()),
            default_value: parameter.default.clone(),
            no_echo: Some(parameter.no_echo),
            description: parameter.description.clone(),
        });
        let (capabilities, capabilities_reason) = needed(&template);
        Ok(model::ValidateTemplateOutput {
            parameters: Some(parameters.collect()),
            description: template.description().map(str::to_owned),
            capabilities,
            capabilities_reason,
            declared_transforms: Some(template.transforms().to_vec()).filter(|list| !list.is_empty()),
        })
    }
}

/// The capabilities that a template needs, and why.
pub(crate) fn needed(template: &Template) -> (Option<Vec<String>>, Option<String>) {
    let needed = template.capabilities();
    if needed.is_empty() {
        return (None, None);
    }
    let kinds: Vec<&str> = needed.iter().flat_map(|one| one.resource_types.iter().map(|kind| &**kind)).collect();
    let reason = (!kinds.is_empty())
        .then(|| format!("The following resource(s) require capabilities: [{}]", kinds.join(", ")));
    (Some(needed.iter().map(|one| one.name.to_string()).collect()), reason)
}
