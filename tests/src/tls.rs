use std::fs;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::RedisServer;
use crate::redis_server::free_port;

/// A server that speaks TLS on a port of its own, under a root certificate of its own.
pub struct TlsServer {
    /// The server, which speaks without TLS too.
    pub server: RedisServer,
    port: u16,
    root: String,
}

impl TlsServer {
    /// Starts a server and waits until it answers.
    pub fn start() -> Self {
        let (root, certificate, key) = certificates();
        let port = free_port();
        let server = RedisServer::start_with(|server| {
            let (certificate_file, key_file) =
                (server.directory().join("tls.crt"), server.directory().join("tls.key"));
            fs::write(&certificate_file, &certificate).expect("the directory can be written to");
            fs::write(&key_file, &key).expect("the directory can be written to");
            let options = [
                ["--tls-port", &port.to_string()],
                ["--tls-cert-file", &certificate_file.display().to_string()],
                ["--tls-key-file", &key_file.display().to_string()],
                ["--tls-auth-clients", "no"],
            ];
            options.concat().into_iter().map(str::to_owned).collect()
        });
        Self { server, port, root }
    }

    /// Where it speaks TLS.
    pub fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.port)
    }

    /// The certificate to trust, as PEM.
    pub fn root(&self) -> &str {
        &self.root
    }
}

/// A root, and what it vouches for: a certificate of 127.0.0.1 and its key.
fn certificates() -> (String, String, String) {
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_key = KeyPair::generate().expect("a key can be made");
    let root_certificate = root.self_signed(&root_key).expect("a root signs itself");
    let names = vec!["127.0.0.1".to_owned()];
    let server = CertificateParams::new(names).expect("an address is a name");
    let key = KeyPair::generate().expect("a key can be made");
    let issuer = Issuer::new(root, root_key);
    let certificate = server.signed_by(&key, &issuer).expect("a root signs others");
    (root_certificate.pem(), certificate.pem(), key.serialize_pem())
}
