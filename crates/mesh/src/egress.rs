//! Where workers may connect to.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// What workers may reach outside. By default public addresses only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Egress {
    /// Networks that are allowed although they are not public, as address and prefix length. The machine's own addresses
    /// and loopback stay out of reach.
    pub also: Vec<(IpAddr, u8)>,
}

/// Why a connection is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Loopback, private, link-local, shared, multicast, reserved: not an address of the internet.
    #[error("the address is not public")]
    NotPublic,
    /// One of this machine's own addresses.
    #[error("the address is this machine's own")]
    OwnMachine,
    /// An address of our network that stands for nothing the worker may reach.
    #[error("the address stands for no workload of this app")]
    NoWorkload,
    /// Port 443 of our own addresses, without an authority.
    #[error("TLS is not served here")]
    Tls,
    /// It was not redirected, so nobody knows where it was meant to go.
    #[error("the connection was made to the door itself")]
    NotRedirected,
}

impl Egress {
    /// Decides on one address.
    pub fn check(&self, address: IpAddr) -> Result<(), Refusal> {
        self.check_where(address, is_own)
    }

    fn check_where(&self, wanted: IpAddr, is_own: impl Fn(IpAddr) -> bool) -> Result<(), Refusal> {
        let address = unwrapped(wanted);
        if !is_public(address) {
            let excepted = self.also.iter().any(|(network, length)| is_within(address, *network, *length));
            if !excepted || address.is_loopback() || address.is_unspecified() {
                return Err(Refusal::NotPublic);
            }
        }
        // The machine may have the wrapped address, the one inside, or both.
        if is_own(address) || is_own(wanted) { Err(Refusal::OwnMachine) } else { Ok(()) }
    }

    /// Those addresses of a public name that a worker may be told.
    pub(crate) fn told(&self, found: impl IntoIterator<Item = IpAddr>) -> Vec<IpAddr> {
        let mut told: Vec<IpAddr> = Vec::new();
        for address in found {
            if told.len() < ADDRESSES_MAX && !told.contains(&address) && self.check(address).is_ok() {
                told.push(address);
            }
        }
        told
    }
}

/// Addresses of one answer.
const ADDRESSES_MAX: usize = 16;

/// The IPv4 address inside an IPv6 one that only wraps it: mapped, compatible, NAT64, 6to4.
fn unwrapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let segments = v6.segments();
    let joined = |high: u16, low: u16| Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => address,
        [0, 0, 0, 0, 0, 0xffff | 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => joined(high, low).into(),
        _ => address,
    }
}

/// Whether an address belongs to the public internet (IANA's special-purpose registries say which do not).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|(network, length)| {
            is_within(address.into(), IpAddr::V4(Ipv4Addr::from_octets(*network)), *length)
        }),
        // Global unicast is 2000::/3; what is special inside it is carved out.
        IpAddr::V6(address) => {
            let is_in = |network: Ipv6Addr, length| is_within(address.into(), network.into(), length);
            is_in(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
                && !is_in(Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23)
                && !is_in(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32)
                && !is_in(Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20)
        }
    }
}

const SPECIAL_V4: [([u8; 4], u8); 16] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    // Not special to IANA: on Azure it tells about the virtual machine, and hands out its certificates.
    ([168, 63, 129, 16], 32),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 31, 196, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    // Multicast, reserved and broadcast.
    ([224, 0, 0, 0], 3),
];

fn is_within(address: IpAddr, network: IpAddr, length: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
            (address.to_bits() ^ network.to_bits()) & mask == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
            (address.to_bits() ^ network.to_bits()) & mask == 0
        }
        _ => false,
    }
}

/// Whether an address is this machine's: then, and only then, a socket can be bound to it. A list would have to be kept
/// up to date.
fn is_own(address: IpAddr) -> bool {
    may_be_own(UdpSocket::bind((address, 0)).map(drop))
}

/// What an attempt to bind tells. One that failed for another reason, out of descriptors say, tells nothing: the address
/// may be the machine's.
fn may_be_own(bound: io::Result<()>) -> bool {
    bound.map_or_else(
        |error| {
            // Without IPv6 no address of it is the machine's.
            error.kind() != ErrorKind::AddrNotAvailable && error.raw_os_error() != Some(NO_SUCH_FAMILY)
        },
        |()| true,
    )
}

