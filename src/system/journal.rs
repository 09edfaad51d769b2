//! The record of helper calls: one line a call in a bounded file under the state folder. Never a secret.
