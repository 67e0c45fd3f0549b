//! A worker's own network: a loopback to which every address is local, and one rule that leads out.
//!
//! Everything here happens in the calling process's network namespace, by raw netlink.

use std::io;
use std::os::fd::OwnedFd;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, ipproto, listen, netlink, recv, send,
    socket_with, sockopt,
};

/// The door's port inside the namespace: above the ports that the kernel hands out.
pub(crate) const DOOR_PORT: u16 = 65_053;
/// The resolver's port.
pub(crate) const DNS_PORT: u16 = 53;

/// Our sockets in a namespace.
pub(crate) struct Sockets {
    /// TCP, dual-stack where the machine has IPv6, listening on [`DOOR_PORT`].
    pub(crate) door: OwnedFd,
    /// UDP on 127.0.0.1:53.
    pub(crate) dns_udp: OwnedFd,
    /// TCP on 127.0.0.1:53, listening.
    pub(crate) dns_tcp: OwnedFd,
}

/// Sets the fresh namespace of this process up; `/proc` must be the machine's own still.
pub(crate) fn prepare() -> Result<Sockets, (&'static str, io::Error)> {
    let ipv6 = std::path::Path::new("/proc/self/net/if_inet6").exists();
    let route = netlink_socket(None).map_err(|error| ("open a route socket", error))?;
    exchange(&route, &[loopback_up()]).map_err(|error| ("raise the loopback", error))?;
    exchange(&route, &[local_default(libc::AF_INET)])
        .map_err(|error| ("make every IPv4 address local", error))?;
    if ipv6 {
        let message = local_default(libc::AF_INET6);
        exchange(&route, &[message]).map_err(|error| ("make every IPv6 address local", error))?;
    }
    std::fs::write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")
        .map_err(|error| ("let ordinary users listen on low ports", error))?;
    let filter =
        netlink_socket(Some(netlink::NETFILTER)).map_err(|error| ("open a netfilter socket", error))?;
    exchange(&filter, &redirect_rules()).map_err(|error| ("redirect connections to the door", error))?;
    open(ipv6).map_err(|error| ("open the door and the resolver", error))
}

fn open(ipv6: bool) -> io::Result<Sockets> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let family = if ipv6 { AddressFamily::INET6 } else { AddressFamily::INET };
    let door = socket_with(family, SocketType::STREAM, flags, None)?;
    if ipv6 {
        sockopt::set_ipv6_v6only(&door, false)?;
        bind(&door, &std::net::SocketAddrV6::new(std::net::Ipv6Addr::UNSPECIFIED, DOOR_PORT, 0, 0))?;
    } else {
        bind(&door, &std::net::SocketAddrV4::new(std::net::Ipv4Addr::UNSPECIFIED, DOOR_PORT))?;
    }
    listen(&door, 1024)?;
    let resolver = std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, DNS_PORT);
    let dns_udp = socket_with(AddressFamily::INET, SocketType::DGRAM, flags, None)?;
    bind(&dns_udp, &resolver)?;
    let dns_tcp = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    bind(&dns_tcp, &resolver)?;
    listen(&dns_tcp, 64)?;
    Ok(Sockets { door, dns_udp, dns_tcp })
}

/// An unconnected TCP socket in this process's namespace.
pub(crate) fn unconnected(v6: bool) -> io::Result<OwnedFd> {
    let family = if v6 { AddressFamily::INET6 } else { AddressFamily::INET };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    Ok(socket)
}

/// `None` is the route family, whose number is 0.
fn netlink_socket(protocol: Option<rustix::net::Protocol>) -> io::Result<OwnedFd> {
    Ok(socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)?)
}

const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_CREATE: u16 = 0x400;
const NLM_F_APPEND: u16 = 0x800;
const NLMSG_ERROR: u16 = 2;

/// Sends messages as one batch and waits until the kernel has answered each that asks for an answer.
fn exchange(socket: &OwnedFd, messages: &[Message]) -> io::Result<()> {
    let batch: Vec<u8> = messages.iter().flat_map(|message| message.bytes.iter().copied()).collect();
    let mut awaited = messages.iter().filter(|message| message.answered).count();
    send(socket, &batch, SendFlags::empty())?;
    let mut buffer = vec![0u8; 16 << 10];
    while awaited > 0 {
        let (length, _) = recv(socket, &mut buffer[..], RecvFlags::empty())?;
        let mut rest = &buffer[..length];
        while rest.len() >= 20 {
            let size = usize::try_from(u32::from_ne_bytes([rest[0], rest[1], rest[2], rest[3]])).unwrap_or(0);
            let error = i32::from_ne_bytes([rest[16], rest[17], rest[18], rest[19]]);
            if u16::from_ne_bytes([rest[4], rest[5]]) == NLMSG_ERROR {
                if error != 0 {
                    return Err(io::Error::from_raw_os_error(-error));
                }
                awaited = awaited.saturating_sub(1);
            }
            rest = rest.get(size.next_multiple_of(4).max(20)..).unwrap_or_default();
        }
    }
    Ok(())
}

