//! What runs inside a sandbox before its program: the blank sandbox's set-up, its init, and the last steps to the program.

pub(crate) mod asked;
pub(crate) mod blank;
pub(crate) mod companions;
pub(crate) mod confine;
pub(crate) mod etc;
pub(crate) mod init;
pub(crate) mod network;
pub(crate) mod program;
pub(crate) mod root;
pub(crate) mod shared;
pub(crate) mod sockets;
pub(crate) mod watchdog;
