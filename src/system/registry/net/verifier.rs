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
    let algorithms = provider.signature_verification_algorithms;
    let trust = if checked { Trust::those(certificates, provider)? } else { Trust::Anybody };
    let verifier = Arc::new(Verifier { trust, algorithms });
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    match &certificates.pair {
        Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key()),
        None => Ok(builder.with_no_client_auth()),
    }
}

/// Whose certificates are taken. That the server has the certificate's key is looked at in every case.
#[derive(Debug)]
enum Trust {
    /// Loopback and `insecure-registries`, where Docker takes every certificate too.
    Anybody,
    Those {
        /// None where nobody at all is trusted: the library then makes no verifier.
        chains: Option<Arc<WebPkiServerVerifier>>,
        own: Vec<CertificateDer<'static>>,
    },
}

impl Trust {
    fn those(certificates: &Certificates, provider: Arc<CryptoProvider>) -> Result<Trust, Error> {
        let chains = match certificates.roots.is_empty() {
            true => None,
            false => {
                let builder = WebPkiServerVerifier::builder_with_provider(certificates.roots.clone(), provider);
                Some(builder.build().map_err(|error| Error::General(error.to_string()))?)
            }
        };
        Ok(Trust::Those { chains, own: certificates.own.clone() })
    }
}

/// The library's check, and what Go does beyond it: a certificate that somebody put among the trusted ones is trusted as it
/// is, although it is no authority or signed by nobody known.
#[derive(Debug)]
struct Verifier {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Trust::Those { chains, own } = &self.trust else { return Ok(ServerCertVerified::assertion()) };
        let Some(chains) = chains else { return Err(CertificateError::UnknownIssuer.into()) };
        let found = chains.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match found {
            // The library looks at the dates before it looks at this.
            Err(error) if is_of_nobody(&error) => {
                if own.iter().any(|own| own == end_entity) {
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
