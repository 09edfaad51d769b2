//! That a test can be skipped from anywhere within it, and else fails as ever.

use crate::support::Left;

#[test]
fn a_test_can_be_left_from_anywhere_within_it() {
    std::panic::resume_unwind(Box::new(Left));
}

#[test]
#[should_panic(expected = "as ever")]
fn and_fails_as_ever() {
    panic!("as ever");
}
