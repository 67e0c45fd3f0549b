//! Hands a batch to the function.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use weft_service::workload::{Invocation, WorkError};

use crate::Lambda;
use crate::mappings::part::Handed;
use crate::mappings::records::Mapping;
use crate::mappings::source::EventSource;

/// The event for what is handed to the function.
pub(super) fn event(mapping: &Mapping, source: &dyn EventSource, shard: &str, handed: &Handed) -> Value {
    let records = handed.work.records.iter().map(|record| record.event.clone()).collect();
    let mut event = source.event(records);
    if let Some(window) = &handed.window {
        window.tell(&mut event, shard, &mapping.source, handed.is_final);
    }
    event
}

impl Lambda {
    /// What the function answered to a batch; nothing where it failed; an error where it could not run.
    pub(super) async fn run_batch(&self, mapping: &Mapping, event: Value) -> Result<Option<Bytes>, ()> {
        let function = mapping.function();
        let target = self.resolve(&function).await.map_err(|error| {
            tracing::warn!(%error, mapping = mapping.uuid, "the function of a mapping is not there");
        })?;
        let running = self.begin(&function.key, &target, self.clock.now()).await.map_err(|_| ())?;
        let invocation = Invocation {
            request_id: weft_service::request_id().into(),
            payload: event.to_string().into(),
            client_context: None,
            cognito_identity: None,
            tenant_id: None,
            invoked_arn: function.arn(),
            tail: false,
            trace_id: None,
        };
        match self.workers.invoke(target.revision, invocation).await {
            Ok(invoked) => {
                running.ended(invoked.error.is_some(), invoked.duration);
                Ok(invoked.error.is_none().then_some(invoked.payload))
            }
            Err(WorkError::Crashed { .. } | WorkError::TimedOut(_)) => {
                running.ended(true, Duration::ZERO);
                Ok(None)
            }
            Err(_) => {
                running.throttled();
                Err(())
            }
        }
    }
}
