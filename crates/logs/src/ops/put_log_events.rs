//! `PutLogEvents`: appends a batch of events to a stream. Durable when it answers.

use std::sync::Arc;

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::backlog::Amount;
use crate::batch::{Accepted, accept, parse};
use crate::names::{GroupName, check_stream};
use crate::page::EVENT_OVERHEAD;
use crate::segment::Event;
use crate::tables::{append, require_stream};
use crate::{Arrived, Logs};

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
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<Self::Output, Error> {
        let now = cx.scope.now;
        let group = logs.authorize_stream(cx, "logs:PutLogEvents", &self.group, &self.stream).await?;
        let Self { group: name, stream, events } = self;
        let Accepted { events, rejected } = accept(events, now, group.retention_days);
        let events: Arc<[Event]> = events.into();
        let bytes = events.iter().map(|event| (event.message.len() + EVENT_OVERHEAD) as u64).sum();
        let (for_write, of_stream, to_write) = (name.clone(), stream.clone(), Arc::clone(&events));
        let written = logs.write(move |tx| {
            let (group, stream) = require_stream(tx, &for_write, &of_stream)?;
            let next = stream.next;
            let rows = append(tx, &group, &of_stream, stream, &to_write, now)?;
            Ok((next + 1, rows, group.subscriptions))
        });
        let (next, rows, filters) = written.await?;
        let amount = Amount { rows, bytes };
        logs.tell(&Arrived { group: name, stream: stream.into(), events, amount, filters }, now);
        Ok(model::PutLogEventsResponse {
            next_sequence_token: Some(format!("{next:056}")),
            rejected_log_events_info: rejected,
            rejected_entity_info: None,
        })
    }
}
