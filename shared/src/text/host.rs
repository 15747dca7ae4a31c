//! The names of hosts in URLs.

use std::net::Ipv4Addr;

/// The longest name of a host, and of one part of it, in bytes (RFC 1035, section 2.3.4).
const MAX_HOST: usize = 253;
const MAX_LABEL: usize = 63;

/// Whether a text is a host's name, or an IPv4 address of four numbers. Parsers take any other name
/// that ends in a number for an IPv4 address too.
pub(crate) fn is_host_name(host: &str) -> bool {
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    let is_label = |label: &&str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let is_number = |label: &&str| {
        let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
        label.bytes().all(|byte| byte.is_ascii_digit())
            || hex.is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    host.len() <= MAX_HOST
        && labels.iter().all(is_label)
        && (!labels.last().is_some_and(is_number) || host.parse::<Ipv4Addr>().is_ok())
}
