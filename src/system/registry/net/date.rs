//! The time that a server tells in its `Date` header (RFC 9110, 5.6.7, IMF-fixdate only). Pure.

use std::time::{Duration, SystemTime};

use crate::model::utc::days;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Sun, 06 Nov 1994 08:49:37 GMT`; None for anything else.
pub(super) fn parse(header: &str) -> Option<SystemTime> {
    let parts: Vec<&str> = header.split_once(", ")?.1.split(' ').collect();
    let [day, month, year, clock, "GMT"] = parts.as_slice() else { return None };
    let month = MONTHS.iter().position(|name| name == month)? as u64 + 1;
    let number = |text: &str, least: u64, most: u64| {
        let fits = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| fits && (least..=most).contains(number))
    };
    let (day, year) = (number(day, 1, 31)?, number(year, 1970, 9999)?);
    let clock: Vec<&str> = clock.split(':').collect();
    let [hour, minute, second] = clock.as_slice() else { return None };
    let (hour, minute, second) = (number(hour, 0, 23)?, number(minute, 0, 59)?, number(second, 0, 60)?);
    let seconds = days(year, month, day).checked_mul(86_400)? + hour * 3600 + minute * 60 + second;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::utc;

    #[test]
    fn days_are_as_the_calendar_has_them() {
        for (header, want) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.000Z"),
            ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00.000Z"),
            ("Tue, 29 Feb 2028 23:59:59 GMT", "2028-02-29T23:59:59.000Z"),
            ("Sun, 01 Mar 2026 12:00:00 GMT", "2026-03-01T12:00:00.000Z"),
        ] {
            assert_eq!(parse(header).map(utc::rfc3339).as_deref(), Some(want), "{header}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for header in [
            "",
            "now",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 06 Nov 1994 25:49:37 GMT",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 99999 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(parse(header), None, "{header}");
        }
    }
}
