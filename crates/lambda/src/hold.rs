//! Holds an invocation's place for as long as it runs, also where its caller has gone.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use weft_net::Body;
use weft_service::BoxFuture;
use weft_service::workload::{Ending, Invoked, StreamEnd, StreamedInvoked, WorkError};

use crate::loads::Running;

/// What an invocation comes to: an answer, behind which the function may still run.
pub(crate) trait Outcome: Send + 'static {
    /// When the function has ended; none where it has.
    fn rest(self) -> Option<BoxFuture<'static, StreamEnd>>;
}

impl Outcome for StreamEnd {
    fn rest(self) -> Option<BoxFuture<'static, StreamEnd>> {
        None
    }
}

impl Outcome for Result<Invoked, WorkError> {
    fn rest(self) -> Option<BoxFuture<'static, StreamEnd>> {
        None
    }
}

impl Outcome for Result<StreamedInvoked, WorkError> {
    fn rest(self) -> Option<BoxFuture<'static, StreamEnd>> {
        self.ok().map(|streamed| streamed.end)
    }
}

impl Outcome for Result<Response<Body>, WorkError> {
    fn rest(self) -> Option<BoxFuture<'static, StreamEnd>> {
        let Ending(end) = self.ok()?.extensions_mut().remove()?;
        Some(Box::pin(end))
    }
}

/// An invocation with its place. A function goes on when its caller hangs up, so what is dropped early goes on by
/// itself, and gives the place back when it ends.
pub(crate) struct Hold<T: Outcome> {
    parts: Option<(BoxFuture<'static, T>, Running)>,
}

impl<T: Outcome> Hold<T> {
    pub(crate) fn new(invocation: BoxFuture<'static, T>, running: Running) -> Self {
        Self { parts: Some((invocation, running)) }
    }
}

impl<T: Outcome> Future for Hold<T> {
    type Output = (T, Running);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<(T, Running)> {
        let Some((invocation, _)) = &mut self.parts else { return Poll::Pending };
        let result = ready!(invocation.as_mut().poll(cx));
        match self.parts.take() {
            Some((_, running)) => Poll::Ready((result, running)),
            None => Poll::Pending,
        }
    }
}

impl<T: Outcome> Drop for Hold<T> {
    fn drop(&mut self) {
        if let Some((invocation, running)) = self.parts.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                if let Some(rest) = invocation.await.rest() {
                    rest.await;
                }
                drop(running);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use weft_types::{AccountId, Region, Timestamp};

    use super::*;
    use crate::loads::{Limits, Loads};
    use crate::name::FunctionKey;

    async fn check<T: Outcome>(outcome: impl FnOnce(BoxFuture<'static, StreamEnd>) -> BoxFuture<'static, T>) {
        let loads = Loads::default();
        let key =
            FunctionKey { account: AccountId::DEFAULT, region: Region::default(), name: "f".to_owned() };
        let limits =
            Limits { account: 1, reserved: None, provisioned: 0, withheld: 0, requests_per_environment: 0 };
        let begin = || loads.begin(&key, "", &limits, Timestamp::from_seconds(0)).ok();
        let (end, ended) = tokio::sync::oneshot::channel::<StreamEnd>();
        drop(Hold::new(outcome(ended.map(Result::unwrap_or_default).boxed()), begin().unwrap()));
        for _ in 0..10 {
            tokio::task::yield_now().await;
            assert!(begin().is_none(), "it still runs");
        }
        end.send(StreamEnd::default()).unwrap();
        while begin().is_none() {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_place_is_held_until_the_function_ends_though_its_caller_has_gone() {
        check(|end| end).await;
    }

    #[tokio::test]
    async fn a_caller_that_leaves_before_a_streamed_answer_begins_frees_no_place() {
        check(|end| {
            let streamed = StreamedInvoked { content_type: None, cold: false, body: weft_net::empty(), end };
            std::future::ready(Ok::<_, WorkError>(streamed)).boxed()
        })
        .await;
        check(|end| {
            let mut response = Response::new(weft_net::empty());
            response.extensions_mut().insert(Ending(end.shared()));
            std::future::ready(Ok::<_, WorkError>(response)).boxed()
        })
        .await;
    }
}
