//! `DescribeLogStreams`: a group's streams by name or by the time of their last event, a page at a time.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_store::{Read, StoreError};

use crate::names::{GroupName, check_stream};
use crate::page::{NAMES_MAX, page_limit};
use crate::tables::{Group, RECENT, STREAMS, Stream};
use crate::{Logs, errors};

/// A parsed `DescribeLogStreams` request.
#[derive(Debug)]
pub(crate) struct DescribeLogStreams {
    group: GroupName,
    by_time: bool,
    prefix: String,
    descending: bool,
    /// Time (0 where streams are in the order of names) and name of the last stream of the page before.
    after: Option<(i64, String)>,
    limit: usize,
}

impl Operation for DescribeLogStreams {
    const NAME: &'static str = "DescribeLogStreams";
    type Service = Logs;
    type Input = model::DescribeLogStreamsRequest;
    type Output = model::DescribeLogStreamsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let group =
            GroupName::either(input.log_group_name.as_ref(), input.log_group_identifier.as_ref(), scope)?;
        let by_time = input.order_by.as_deref() == Some("LastEventTime");
        if by_time && input.log_stream_name_prefix.is_some() {
            return Err(errors::invalid_parameter(
                "Cannot order by LastEventTime with a logStreamNamePrefix.",
            ));
        }
        if let Some(prefix) = &input.log_stream_name_prefix {
            check_stream(prefix, "logStreamNamePrefix")?;
        }
        let limit = page_limit(input.limit, NAMES_MAX)?;
        let after = input.next_token.map(|token| {
            let parts =
                token.split_once('/').and_then(|(at, name)| Some((at.parse().ok()?, name.to_owned())));
            parts.ok_or_else(errors::invalid_token)
        });
        Ok(Self {
            group,
            by_time,
            prefix: input.log_stream_name_prefix.unwrap_or_default(),
            descending: input.descending == Some(true),
            after: after.transpose()?,
            limit,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<Self::Output, Error> {
        let group = logs.authorize_group(cx, "logs:DescribeLogStreams", &self.group).await?;
        logs.read(move |tx| {
            let (mut streams, more) =
                if self.by_time { self.by_time(tx, &group)? } else { self.by_name(tx, &group)? };
            let more = more || streams.len() > self.limit;
            streams.truncate(self.limit);
            let token = |(name, stream): &(String, Stream)| {
                let at = if self.by_time { stream.last_event.unwrap_or(0) } else { 0 };
                format!("{at}/{name}")
            };
            let next_token = streams.last().filter(|_| more).map(token);
            let describe = |(name, stream): &(String, Stream)| describe(&self.group, name, stream);
            Ok(model::DescribeLogStreamsResponse {
                log_streams: Some(streams.iter().map(describe).collect()),
                next_token,
            })
        })
        .await
    }
}

type Found = (Vec<(String, Stream)>, bool);

impl DescribeLogStreams {
    fn by_name(&self, tx: &impl Read, group: &Group) -> Result<Found, StoreError> {
        let first = (group.id, &self.prefix);
        let mut query = STREAMS.query(&(group.id,)).from(&first).limit(self.limit + 1);
        if self.descending {
            query = query.backward();
            // The first name that is after all with the prefix: names are texts, so that no name has this character.
            if !self.prefix.is_empty() {
                query = query.before(&(group.id, format!("{}{}", self.prefix, char::MAX)));
            }
        }
        query = match &self.after {
            Some((_, name)) if self.descending => query.before(&(group.id, name)),
            Some((_, name)) => query.after(&(group.id, name)),
            None => query,
        };
        let rows = query.rows(tx)?;
        let rows = rows.into_iter().map(|((_, name), stream)| (name, stream));
        Ok((rows.take_while(|(name, _)| name.starts_with(self.prefix.as_str())).collect(), false))
    }

    fn by_time(&self, tx: &impl Read, group: &Group) -> Result<Found, StoreError> {
        let query = RECENT.query(&(group.id,)).limit(self.limit + 1);
        let query = match &self.after {
            Some((at, name)) if self.descending => query.before(&(group.id, *at, name)),
            Some((at, name)) => query.after(&(group.id, *at, name)),
            None => query,
        };
        let query = if self.descending { query.backward() } else { query };
        let rows = query.rows(tx)?;
        let more = rows.len() > self.limit;
        let mut streams = Vec::new();
        for ((_, _, name), _) in rows {
            streams.extend(STREAMS.get(tx, &(group.id, &name))?.map(|stream| (name, stream)));
        }
        Ok((streams, more))
    }
}

fn describe(group: &GroupName, name: &str, stream: &Stream) -> model::LogStream {
    model::LogStream {
        log_stream_name: Some(name.to_owned()),
        creation_time: Some(stream.created.as_millis()),
        first_event_timestamp: stream.first_event,
        last_event_timestamp: stream.last_event,
        last_ingestion_time: stream.last_ingestion,
        upload_sequence_token: Some(format!("{:056}", stream.next)),
        arn: Some(group.stream_arn(name).into()),
        // AWS reports zero for streams since June 2019.
        stored_bytes: Some(0),
    }
}
