//! Holds an invocation's place for as long as it runs, also where its caller has gone.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use weft_service::BoxFuture;

use crate::loads::Running;

/// An invocation with its place. A function goes on when its caller hangs up, so what is dropped early goes on by
/// itself, and gives the place back when it ends.
pub(crate) struct Hold<T: Send + 'static> {
    parts: Option<(BoxFuture<'static, T>, Running)>,
}

impl<T: Send + 'static> Hold<T> {
    pub(crate) fn new(invocation: BoxFuture<'static, T>, running: Running) -> Self {
        Self { parts: Some((invocation, running)) }
    }
}

impl<T: Send + 'static> Future for Hold<T> {
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

impl<T: Send + 'static> Drop for Hold<T> {
    fn drop(&mut self) {
        if let Some((invocation, running)) = self.parts.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move {
                invocation.await;
                drop(running);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use weft_types::{AccountId, Region, Timestamp};

    use super::*;
    use crate::loads::{Limits, Loads};
    use crate::name::FunctionKey;

    #[tokio::test]
    async fn a_place_is_held_until_the_function_ends_though_its_caller_has_gone() {
        let loads = Loads::default();
        let key =
            FunctionKey { account: AccountId::DEFAULT, region: Region::default(), name: "f".to_owned() };
        let limits =
            Limits { account: 1, reserved: None, provisioned: 0, withheld: 0, requests_per_environment: 0 };
        let begin = || loads.begin(&key, "", &limits, Timestamp::from_seconds(0)).ok();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let invocation: BoxFuture<'static, ()> = Box::pin(async move { drop(ended.await) });
        drop(Hold::new(invocation, begin().unwrap()));
        assert!(begin().is_none(), "it still runs");
        end.send(()).unwrap();
        while begin().is_none() {
            tokio::task::yield_now().await;
        }
    }
}
