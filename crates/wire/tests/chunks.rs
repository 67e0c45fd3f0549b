//! Bodies in chunks: however the pieces fall, the data is the same, and nothing that was changed goes through.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use bytes::Bytes;
use http::Request;
use proptest::collection::vec;
use proptest::prelude::*;
use weft_types::Timestamp;
use weft_wire::sigv4::{ChunkFault, ChunkSigner, Chunks, Credentials, parse_authorization, sign};

/// Headers after a body.
type Headers = Vec<(String, String)>;
/// The same, as a test writes them.
type Given<'a> = &'a [(&'a str, &'a str)];

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// What verifies, or makes, the signatures of a request's chunks.
fn signer() -> ChunkSigner {
    let mut request = Request::put("http://127.0.0.1/b/k").body(Bytes::new()).unwrap();
    let credentials = Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret: SECRET.to_owned(),
        session_token: None,
    };
    sign(&mut request, &credentials, "us-east-1", "s3", Timestamp::from_seconds(1_795_485_723)).unwrap();
    let (parts, _) = request.into_parts();
    parse_authorization(&parts).unwrap().unwrap().chunk_signer(SECRET)
}

/// A body of signed chunks.
fn signed(chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut signer = signer();
    let mut body = Vec::new();
    for chunk in chunks.iter().map(Vec::as_slice).filter(|chunk| !chunk.is_empty()).chain([&b""[..]]) {
        let signature = signer.sign(chunk);
        body.extend(format!("{:x};chunk-signature={signature}\r\n", chunk.len()).into_bytes());
        body.extend(chunk);
        body.extend(b"\r\n");
    }
    body
}

/// Reads a body that comes in pieces of these sizes, over and over.
fn read(mut reader: Chunks, body: &[u8], sizes: &[usize]) -> Result<(Vec<u8>, Headers), ChunkFault> {
    let mut rest = Bytes::copy_from_slice(body);
    let mut data = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let piece = rest.split_to((*size).min(rest.len()));
        let mut out = Vec::new();
        reader.feed(piece, &mut out)?;
        data.extend(out.concat());
    }
    Ok((data, reader.finish()?))
}

#[test]
fn chunks_are_read_or_refused() {
    let check = |body: &str, trailer: bool, expected: Result<(&str, Given<'_>), ChunkFault>| {
        let found = read(Chunks::new(None, trailer), body.as_bytes(), &[body.len().max(1)]);
        let found = found.map(|(data, headers)| (String::from_utf8(data).unwrap(), headers));
        let plain = found.as_ref().map_err(|fault| *fault).map(|(data, headers)| {
            (data.as_str(), headers.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>())
        });
        assert_eq!(plain, expected.map(|(data, headers)| (data, headers.to_vec())), "{body:?}");
    };
    let sum = [("x-amz-checksum-crc32", "AAAAAA==")];
    let bad = Err(ChunkFault::Malformed);
    check("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", true, Ok(("hello", &sum)));
    check("5\r\nhello\r\n0\r\nX-Amz-Checksum-CRC32: AAAAAA==\r\n", true, Ok(("hello", &sum)));
    check("5\r\nhello\r\n0\r\n\r\n", false, Ok(("hello", &[])));
    check("0\r\n\r\n", false, Ok(("", &[])));
    check("0\r\n", false, Ok(("", &[])));
    check("5\r\nhello\r\n", false, bad);
    check("5\r\nhel", false, bad);
    check("", false, bad);
    check("5\r\nhelloX\r\n0\r\n\r\n", false, bad);
    check("x\r\nhello\r\n0\r\n\r\n", false, bad);
    check("-5\r\nhello\r\n0\r\n\r\n", false, bad);
    check("ffffffffffffffffff\r\n", false, bad);
    check("0\r\n\r\nmore", false, bad);
    check("0\r\na:b\r\n\r\n", false, bad);
    check("0\r\nnothing\r\n\r\n", true, bad);
    check(&"1".repeat(5000), false, bad);
}

#[test]
fn a_signature_is_bound_to_its_chunk_and_place() {
    let body = signed(&[b"aaaa".to_vec(), b"bbbb".to_vec()]);
    let of = |body: &[u8]| read(Chunks::new(Some(signer()), false), body, &[7]).map(|(data, _)| data);
    assert_eq!(of(&body).unwrap(), b"aaaabbbb");
    let text = String::from_utf8(body).unwrap();
    let changed = text.replace("bbbb", "bbbc");
    assert_eq!(of(changed.as_bytes()), Err(ChunkFault::Signature));
    let (first, rest) = text.split_at(text.find("bbbb").unwrap() - text.find("aaaa").unwrap());
    let swapped = format!("{}{first}", rest.split("0;chunk").next().unwrap());
    assert_eq!(of(swapped.as_bytes()), Err(ChunkFault::Signature));
    assert_eq!(of(b"5\r\nhello\r\n0\r\n\r\n"), Err(ChunkFault::Signature));
    let cut = &text[..text.find("0;chunk").unwrap()];
    assert_eq!(of(cut.as_bytes()), Err(ChunkFault::Malformed));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn pieces_fall_as_they_like(
        chunks in vec(vec(any::<u8>(), 0..80), 0..5),
        sizes in vec(1_usize..50, 1..6),
    ) {
        let found = read(Chunks::new(Some(signer()), false), &signed(&chunks), &sizes);
        prop_assert_eq!(found.map(|(data, _)| data), Ok(chunks.concat()));
    }

    #[test]
    fn no_change_of_a_signed_body_goes_through(
        chunks in vec(vec(any::<u8>(), 1..20), 1..4),
        at in any::<proptest::sample::Index>(),
        to in any::<u8>(),
    ) {
        let mut body = signed(&chunks);
        let at = at.index(body.len());
        let before = body[at];
        body[at] = to;
        if let Ok((data, _)) = read(Chunks::new(Some(signer()), false), &body, &[13]) {
            // Only the spelling of lengths and of lines' ends may differ.
            prop_assert_eq!(data, chunks.concat());
            prop_assert!(before == to || before.is_ascii_hexdigit() || before == b'\r' || before == b';');
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(body in vec(any::<u8>(), 0..200), sizes in vec(1_usize..50, 1..4), trailer in any::<bool>()) {
        let _ = read(Chunks::new(None, trailer), &body, &sizes);
        let _ = read(Chunks::new(Some(signer()), trailer), &body, &sizes);
    }
}
