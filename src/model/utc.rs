//! Points in time as text: UTC, RFC 3339. Local time is for nobody: records of several users and machines are compared.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `2026-03-01T12:00:00.250Z`; times before 1970 are the epoch.
pub fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (year, month, day) = civil(since.as_secs() / 86_400);
    let second = since.as_secs() % 86_400;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since.subsec_millis())
}

/// Year, month and day of a number of days since 1970-01-01 in the Gregorian calendar (Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    // Years begin in March here, so that the leap day is the last of its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

/// Days since 1970-01-01 in the Gregorian calendar, for years from 1970 on (the same, `days_from_civil`).
pub fn days(year: u64, month: u64, day: u64) -> u64 {
    // Years begin in March here, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// `2026-03-01T12:00:00Z`, with a fraction that does not count, and with `UTC` or an offset of nothing for `Z`: as other
/// programs write what is UTC. None for anything else, another zone's time too.
pub fn parse(written: &str) -> Option<SystemTime> {
    let (date, rest) = written.split_once(['T', ' '])?;
    let end = rest.find(|letter: char| !(letter.is_ascii_digit() || letter == ':' || letter == '.'))?;
    let (clock, zone) = rest.split_at(end);
    if !["Z", "UTC", "+00:00", "+0000"].contains(&zone) {
        return None;
    }
    let number = |text: &str, length: usize, range: std::ops::RangeInclusive<u64>| {
        let fits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| fits && range.contains(number))
    };
    let date: Vec<&str> = date.split('-').collect();
    let [year, month, day] = date.as_slice() else { return None };
    let clock: Vec<&str> = clock.split('.').next()?.split(':').collect();
    let [hour, minute, second] = clock.as_slice() else { return None };
    let days = days(number(year, 4, 1970..=9999)?, number(month, 2, 1..=12)?, number(day, 2, 1..=31)?);
    let seconds = number(hour, 2, 0..=23)? * 3600 + number(minute, 2, 0..=59)? * 60 + number(second, 2, 0..=60)?;
    UNIX_EPOCH.checked_add(Duration::from_secs(days.checked_mul(86_400)? + seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        for (seconds, want) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (951_868_799, "2000-02-29T23:59:59.000Z"),
            (1_772_366_400, "2026-03-01T12:00:00.000Z"),
            (4_107_542_399, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!((rfc3339(time).as_str(), parse(want)), (want, Some(time)));
        }
        assert!(rfc3339(UNIX_EPOCH + Duration::from_millis(250)).ends_with("00.250Z"));
    }
    #[test]
    fn other_programs_ways_of_writing_utc_are_read_and_other_zones_are_not() {
        let want = Some(UNIX_EPOCH + Duration::from_secs(1_772_366_400));
        for written in ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00UTC", "2026-03-01 12:00:00.999999+00:00"] {
            assert_eq!(parse(written), want, "{written}");
        }
        for not in [
            "",
            "2026-03-01T12:00:00",
            "2026-03-01T12:00:00+02:00",
            "2026-13-01T12:00:00Z",
            "1969-01-01T12:00:00Z",
            "+026-03-01T12:00:00Z",
            "2026-03-01T1:00:00Z",
            "99999999999999999999-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(not), None, "{not}");
        }
    }
}
