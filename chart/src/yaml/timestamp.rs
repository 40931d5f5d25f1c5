//! Dates and times, of which only the form matters: they stay texts.

use jiff::civil::Date;

/// A time as Go's YAML reader knows it behind `!!timestamp`: `2006-1-2`, with `T`, `t` or a space and a time.
pub(super) fn is_timestamp(text: &str) -> bool {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some((text.as_bytes()[at], &text[at + 1..]))),
        None => (text, None),
    };
    is_date(date, 1)
        && match time {
            None => true,
            Some((b' ', time)) => is_time(time, 1),
            Some((_, time)) => split_zone(time).is_some_and(|time| is_time(time, 1)),
        }
}

/// A time as RFC 3339 has it and Go's JSON reader demands it.
pub(crate) fn is_rfc3339(text: &str) -> bool {
    text.split_once('T')
        .is_some_and(|(date, time)| is_date(date, 2) && split_zone(time).is_some_and(|time| is_time(time, 2)))
}

fn is_date(text: &str, digits: usize) -> bool {
    let mut parts = text.split('-').map(|part| (part.len(), number(part)));
    let (Some((4, Some(year))), Some((m, Some(month))), Some((d, Some(day))), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    (digits..=2).contains(&m) && (digits..=2).contains(&d) && Date::new(year as i16, month as i8, day as i8).is_ok()
}

fn is_time(text: &str, digits: usize) -> bool {
    let (text, fraction) = match text.find(['.', ',']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let mut parts = text.split(':').map(|part| (part.len(), number(part)));
    let (Some((h, Some(0..24))), Some((m, Some(0..60))), Some((s, Some(0..60))), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    h >= digits
        && h <= 2
        && (digits..=2).contains(&m)
        && (digits..=2).contains(&s)
        && fraction.is_none_or(|fraction| !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The time before its zone, which is `Z` or an offset.
fn split_zone(text: &str) -> Option<&str> {
    if let Some(time) = text.strip_suffix('Z') {
        return Some(time);
    }
    let (time, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let (hours, minutes) = offset.strip_prefix(['+', '-'])?.split_once(':')?;
    (matches!(number(hours), Some(0..24)) && hours.len() == 2 && matches!(number(minutes), Some(0..60))).then_some(time)
}

/// Digits, few enough for the number.
fn number(text: &str) -> Option<u16> {
    (text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}
