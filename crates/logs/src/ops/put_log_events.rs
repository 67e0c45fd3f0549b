//! `PutLogEvents`: appends a batch of events to a stream. Durable when it answers.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Logs;
use crate::batch::{Accepted, accept, parse};
use crate::names::{GroupName, check_stream};
use crate::segment::Event;
use crate::tables::{append, require_stream};

/// A parsed `PutLogEvents` request. Its sequence token has no meaning any more, as with AWS.
#[derive(Debug)]
pub(crate) struct PutLogEvents {
    group: GroupName,
    stream: String,
    events: Vec<Event>,
}

impl Operation for PutLogEvents {
    const NAME: &'static str = "PutLogEvents";
    type Service = Logs;
    type Input = model::PutLogEventsRequest;
    type Output = model::PutLogEventsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        check_stream(&input.log_stream_name, "logStreamName")?;
        Ok(Self {
            group: GroupName::parse(&input.log_group_name, scope)?,
            stream: input.log_stream_name,
            events: parse(input.log_events)?,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("logs:PutLogEvents", self.group.stream_arn(&self.stream).as_str())]
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<Self::Output, Error> {
        let now = cx.scope.now;
        let (name, stream) = (self.group.clone(), self.stream.clone());
        let (group, _) = logs.read(move |tx| require_stream(tx, &name, &stream)).await?;
        let Accepted { events, rejected } = accept(self.events, now, group.retention_days);
        let next = logs
            .write(move |tx| {
                let (group, stream) = require_stream(tx, &self.group, &self.stream)?;
                let next = stream.next;
                append(tx, group.id, &self.stream, stream, &events, now)?;
                Ok(next + 1)
            })
            .await?;
        Ok(model::PutLogEventsResponse {
            next_sequence_token: Some(format!("{next:056}")),
            rejected_log_events_info: rejected,
            rejected_entity_info: None,
        })
    }
}
