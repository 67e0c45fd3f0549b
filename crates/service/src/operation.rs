//! One operation of an API.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;

use futures::stream::BoxStream;
use weft_model::Shape;
use weft_types::AccountId;

use crate::{Context, Error, IncomingBody, OutgoingBody, Scope};

/// One operation. The implementing struct *is* the request after parsing; the steps run top-down and nothing runs
/// before it was parsed and authorized.
pub trait Operation: Sized + Send + 'static {
    /// The operation's name in the model: `CreateFunction`.
    const NAME: &'static str;
    /// The service's state.
    type Service: Send + Sync + 'static;
    /// The generated input structure.
    type Input: Shape;
    /// The generated output structure; `()` where there is none.
    type Output: Shape;

    /// Turns what came over the wire (already checked against the schema) into a request that cannot be wrong.
    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error>;

    /// Everything that the request needs to be allowed.
    fn accesses(&self, scope: &Scope) -> Vec<Access>;

    /// Does it. May be dropped at any await when the caller goes away; what is not in a transaction then did not happen.
    fn run(
        self,
        service: &Self::Service,
        cx: &Context,
    ) -> impl Future<Output = Result<Self::Output, Error>> + Send;
}

/// An operation whose answer goes on as a stream of events, such as `InvokeWithResponseStream`. The same steps as an
/// [`Operation`]'s, with the same promises; only its end is open.
pub trait StreamingOperation: Sized + Send + 'static {
    /// The operation's name in the model.
    const NAME: &'static str;
    /// The service's state.
    type Service: Send + Sync + 'static;
    /// The generated input structure.
    type Input: Shape;
    /// The generated output structure, which has no member for the events.
    type Output: Shape;
    /// The generated structure of the events; each value has one member.
    type Event: Shape;

    /// See [`Operation::parse`].
    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error>;

    /// See [`Operation::accesses`].
    fn accesses(&self, scope: &Scope) -> Vec<Access>;

    /// Begins; the events follow until their stream ends or the caller goes away, which drops it. An error among them ends
    /// it. Streams are not counted among the requests that run at a time: the operation bounds them.
    fn run(
        self,
        service: &Self::Service,
        cx: &Context,
    ) -> impl Future<Output = Result<(Self::Output, Events<Self::Event>), Error>> + Send;
}

/// An operation whose request or answer has a body that is never held whole, such as `PutObject` and `GetObject`. The same steps
/// as an [`Operation`]'s, with the same promises. The member that is the payload is absent from input and output.
///
/// A call by another service has both bodies whole.
pub trait BodyOperation: Sized + Send + 'static {
    /// The operation's name in the model.
    const NAME: &'static str;
    /// Whether the request has a body that streams; where it has not, a small one is read into the input as ever.
    const TAKES_BODY: bool;
    /// The service's state.
    type Service: Send + Sync + 'static;
    /// The generated input structure.
    type Input: Shape;
    /// The generated output structure.
    type Output: Shape;

    /// See [`Operation::parse`].
    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error>;

    /// See [`Operation::accesses`].
    fn accesses(&self, scope: &Scope) -> Vec<Access>;

    /// Does it. What `body` brings is proven only when it has ended well: nothing of it may be visible before.
    fn run(
        self,
        service: &Self::Service,
        cx: &Context,
        body: IncomingBody,
    ) -> impl Future<Output = Result<(Self::Output, Option<OutgoingBody>), Error>> + Send;
}

/// The events of an answer.
pub type Events<E> = BoxStream<'static, Result<E, Error>>;

const RESOURCE_ACCOUNT: &str = "aws:ResourceAccount";

/// One action on one resource, which must be allowed for a request to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// The action: `lambda:CreateFunction`.
    pub action: Cow<'static, str>,
    /// The resource's ARN, or `*` for actions without resources.
    pub resource: String,
    /// Condition keys that the request carries beyond the global ones: `iam:PassedToService`.
    pub conditions: Vec<(Cow<'static, str>, Vec<String>)>,
}

impl Access {
    /// An action on a resource.
    pub fn to(action: impl Into<Cow<'static, str>>, resource: impl Into<String>) -> Self {
        Self { action: action.into(), resource: resource.into(), conditions: Vec::new() }
    }

    /// Adds a condition key with one value.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.conditions.push((key.into(), vec![value.into()]));
        self
    }

    /// Says whose the resource is where its ARN does not, as a bucket's: `aws:ResourceAccount`.
    #[must_use]
    pub fn owned_by(self, account: AccountId) -> Self {
        self.with(RESOURCE_ACCOUNT, account.to_string())
    }

    /// The account that [`Self::owned_by`] told.
    pub(crate) fn owner(&self) -> Option<&str> {
        let own = self.conditions.iter().find(|(key, _)| key == RESOURCE_ACCOUNT)?;
        own.1.first().map(String::as_str)
    }

    /// Adds the tags that the request sets: `aws:RequestTag/…` and `aws:TagKeys`.
    #[must_use]
    pub fn with_request_tags(mut self, tags: &BTreeMap<String, String>) -> Self {
        let pairs =
            tags.iter().map(|(key, value)| (format!("aws:RequestTag/{key}").into(), vec![value.clone()]));
        self.conditions.extend(pairs);
        self.with_tag_keys(tags.keys().cloned().collect())
    }

    /// Adds the keys of tags that the request sets or takes away: `aws:TagKeys`.
    #[must_use]
    pub fn with_tag_keys(mut self, keys: Vec<String>) -> Self {
        if !keys.is_empty() {
            self.conditions.push(("aws:TagKeys".into(), keys));
        }
        self
    }

    /// Adds the tags that the resource has: `aws:ResourceTag/…`.
    #[must_use]
    pub fn with_resource_tags<'a>(mut self, tags: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let keys = tags.map(|(key, value)| (format!("aws:ResourceTag/{key}").into(), vec![value.to_owned()]));
        self.conditions.extend(keys);
        self
    }
}
