//! The ports, chosen or found.

use std::net::{Ipv4Addr, TcpListener};
use std::num::NonZeroU16;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, ensure};
use devkit::{out, ports};

/// The port of the HTTP API, unless it is taken.
const API: u16 = 9000;

/// The value of `--port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Port {
    /// The default one, or another if that is taken.
    Auto,
    Number(u16),
}

impl Default for Port {
    fn default() -> Self {
        Self::Number(API)
    }
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let number: Result<NonZeroU16, _> = text.parse();
        number
            .map(|number| Self::Number(number.get()))
            .map_err(|_| "must be `auto`, or a number from 1 to 65535".to_owned())
    }
}

/// Listens for the HTTP API, and chooses the port of DynamoDB; says which ports are not the ones that
/// were asked for. Nobody else can take the API's while the functions are being built.
pub(super) fn choose(api: Port, dynamodb: u16) -> Result<(TcpListener, u16)> {
    let Port::Number(api) = api else {
        let (first, second) = ports::two_free()?;
        let api = listen(or_another(API, first)?)?;
        return Ok((api, or_another(dynamodb, second)?));
    };
    ensure!(api != dynamodb, "the API and DynamoDB cannot share a port");
    for (option, port) in [("--port", api), ("--dynamodb-port", dynamodb)] {
        ports::require_free(option, port)
            .map_err(|error| anyhow!("{error:#}, or let `--port auto` find free ones"))?;
    }
    Ok((listen(api)?, dynamodb))
}

fn listen(port: u16) -> Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    listener.with_context(|| format!("cannot listen on port {port}"))
}

fn or_another(wanted: u16, other: u16) -> Result<u16> {
    if ports::require_free("--port", wanted).is_ok() {
        return Ok(wanted);
    }
    out::line(format!("Port {wanted} is taken: using {other}"))?;
    Ok(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_reported_or_replaced() {
        let holder = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = holder.local_addr().unwrap().port();
        let (free, _) = ports::two_free().unwrap();

        let rejection = choose(Port::Number(free), taken).unwrap_err();
        let (_, dynamodb) = choose(Port::Auto, taken).unwrap();

        let rejection = format!("{rejection:#}");
        assert!(rejection.contains(&format!("port {taken} is in use")), "{rejection}");
        assert!(rejection.contains("--port auto"), "{rejection}");
        assert_ne!(dynamodb, taken);
    }

    #[test]
    fn the_port_of_the_api_stays_taken_once_it_is_chosen() {
        let (free, dynamodb) = ports::two_free().unwrap();

        for api in [Port::Number(free), Port::Auto] {
            let (listener, _) = choose(api, dynamodb).unwrap();

            let port = listener.local_addr().unwrap().port();
            assert!(ports::require_free("--port", port).is_err(), "{api}");
        }
    }
}
