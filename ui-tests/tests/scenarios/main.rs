//! The real regpass in a real terminal: what a person does, and what must never happen.
//! `support` opens it; `looks` is what is seen, `activity` the calls as they come, `audit` what it finds,
//! `accounts` what a registry's logins are used for, `secrets` what is hidden, `lives` how it starts and ends, `inside` what
//! memory and a panic leave behind, `writes` what is changed in a store, `editing` an entry's text, `team` what several
//! people change, `many` what is done with many entries, `pictures` that all that is the same each time.

// Test code from end to end, helpers included.
#![allow(clippy::expect_used, clippy::panic)]

mod accounts;
mod activity;
mod audit;
mod bursts;
mod editing;
mod inside;
mod lives;
mod looks;
mod many;
mod pictures;
mod pinentry;
mod secrets;
mod support;
mod team;
mod writes;
