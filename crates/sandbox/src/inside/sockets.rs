//! What the Unix sockets of a network namespace hold: the kernel bounds each, and no process is charged for it.

use std::io;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

/// `SOCK_DIAG_BY_FAMILY`, and its answers.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const DUMP: u16 = 0x301;
/// `UDIAG_SHOW_RQLEN | UDIAG_SHOW_MEMINFO`.
const SHOWN: u32 = 0x30;
/// `UNIX_DIAG_RQLEN`, and which of its numbers is what waits to be read.
const QUEUES: (u16, usize) = (4, 0);
/// `UNIX_DIAG_MEMINFO`, and which of its numbers is what was sent and not read yet.
const MEMORY: (u16, usize) = (5, 2);
/// What waits at a socket whose sender may be gone: the most that one sender may have on its way (`wmem_max`).
const UNREAD_BYTES: u64 = 212_992;
/// The lengths of a message's header and of a socket's part before its attributes.
const HEADER: usize = 16;
const SOCKET: usize = HEADER + 16;

/// Bytes that the sockets hold, at most; stops counting above `enough`. Zero where the kernel does not tell.
pub(crate) fn held(enough: u64) -> u64 {
    let mut sum = 0;
    // A part of the answer is better than none.
    let _ = dump(&mut |bytes| {
        sum += bytes;
        sum <= enough
    });
    sum
}

fn dump(take: &mut dyn FnMut(u64) -> bool) -> io::Result<()> {
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, Some(netlink::SOCK_DIAG))?;
    send(&socket, &request(), SendFlags::empty())?;
    let mut buffer = vec![0u8; 32 << 10];
    loop {
        let (length, _) = recv(&socket, &mut buffer[..], RecvFlags::DONTWAIT)?;
        let mut rest = &buffer[..length];
        while let Some((kind, message, after)) = split(rest) {
            if kind != BY_FAMILY || !take(bytes_of(message)) {
                return Ok(());
            }
            rest = after;
        }
        if length == 0 {
            return Ok(());
        }
    }
}

fn request() -> Vec<u8> {
    let family = u32::from(AddressFamily::UNIX.as_raw());
    let mut request = Vec::new();
    request.extend(40u32.to_ne_bytes());
    request.extend([BY_FAMILY, DUMP].map(u16::to_ne_bytes).as_flattened());
    // Number and port; the family (both architectures are little-endian), every state, any inode, what to show, any cookie.
    request.extend([1, 0, family, u32::MAX, 0, SHOWN, 0, 0].map(u32::to_ne_bytes).as_flattened());
    request
}

/// The first message's kind, itself, and what follows it.
fn split(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = usize::try_from(number(bytes, 0)?).ok()?;
    let kind = u16::from_ne_bytes([*bytes.get(4)?, *bytes.get(5)?]);
    let message = bytes.get(..length).filter(|message| message.len() >= HEADER)?;
    Some((kind, message, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

fn bytes_of(message: &[u8]) -> u64 {
    let (mut sum, mut rest) = (0, message.get(SOCKET..).unwrap_or_default());
    while rest.len() >= 4 {
        let length = usize::from(u16::from_ne_bytes([rest[0], rest[1]]));
        let kind = u16::from_ne_bytes([rest[2], rest[3]]);
        let Some(attribute) = rest.get(4..length) else { break };
        let value = |at: usize| number(attribute, at * 4).unwrap_or(0);
        if kind == MEMORY.0 {
            sum += u64::from(value(MEMORY.1));
        } else if kind == QUEUES.0 && value(QUEUES.1) > 0 {
            sum += UNREAD_BYTES;
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    sum
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_and_what_waits_count() {
        let attribute = |kind: u8, numbers: &[u32]| {
            let length = u8::try_from(4 + numbers.len() * 4).unwrap();
            [
                &[length, 0, kind, 0][..],
                numbers.iter().map(|n| n.to_ne_bytes()).collect::<Vec<_>>().as_flattened(),
            ]
            .concat()
        };
        // A mask of one byte in between, filled up to four.
        let sent = [
            &[0; SOCKET][..],
            &attribute(4, &[0, 5000]),
            &[5, 0, 6, 0, 3, 0, 0, 0],
            &attribute(5, &[9, 9, 5000, 9]),
        ]
        .concat();
        assert_eq!(bytes_of(&sent), 5000);
        let waits = [&[0; SOCKET][..], &attribute(4, &[1, 0]), &attribute(5, &[9, 9, 0, 9])].concat();
        assert_eq!(bytes_of(&waits), UNREAD_BYTES);
    }

    #[test]
    fn broken_messages_hold_nothing() {
        assert!(split(&[]).is_none() && split(&[40, 0, 0, 0, 20, 0]).is_none() && split(&[0; 16]).is_none());
        assert_eq!(bytes_of(&[0; SOCKET + 3]), 0);
        assert_eq!(bytes_of(&[&[0u8; SOCKET][..], &[2, 0, 5, 0]].concat()), 0);
        assert_eq!(bytes_of(&[&[0u8; SOCKET][..], &[8, 0, 4, 0, 1, 0, 0, 0]].concat()), UNREAD_BYTES);
    }
}
