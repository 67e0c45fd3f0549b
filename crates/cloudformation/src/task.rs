//! What a handler of a resource type gets, and what it gives back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Map, Value as Json};
use weft_model::SERVICES;
use weft_service::{BoxFuture, Context, Error, StepToken};

use crate::{Cloudformation, convert, names};

/// Tries of a call that meets a lack that passes; the pauses double from [`FIRST_PAUSE`].
const TRIES: u32 = 9;
const FIRST_PAUSE: Duration = Duration::from_millis(40);

/// The stack that a resource belongs to.
#[derive(Debug, Clone)]
pub(crate) struct StackFacts {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) region: String,
    /// The stack's tags, which spread to what takes tags.
    pub(crate) tags: BTreeMap<String, String>,
    /// What the caller acknowledged, which counts for nested stacks, too.
    pub(crate) capabilities: Vec<String>,
}

/// One resource to make, change or delete.
pub(crate) struct Task<'a> {
    pub(crate) service: &'a Cloudformation,
    /// With the deployer's rights.
    pub(crate) cx: &'a Context,
    pub(crate) stack: &'a StackFacts,
    pub(crate) logical_id: &'a str,
    pub(crate) kind: &'a str,
    /// The properties that it shall have; for a deletion those that it has.
    pub(crate) properties: &'a Map<String, Json>,
    /// For an update, the properties that it has.
    pub(crate) previous: Option<&'a Map<String, Json>>,
    /// What it is called, once it is made.
    pub(crate) physical_id: Option<&'a str>,
    /// The attributes that it has, where it was made.
    pub(crate) attributes: &'a Json,
    /// Names this step of the plan; a step that is tried again has the same.
    pub(crate) token: String,
    calls: AtomicU32,
}

/// What was made.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Made {
    pub(crate) physical_id: String,
    /// What `Ref` gives, where that is not the physical id.
    pub(crate) reference: Option<String>,
    /// What `GetAtt` gives.
    pub(crate) attributes: Map<String, Json>,
}

impl Made {
    /// A resource whose `Ref` is its physical id.
    pub(crate) fn of(physical_id: impl Into<String>) -> Self {
        Self { physical_id: physical_id.into(), ..Self::default() }
    }

    /// With one more attribute.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.attributes.insert(name.to_owned(), value.into());
        self
    }
}

/// Why a step failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    /// What is there in spite of it, for the rollback to delete.
    pub(crate) physical_id: Option<String>,
}

impl Failure {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), physical_id: None }
    }

    /// With what is there in spite of it.
    #[must_use]
    pub(crate) fn leaving(mut self, physical_id: impl Into<String>) -> Self {
        self.physical_id.get_or_insert_with(|| physical_id.into());
        self
    }
}

/// What a handler's step gives.
pub(crate) type Outcome<'a, T> = BoxFuture<'a, Result<T, Failure>>;

/// Makes, changes and deletes the resources of a type. A step may be tried again after a crash, with the same token: calls through
/// [`Task::call`] then find what they made before. What is missing when it is deleted counts as deleted.
pub(crate) trait Handler: Send + Sync {
    /// Makes the resource.
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made>;

    /// Changes it in place.
    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made>;

    /// Deletes it.
    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()>;
}

impl<'a> Task<'a> {
    #[expect(clippy::too_many_arguments, reason = "each is a part of what a step is")]
    pub(crate) fn new(
        service: &'a Cloudformation,
        cx: &'a Context,
        stack: &'a StackFacts,
        logical_id: &'a str,
        kind: &'a str,
        properties: &'a Map<String, Json>,
        previous: Option<&'a Map<String, Json>>,
        physical_id: Option<&'a str>,
        attributes: &'a Json,
        token: String,
    ) -> Self {
        let calls = AtomicU32::new(0);
        Self {
            service,
            cx,
            stack,
            logical_id,
            kind,
            properties,
            previous,
            physical_id,
            attributes,
            token,
            calls,
        }
    }

