//! The local certificate authority: one key, and the certificates that it signs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};

/// Why there is no authority, or no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A key or certificate could not be made.
    #[error("no certificate can be made")]
    Make(#[from] rcgen::Error),
    /// What was stored is no certificate with its key.
    #[error("it is no certificate with its key: {0}")]
    Unusable(String),
    /// The TLS library refuses its settings.
    #[error("TLS cannot be set up")]
    Settings(#[from] rustls::Error),
}

/// Signs certificates for names that stand for this machine.
///
/// Whoever installs its certificate trusts it for those names only: it is constrained to names under `localhost`,
/// `weft.internal`, `amazonaws.com` and `amazonaws.com.cn`, and to loopback, private and shared addresses.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
    until: SystemTime,
}

/// What a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// One name, in lower case.
    Name(String),
    /// This machine, reached at an address: that, `localhost` and loopback.
    Machine(IpAddr),
}

/// How long an authority's certificate is good for: ten years.
const AUTHORITY_LIFE: Duration = Duration::from_hours(24 * 3652);
/// How long any other certificate is.
const LEAF_LIFE: Duration = Duration::from_hours(24 * 30);
/// How far a client's clock may be behind.
const CLOCK_SKEW: Duration = Duration::from_hours(24);
const NAMES: [&str; 4] = ["localhost", "weft.internal", "amazonaws.com", "amazonaws.com.cn"];
const NETWORKS: [([u8; 4], u8); 5] = [
    ([127, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([172, 16, 0, 0], 12),
    ([192, 168, 0, 0], 16),
];
/// Unique local addresses.
const NETWORK_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0));

impl Authority {
    /// Makes a new one, which is good for ten years.
    pub fn generate(now: SystemTime) -> Result<Self, TlsError> {
        let key = KeyPair::generate()?;
        let mut params = params_of(&key);
        params.not_before = (now - CLOCK_SKEW).into();
        let until = now + AUTHORITY_LIFE;
        params.not_after = until.into();
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), certificate, until })
    }

    /// The one that was stored: its certificate and its key as PEM, and how long it is good for.
    pub fn restore(certificate: &str, key: &str, until: SystemTime) -> Result<Self, TlsError> {
        let key = KeyPair::from_pem(key).map_err(|error| TlsError::Unusable(error.to_string()))?;
        let der = CertificateDer::from_pem_slice(certificate.as_bytes());
        let der = der.map_err(|error| TlsError::Unusable(error.to_string()))?;
        certified(der, &key, &provider()).map_err(|error| TlsError::Unusable(error.to_string()))?;
        let certificate = certificate.to_owned();
        Ok(Self { issuer: Issuer::new(params_of(&key), key), certificate, until })
    }

    /// Its certificate as PEM: what clients must trust.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// Its key as PEM (PKCS #8). Whoever has it can pretend to be any of the names to those who trust it.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// When its certificate ends.
    pub fn until(&self) -> SystemTime {
        self.until
    }

    /// Signs a certificate with a key of its own; also gives when it ends.
    pub(crate) fn certify(
        &self,
        subject: &Subject,
        now: SystemTime,
        provider: &CryptoProvider,
    ) -> Result<(CertifiedKey, SystemTime), TlsError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = distinguished("Weft");
        params.subject_alt_names = match subject {
            Subject::Name(name) => vec![SanType::DnsName(name.as_str().try_into()?)],
            Subject::Machine(address) => machine(*address)?,
        };
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = (now - CLOCK_SKEW).into();
        let until = self.until.min(now + LEAF_LIFE);
        params.not_after = until.into();
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certified(certificate.der().clone(), &key, provider)?, until))
    }
}

/// The one implementation of cryptography.
pub(crate) fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

/// What an authority's certificate says of it, but for its dates: all of it follows from its key.
fn params_of(key: &KeyPair) -> CertificateParams {
    let hash = Sha256::digest(key.public_key_raw());
    let name = format!("Weft local authority {:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3]);
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished(&name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let names = NAMES.iter().map(|name| GeneralSubtree::DnsName((*name).to_owned()));
    let networks = NETWORKS.iter().map(|(network, bits)| (IpAddr::from(*network), *bits));
    let networks = networks.chain([(Ipv6Addr::LOCALHOST.into(), 128), (NETWORK_V6, 7)]);
    let networks = networks
        .map(|(address, bits)| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, bits)));
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: names.chain(networks).collect(),
        excluded_subtrees: Vec::new(),
    });
    params
}

fn distinguished(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::OrganizationName, "Weft");
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// The names of this machine, with the address at which it was reached where the authority may vouch for that.
fn machine(address: IpAddr) -> Result<Vec<SanType>, TlsError> {
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
    let mut names = vec![SanType::DnsName("localhost".try_into()?)];
    names.extend(loopback.map(SanType::IpAddress));
    if !loopback.contains(&address) && is_permitted(address) {
        names.push(SanType::IpAddress(address));
    }
    Ok(names)
}

fn is_permitted(address: IpAddr) -> bool {
    let is_within = |network: u32, bits: u8, address: u32| (network ^ address) >> (32 - bits) == 0;
    match address {
        IpAddr::V4(address) => NETWORKS
            .iter()
            .any(|(network, bits)| is_within(Ipv4Addr::from(*network).to_bits(), *bits, address.to_bits())),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

fn certified(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, rustls::Error> {
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    CertifiedKey::from_der(vec![certificate], key, provider)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_authority_is_the_same_again() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        let first = Authority::generate(now).unwrap();
        let again = Authority::restore(first.certificate_pem(), &first.key_pem(), first.until()).unwrap();
        assert_eq!(
            (again.certificate_pem(), again.key_pem(), again.until()),
            (first.certificate_pem(), first.key_pem(), first.until())
        );
        let other = Authority::generate(now).unwrap();
        let mixed = Authority::restore(first.certificate_pem(), &other.key_pem(), first.until());
        assert!(matches!(mixed, Err(TlsError::Unusable(_))), "another one's key");
        assert!(matches!(Authority::restore("", "", now), Err(TlsError::Unusable(_))));
    }

    #[test]
    fn it_vouches_for_addresses_of_this_machine_and_its_own_network_only() {
        let check = |address: &str, expected: bool| {
            let names = machine(address.parse().unwrap()).unwrap();
            let added = names.len() == 4;
            assert_eq!(added, expected, "{address}");
        };
        check("127.0.0.1", false);
        check("::1", false);
        check("127.0.0.2", true);
        check("192.168.1.5", true);
        check("172.32.0.1", false);
        check("100.64.0.1", true);
        check("8.8.8.8", false);
        check("fd00::1", true);
        check("2606:4700::1111", false);
    }
}
