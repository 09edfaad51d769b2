//! How long ago something was, in one number for people. No clock here (`system/env`).

use std::time::{Duration, SystemTime};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// The mean month and year of the Gregorian calendar, rounded to days.
const MONTH: u64 = 30 * DAY;
const YEAR: u64 = 365 * DAY;

/// From how many seconds on a unit is used, its length, its short form and its name. Days are counted up to two months: "40d"
/// says more about a token than "1mo".
const UNITS: [(u64, u64, &str, &str); 5] = [
    (YEAR, YEAR, "y", "year"),
    (2 * MONTH, MONTH, "mo", "month"),
    (DAY, DAY, "d", "day"),
    (HOUR, HOUR, "h", "hour"),
    (MINUTE, MINUTE, "m", "minute"),
];

/// In at most four columns: `now`, `38m`, `11h`, `40d`, `4mo`, `2y`. The future is a clock that differs, not news: `now`.
pub fn short(now: SystemTime, then: SystemTime) -> String {
    parts(now, then).map_or_else(|| "now".to_owned(), |(number, unit, _)| format!("{number}{unit}"))
}

/// In words: `just now`, `3 days ago`.
pub fn long(now: SystemTime, then: SystemTime) -> String {
    parts(now, then).map_or_else(
        || "just now".to_owned(),
        |(number, _, name)| format!("{number} {name}{} ago", if number == 1 { "" } else { "s" }),
    )
}

fn parts(now: SystemTime, then: SystemTime) -> Option<(u64, &'static str, &'static str)> {
    let seconds = now.duration_since(then).unwrap_or(Duration::ZERO).as_secs();
    let fits = UNITS.iter().find(|(from, ..)| seconds >= *from);
    fits.map(|(_, length, unit, name)| (seconds / length, *unit, *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_one_number() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10 * YEAR);
        let cases = [
            (0, "now", "just now"),
            (59, "now", "just now"),
            (MINUTE, "1m", "1 minute ago"),
            (3 * HOUR, "3h", "3 hours ago"),
            (DAY, "1d", "1 day ago"),
            (40 * DAY, "40d", "40 days ago"),
            (61 * DAY, "2mo", "2 months ago"),
            (364 * DAY, "12mo", "12 months ago"),
            (800 * DAY, "2y", "2 years ago"),
        ];
        for (seconds, brief, words) in cases {
            let then = now - Duration::from_secs(seconds);
            assert_eq!((short(now, then).as_str(), long(now, then).as_str()), (brief, words));
        }
        assert_eq!(short(now, now + Duration::from_secs(DAY)), "now");
    }
}
