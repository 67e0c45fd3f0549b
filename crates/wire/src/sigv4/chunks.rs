//! Bodies in chunks, `aws-chunked`: each with its length, and with a signature upon the one before where they are signed.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>.

use bytes::{Buf as _, Bytes, BytesMut};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::verify::{hash, hex, hmac};

/// The longest line: a chunk's head, or a header after the last chunk.
const LINE_BYTES_MAX: usize = 4 << 10;
/// The most headers after the last chunk.
const TRAILERS_MAX: usize = 32;

/// Why a body is not what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkFault {
    /// It is not in chunks, or ends within one.
    #[error("the body is not made of chunks as it should be")]
    Malformed,
    /// A signature is missing or does not match.
    #[error("the signature of a chunk does not match")]
    Signature,
}

/// Verifies the signatures of chunks, in their order.
#[derive(Clone)]
pub struct ChunkSigner {
    key: [u8; 32],
    time: String,
    scope: String,
    last: String,
}

impl ChunkSigner {
    pub(super) fn new(key: [u8; 32], time: String, scope: String, last: String) -> Self {
        Self { key, time, scope, last }
    }

    /// Checks the signature of the next chunk by its data's hash.
    fn chunk(&mut self, signature: &str, data: &str) -> Result<(), ChunkFault> {
        let Self { time, scope, last, .. } = &*self;
        let text = format!("AWS4-HMAC-SHA256-PAYLOAD\n{time}\n{scope}\n{last}\n{}\n{data}", hash(b""));
        self.check(signature, &text)
    }

    /// Checks the signature of the headers after the last chunk, each a line that ends with `\n`.
    fn trailer(&mut self, signature: &str, lines: &str) -> Result<(), ChunkFault> {
        let Self { time, scope, last, .. } = &*self;
        let hash = hash(lines.as_bytes());
        let text = format!("AWS4-HMAC-SHA256-TRAILER\n{time}\n{scope}\n{last}\n{hash}");
        self.check(signature, &text)
    }

    fn check(&mut self, given: &str, text: &str) -> Result<(), ChunkFault> {
        let expected = hex(&hmac(&self.key, text));
        if given.len() != expected.len() || !bool::from(given.as_bytes().ct_eq(expected.as_bytes())) {
            return Err(ChunkFault::Signature);
        }
        self.last = expected;
        Ok(())
    }

    /// The signature of a chunk with this data, for clients; the next one is made upon it.
    pub fn sign(&mut self, data: &[u8]) -> String {
        let Self { time, scope, last, .. } = &*self;
        let text =
            format!("AWS4-HMAC-SHA256-PAYLOAD\n{time}\n{scope}\n{last}\n{}\n{}", hash(b""), hash(data));
        self.last = hex(&hmac(&self.key, &text));
        self.last.clone()
    }
}

enum State {
    /// A chunk's head comes.
    Head,
    /// So many bytes of data come.
    Data { left: u64 },
    /// The line's end after the data comes.
    Gap,
    /// Headers after the last chunk come.
    Trailer,
    /// All is there.
    End,
}

/// Reads a body in chunks piece by piece, in constant memory. Data is given out as it comes; a chunk whose signature does not
/// match is an error at its end, so believe nothing before [`Chunks::finish`] says that all is well.
pub struct Chunks {
    state: State,
    signer: Option<ChunkSigner>,
    has_trailer: bool,
    buffer: BytesMut,
    signature: String,
    data: Sha256,
    trailers: Vec<(String, String)>,
}

impl Chunks {
    /// A reader; with a signer for chunks that are signed, and whether headers follow the last chunk.
    pub fn new(signer: Option<ChunkSigner>, has_trailer: bool) -> Self {
        Self {
            state: State::Head,
            signer,
            has_trailer,
            buffer: BytesMut::new(),
            signature: String::new(),
            data: Sha256::new(),
            trailers: Vec::new(),
        }
    }

