//! `DeleteLogStream`: removes a stream with its events. Their bytes go with the next sweep.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Logs;
use crate::names::{GroupName, check_stream};
use crate::quotas::remove_stream;
use crate::tables::require_stream;

/// A parsed `DeleteLogStream` request.
#[derive(Debug)]
pub(crate) struct DeleteLogStream {
    group: GroupName,
    stream: String,
}

impl Operation for DeleteLogStream {
    const NAME: &'static str = "DeleteLogStream";
    type Service = Logs;
    type Input = model::DeleteLogStreamRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        check_stream(&input.log_stream_name, "logStreamName")?;
        Ok(Self { group: GroupName::parse(&input.log_group_name, scope)?, stream: input.log_stream_name })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(), Error> {
        logs.authorize_stream(cx, "logs:DeleteLogStream", &self.group, &self.stream).await?;
        logs.write(move |tx| {
            let (group, stream) = require_stream(tx, &self.group, &self.stream)?;
            Ok(remove_stream(tx, group.id, &self.stream, &stream)?)
        })
        .await
    }
}
