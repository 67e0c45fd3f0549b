//! What a runtime posts: a body that is read whole, or one that is passed on as it comes, and the trailers behind it.

use base64::Engine as _;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;
use weft_net::Body;

use super::answers::header;
use crate::frames::RESPONSE_BYTES_MAX;

/// A part of an answer that comes as the runtime makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Bytes of it.
    Data(Bytes),
    /// The function failed after it had begun: the error's JSON.
    Error(Bytes),
    /// It is whole. Where neither this nor an error comes, it broke off.
    End,
}

/// Why a body could not be read.
pub(super) enum Broken {
    TooLarge(usize),
    Truncated,
}

/// Reads a body and its trailers. What is too long is read to its end all the same, so that the runtime sees the answer.
pub(super) async fn collect(mut body: Body) -> Result<(Bytes, HeaderMap), Broken> {
    let (mut bytes, mut trailers, mut length) = (BytesMut::new(), HeaderMap::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        match frame.map_err(|_| Broken::Truncated)?.into_data() {
            Ok(data) => {
                length += data.len();
                if length <= RESPONSE_BYTES_MAX {
                    bytes.extend_from_slice(&data);
                }
            }
            // Some clients announce two trailers, others send two blocks.
            Err(frame) => trailers.extend(frame.into_trailers().unwrap_or_default()),
        }
    }
    if length > RESPONSE_BYTES_MAX { Err(Broken::TooLarge(length)) } else { Ok((bytes.freeze(), trailers)) }
}

/// Passes a body on, no faster than it is taken. Where nobody takes it any more, it is read to its end.
pub(super) async fn pass_on(mut body: Body, to: mpsc::Sender<Piece>) -> Result<(), Broken> {
    let mut trailers = HeaderMap::new();
    while let Some(frame) = body.frame().await {
        match frame.map_err(|_| Broken::Truncated)?.into_data() {
            Ok(data) => {
                let _ = to.send(Piece::Data(data)).await;
            }
            Err(frame) => trailers.extend(frame.into_trailers().unwrap_or_default()),
        }
    }
    let last = error_of(&trailers).map_or(Piece::End, Piece::Error);
    let _ = to.send(last).await;
    Ok(())
}

/// The error that a runtime reported after its answer had begun: base64 of JSON.
pub(super) fn error_of(trailers: &HeaderMap) -> Option<Bytes> {
    let error_type = trailers.get("lambda-runtime-function-error-type")?;
    let body = header(trailers, "lambda-runtime-function-error-body").unwrap_or_default();
    let decoded = base64::engine::general_purpose::STANDARD.decode(body);
    Some(match decoded {
        Ok(bytes) if !bytes.is_empty() => bytes.into(),
        _ => {
            let error_type = error_type.to_str().unwrap_or("Runtime.Unknown");
            serde_json::json!({ "errorType": error_type, "errorMessage": "" }).to_string().into()
        }
    })
}
