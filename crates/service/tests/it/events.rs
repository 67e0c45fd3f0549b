//! Answers that go on as streams of events.

use std::sync::Arc;

use futures::StreamExt as _;
use weft_model::logs::{
    LiveTailSessionStart, LiveTailSessionUpdate, StartLiveTailRequest, StartLiveTailResponse,
    StartLiveTailResponseStream,
};
use weft_model::{Shape, logs};
use weft_service::{Access, Context, Error, Events, Scope, ServiceBuilder, StreamingOperation};
use weft_wire::EventReader;

use crate::world::{Counts, World};

/// `logs:StartLiveTail`: a beginning, an update, an error, and an update that nobody may see.
struct StartLiveTail;

impl StreamingOperation for StartLiveTail {
    const NAME: &'static str = "StartLiveTail";
    type Service = Counts;
    type Input = StartLiveTailRequest;
    type Output = StartLiveTailResponse;
    type Event = StartLiveTailResponseStream;

    fn parse(_: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self)
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("logs:StartLiveTail", "*")]
    }

    async fn run(self, _: &Counts, _: &Context) -> Result<(Self::Output, Events<Self::Event>), Error> {
        let start = StartLiveTailResponseStream {
            session_start: Some(LiveTailSessionStart::default()),
            ..Default::default()
        };
        let update = StartLiveTailResponseStream {
            session_update: Some(LiveTailSessionUpdate::default()),
            ..Default::default()
        };
        let events = vec![Ok(start), Ok(update.clone()), Err(Error::internal("gone")), Ok(update)];
        Ok((StartLiveTailResponse::default(), futures::stream::iter(events).boxed()))
    }
}

fn builder(counts: &Arc<Counts>) -> ServiceBuilder {
    ServiceBuilder::new(&logs::SERVICE).streaming_operation::<StartLiveTail>(counts)
}

#[tokio::test]
async fn events_follow_the_head_until_one_fails() {
    let client = World::of(builder).client("admin");
    let input = StartLiveTailRequest { log_group_identifiers: vec!["g".to_owned()], ..Default::default() };
    let answer = client.send(client.request(&logs::SERVICE, "StartLiveTail", &input.into_value())).await;
    assert_eq!(answer.headers()["content-type"], "application/vnd.amazon.eventstream");
    assert!(answer.headers().contains_key("x-amzn-requestid"));
    let mut reader = EventReader::default();
    reader.push(answer.body());
    let mut seen = Vec::new();
    while let Some(message) = reader.next_message().expect("whole messages") {
        let header = |name| message.header(name).unwrap_or("-").to_owned();
        seen.push(format!("{} {}", header(":message-type"), header(":event-type")));
    }
    assert_eq!(seen, ["event initial-response", "event sessionStart", "event sessionUpdate", "error -"]);
}

#[tokio::test]
async fn nobody_without_rights_gets_a_stream() {
    let client = World::of(builder).client("nobody");
    let input = StartLiveTailRequest { log_group_identifiers: vec!["g".to_owned()], ..Default::default() };
    let answer = client.send(client.request(&logs::SERVICE, "StartLiveTail", &input.into_value())).await;
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.headers()["content-type"], "application/x-amz-json-1.1");
}
