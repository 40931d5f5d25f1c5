use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// A certificate authority of the test's own.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, as PEM.
#[derive(Debug, Clone)]
pub struct Papers {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

impl Authority {
    /// An authority that nobody knows yet.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("the parameters make a certificate");
        Self { issuer }
    }

    /// Its own certificate, as PEM: what those who believe it are given.
    pub fn certificate(&self) -> String {
        self.issuer.as_ref().pem()
    }

    /// Papers for whoever is called so: a host name, an address, or a person.
    pub fn issue(&self, name: &str) -> Papers {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("the name is one");
        params.distinguished_name.push(DnType::CommonName, name);
        let key = key();
        let certificate = params.signed_by(&key, &self.issuer).expect("the authority can sign");
        Papers { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("keys can be made")
}
