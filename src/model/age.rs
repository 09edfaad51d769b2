//! How long ago something was, in one short word for people. No clock here (`system/env`).

use std::time::{Duration, SystemTime};

/// From `then` to `now` in one unit: `now`, `5m`, `3h`, `40d`, `7mo`, `2y`. The future is `now`.
pub fn age(now: SystemTime, then: SystemTime) -> String {
    let seconds = now.duration_since(then).unwrap_or(Duration::ZERO).as_secs();
    match seconds {
        0..MINUTE => "now".to_owned(),
        MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        HOUR..DAY => format!("{}h", seconds / HOUR),
        _ if seconds < 60 * DAY => format!("{}d", seconds / DAY),
        _ if seconds < YEAR => format!("{}mo", seconds / (YEAR / 12)),
        _ => format!("{}y", seconds / YEAR),
    }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// The Gregorian calendar's mean year: 365.2425 days.
const YEAR: u64 = 31_556_952;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_one_unit() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let cases = [(0, "now"), (59, "now"), (60, "1m"), (3 * HOUR, "3h"), (40 * DAY, "40d"), (61 * DAY, "2mo")];
        for (seconds, text) in cases {
            assert_eq!(age(at(YEAR), at(YEAR - seconds)), text);
        }
        assert_eq!(age(at(3 * YEAR), at(0)), "3y");
        assert_eq!(age(at(0), at(500)), "now");
    }
}
