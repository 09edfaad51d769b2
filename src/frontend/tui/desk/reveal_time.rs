//! How long a secret is shown is the person's choice, wherever one is shown.

use super::*;

#[test]
fn every_secret_goes_when_the_chosen_time_is_up() {
    let shown = [
        ("/dbroot<Enter>r", "tr0ub4dor"),
        ("3/ghcr<Enter>r", "tr0ub4dor"),
        ("Fuser<Enter>jr", "tr0ub4dor"),
        ("/dbroot<Enter>h<Enter>a", "old-horse"),
    ];
    for (keys, secret) in shown {
        let mut desk = Desk::new((120, 40)).begun();
        desk.app.scope.reveal = Duration::from_secs(3);
        desk.press(keys).shows(secret);
        desk.shows("3 s");
        desk.wait(Duration::from_millis(2999)).shows(secret);
        desk.wait(Duration::from_millis(1)).hides(secret);
        assert_eq!(desk.app.deadline(), None, "{keys}");
    }
}
