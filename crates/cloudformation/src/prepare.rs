//! From what a caller submits to a stack that could be deployed.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use weft_service::{Context, Error, Scope};
use weft_store::Read;
use weft_template::cloudformation::{
    Binding, Environment, Given, Parameters, SsmLookup, Stack, Template, TemplateError,
};

use crate::tables::{EXPORTS, ORIGINAL, ParameterRecord, Settings, StackRecord, place, text};
use crate::{Cloudformation, errors, task, url};

/// Where the template is.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Body(String),
    Url(String),
    /// A text that was taken before, whatever its length.
    Kept(String),
    /// The one that the stack has.
    Previous,
}

/// What a caller submits.
#[derive(Debug, Clone)]
pub(crate) struct Submitted {
    pub(crate) source: Source,
    pub(crate) given: BTreeMap<String, Given>,
    /// Tags, capabilities, role and so on; none where the stack's stay.
    pub(crate) tags: Option<BTreeMap<String, String>>,
    pub(crate) capabilities: Vec<String>,
    pub(crate) role: Option<String>,
    pub(crate) notification_arns: Option<Vec<String>>,
    pub(crate) timeout_minutes: Option<i32>,
}

/// A stack that could be deployed.
pub(crate) struct Prepared {
    /// The template as it was submitted.
    pub(crate) original: String,
    /// The document after transforms, as JSON text.
    pub(crate) processed: String,
    pub(crate) settings: Settings,
    pub(crate) stack: Stack,
    /// Values of the exports that it imports.
    pub(crate) imports: BTreeMap<String, String>,
}

/// The name and id of the stack for which a template is prepared.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) id: String,
}

impl Cloudformation {
    /// Reads, binds, expands and checks a template. Nothing is changed.
    pub(crate) async fn prepare(
        &self,
        cx: &Context,
        identity: &Identity,
        submitted: Submitted,
        stands: Option<&StackRecord>,
    ) -> Result<Prepared, Error> {
        let original = self.load(cx, &submitted.source, stands).await?;
        let template = Template::parse(&original).map_err(|error| errors::template(&error))?;
        let previous = stands.map(|stack| stack.settings.given.clone()).unwrap_or_default();
        let binding = template.bind(&submitted.given, &previous).map_err(|error| errors::template(&error))?;
        let given = binding.given().clone();
        let parameters = look_up(cx, binding).await?;
        let notification_arns = submitted.notification_arns.clone();
        let notification_arns = notification_arns
            .or_else(|| Some(stands?.settings.notification_arns.clone()))
            .unwrap_or_default();
        let environment = self.environment(&cx.scope, identity, &notification_arns);
        let expanded =
            template.expand(&parameters, &environment).map_err(|error| errors::template(&error))?;
        require_capabilities([&template, &expanded], &submitted.capabilities)?;
        let stack =
            Stack::new(&expanded, &parameters, &environment).map_err(|error| errors::template(&error))?;
        stack.check().map_err(|error| errors::template(&error))?;
        self.require_handlers(&stack)?;
        let imports = self.imports(&cx.scope, &stack).await?;
        let settings = Settings {
            description: expanded.description().map(str::to_owned),
            given,
            parameters: shown(&parameters),
            tags: submitted.tags.or_else(|| Some(stands?.settings.tags.clone())).unwrap_or_default(),
            capabilities: submitted.capabilities,
            role: submitted.role.or_else(|| stands?.settings.role.clone()),
            notification_arns,
            timeout_minutes: submitted.timeout_minutes,
        };
        Ok(Prepared { original, processed: expanded.document().to_string(), settings, stack, imports })
    }

    /// The text of a template.
    pub(crate) async fn load(
        &self,
        cx: &Context,
        source: &Source,
        stands: Option<&StackRecord>,
    ) -> Result<String, Error> {
        match source {
            Source::Body(text) if text.len() > Template::MAX_BODY => Err(errors::validation(format!(
                "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have \
                     length less than or equal to {}",
                Template::MAX_BODY
            ))),
            Source::Body(text) | Source::Kept(text) => Ok(text.clone()),
            Source::Url(url) => {
                let object = url::object_of(url)?;
                let read = self.objects()?.read(cx, &object, Template::MAX_FILE as u64).await;
                let bytes = read.map_err(|error| s3_error(&error))?;
                String::from_utf8(bytes.to_vec())
                    .map_err(|_| errors::validation("Template format error: the template is not UTF-8."))
            }
            Source::Previous => {
                let Some(stack) = stands else {
                    return Err(errors::validation("No template is there to be used again."));
                };
                let unique = stack.unique.clone();
                let found = self.store.read(move |tx| Ok::<_, Error>(text(tx, &unique, ORIGINAL)?)).await?;
                found.ok_or_else(|| errors::validation("No template is there to be used again."))
            }
        }
    }

