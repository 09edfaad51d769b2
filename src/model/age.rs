//! Lengths of time for people: how long ago, how long still, and as they are typed. No clock here (`system/env`).

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

/// What is left until then, in at most seven columns: `3h 12m`, `12m`, `45s`, `2d 3h`; `0s` where it is past.
pub fn left(now: SystemTime, then: SystemTime) -> String {
    let seconds = then.duration_since(now).unwrap_or(Duration::ZERO).as_secs();
    match seconds {
        0..MINUTE => format!("{seconds}s"),
        MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        HOUR..DAY => format!("{}h {}m", seconds / HOUR, seconds % HOUR / MINUTE),
        _ => format!("{}d {}h", seconds / DAY, seconds % DAY / HOUR),
    }
}

/// A length of time as people type it: `90s`, `45m`, `4h`, `1d`, `1h30m`. None for anything else.
pub fn span(text: &str) -> Option<Duration> {
    let mut seconds = 0u64;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let mut after = rest[digits..].chars();
        let unit = match after.next()? {
            's' => 1,
            'm' => MINUTE,
            'h' => HOUR,
            'd' => DAY,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = after.as_str();
    }
    (seconds > 0).then(|| Duration::from_secs(seconds))
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

    #[test]
    fn what_is_left_is_short_and_what_is_typed_is_read() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10);
        for (seconds, words) in
            [(0, "0s"), (59, "59s"), (60, "1m"), (3 * HOUR + 12 * MINUTE + 59, "3h 12m"), (2 * DAY + 3 * HOUR, "2d 3h")]
        {
            assert_eq!(left(now, now + Duration::from_secs(seconds)), words);
        }
        assert_eq!(left(now, SystemTime::UNIX_EPOCH), "0s");
        for (typed, seconds) in [("90s", 90), ("45m", 2700), ("1h30m", 5400), (" 1d ", 86_400)] {
            assert_eq!(span(typed), Some(Duration::from_secs(seconds)), "{typed}");
        }
        for typed in ["", "0s", "4", "h", "4x", "-1h", "4h 30m", "99999999999999999999d", "9999999999999999999d", "4é"]
        {
            assert_eq!(span(typed), None, "{typed}");
        }
    }
}