/// `EAFNOSUPPORT`, for which the standard library has no kind.
const NO_SUCH_FAMILY: i32 = 97;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, want: Result<(), Refusal>) {
        assert_eq!(Egress::default().check(address.parse().unwrap()), want, "{address}");
    }

    #[test]
    fn only_public_addresses_are_reached() {
        for address in [
            "0.0.0.0",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "169.254.170.2",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "0.1.2.3",
            "239.255.255.250",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::6440:1",
            "64:ff9b:1::a00:1",
            "::a9fe:a9fe",
            "::ffff:0.0.0.0",
            "::ffff:168.63.129.16",
            "2002:a9fe:a9fe::1",
            "2002:a83f:8110::1",
            "2001:0:101:101::1",
            "fe80::a9fe:a9fe",
            "fec0::1",
            "ff0e::1",
            "5f00::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "::ffff:0:127.0.0.1",
            "4000::1",
        ] {
            check(address, Err(Refusal::NotPublic));
        }
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "126.1.1.1",
            "128.0.0.1",
            "168.63.129.17",
            "169.253.1.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.1.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2606:4700::1111",
            "2a00::1",
            "2001:4860::8888",
        ] {
            check(address, Ok(()));
        }
    }

    #[test]
    fn an_exception_opens_a_network_and_never_the_machine() {
        let egress = Egress {
            also: vec![
                ("10.1.0.0".parse().unwrap(), 16),
                ("127.0.0.0".parse().unwrap(), 8),
                ("fd00::".parse().unwrap(), 8),
            ],
        };
        for (address, want) in [
            ("10.1.2.3", Ok(())),
            ("::ffff:10.1.2.3", Ok(())),
            ("10.2.2.3", Err(Refusal::NotPublic)),
            ("fd12::1", Ok(())),
            ("127.0.0.1", Err(Refusal::NotPublic)),
            ("::1", Err(Refusal::NotPublic)),
        ] {
            assert_eq!(egress.check(address.parse().unwrap()), want, "{address}");
        }
    }

    #[test]
    fn no_way_of_writing_an_own_address_leads_to_the_machine() {
        let own = ["8.8.8.8", "2606:4700::1", "2002:909:909::1", "10.1.0.1"];
        let own = own.map(|text| text.parse::<IpAddr>().unwrap());
        let egress = Egress { also: vec![("10.1.0.0".parse().unwrap(), 16)] };
        for (address, want) in [
            ("8.8.8.8", Err(Refusal::OwnMachine)),
            ("::ffff:8.8.8.8", Err(Refusal::OwnMachine)),
            ("::8.8.8.8", Err(Refusal::OwnMachine)),
            ("64:ff9b::808:808", Err(Refusal::OwnMachine)),
            ("2002:808:808::1", Err(Refusal::OwnMachine)),
            ("2606:4700::1", Err(Refusal::OwnMachine)),
            // Its 6to4 address, where the address inside is its router's.
            ("2002:909:909::1", Err(Refusal::OwnMachine)),
            ("9.9.9.9", Ok(())),
            ("10.1.0.1", Err(Refusal::OwnMachine)),
            ("64:ff9b::a01:1", Err(Refusal::OwnMachine)),
            ("10.1.0.2", Ok(())),
        ] {
            let said = egress.check_where(address.parse().unwrap(), |address| own.contains(&address));
            assert_eq!(said, want, "{address}");
        }
    }

    #[test]
    fn an_address_is_foreign_only_where_the_kernel_says_so() {
        let check = |code: i32, expected: bool| {
            assert_eq!(may_be_own(Err(io::Error::from_raw_os_error(code))), expected, "{code}");
        };
        let (not_available, no_such_family, too_many_files, no_memory, denied) = (99, 97, 24, 12, 13);
        check(not_available, false);
        check(no_such_family, false);
        check(too_many_files, true);
        check(no_memory, true);
        check(denied, true);
        assert!(may_be_own(Ok(())));
    }

    #[test]
    fn the_machines_own_addresses_are_known_by_binding() {
        assert!(is_own(Ipv4Addr::LOCALHOST.into()));
        assert!(!is_own("1.1.1.1".parse().unwrap()));
        // A name of the internet may point at the machine: its address is neither told nor reached.
        let found = ["1.1.1.1", "127.0.0.1", "1.1.1.1", "192.168.1.1"].map(|text| text.parse().unwrap());
        assert_eq!(Egress::default().told(found), ["1.1.1.1".parse::<IpAddr>().unwrap()]);
    }
}
