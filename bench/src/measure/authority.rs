//! A certificate authority for one run, and what trusts it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Where Debian keeps what the system trusts, file by file under the hash of its subject, and all
/// in one file.
const SYSTEM_FOLDER: &str = "/etc/ssl/certs";
const SYSTEM_BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
/// The authorities that are compiled into the functions.
const AMAZON_ROOTS: &str = include_str!("../../../shared/src/amazon-roots.pem");
/// A hash as OpenSSL names a certificate's file; any will do.
const OWN_FILE: &str = "0011ca00.0";

/// The authority, with a server's certificate for the loopback address.
pub(crate) struct Authority {
    /// The authorities of a deployed function, with this one added.
    pub(crate) roots: PathBuf,
    /// A folder as the system's, with it added.
    pub(crate) folder: PathBuf,
    /// A file as the system's bundle, with it added.
    pub(crate) bundle: PathBuf,
    /// The TLS configuration of a server.
    pub(crate) server: Arc<ServerConfig>,
}

impl Authority {
    /// Writes what trusts it below this folder.
    pub(crate) fn new(below: &Path) -> Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([])?;
        // OpenSSL takes a certificate whose issuer has its own name for a self-signed one.
        params.distinguished_name.push(DnType::CommonName, "bench");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key)?.pem();
        let server = server(&Issuer::new(params, key))?;
        let (roots, folder, bundle) =
            (below.join("roots.pem"), below.join("certs"), below.join("bundle.pem"));
        fs::write(&roots, AMAZON_ROOTS.to_owned() + &pem)?;
        fs::write(&bundle, system_bundle()? + &pem)?;
        linked(&folder).context("cannot copy the folder of certificates")?;
        fs::write(folder.join(OWN_FILE), &pem)?;
        Ok(Self { roots, folder, bundle, server })
    }
}

fn server(issuer: &Issuer<'_, KeyPair>) -> Result<Arc<ServerConfig>> {
    let key = KeyPair::generate()?;
    let params = CertificateParams::new(["localhost".to_owned()])?;
    let certificate = params.signed_by(&key, issuer)?.der().clone();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    Ok(Arc::new(config))
}

fn system_bundle() -> Result<String> {
    fs::read_to_string(SYSTEM_BUNDLE)
        .with_context(|| format!("{SYSTEM_BUNDLE} is missing: install Debian's ca-certificates"))
}

fn linked(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for entry in fs::read_dir(SYSTEM_FOLDER)? {
        let entry = entry?;
        symlink(entry.path(), folder.join(entry.file_name()))?;
    }
    Ok(())
}
