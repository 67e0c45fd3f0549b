//! Work that goes on when nobody waits for it any more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use weft_service::BoxFuture;

/// Runs in the task of whoever waits, which saves a task and a wake-up for each request; where that one goes away, the
/// rest runs as a task of its own. A panic becomes an [`Panicked`] and does not reach who waits.
pub(crate) struct Detached<T: Send + 'static>(Option<BoxFuture<'static, T>>);

/// The work panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Panicked;

impl<T: Send + 'static> Detached<T> {
    /// Begins nothing yet, but from now on it will run.
    pub(crate) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<T: Send + 'static> Future for Detached<T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.0 else { return Poll::Ready(Err(Panicked)) };
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        if let Ok(Poll::Pending) = polled {
            return Poll::Pending;
        }
        self.0 = None;
        polled.map_or(Poll::Ready(Err(Panicked)), |polled| polled.map(Ok))
    }
}

impl<T: Send + 'static> Drop for Detached<T> {
    fn drop(&mut self) {
        // Outside a runtime there is nobody left who could go on.
        if let (Some(work), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn it_goes_on_when_nobody_waits() {
        let (go, gone) = oneshot::channel();
        let (done, told) = oneshot::channel();
        let mut work = Detached::new(async move {
            let _ = done.send(gone.await);
        });
        assert!(futures::poll!(&mut work).is_pending());
        drop(work);
        go.send(7).unwrap();
        assert_eq!(told.await.unwrap(), Ok(7));
    }

    #[tokio::test]
    async fn a_panic_stays_inside() {
        assert_eq!(Detached::new(async { panic!("as the test says") }).await, Err::<(), _>(Panicked));
        assert_eq!(Detached::new(async { 1 }).await, Ok(1));
    }
}