    /// What the pseudo parameters say.
    pub(crate) fn environment(
        &self,
        scope: &Scope,
        identity: &Identity,
        notification_arns: &[String],
    ) -> Environment {
        let region = scope.region.as_str();
        Environment {
            account: scope.account.to_string(),
            region: region.to_owned(),
            partition: "aws".to_owned(),
            url_suffix: self.url_suffix(),
            stack_name: identity.name.clone(),
            stack_id: identity.id.clone(),
            notification_arns: notification_arns.to_vec(),
            availability_zones: ["a", "b", "c"].map(|zone| format!("{region}{zone}")).to_vec(),
        }
    }

    /// Refuses types that the property schemas know and Weft cannot make yet, all of them at once.
    fn require_handlers(&self, stack: &Stack) -> Result<(), Error> {
        let missing: Vec<String> = stack
            .resources()
            .filter(|resource| !self.handlers.has(&resource.kind))
            .map(|resource| format!("{} ({})", resource.kind, resource.logical_id))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(errors::validation(format!(
            "Template format error: Unrecognized resource types: [{}]; this version of Weft cannot make them",
            missing.join(", ")
        )))
    }

    /// The values of the exports that a stack imports.
    pub(crate) async fn imports(
        &self,
        scope: &Scope,
        stack: &Stack,
    ) -> Result<BTreeMap<String, String>, Error> {
        let wanted: Vec<String> = stack.imports().keys().cloned().collect();
        let (account, region) = place(scope);
        let work = move |tx: &weft_store::ReadTx<'_>| find_exports(tx, account, &region, &wanted);
        self.store.read(work).await
    }
}

fn find_exports(
    tx: &impl Read,
    account: u64,
    region: &str,
    wanted: &[String],
) -> Result<BTreeMap<String, String>, Error> {
    let mut found = BTreeMap::new();
    for name in wanted {
        let export = EXPORTS.get(tx, &(account, region, name.as_str()))?;
        let export = export.ok_or_else(|| errors::validation(format!("No export named {name} found.")))?;
        found.insert(name.clone(), export.value);
    }
    Ok(found)
}

/// Asks SSM for what parameters point to, with the caller's rights.
async fn look_up(cx: &Context, binding: Binding) -> Result<Parameters, Error> {
    let mut values = BTreeMap::new();
    for lookup in binding.lookups() {
        let input = json!({"Name": lookup.name, "WithDecryption": false});
        let answer = task::call(cx, "ssm", "GetParameter", &input).await;
        match answer {
            Ok(answer) => {
                let value = answer.pointer("/Parameter/Value").and_then(Json::as_str).unwrap_or("");
                values.insert(lookup.name.clone(), value.to_owned());
            }
            Err(error) if error.code() == "ParameterNotFound" => {}
            Err(error) => return Err(error),
        }
    }
    let mut look = |lookup: &SsmLookup| values.get(&lookup.name).cloned();
    binding.resolve(&mut look).map_err(|error| errors::template(&error))
}

/// Parameters as they are shown.
fn shown(parameters: &Parameters) -> Vec<ParameterRecord> {
    let shown = parameters.iter().map(|(key, value)| ParameterRecord {
        key: key.to_owned(),
        shown: value.shown().to_owned(),
        resolved: value.resolved.clone(),
    });
    shown.collect()
}

/// Refuses a template that makes identities, or uses macros, unless the caller acknowledged it.
fn require_capabilities(templates: [&Template; 2], given: &[String]) -> Result<(), Error> {
    let mut missing = Vec::new();
    for capability in templates.iter().flat_map(|template| template.capabilities()) {
        let named_is_enough =
            capability.name == "CAPABILITY_IAM" && given.iter().any(|g| g == "CAPABILITY_NAMED_IAM");
        let name = capability.name.to_string();
        if !named_is_enough && !given.contains(&name) && !missing.contains(&name) {
            missing.push(name);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("Requires capabilities : [{}]", missing.join(", "));
    Err(Error::new("InsufficientCapabilitiesException", message))
}

/// What `CloudFormation` says where a template cannot be read.
fn s3_error(error: &Error) -> Error {
    match error.code() {
        "EntityTooLarge" => errors::validation("Template may not exceed 1000000 bytes in size."),
        _ => errors::validation(format!("S3 error: {}", error.message())),
    }
}

/// A deployed stack as the template crate sees it, from its processed document and its settings.
pub(crate) fn standing(
    processed: &str,
    settings: &Settings,
    environment: &Environment,
) -> Result<Stack, TemplateError> {
    let document = serde_json::from_str(processed)
        .map_err(|error| TemplateError::new(format!("The stored template cannot be read: {error}")))?;
    let template = Template::from_document(document)?;
    let given = settings.given.iter().map(|(key, value)| (key.clone(), Given::Value(value.clone())));
    let binding = template.bind(&given.collect(), &BTreeMap::new())?;
    let mut look = |lookup: &SsmLookup| {
        let found = settings.parameters.iter().find(|parameter| parameter.key == lookup.parameter)?;
        found.resolved.clone()
    };
    let parameters = binding.resolve(&mut look)?;
    Stack::new(&template, &parameters, environment)
}
