//! A body with something that goes along with it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use crate::{Body, BoxError};

/// Goes along with a body, and is dropped right after it, whether it was read to its end or not.
pub trait Attendant<E = BoxError>: Send + 'static {
    /// Sees each frame that passes, the error that ends the body early, or the end (`None`). With `ended` nothing follows.
    fn passed(&mut self, frame: Option<&Result<Frame<Bytes>, E>>, ended: bool) {
        let _ = (frame, ended);
    }
}

/// Gives a body an attendant.
pub fn attended(inner: Body, attendant: impl Attendant) -> Body {
    Body::new(Attended { inner, attendant })
}

/// A body and its attendant; the order of the fields is the order in which they are dropped.
pub(crate) struct Attended<B, A> {
    pub(crate) inner: B,
    pub(crate) attendant: A,
}

/// An attendant is never pinned.
impl<B: Unpin, A> Unpin for Attended<B, A> {}

impl<B, A> http_body::Body for Attended<B, A>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    A: Attendant<B::Error>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(cx));
        this.attendant.passed(frame.as_ref(), this.inner.is_end_stream());
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::FutureExt as _;
    use http_body::Body as _;
    use http_body_util::{BodyExt as _, StreamBody};

    use super::*;

    struct Told(Arc<Mutex<Vec<String>>>);

    impl Attendant for Told {
        fn passed(&mut self, frame: Option<&Result<Frame<Bytes>, BoxError>>, ended: bool) {
            let what = match frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len).to_string(),
                Some(Err(error)) => error.to_string(),
                None => "end".to_owned(),
            };
            self.0.lock().unwrap().push(format!("{what} {ended}"));
        }
    }

    impl Drop for Told {
        fn drop(&mut self) {
            self.0.lock().unwrap().push("dropped".to_owned());
        }
    }

    /// Reads up to `reads` frames of a body, drops it, and says what its attendant was told.
    fn check(inner: Body, reads: usize, want: &[&str]) {
        let told = Arc::default();
        let (hint, ended) = (inner.size_hint(), inner.is_end_stream());
        let mut body = attended(inner, Told(Arc::clone(&told)));
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (hint.exact(), ended));
        for _ in 0..reads {
            let _ = body.frame().now_or_never().unwrap();
        }
        drop(body);
        assert_eq!(*told.lock().unwrap(), want);
    }

    #[test]
    fn an_attendant_sees_all_that_passes_and_goes_with_its_body() {
        let frames = |last: Result<&'static [u8], &'static str>| {
            let frames = [Ok(b"ab".as_slice()), last];
            let frames =
                frames.map(|frame| frame.map(|data| Frame::data(data.into())).map_err(BoxError::from));
            Body::new(StreamBody::new(futures::stream::iter(frames)))
        };
        check(crate::empty(), 0, &["dropped"]);
        check(crate::full("abc"), 1, &["3 true", "dropped"]);
        check(frames(Ok(b"c")), 1, &["2 false", "dropped"]);
        check(frames(Ok(b"c")), 3, &["2 false", "1 false", "end false", "dropped"]);
        check(frames(Err("reset")), 2, &["2 false", "reset false", "dropped"]);
    }
}
