//! The server's end of a program with companions.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::inside::companions::{KILL, START};
use crate::spec::CompanionEnd;

/// Programs beside a sandbox's own: they run from the start, it does when it is told to.
#[derive(Debug)]
pub struct Companions {
    /// The reading end of what all of them print. Non-blocking.
    pub output: OwnedFd,
    link: UnixStream,
}

impl Companions {
    pub(crate) fn new(output: OwnedFd, link: OwnedFd) -> io::Result<Self> {
        Ok(Self { output, link: UnixStream::from_std(link.into())? })
    }

    /// Splits off what orders and tells. When both of these are dropped, everything in the sandbox is killed.
    pub fn split(self) -> (OwnedFd, CompanionOrders, CompanionEnds) {
        let (reports, orders) = self.link.into_split();
        (self.output, CompanionOrders(orders), CompanionEnds(reports))
    }
}

/// Orders to the process that runs companions and program.
#[derive(Debug)]
pub struct CompanionOrders(tokio::net::unix::OwnedWriteHalf);

impl CompanionOrders {
    /// Has the program executed; call it once. How it ends, or that it cannot be executed, is told as its [end](CompanionEnds::next).
    pub async fn start_program(&mut self) -> io::Result<()> {
        self.0.write_all(&[START]).await
    }

    /// Kills the program and leaves the companions.
    pub async fn kill_program(&mut self) -> io::Result<()> {
        self.0.write_all(&[KILL]).await
    }
}

/// Tells how companions and program end.
#[derive(Debug)]
pub struct CompanionEnds(tokio::net::unix::OwnedReadHalf);

impl CompanionEnds {
    /// The next end; `None` when the sandbox is gone. A dropped future may lose one.
    pub async fn next(&mut self) -> Option<CompanionEnd> {
        let mut report = [0; CompanionEnd::BYTES];
        self.0.read_exact(&mut report).await.ok()?;
        Some(CompanionEnd::decode(report))
    }
}
