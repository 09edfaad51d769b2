//! What is drawn at which size, and that every key works or is refused there.

use super::*;

#[test]
fn whole_screens_at_80x24() {
    let mut desk = Desk::new((80, 24));
    insta::assert_snapshot!("first_frame", desk.screen());
    let mut desk = desk.begun();
    insta::assert_snapshot!("store", desk.screen());
    insta::assert_snapshot!("store_revealed", desk.press("/dbroot<Enter>r").screen());
    insta::assert_snapshot!("store_filter", desk.press("<Esc><Esc>/inf").screen());
    insta::assert_snapshot!("registries", desk.press("<Esc>3").screen());
    insta::assert_snapshot!("help", desk.press("?").screen());
}

#[test]
fn whole_screens_at_44x10() {
    let mut desk = Desk::new((44, 10)).begun();
    insta::assert_snapshot!("small_store", desk.screen());
    insta::assert_snapshot!("small_details", desk.press("/replica<Enter><Enter>").screen());
    insta::assert_snapshot!("small_revealed", desk.press("<Enter>").screen());
    insta::assert_snapshot!("small_registries", desk.press("3").screen());
    insta::assert_snapshot!("small_help", desk.press("?").screen());
}

#[test]
fn whole_screens_at_140x30_and_in_ascii() {
    let mut desk = Desk::new((140, 30)).begun();
    insta::assert_snapshot!("wide_store", desk.screen());
    insta::assert_snapshot!("wide_registries", desk.press("3").screen());
    let mut plain = Desk::with((80, 24), &["a/b", "c"], Theme::new(false, true)).begun();
    let screen = plain.press("<End>r").screen();
    assert!(screen.is_ascii(), "{screen}");
    insta::assert_snapshot!("ascii", screen);
}

#[test]
fn below_the_smallest_size_a_notice_and_q() {
    let mut desk = Desk::new((30, 6)).begun();
    desk.shows("regpass needs 44x10");
    desk.press("q");
    assert!(desk.app.wants_to_quit());
}

#[test]
fn below_the_smallest_size_no_key_reaches_what_is_not_seen() {
    let mut desk = Desk::new((80, 24)).begun();
    desk.press("n").shows("New entry");
    desk.size = (30, 6);
    desk.shows("q quits");
    desk.press("xx<Esc>");
    desk.app.handle(Event::Paste("yy".to_owned().into()));
    desk.size = (80, 24);
    desk.shows("New entry");
    desk.hides("xx");
    desk.hides("yy");
    desk.size = (30, 6);
    desk.screen();
    desk.press("q");
    assert!(desk.app.wants_to_quit());
}

#[test]
fn suspending_works_over_everything() {
    for keys in ["", "/", "?", ":", "n", "/replica<Enter>D", "F", "@", "W", "S"] {
        let mut desk = Desk::new((80, 24)).begun();
        desk.press(keys);
        let before = desk.screen();
        desk.app.handle(Event::Key(named("^Z")));
        let orders = desk.app.take_orders();
        assert!(orders.iter().any(|order| matches!(order, Order::Suspend)), "not over {keys:?}");
        assert_eq!(desk.screen(), before);
    }
}

#[test]
fn every_size_can_be_drawn() {
    for width in [1, 2, 3, 10, 43, 44, 45, 69, 70, 80, 119, 120, 140] {
        for height in [1, 2, 5, 9, 10, 11, 13, 14, 15, 24] {
            let mut desk = Desk::new((width, height)).begun();
            desk.screen();
            desk.press("/db<Enter>r").screen();
            desk.press("?").screen();
            desk.press("<Esc>3<Enter>").screen();
            desk.press("<Esc>4<Enter>").screen();
            desk.press("1jj").screen();
        }
    }
}
