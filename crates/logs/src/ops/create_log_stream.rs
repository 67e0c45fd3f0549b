//! `CreateLogStream`: makes a stream in a group.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Once, Operation, Scope};
use weft_store::WriteTx;

use crate::names::{GroupName, check_stream};
use crate::quotas::{add_stream, stream_count};
use crate::tables::{STREAMS, require_group};
use crate::{Logs, errors};

/// A parsed `CreateLogStream` request.
#[derive(Debug)]
pub(crate) struct CreateLogStream {
    group: GroupName,
    stream: String,
}

impl Operation for CreateLogStream {
    const NAME: &'static str = "CreateLogStream";
    type Service = Logs;
    type Input = model::CreateLogStreamRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        check_stream(&input.log_stream_name, "logStreamName")?;
        Ok(Self { group: GroupName::parse(&input.log_group_name, scope)?, stream: input.log_stream_name })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(), Error> {
        logs.authorize_stream(cx, "logs:CreateLogStream", &self.group, &self.stream).await?;
        let (Self { group, stream }, now, max) = (self, cx.scope.now, logs.options.streams_max);
        let once = Once::of(cx);
        logs.write(move |tx| {
            let group = require_group(tx, &group)?;
            let find = |tx: &WriteTx<'_>, _: &str| Ok(STREAMS.get(tx, &(group.id, &stream))?.map(drop));
            once.make(tx, find, |tx| {
                if STREAMS.get(tx, &(group.id, &stream))?.is_some() {
                    return Err(errors::stream_exists());
                }
                if stream_count(tx, group.id)? >= max {
                    return Err(errors::limit_exceeded());
                }
                add_stream(tx, group.id, &stream, now)?;
                Ok((stream.clone(), ()))
            })
        })
        .await
    }
}
