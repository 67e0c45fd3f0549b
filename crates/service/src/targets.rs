//! The seam to what takes messages of other services: queues, topics, event buses, buckets.
//!
//! Who sends knows an ARN and calls [`Context::check_target`] when it is configured and [`Context::send`] when there is
//! something to send. A service whose resources take messages implements [`Target`] and is added to the
//! [`crate::Registry`]; no sender changes for that.

use bytes::Bytes;
use weft_types::Arn;

use crate::{Access, BoxFuture, Context, Error};

/// Takes messages for the resources of one service.
pub trait Target: Send + Sync + 'static {
    /// Fails with the service's own error unless the resource is there and can take messages.
    fn check<'a>(&'a self, cx: &'a Context, resource: &'a Arn) -> BoxFuture<'a, Result<(), Error>>;

    /// Takes a message; it is durable when this returns. The sender, whose surroundings these are, has been authorized.
    fn take<'a>(
        &'a self,
        cx: &'a Context,
        resource: &'a Arn,
        message: Message,
    ) -> BoxFuture<'a, Result<(), Error>>;
}

/// What is sent. Each kind of target uses what it has a place for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The body of a message, the `detail` of an event, the content of an object. Its size is the target's to limit.
    pub body: Bytes,
    /// `MessageAttributes` of queues and topics.
    pub attributes: Vec<Attribute>,
    /// `source` of an event.
    pub source: &'static str,
    /// `detail-type` of an event.
    pub detail_type: &'static str,
    /// `resources` of an event, ARNs.
    pub resources: Vec<String>,
    /// The key of an object.
    pub key: String,
}

/// One message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `RequestID`.
    pub name: &'static str,
    /// `String` or `Number`.
    pub kind: &'static str,
    /// The value, as text.
    pub value: String,
}

/// The action that whoever sends to a resource needs: `sqs:SendMessage`. None where nothing like it takes messages.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>.
pub fn sending_action(resource: &Arn) -> Option<&'static str> {
    match resource.service() {
        "sqs" => Some("sqs:SendMessage"),
        "sns" => Some("sns:Publish"),
        "events" => Some("events:PutEvents"),
        "s3" => Some("s3:PutObject"),
        _ => None,
    }
}

fn access(resource: &Arn, key: &str) -> Result<Access, Error> {
    let action = sending_action(resource).ok_or_else(|| not_there(resource))?;
    let resource = match resource.service() {
        "s3" => format!("{resource}/{key}"),
        _ => resource.to_string(),
    };
    Ok(Access::to(action, resource))
}

fn not_there(resource: &Arn) -> Error {
    let message = format!("{} takes no messages here: no such service is there yet.", resource.service());
    Error::new("NotImplemented", message).with_status(501)
}

impl Context {
    /// Fails unless this context's principal may send to a resource, and, where the resource's service is there, with that
    /// service's error unless the resource can take messages. Where it is not, nothing more can be known.
    pub async fn check_target(&self, resource: &Arn) -> Result<(), Error> {
        self.authorize(&access(resource, "*")?).await?;
        match self.engine.target(resource.service()) {
            Some(target) => target.check(self, resource).await,
            None => Ok(()),
        }
    }

    /// Sends a message to a resource as this context's principal. Fails with `NotImplemented` where the resource's service is
    /// not there.
    pub async fn send(&self, resource: &Arn, message: Message) -> Result<(), Error> {
        self.authorize(&access(resource, &message.key)?).await?;
        let target = self.engine.target(resource.service()).ok_or_else(|| not_there(resource))?;
        target.take(self, resource, message).await
    }
}