/// One netlink message under construction.
struct Message {
    bytes: Vec<u8>,
    answered: bool,
}

impl Message {
    fn new(kind: u16, flags: u16) -> Self {
        let mut bytes = vec![0; 4];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend((NLM_F_REQUEST | flags).to_ne_bytes());
        bytes.extend([0; 8]);
        Self { bytes, answered: flags & NLM_F_ACK != 0 }
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        put(&mut self.bytes, kind, value);
        self
    }

    /// Writes the length.
    fn done(mut self) -> Self {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes[..4].copy_from_slice(&length.to_ne_bytes());
        self
    }
}

/// Appends an attribute, padded.
fn put(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    bytes.extend(u16::try_from(value.len() + 4).unwrap_or(u16::MAX).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// A list of attributes, as bytes.
fn nest(attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, value) in attributes {
        put(&mut bytes, *kind, value);
    }
    bytes
}

const NESTED: u16 = 0x8000;
/// The loopback is the first interface of every namespace.
const LOOPBACK: u32 = 1;

fn loopback_up() -> Message {
    const RTM_NEWLINK: u16 = 16;
    let message = Message::new(RTM_NEWLINK, NLM_F_ACK).raw(&[0, 0, 0, 0]);
    message.raw(&LOOPBACK.to_ne_bytes()).raw(&1u32.to_ne_bytes()).raw(&1u32.to_ne_bytes()).done()
}

fn local_default(family: i32) -> Message {
    const RTM_NEWROUTE: u16 = 24;
    const RTA_OIF: u16 = 4;
    const TABLE_LOCAL: u8 = 255;
    const PROTOCOL_BOOT: u8 = 3;
    const SCOPE_HOST: u8 = 254;
    const TYPE_LOCAL: u8 = 2;
    let family = u8::try_from(family).unwrap_or(0);
    Message::new(RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE)
        .raw(&[family, 0, 0, 0, TABLE_LOCAL, PROTOCOL_BOOT, SCOPE_HOST, TYPE_LOCAL, 0, 0, 0, 0])
        .attribute(RTA_OIF, &LOOPBACK.to_ne_bytes())
        .done()
}

const TABLE: &[u8] = b"weft\0";
const CHAIN: &[u8] = b"out\0";
const NFPROTO_INET: u8 = 1;

fn nft(kind: u16, flags: u16) -> Message {
    const SUBSYSTEM: u16 = 10;
    Message::new(SUBSYSTEM << 8 | kind, flags).raw(&[NFPROTO_INET, 0, 0, 0])
}

/// The border of a batch; its resource is the subsystem, big-endian.
fn border(kind: u16) -> Message {
    Message::new(kind, 0).raw(&[0, 0, 0, 10]).done()
}

/// A `nat` chain on the output hook, with one rule per IP version.
fn redirect_rules() -> Vec<Message> {
    const NEWTABLE: u16 = 0;
    const NEWCHAIN: u16 = 3;
    const LOCAL_OUT: u32 = 3;
    const PRIORITY_DST_NAT: i32 = -100;
    let create = NLM_F_ACK | NLM_F_CREATE;
    let hook = nest(&[(1, &LOCAL_OUT.to_be_bytes()), (2, &PRIORITY_DST_NAT.to_be_bytes())]);
    let chain = nft(NEWCHAIN, create)
        .attribute(1, TABLE)
        .attribute(3, CHAIN)
        .attribute(4 | NESTED, &hook)
        .attribute(7, b"nat\0")
        .done();
    let v4 = Destination { protocol: 2, offset: 16, mask: &[255, 0, 0, 0], except: &[127, 0, 0, 0] };
    let v6 = Destination {
        protocol: 10,
        offset: 24,
        mask: &[255; 16],
        except: &std::net::Ipv6Addr::LOCALHOST.octets(),
    };
    vec![
        border(0x10),
        nft(NEWTABLE, create).attribute(1, TABLE).done(),
        chain,
        redirect(&v4),
        redirect(&v6),
        border(0x11),
    ]
}

/// Which destinations a rule looks at.
struct Destination<'a> {
    /// `NFPROTO_IPV4` or `NFPROTO_IPV6`.
    protocol: u8,
    /// Where the address lies in the header.
    offset: u32,
    mask: &'a [u8],
    /// The masked address that is left alone.
    except: &'a [u8],
}

