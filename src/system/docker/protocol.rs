//! The words of Docker's credential helper protocol, byte for byte (docker-credential-helpers `credentials/`).
