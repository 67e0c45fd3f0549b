//! The native function: a custom runtime that speaks the Runtime API over one kept-alive connection. The benchmark's own binary
//! is its `bootstrap`, so that one command builds all there is. It serves `cargo lambda watch` as well, whose Runtime API has a path.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

/// Serves invocations until the Runtime API is gone.
pub(crate) fn serve(api: &str) -> io::Result<()> {
    let place = api.strip_prefix("http://").unwrap_or(api);
    let (api, base) = place.find('/').map_or((place, ""), |at| place.split_at(at));
    let mut stream = TcpStream::connect(api)?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    let next = format!("GET {base}/2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: {api}\r\n\r\n");
    loop {
        stream.write_all(next.as_bytes())?;
        let head = read_answer(&mut stream, &mut buffer)?;
        let id = header(&head, "lambda-runtime-aws-request-id").unwrap_or_default();
        let body = r#"{"hello":"world"}"#;
        let answer = format!(
            "POST {base}/2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nhost: {api}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes())?;
        read_answer(&mut stream, &mut buffer)?;
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

/// Reads one answer with a `content-length`, and gives its head.
fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<String> {
    buffer.clear();
    let mut chunk = [0; 4096];
    loop {
        if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
            let length: usize = header(&head, "content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
            if buffer.len() >= end + 4 + length {
                return Ok(head);
            }
        }
        match stream.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => buffer.extend_from_slice(&chunk[..n]),
        }
    }
}
