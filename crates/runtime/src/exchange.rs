//! One event on its way through a worker: handed over, and what comes back.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep_until};
use weft_sandbox::Exit;

use crate::delivery::{Delivered, Delivery};
use crate::errors;
use crate::extensions::Failure;
use crate::frames::{Frames, Invoke, Said};
use crate::runtime_api::{Answered, Piece, RuntimeApi};
use crate::worker::{Link, Worker};

/// How an invocation ended.
pub(crate) enum Outcome {
    /// It answered, with the content type where the runtime named one.
    Response(Option<String>, Bytes),
    /// Its answer went to the caller as it came.
    Streamed,
    /// It failed: the error's JSON, and its type where that came beside it.
    Error(Bytes, Option<String>),
    /// Its answer is longer than allowed.
    TooLarge(u64),
    /// It took too long.
    TimedOut,
    /// The runtime ended.
    Ended(Exit),
    /// An extension failed.
    Extension(Failure),
    /// The runtime never asked for the event, which another worker may get.
    NotTaken(Box<Invoke>),
}

/// How long the end of a process is waited for after its socket closed.
const ENDING: Duration = Duration::from_secs(1);
/// How long a runtime always has to ask for its next event.
const PATIENCE_MIN: Duration = Duration::from_millis(100);

/// Sends an event to a worker and its extensions, and waits for what comes of it.
pub(crate) async fn exchange(worker: &Worker, invoke: Invoke, delivery: &mut Delivery) -> Outcome {
    let extensions = &worker.api.extensions;
    if !extensions.any() {
        return through_runtime(worker, invoke, delivery).await;
    }
    if extensions.has_failed() {
        // It did while nobody was there to see.
        return Outcome::NotTaken(Box::new(invoke));
    }
    extensions.invoke(&invoke);
    tokio::select! {
        biased;
        outcome = through_runtime(worker, invoke, delivery) => outcome,
        failure = extensions.failed() => Outcome::Extension(failure),
    }
}

async fn through_runtime(worker: &Worker, invoke: Invoke, delivery: &mut Delivery) -> Outcome {
    match &worker.link {
        Link::Frames(frames) => {
            let mut frames = frames.lock().await;
            if frames.send(&invoke).await.is_err() {
                // It ended while it idled: the event never was with it as a whole.
                return Outcome::NotTaken(Box::new(invoke));
            }
            match answer_in_frames(&mut frames, delivery).await {
                Ok(said) => outcome(worker, said, delivery).await,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    // Whose answer it was nobody knows, nor what the worker does now.
                    let id = &invoke.invocation.request_id;
                    worker.log.platform(format!("RequestId: {id} Error: the runtime sent {error}"));
                    Outcome::Ended(worker.process.kill().await)
                }
                // The kernel tells of an end that left bytes unread: the event never was with it as a whole.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    Outcome::NotTaken(Box::new(invoke))
                }
                Err(_) => Outcome::Ended(ended(worker).await),
            }
        }
        Link::Api(api) => through_api(worker, api, invoke, delivery).await,
        Link::Http(_) => Outcome::Ended(ended(worker).await),
    }
}

async fn answer_in_frames(frames: &mut Frames, delivery: &mut Delivery) -> io::Result<Said> {
    loop {
        match frames.receive().await? {
            Said::Begin(content_type) => delivery.begin(content_type),
            Said::Chunk(bytes) => delivery.piece(bytes).await,
            said => return Ok(said),
        }
    }
}

async fn outcome(worker: &Worker, said: Said, delivery: &mut Delivery) -> Outcome {
    match said {
        Said::Response(bytes) => Outcome::Response(None, bytes),
        Said::End => delivered(delivery),
        Said::Error(bytes) => Outcome::Error(bytes, None),
        Said::TooLarge(length) => Outcome::TooLarge(length as u64),
        Said::Ready | Said::InitError(_) | Said::Begin(_) | Said::Chunk(_) => {
            Outcome::Ended(worker.process.kill().await)
        }
    }
}

fn delivered(delivery: &mut Delivery) -> Outcome {
    match delivery.finish() {
        Delivered::Whole(content_type, bytes) => Outcome::Response(content_type, bytes),
        Delivered::Piped => Outcome::Streamed,
        Delivered::TooLarge(length) => Outcome::TooLarge(length),
    }
}

async fn through_api(worker: &Worker, api: &RuntimeApi, invoke: Invoke, delivery: &mut Delivery) -> Outcome {
    // A runtime that is still busy with what came after its last answer has the time that this answer had.
    let patience = worker.busy_until().max(Instant::now() + PATIENCE_MIN);
    let asks = api.asks();
    let mut waits = api.submit(invoke);
    if !asks {
        let came = tokio::select! {
            biased;
            taken = &mut waits.taken => taken.is_ok(),
            _ = worker.process.wait() => false,
            () = sleep_until(patience) => false,
        };
        if let (false, Some(invoke)) = (came, api.withdraw()) {
            return Outcome::NotTaken(Box::new(invoke));
        }
    }
    tokio::select! {
        biased;
        answered = waits.answered => match answered {
            Ok(answered) => of_answered(worker, answered, delivery).await,
            Err(_) => Outcome::Ended(ended(worker).await),
        },
        exit = worker.process.wait() => match api.withdraw() {
            Some(invoke) => Outcome::NotTaken(Box::new(invoke)),
            None => Outcome::Ended(exit),
        },
    }
}

async fn of_answered(worker: &Worker, answered: Answered, delivery: &mut Delivery) -> Outcome {
    match answered {
        Answered::Response(content_type, bytes) => Outcome::Response(Some(content_type), bytes),
        Answered::Error(bytes, error_type) => Outcome::Error(bytes, error_type),
        Answered::TooLarge(length) => Outcome::TooLarge(length as u64),
        Answered::Streamed(content_type, mut pieces) => {
            delivery.begin(content_type);
            loop {
                match pieces.recv().await {
                    Some(Piece::Data(bytes)) => delivery.piece(bytes).await,
                    Some(Piece::Error(error)) => return Outcome::Error(error, None),
                    Some(Piece::End) => return delivered(delivery),
                    None => return broke_off(worker).await,
                }
            }
        }
    }
}

/// An answer whose connection broke before its end: with the runtime, or without.
async fn broke_off(worker: &Worker) -> Outcome {
    match tokio::time::timeout(ENDING, worker.process.wait()).await {
        Ok(exit) => Outcome::Ended(exit),
        Err(_) => Outcome::Error(errors::truncated_payload(), None),
    }
}

/// How a runtime ended that closed its socket; one that goes on all the same is killed.
async fn ended(worker: &Worker) -> Exit {
    match tokio::time::timeout(ENDING, worker.process.wait()).await {
        Ok(exit) => exit,
        Err(_) => worker.process.kill().await,
    }
}