/// `meta nfproto P; (destination & mask) != except; meta l4proto tcp; redirect to :DOOR_PORT`.
fn redirect(to: &Destination<'_>) -> Message {
    const NEWRULE: u16 = 6;
    const META_NFPROTO: u32 = 15;
    const META_L4PROTO: u32 = 16;
    const EQUAL: u32 = 0;
    const NOT_EQUAL: u32 = 1;
    const NETWORK_HEADER: u32 = 1;
    const TCP: u8 = 6;
    let register = 1u32.to_be_bytes();
    let length = u32::try_from(to.mask.len()).unwrap_or(0).to_be_bytes();
    let meta = |key: u32| expression(b"meta\0", &[(1, &register), (2, &key.to_be_bytes())]);
    let compare = |operator: u32, value: &[u8]| {
        expression(
            b"cmp\0",
            &[(1, &register), (2, &operator.to_be_bytes()), (3 | NESTED, &nest(&[(1, value)]))],
        )
    };
    let load: [(u16, &[u8]); 4] =
        [(1, &register), (2, &NETWORK_HEADER.to_be_bytes()), (3, &to.offset.to_be_bytes()), (4, &length)];
    let zero = vec![0; to.mask.len()];
    let (mask, zero) = (nest(&[(1, to.mask)]), nest(&[(1, &zero)]));
    let and: [(u16, &[u8]); 5] =
        [(1, &register), (2, &register), (3, &length), (4 | NESTED, &mask), (5 | NESTED, &zero)];
    let port = nest(&[(1, &DOOR_PORT.to_be_bytes())]);
    let expressions = [
        meta(META_NFPROTO),
        compare(EQUAL, &[to.protocol]),
        expression(b"payload\0", &load),
        expression(b"bitwise\0", &and),
        compare(NOT_EQUAL, to.except),
        meta(META_L4PROTO),
        compare(EQUAL, &[TCP]),
        expression(b"immediate\0", &[(1, &register), (2 | NESTED, &port)]),
        expression(b"redir\0", &[(1, &register)]),
    ];
    nft(NEWRULE, NLM_F_ACK | NLM_F_CREATE | NLM_F_APPEND)
        .attribute(1, TABLE)
        .attribute(2, CHAIN)
        .attribute(4 | NESTED, &expressions.concat())
        .done()
}

/// One expression as an element of a rule's list.
fn expression(name: &[u8], data: &[(u16, &[u8])]) -> Vec<u8> {
    let body = nest(&[(1, name), (2 | NESTED, &nest(data))]);
    nest(&[(1 | NESTED, &body)])
}

/// Reads the listening sockets from a table such as `/proc/net/tcp`, without the door and the resolver.
pub(crate) fn parse_listening(table: &str, found: &mut Vec<(std::net::IpAddr, u16)>) {
    const LISTEN: &str = "0A";
    for line in table.lines().skip(1) {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (Some(local), _, Some(LISTEN)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let Some((address, port)) = local.split_once(':') else { continue };
        let (Some(address), Ok(port)) = (parse_address(address), u16::from_str_radix(port, 16)) else {
            continue;
        };
        let resolver = port == DNS_PORT && address == std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
        let entry = (address, port);
        if port != DOOR_PORT && !resolver && !found.contains(&entry) {
            found.push(entry);
        }
    }
}

/// An address as the kernel prints it: words of the machine's byte order, in hexadecimal.
fn parse_address(text: &str) -> Option<std::net::IpAddr> {
    let mut bytes = Vec::with_capacity(16);
    for at in (0..text.len()).step_by(8) {
        bytes.extend(u32::from_str_radix(text.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    }
    match <[u8; 4]>::try_from(&bytes[..]) {
        Ok(v4) => Some(std::net::Ipv4Addr::from(v4).into()),
        Err(_) => Some(std::net::Ipv6Addr::from(<[u8; 16]>::try_from(&bytes[..]).ok()?).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &[(&str, u16)]) {
        let mut found = Vec::new();
        parse_listening(&format!("  sl  local_address rem_address   st\n{line}\n"), &mut found);
        let expected: Vec<_> =
            expected.iter().map(|(address, port)| (address.parse().unwrap(), *port)).collect();
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn listening_sockets_are_read_without_our_own() {
        check("   0: 0100007F:1388 00000000:0000 0A 00000000:00000000", &[("127.0.0.1", 5000)]);
        check("   0: 00000000:0050 00000000:0000 0A 00000000:00000000", &[("0.0.0.0", 80)]);
        check("   0: 00000000:0050 00000000:0000 01 00000000:00000000", &[]);
        check("   0: 0100007F:0035 00000000:0000 0A 00000000:00000000", &[]);
        check("   0: 00000000000000000000000000000000:FE1D 0000:0000 0A 0", &[]);
        check("   0: 00000000000000000000000001000000:1F90 0000:0000 0A 0", &[("::1", 8080)]);
        check("   0: 0000000000000000FFFF00000100007F:1F90 0000:0000 0A 0", &[("::ffff:127.0.0.1", 8080)]);
        check("nonsense", &[]);
        check("   0: 01:xyz 0 0A", &[]);
    }
}
