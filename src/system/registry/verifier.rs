//! Who answers on an encrypted connection: checked as the registry's certificates say, or not at all where Docker does not
//! check either. Called by `dial.rs`.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::certs::Certificates;

/// A configuration that checks with these certificates, or one that takes whatever is shown.
pub(super) fn config(certificates: &Certificates, checked: bool) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let builder = builder.dangerous();
    let builder = if checked {
        builder.with_custom_certificate_verifier(Arc::new(Checking::new(certificates, provider)?))
    } else {
        let algorithms = provider.signature_verification_algorithms;
        builder.with_custom_certificate_verifier(Arc::new(Unchecking { algorithms }))
    };
    match &certificates.pair {
        Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key()),
        None => Ok(builder.with_no_client_auth()),
    }
}

/// The library's check, and what Go does beyond it: a certificate that somebody put among the trusted ones is trusted as it
/// is, although it is no authority or signed by nobody known.
#[derive(Debug)]
struct Checking {
    /// None where nobody at all is trusted: the library then makes no verifier.
    chains: Option<Arc<WebPkiServerVerifier>>,
    own: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Checking {
    fn new(certificates: &Certificates, provider: Arc<CryptoProvider>) -> Result<Checking, Error> {
        let algorithms = provider.signature_verification_algorithms;
        let chains = match certificates.roots.is_empty() {
            true => None,
            false => {
                let builder = WebPkiServerVerifier::builder_with_provider(certificates.roots.clone(), provider);
                Some(builder.build().map_err(|error| Error::General(error.to_string()))?)
            }
        };
        Ok(Checking { chains, own: certificates.own.clone(), algorithms })
    }
}

impl ServerCertVerifier for Checking {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chains) = &self.chains else { return Err(CertificateError::UnknownIssuer.into()) };
        let found = chains.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match found {
            // The library looks at the dates before it looks at this.
            Err(error) if is_of_nobody(&error) => {
                if self.own.iter().any(|own| own == end_entity) {
                    verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                    return Ok(ServerCertVerified::assertion());
                }
                Err(CertificateError::UnknownIssuer.into())
            }
            found => found,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Signed by nobody known, or an authority's own certificate, which the library takes for no server's.
fn is_of_nobody(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => true,
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            matches!(other.0.downcast_ref::<webpki::Error>(), Some(webpki::Error::CaUsedAsEndEntity))
        }
        _ => false,
    }
}

/// Takes every certificate whose key the server has: for loopback and `insecure-registries`, where Docker does the same.
#[derive(Debug)]
struct Unchecking {
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Unchecking {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