    /// A property.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Json> {
        self.properties.get(name).filter(|value| !value.is_null())
    }

    /// A property as text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(convert::text)
    }

    /// The physical id; empty before it is made.
    pub(crate) fn physical(&self) -> &'a str {
        self.physical_id.unwrap_or("")
    }

    /// An attribute that it has.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.get(name).map(convert::text)
    }

    /// Whether an update changes this property.
    pub(crate) fn changed(&self, name: &str) -> bool {
        self.previous.is_none_or(|previous| previous.get(name) != self.properties.get(name))
    }

    /// The name that the template gives, or a generated one of at most `max` letters.
    pub(crate) fn name(&self, property: &str, max: usize) -> String {
        self.text(property).filter(|name| !name.is_empty()).unwrap_or_else(|| self.generated(max))
    }

    /// A generated name of at most `max` letters.
    pub(crate) fn generated(&self, max: usize) -> String {
        names::physical(&self.stack.name, self.logical_id, &names::suffix(&self.token), max)
    }

    /// The properties of these names, as an object.
    pub(crate) fn pick(&self, names: &[&str]) -> Map<String, Json> {
        names.iter().filter_map(|name| Some(((*name).to_owned(), self.get(name)?.clone()))).collect()
    }

    /// All properties but these, as an object.
    pub(crate) fn but(&self, names: &[&str]) -> Map<String, Json> {
        let kept = self
            .properties
            .iter()
            .filter(|(name, value)| !names.contains(&name.as_str()) && !value.is_null());
        kept.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The resource's own tags, the stack's and those that tell where it belongs, as pairs. `Tags` may be a list of keys and values or a map.
    pub(crate) fn tags(&self) -> BTreeMap<String, String> {
        let mut tags = self.stack.tags.clone();
        tags.extend(self.get("Tags").map(tags_of).unwrap_or_default());
        tags
    }

    /// The tags as a list of keys and values.
    pub(crate) fn tag_list(&self) -> Json {
        let tags = self.tags();
        tags.into_iter().map(|(key, value)| serde_json::json!({"Key": key, "Value": value})).collect()
    }

    /// The tags as a map.
    pub(crate) fn tag_map(&self) -> Json {
        self.tags().into_iter().map(|(key, value)| (key, Json::String(value))).collect()
    }

    /// The resource with the name and the attributes that it has: what an update leaves as it is.
    pub(crate) fn same(&self) -> Made {
        let attributes = self.attributes.as_object().cloned().unwrap_or_default();
        Made { physical_id: self.physical().to_owned(), reference: None, attributes }
    }

    /// Calls an operation with the deployer's rights. Names of `input` are the API's but for case; what the API does not have is
    /// left out. A lack that passes, such as too many requests, is waited out for a while.
    pub(crate) async fn call(
        &self,
        service: &str,
        operation: &str,
        input: impl Into<Json>,
    ) -> Result<Json, Error> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        self.call_as(self.cx, &number.to_string(), service, operation, input.into()).await
    }

    /// As [`Self::call`], in other surroundings.
    pub(crate) async fn call_in(
        &self,
        cx: &Context,
        service: &str,
        operation: &str,
        input: Json,
    ) -> Result<Json, Error> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        self.call_as(cx, &number.to_string(), service, operation, input).await
    }

    async fn call_as(
        &self,
        cx: &Context,
        suffix: &str,
        service: &str,
        operation: &str,
        input: Json,
    ) -> Result<Json, Error> {
        let cx = cx.as_step(StepToken::new(format!("{}/{suffix}", self.token)));
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        loop {
            match call(&cx, service, operation, &input).await {
                Err(error) if tries < TRIES && passes(&error) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    tries += 1;
                }
                answer => return answer,
            }
        }
    }

    /// As [`Self::call`], with an error as a step's failure.
    pub(crate) async fn make(
        &self,
        service: &str,
        operation: &str,
        input: impl Into<Json>,
    ) -> Result<Json, Failure> {
        self.call(service, operation, input).await.map_err(|error| failure(service, &error))
    }

    /// As [`Self::make`] for a call that has another number when the step is tried again, because what is found decides on calls
    /// before it: `name` names it among the calls of the step.
    pub(crate) async fn make_once(
        &self,
        name: &str,
        service: &str,
        operation: &str,
        input: impl Into<Json>,
    ) -> Result<Json, Failure> {
        self.call_as(self.cx, name, service, operation, input.into())
            .await
            .map_err(|error| failure(service, &error))
    }

    /// As [`Self::make`] for a deletion: what is missing counts as deleted.
    pub(crate) async fn remove(
        &self,
        service: &str,
        operation: &str,
        input: impl Into<Json>,
    ) -> Result<(), Failure> {
        match self.call(service, operation, input).await {
            Ok(_) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(failure(service, &error)),
        }
    }
}

/// Tags from a list of keys and values, or a map.
pub(crate) fn tags_of(tags: &Json) -> BTreeMap<String, String> {
    match tags {
        Json::Array(items) => {
            let pairs = items.iter().filter_map(|item| Some((item.get("Key")?, item.get("Value")?)));
            pairs.map(|(key, value)| (convert::text(key), convert::text(value))).collect()
        }
        Json::Object(entries) => {
            entries.iter().map(|(key, value)| (key.clone(), convert::text(value))).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// Calls an operation with JSON.
pub(crate) async fn call(cx: &Context, service: &str, operation: &str, input: &Json) -> Result<Json, Error> {
    let schema = SERVICES.iter().find(|schema| schema.id == service);
    let Some(found) = schema.and_then(|schema| schema.operation(operation)) else {
        let message = format!("{service}:{operation} is not implemented by this version of Weft.");
        return Err(Error::new("NotImplemented", message).with_status(501));
    };
    let value = convert::to_struct(found.input, input);
    let value = value.map_err(|problem| Error::new("ValidationException", problem))?;
    let output = cx.call_value(service, operation, value).await?;
    Ok(convert::to_json(found.output, &output))
}

/// An error as the reason of an event, in the form that CloudFormation's have.
pub(crate) fn failure(service: &str, error: &Error) -> Failure {
    let status = error.status().unwrap_or(400);
    let message = error.message().trim_end_matches('.');
    Failure::new(format!(
        "{message} (Service: {service}, Status Code: {status}, Error Code: {})",
        error.code()
    ))
}

/// Whether an error says that something is not there.
pub(crate) fn is_missing(error: &Error) -> bool {
    let code = error.code();
    error.status() == Some(404)
        || code.starts_with("NoSuch")
        || ["NotFound", "NotFoundException", "NoSuchEntity"].iter().any(|end| code.ends_with(end))
}

/// Whether an error is a lack that passes.
fn passes(error: &Error) -> bool {
    matches!(
        error.code(),
        "ThrottlingException"
            | "TooManyRequestsException"
            | "ServiceUnavailableException"
            | "ConcurrentModificationException"
            | "OperationAbortedException"
            | "SlowDown"
    ) && error.status() != Some(400)
        || (error.code() == "ResourceConflictException" && error.message().contains("in progress"))
}