    /// Takes a piece of the body, and gives the data that it brings to `out`.
    pub fn feed(&mut self, mut piece: Bytes, out: &mut Vec<Bytes>) -> Result<(), ChunkFault> {
        while !piece.is_empty() {
            match self.state {
                State::Data { left } => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
                    let data = piece.split_to(here);
                    if self.signer.is_some() {
                        self.data.update(&data);
                    }
                    out.push(data);
                    self.state = match left - here as u64 {
                        0 => State::Gap,
                        left => State::Data { left },
                    };
                }
                State::End => return Err(ChunkFault::Malformed),
                State::Head | State::Gap | State::Trailer => {
                    let Some(line) = self.line(&mut piece)? else { return Ok(()) };
                    self.take(&line)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the body: an error where it is not whole, else the headers that followed it.
    pub fn finish(mut self) -> Result<Vec<(String, String)>, ChunkFault> {
        // Some clients leave out the empty line after what they send last.
        let lazy = matches!(self.state, State::Trailer) && self.buffer.is_empty();
        if lazy {
            self.end()?;
        }
        if matches!(self.state, State::End) { Ok(self.trailers) } else { Err(ChunkFault::Malformed) }
    }

    /// The next line without its end, when it is there whole.
    fn line(&mut self, piece: &mut Bytes) -> Result<Option<String>, ChunkFault> {
        let end = piece.iter().position(|byte| *byte == b'\n');
        let take = end.map_or(piece.len(), |at| at + 1);
        if self.buffer.len() + take > LINE_BYTES_MAX {
            return Err(ChunkFault::Malformed);
        }
        self.buffer.extend_from_slice(&piece[..take]);
        piece.advance(take);
        if end.is_none() {
            return Ok(None);
        }
        let line = self.buffer.split();
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        String::from_utf8(line.to_vec()).map(Some).map_err(|_| ChunkFault::Malformed)
    }

    fn take(&mut self, line: &str) -> Result<(), ChunkFault> {
        match self.state {
            State::Head => self.head(line),
            State::Gap => {
                if !line.is_empty() {
                    return Err(ChunkFault::Malformed);
                }
                self.check_chunk()?;
                self.state = State::Head;
                Ok(())
            }
            State::Trailer if line.is_empty() => self.end(),
            State::Trailer => self.header(line),
            State::Data { .. } | State::End => Err(ChunkFault::Malformed),
        }
    }

    /// `5000;chunk-signature=…`
    fn head(&mut self, line: &str) -> Result<(), ChunkFault> {
        let (length, extensions) = line.split_once(';').unwrap_or((line, ""));
        let is_number = (1..=16).contains(&length.len()) && length.bytes().all(|b| b.is_ascii_hexdigit());
        let left = u64::from_str_radix(length, 16).ok().filter(|_| is_number);
        let left = left.ok_or(ChunkFault::Malformed)?;
        let signature = extensions.split(';').find_map(|one| one.trim().strip_prefix("chunk-signature="));
        signature.unwrap_or_default().clone_into(&mut self.signature);
        self.state = State::Data { left };
        if left == 0 {
            self.check_chunk()?;
            self.state = State::Trailer;
        }
        Ok(())
    }

    fn check_chunk(&mut self) -> Result<(), ChunkFault> {
        let Some(signer) = &mut self.signer else { return Ok(()) };
        let data = hex(&std::mem::take(&mut self.data).finalize());
        signer.chunk(&self.signature, &data)
    }

    fn header(&mut self, line: &str) -> Result<(), ChunkFault> {
        let (name, value) = line.split_once(':').ok_or(ChunkFault::Malformed)?;
        if !self.has_trailer || self.trailers.len() >= TRAILERS_MAX {
            return Err(ChunkFault::Malformed);
        }
        self.trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        Ok(())
    }

    fn end(&mut self) -> Result<(), ChunkFault> {
        self.state = State::End;
        let signature = self.trailers.iter().position(|(name, _)| name == "x-amz-trailer-signature");
        let signature = signature.map(|at| self.trailers.remove(at).1);
        let Some(signer) = self.signer.as_mut().filter(|_| self.has_trailer) else { return Ok(()) };
        let lines: String =
            self.trailers.iter().flat_map(|(name, value)| [name, ":", value.as_str(), "\n"]).collect();
        signer.trailer(&signature.ok_or(ChunkFault::Signature)?, &lines)
    }
}
