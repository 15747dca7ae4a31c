//! Ports on the loopback address.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result, bail};

/// Fails in words the user can act on; the option is the one that chooses another port.
pub fn require_free(option: &str, port: u16) -> Result<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            bail!("port {port} is in use: choose another one with {option}")
        }
        Err(error) => {
            Err(error).with_context(|| format!("cannot listen on port {port} ({option})"))
        }
    }
}

/// Two ports that are free at the moment.
pub fn two_free() -> io::Result<(u16, u16)> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let second = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok((first.local_addr()?.port(), second.local_addr()?.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_reported_in_one_clear_line() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = holder.local_addr().unwrap().port();

        let rejection = require_free("--port", port).unwrap_err();

        assert_eq!(
            format!("{rejection:#}"),
            format!("port {port} is in use: choose another one with --port")
        );
    }

    #[test]
    fn free_ports_differ_and_are_free() {
        let (first, second) = two_free().unwrap();

        assert_ne!(first, second);
        require_free("--port", first).unwrap();
    }
}
