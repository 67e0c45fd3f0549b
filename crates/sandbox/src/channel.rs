//! Bounded messages with descriptors over a `SOCK_SEQPACKET` pair.
//!
//! A packet begins with one byte: `0`, the message follows; `1`, the message is in a memory file that comes as the
//! first descriptor. A receiver never maps that file, so nobody can change it under the parser.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

/// The most descriptors in one packet.
pub(crate) const DESCRIPTORS_MAX: usize = 64;
/// Longer messages go through a memory file.
const INLINE_BYTES_MAX: usize = 32 << 10;
/// The longest message.
pub(crate) const MESSAGE_BYTES_MAX: usize = 6 << 20;

const INLINE: u8 = 0;
const IN_FILE: u8 = 1;

/// A received message.
pub(crate) struct Packet {
    /// The message.
    pub(crate) bytes: Vec<u8>,
    /// The descriptors that came with it, in order.
    pub(crate) descriptors: Vec<OwnedFd>,
}

/// A connected pair; both ends are closed on exec.
pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

/// Sends one message without waiting for room; `WouldBlock` when there is none.
pub(crate) fn send(socket: impl AsFd, message: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    if message.len() <= INLINE_BYTES_MAX {
        return send_packet(socket, INLINE, message, descriptors);
    }
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let file = memfd_create("weft-message", MemfdFlags::CLOEXEC)?;
    let mut rest = message;
    while !rest.is_empty() {
        let written = rustix::io::write(&file, rest)?;
        rest = &rest[written..];
    }
    let all: Vec<_> = std::iter::once(file.as_fd()).chain(descriptors.iter().copied()).collect();
    send_packet(socket, IN_FILE, &[], &all)
}

fn send_packet(
    socket: impl AsFd,
    kind: u8,
    message: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let parts = [IoSlice::new(std::slice::from_ref(&kind)), IoSlice::new(message)];
    sendmsg(socket, &parts, &mut ancillary, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?;
    Ok(())
}

/// Receives one message; `None` when the other end is closed. Waits only if `wait` is set.
pub(crate) fn receive(socket: impl AsFd, wait: bool) -> io::Result<Option<Packet>> {
    let mut kind = [0u8];
    let mut bytes = vec![0u8; INLINE_BYTES_MAX];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let flags = if wait { RecvFlags::CMSG_CLOEXEC } else { RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT };
    let received = loop {
        let mut parts = [IoSliceMut::new(&mut kind), IoSliceMut::new(&mut bytes)];
        match recvmsg(&socket, &mut parts, &mut ancillary, flags) {
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::CONNRESET) => return Ok(None),
            other => break other?.bytes,
        }
    };
    let mut descriptors = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    if received == 0 {
        return Ok(None);
    }
    if kind[0] == INLINE {
        bytes.truncate(received - 1);
        return Ok(Some(Packet { bytes, descriptors }));
    }
    if descriptors.is_empty() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let file = descriptors.remove(0);
    Ok(Some(Packet { bytes: read_whole(&file)?, descriptors }))
}

fn read_whole(file: &OwnedFd) -> io::Result<Vec<u8>> {
    let size = usize::try_from(rustix::fs::fstat(file)?.st_size).unwrap_or(usize::MAX);
    if size > MESSAGE_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = vec![0; size];
    let mut filled = 0;
    while filled < size {
        let read = rustix::io::pread(file, &mut bytes[filled..], filled as u64)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(length: usize, descriptors: usize) {
        let (ours, theirs) = pair().unwrap();
        let message: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let sent: Vec<_> = std::iter::repeat_n(ours.as_fd(), descriptors).collect();
        send(&ours, &message, &sent).unwrap();
        let packet = receive(&theirs, false).unwrap().unwrap();
        assert!(packet.bytes == message, "{length} bytes");
        assert_eq!(packet.descriptors.len(), descriptors, "{length} bytes");
    }

    #[test]
    fn short_and_long_messages_arrive_whole_with_their_descriptors() {
        for length in [0, 1, INLINE_BYTES_MAX, INLINE_BYTES_MAX + 1, MESSAGE_BYTES_MAX] {
            check(length, 0);
            check(length, 7);
        }
    }

    #[test]
    fn too_long_messages_are_refused_and_a_closed_end_is_seen() {
        let (ours, theirs) = pair().unwrap();
        let error = send(&ours, &vec![0; MESSAGE_BYTES_MAX + 1], &[]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(receive(&theirs, false).err().unwrap().kind(), io::ErrorKind::WouldBlock);
        drop(ours);
        assert!(receive(&theirs, false).unwrap().is_none());
    }
}
