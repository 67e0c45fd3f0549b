//! Where a template's URL points to: an object of our S3, whatever name for S3 it uses. Nothing is fetched from elsewhere.

use percent_encoding::percent_decode_str;
use weft_service::{Error, ObjectName};

use crate::errors;

/// The object that a URL names: at AWS's names, at Weft's own address, in path style or with the bucket in the host.
pub(crate) fn object_of(url: &str) -> Result<ObjectName, Error> {
    let wrong = || errors::validation("TemplateURL must be a supported URL.");
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or_else(wrong)?;
    let (authority, path) = rest.split_once('/').ok_or_else(wrong)?;
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
        if port.bytes().all(|digit| digit.is_ascii_digit()) { host } else { authority }
    });
    let (bucket, key) = match bucket_of(host) {
        Some(bucket) => (bucket.to_owned(), path),
        None => path.split_once('/').map(|(bucket, key)| (bucket.to_owned(), key)).ok_or_else(wrong)?,
    };
    let key = percent_decode_str(key).decode_utf8().map_err(|_| wrong())?.into_owned();
    if bucket.is_empty() || key.is_empty() {
        return Err(wrong());
    }
    let version = query.split('&').find_map(|field| field.strip_prefix("versionId="));
    Ok(ObjectName { bucket, key, version: version.map(str::to_owned) })
}

/// The bucket that stands before S3's own name in a host.
fn bucket_of(host: &str) -> Option<&str> {
    let labels: Vec<&str> = host.split('.').collect();
    let place = labels.iter().rposition(|label| *label == "s3" || label.starts_with("s3-"))?;
    let length: usize = labels[..place].iter().map(|label| label.len() + 1).sum();
    (place > 0).then(|| &host[..length - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Option<(&str, &str, Option<&str>)>) {
        let found = object_of(url).ok();
        let found = found.as_ref().map(|o| (o.bucket.as_str(), o.key.as_str(), o.version.as_deref()));
        assert_eq!(found, expected, "{url}");
    }

    #[test]
    fn every_form_of_a_templates_url_names_an_object() {
        check("http://127.0.0.1:4566/assets/a/b.json", Some(("assets", "a/b.json", None)));
        check("https://localhost:4566/assets/t.json", Some(("assets", "t.json", None)));
        check("https://s3.amazonaws.com/b/k", Some(("b", "k", None)));
        check("https://s3.us-east-1.localhost:4566/b/k%20x?versionId=v1", Some(("b", "k x", Some("v1"))));
        check("https://s3-eu-west-1.amazonaws.com/b/k", Some(("b", "k", None)));
        check("https://b.s3.us-east-1.amazonaws.com/d/k", Some(("b", "d/k", None)));
        check("https://b.c.s3.localhost:4566/k", Some(("b.c", "k", None)));
        check("file:///etc/passwd", None);
        check("https://s3.amazonaws.com/b", None);
        check("https://s3.amazonaws.com/b/", None);
    }
}
