//! Where requests come from.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::hex::Hex;
use super::{ParseError, ServiceKey};
use crate::Result;

/// What a source's id is derived for.
const PURPOSE: &str = "source of a sign-in";

/// The network of an address: those of one network count as one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// The first 24 bits of an IPv4 address.
    V4([u8; 3]),
    /// The first 56 bits of an IPv6 address.
    V6([u8; 7]),
    /// This machine.
    Loopback,
    /// No address, or a malformed one. API Gateway sends none of these.
    Unknown,
}

impl Network {
    /// The network of an address. An IPv4-mapped IPv6 address is an IPv4 address.
    pub fn from_address(address: &str) -> Self {
        match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(address) if address.is_loopback() => Self::Loopback,
            Ok(IpAddr::V4(address)) => {
                let [first, second, third, _] = address.octets();
                Self::V4([first, second, third])
            }
            Ok(IpAddr::V6(address)) => {
                let octets = address.octets();
                Self::V6(std::array::from_fn(|place| octets[place]))
            }
            Err(_) => Self::Unknown,
        }
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::V4(prefix) => prefix,
            Self::V6(prefix) => prefix,
            Self::Loopback => b"loopback",
            Self::Unknown => b"",
        }
    }
}

/// A network as the table names it: a keyed hash, which does not reveal it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceId(Hex<12>);

impl SourceId {
    /// The id under one version of the service key.
    pub fn new(network: &Network, key: &ServiceKey) -> Result<Self> {
        let mac = key.derive(PURPOSE, &[network.as_bytes()])?;
        let mut id = [0; 12];
        id.copy_from_slice(&mac[..12]);
        Ok(Self(Hex(id)))
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SourceId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_an_ipv4_24_or_an_ipv6_56_and_a_mapped_address_is_ipv4() {
        for (address, network) in [
            ("192.0.2.1", Network::V4([192, 0, 2])),
            ("192.0.2.255", Network::V4([192, 0, 2])),
            ("::ffff:192.0.2.7", Network::V4([192, 0, 2])),
            ("2001:db8:1:2fe::1", Network::V6([0x20, 1, 0x0d, 0xb8, 0, 1, 2])),
            ("2001:db8:1:200:ffff::", Network::V6([0x20, 1, 0x0d, 0xb8, 0, 1, 2])),
            ("2001:db8:1:300::1", Network::V6([0x20, 1, 0x0d, 0xb8, 0, 1, 3])),
            ("127.0.0.1", Network::Loopback),
            ("127.8.9.1", Network::Loopback),
            ("::1", Network::Loopback),
            ("::ffff:127.0.0.1", Network::Loopback),
            ("", Network::Unknown),
            ("192.0.2.1, 192.0.2.2", Network::Unknown),
            ("example.com", Network::Unknown),
        ] {
            assert_eq!(Network::from_address(address), network, "{address}");
        }
    }
}
