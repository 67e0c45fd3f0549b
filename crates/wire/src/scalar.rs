//! Scalars as text: in headers, URIs, forms and XML.

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use weft_model::{TimestampFormat, Type, Value};
use weft_types::Timestamp;

use crate::WireFault;

/// Base64 as AWS takes it: padding may be left out.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads a scalar from text.
pub(crate) fn read(kind: &Type, text: &str) -> Result<Value, WireFault> {
    let refuse =
        |what: &str| WireFault::serialization(format!("`{}` can not be converted to {what}", cut(text)));
    Ok(match kind {
        Type::Text => Value::Text(text.to_owned()),
        Type::Bool => match text {
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            _ => return Err(refuse("a Boolean")),
        },
        Type::Integer => match text.trim().parse::<i32>() {
            Ok(number) => Value::Integer(i64::from(number)),
            Err(_) => return Err(refuse("an Integer")),
        },
        Type::Long => Value::Integer(text.trim().parse().map_err(|_| refuse("a Long"))?),
        Type::Double => Value::Double(read_double(text.trim()).ok_or_else(|| refuse("a Double"))?),
        Type::Blob => {
            let bytes = BASE64.decode(text.trim()).map_err(|_| refuse("a Blob"))?;
            Value::Blob(Bytes::from(bytes))
        }
        Type::Time(format) => {
            Value::Time(read_time(*format, text.trim()).ok_or_else(|| refuse("a Timestamp"))?)
        }
        Type::List { .. } | Type::Map { .. } | Type::Struct(_) => return Err(refuse("a structure")),
    })
}

/// Writes a scalar as text; nothing for lists, maps and structures.
pub(crate) fn write(kind: &Type, value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Bool(flag) => flag.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => write_double(*number),
        Value::Blob(bytes) => BASE64.encode(bytes),
        Value::Time(time) => write_time(kind, *time),
        Value::List(_) | Value::Map(_) | Value::Struct(_) => String::new(),
    }
}

/// Seconds since the epoch as a time; whole milliseconds.
pub(crate) fn time_from_seconds(seconds: f64) -> Option<Timestamp> {
    let millis = (seconds * 1000.0).round();
    // Times beyond ±9999 years cannot be written again.
    if !(-377_705_116_800_000.0..=253_402_300_799_999.0).contains(&millis) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the bounds just checked")]
    Some(Timestamp::from_millis(millis as i64))
}

/// A double as text, with the names that protocols use for what is no number.
pub(crate) fn write_double(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        number.to_string()
    }
}

/// A double from text.
pub(crate) fn read_double(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        // Rust's parser also takes `inf` and `nan`.
        _ if text.contains(['n', 'N']) => None,
        _ => text.parse().ok(),
    }
}

fn read_time(format: TimestampFormat, text: &str) -> Option<Timestamp> {
    match format {
        TimestampFormat::Epoch => time_from_seconds(text.parse().ok()?),
        TimestampFormat::Iso8601 => Timestamp::parse_iso8601(text),
        TimestampFormat::Rfc822 => {
            let time = jiff::fmt::rfc2822::parse(text).ok()?;
            Some(Timestamp::from_millis(time.timestamp().as_millisecond()))
        }
    }
}

fn write_time(kind: &Type, time: Timestamp) -> String {
    let fraction = time.as_millis().rem_euclid(1000);
    match kind {
        Type::Time(TimestampFormat::Epoch) if fraction == 0 => time.as_seconds().to_string(),
        Type::Time(TimestampFormat::Epoch) => {
            let sign = if time.as_millis() < 0 { "-" } else { "" };
            let millis = time.as_millis().unsigned_abs();
            format!("{sign}{}.{:03}", millis / 1000, millis % 1000)
        }
        Type::Time(TimestampFormat::Rfc822) => time.format("%a, %d %b %Y %H:%M:%S GMT"),
        _ if fraction == 0 => time.iso8601_seconds(),
        _ => time.iso8601(),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_read_and_written_alike() {
        let check = |kind: Type, text: &str, expected: Option<&str>| {
            let read = read(&kind, text).ok().map(|value| write(&kind, &value));
            assert_eq!(read.as_deref(), expected, "{kind:?} {text}");
        };
        check(Type::Bool, "true", Some("true"));
        check(Type::Bool, "yes", None);
        check(Type::Integer, "2147483647", Some("2147483647"));
        check(Type::Integer, "2147483648", None);
        check(Type::Integer, "1.5", None);
        check(Type::Long, "2147483648", Some("2147483648"));
        check(Type::Long, "9223372036854775808", None);
        check(Type::Double, "1.5", Some("1.5"));
        check(Type::Double, "-Infinity", Some("-Infinity"));
        check(Type::Double, "inf", None);
        check(Type::Blob, "aGk=", Some("aGk="));
        check(Type::Blob, "aGk", Some("aGk="));
        check(Type::Blob, "a", None);
        let epoch = Type::Time(TimestampFormat::Epoch);
        check(epoch, "1795485723", Some("1795485723"));
        check(epoch, "1795485723.25", Some("1795485723.250"));
        check(epoch, "-0.5", Some("-0.500"));
        check(epoch, "1e300", None);
        let iso = Type::Time(TimestampFormat::Iso8601);
        check(iso, "2026-11-24T02:02:03Z", Some("2026-11-24T02:02:03Z"));
        check(iso, "2026-11-24T02:02:03.004Z", Some("2026-11-24T02:02:03.004Z"));
        check(iso, "2026-11-24T03:02:03+01:00", Some("2026-11-24T02:02:03Z"));
        let http = Type::Time(TimestampFormat::Rfc822);
        check(http, "Tue, 24 Nov 2026 02:02:03 GMT", Some("Tue, 24 Nov 2026 02:02:03 GMT"));
        check(http, "tomorrow", None);
    }
}
