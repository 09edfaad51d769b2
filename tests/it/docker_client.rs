//! Real clients of a credential helper against a real registry: docker without and with a daemon, skopeo, docker-py.
//! What each of them asks, row by row, is in the helper's own cases; here only what a person sees counts.
