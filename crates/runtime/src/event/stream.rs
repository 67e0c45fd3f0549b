//! The response of a function URL that hands answers on as they come.

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::{HeaderValue, Response};
use weft_net::{Body, BoxError, chunks, streamed};
use weft_service::workload::StreamedInvoked;

use super::response::{Malformed, PRELUDE, from_head};

/// Bytes that status, headers and cookies may have.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// What the function writes, as it comes and as it is, unless it begins with status and headers. Where the function fails
/// after it began, the body breaks off.
pub(crate) async fn from_stream(invoked: StreamedInvoked) -> Result<Response<Body>, Malformed> {
    let StreamedInvoked { content_type, body, end, .. } = invoked;
    let has_head = content_type.as_deref() == Some(PRELUDE);
    let (mut pieces, mut begin) = (chunks(body), BytesMut::new());
    let mut searched = 0;
    let head = loop {
        let found = if has_head { end_of_head(&begin, searched) } else { (!begin.is_empty()).then_some(0) };
        searched = begin.len();
        if found.is_some() || begin.len() > HEAD_BYTES_MAX {
            break found;
        }
        match pieces.next().await {
            Some(piece) => begin.extend_from_slice(&piece.map_err(|_| Malformed)?),
            None => break None,
        }
    };
    let mut end = Some(end);
    if head.is_none() {
        // A function that still writes must not wait for a reader, nor its client for its end.
        drop(pieces);
        pieces = chunks(weft_net::empty());
        // Nothing came, or no head: only a function that succeeded with nothing to say has answered.
        if has_head || !begin.is_empty() {
            return Err(Malformed);
        }
        let over = if let Some(end) = end.take() { end.await } else { return Err(Malformed) };
        if over.error_code.is_some() {
            return Err(Malformed);
        }
    }
    let mut begin = begin.freeze();
    let mut response = match head.filter(|_| has_head) {
        Some(at) => from_head(&begin.split_to(at + 8)[..at])?,
        None => plain(content_type.as_deref())?,
    };
    let last = futures::stream::iter(end).then(|end| end).filter_map(|over| async move {
        over.error_code.map(|code| Err(BoxError::from(format!("the function failed: {code}"))))
    });
    let first = futures::stream::iter((!begin.is_empty()).then_some(Ok::<Bytes, BoxError>(begin)));
    *response.body_mut() = streamed(first.chain(pieces).chain(last));
    Ok(response)
}

/// Where the eight zeros begin; `searched` bytes were looked at before.
fn end_of_head(begin: &[u8], searched: usize) -> Option<usize> {
    let from = searched.saturating_sub(7);
    begin.get(from..)?.windows(8).position(|window| window == [0; 8]).map(|at| from + at)
}

fn plain(content_type: Option<&str>) -> Result<Response<Body>, Malformed> {
    let kind = content_type.filter(|kind| *kind != "application/json").unwrap_or("application/octet-stream");
    let mut response = Response::new(weft_net::empty());
    let kind = HeaderValue::from_str(kind).map_err(|_| Malformed)?;
    response.headers_mut().insert("content-type", kind);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use weft_service::workload::StreamEnd;

    use super::*;

    async fn check(
        content_type: Option<&str>,
        pieces: &[&'static [u8]],
        error: Option<&str>,
        expected: Result<(u16, &str, Option<&[u8]>), Malformed>,
    ) {
        let pieces: Vec<Result<Bytes, BoxError>> =
            pieces.iter().map(|piece| Ok(Bytes::from_static(piece))).collect();
        let end = StreamEnd { error_code: error.map(str::to_owned), ..StreamEnd::default() };
        let invoked = StreamedInvoked {
            content_type: content_type.map(str::to_owned),
            cold: false,
            body: streamed(futures::stream::iter(pieces)),
            end: Box::pin(std::future::ready(end)),
        };
        let found = match from_stream(invoked).await {
            Ok(response) => {
                let (head, body) = response.into_parts();
                let kind = head.headers["content-type"].to_str().unwrap().to_owned();
                let body = weft_net::collect_limited(body, 1000).await.ok();
                Ok((head.status.as_u16(), kind, body))
            }
            Err(malformed) => Err(malformed),
        };
        let found = found.as_ref().map(|(status, kind, body)| (*status, kind.as_str(), body.as_deref()));
        assert_eq!(found.map_err(|malformed| *malformed), expected);
    }

    #[tokio::test]
    async fn what_the_function_writes_is_the_body() {
        let octets = "application/octet-stream";
        check(None, &[b"a", b"b"], None, Ok((200, octets, Some(b"ab")))).await;
        check(None, &[], None, Ok((200, octets, Some(b"")))).await;
        check(Some("text/plain"), &[b"a"], None, Ok((200, "text/plain", Some(b"a")))).await;
        let json = Some("application/json");
        check(json, &[b"{\"statusCode\":404}"], None, Ok((200, octets, Some(b"{\"statusCode\":404}")))).await;
    }

    #[tokio::test]
    async fn status_and_headers_come_first_in_any_pieces() {
        let head = b"{\"statusCode\":404,\"headers\":{\"content-type\":\"text/x\"}}\0\0\0\0";
        check(Some(PRELUDE), &[head, b"\0\0\0\0", b"no", b"ne"], None, Ok((404, "text/x", Some(b"none"))))
            .await;
        check(Some(PRELUDE), &[head, b"\0\0\0\0none"], None, Ok((404, "text/x", Some(b"none")))).await;
        check(Some(PRELUDE), &[b"{}"], None, Err(Malformed)).await;
        check(Some(PRELUDE), &[b"x\0\0\0\0\0\0\0\0"], None, Err(Malformed)).await;
    }

    #[tokio::test]
    async fn a_failure_is_told_before_the_answer_began_and_breaks_it_off_after() {
        check(None, &[], Some("Unhandled"), Err(Malformed)).await;
        check(None, &[b"a"], Some("Unhandled"), Ok((200, "application/octet-stream", None))).await;
    }

    #[tokio::test]
    async fn a_head_without_an_end_is_refused_while_the_function_still_writes() {
        let (mut sender, receiver) = futures::channel::mpsc::channel::<Result<Bytes, BoxError>>(1);
        let (ended, end) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let piece = || Ok(Bytes::from_static(&[b'x'; 4096]));
            while futures::SinkExt::send(&mut sender, piece()).await.is_ok() {}
            ended.send(StreamEnd::default())
        });
        let invoked = StreamedInvoked {
            content_type: Some(PRELUDE.to_owned()),
            cold: false,
            body: streamed(receiver),
            end: Box::pin(async { end.await.unwrap_or_default() }),
        };
        assert_eq!(from_stream(invoked).await.err(), Some(Malformed));
    }
}
