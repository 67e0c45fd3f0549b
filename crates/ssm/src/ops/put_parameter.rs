//! `PutParameter`: makes a parameter, or a new version of one.

use std::sync::Arc;

use weft_model::ssm as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::change::{Put, Signed, Tier};
use crate::errors::validation;
use crate::names::Name;
use crate::{Ssm, tags, value};

/// A parsed `PutParameter` request.
#[derive(Debug)]
pub(crate) struct PutParameter {
    put: Put,
}

impl Operation for PutParameter {
    const NAME: &'static str = "PutParameter";
    type Service = Ssm;
    type Input = model::PutParameterRequest;
    type Output = model::PutParameterResult;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        if input.policies.as_deref().is_some_and(has_policies) {
            return Err(validation("Parameter policies are not supported by Weft yet."));
        }
        value::check(&input.value)?;
        if let Some(data_type) = &input.data_type {
            value::check_data_type(data_type)?;
        }
        let overwrite = input.overwrite == Some(true);
        let tags = tags::parse(input.tags.unwrap_or_default())?;
        if overwrite && !tags.is_empty() {
            return Err(validation(
                "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
            ));
        }
        Ok(Self {
            put: Put {
                name: Name::parse_new(&input.name, scope)?,
                value: input.value,
                kind: input.r#type,
                key_id: input.key_id,
                description: input.description,
                allowed_pattern: input.allowed_pattern,
                data_type: input.data_type,
                tier: tier(input.tier.as_deref()),
                overwrite,
                tags,
            },
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let Put { name, tags, overwrite, .. } = &self.put;
        let put = tags::access("ssm:PutParameter", name).with("ssm:Overwrite", overwrite.to_string());
        let mut accesses = vec![put.with_request_tags(tags)];
        if !tags.is_empty() {
            accesses.push(tags::access("ssm:AddTagsToResource", name).with_request_tags(tags));
        }
        accesses
    }

    async fn run(self, ssm: &Ssm, cx: &Context) -> Result<Self::Output, Error> {
        let (put, seal, options) = (self.put, Arc::clone(&ssm.seal), ssm.options.clone());
        let signed = Signed { now: cx.scope.now, by: cx.principal.arn().map(|arn| arn.to_string()) };
        let step = cx.step().cloned();
        let (version, advanced) = ssm
            .write(move |tx| {
                let before = step.as_ref().map(|step| step.before(tx)).transpose()?.flatten();
                if let Some(made) = before.as_deref().and_then(parse_made) {
                    return Ok(made);
                }
                let made = put.carry_out(tx, (&seal, &options), &signed)?;
                if let Some(step) = &step {
                    step.done(tx, &format!("{} {}", made.0, made.1), signed.now)?;
                }
                Ok(made)
            })
            .await?;
        let tier = if advanced { "Advanced" } else { "Standard" };
        Ok(model::PutParameterResult { version: Some(version), tier: Some(tier.to_owned()) })
    }
}

/// What a step remembers of the version that it made.
fn parse_made(text: &str) -> Option<(i64, bool)> {
    let (version, advanced) = text.split_once(' ')?;
    Some((version.parse().ok()?, advanced.parse().ok()?))
}

/// Whether a list of policies has any; a text that is no list has to be refused too.
fn has_policies(text: &str) -> bool {
    serde_json::from_str::<Vec<serde_json::Value>>(text).map_or(true, |list| !list.is_empty())
}

fn tier(name: Option<&str>) -> Tier {
    match name {
        Some("Standard") => Tier::Standard,
        Some("Advanced") => Tier::Advanced,
        Some("Intelligent-Tiering") => Tier::Intelligent,
        _ => Tier::Unsaid,
    }
}
