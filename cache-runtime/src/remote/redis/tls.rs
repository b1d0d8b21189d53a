//! TLS, of the feature `redis-tls`: whose cryptography, and which certificates are trusted.

#[cfg(feature = "redis-tls")]
use redis::TlsCertificates;
#[cfg(feature = "redis-tls")]
use rustls::crypto::{CryptoProvider, ring};

use crate::error::{Error, ErrorKind, Result};

/// To be called before a URL is used that may want TLS.
pub(super) fn prepare(url: &str) -> Result<()> {
    if !url.starts_with("rediss:") && !url.starts_with("valkeys:") {
        return Ok(());
    }
    if cfg!(not(feature = "redis-tls")) {
        let reason = "TLS to Redis needs the feature `redis-tls` of `cache-runtime`";
        return Err(Error::new(ErrorKind::Config, reason));
    }
    choose_provider();
    Ok(())
}

/// rustls panics where two of its providers are compiled in and the program has chosen none. `ring`
/// is there in any case.
#[cfg(feature = "redis-tls")]
fn choose_provider() {
    if CryptoProvider::get_default().is_none() {
        // An error means that somebody else has just chosen.
        let _ = ring::default_provider().install_default();
    }
}

#[cfg(not(feature = "redis-tls"))]
fn choose_provider() {}

#[cfg(feature = "redis-tls")]
pub(super) fn only(pem: &[u8]) -> TlsCertificates {
    TlsCertificates { client_tls: None, root_cert: Some(pem.to_vec()) }
}
