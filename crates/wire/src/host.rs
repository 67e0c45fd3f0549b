//! Which bucket a host's name says.

/// The bucket in a host's name, as in `b.s3.us-east-1.amazonaws.com`, `b.s3.localhost` and `b.localhost`; `None` where the
/// name is an endpoint's and the path begins with the bucket. `host` may have a port.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>.
pub fn bucket_of_host(host: &str) -> Option<&str> {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.bytes().all(|digit| digit.is_ascii_digit()) { name } else { host }
    });
    let name = name.trim_end_matches('.');
    let starts =
        |rest: &str| rest.starts_with("s3.") || rest.starts_with("s3-") || rest.starts_with("s3express-");
    if starts(name) {
        return None;
    }
    let is_endpoint =
        |rest: &str| starts(rest) && (rest.ends_with(".localhost") || rest.contains(".amazonaws."));
    let mut dots = name.match_indices('.').map(|(at, _)| at);
    let endpoint = dots.rfind(|at| is_endpoint(&name[at + 1..]));
    let bucket = endpoint.map(|at| &name[..at]).or_else(|| name.strip_suffix(".localhost"))?;
    // Weft's own names.
    let own = bucket.rsplit('.').next() == Some("weft");
    (!bucket.is_empty() && !own).then_some(bucket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_name_buckets() {
        let check = |host: &str, expected: Option<&str>| assert_eq!(bucket_of_host(host), expected, "{host}");
        check("127.0.0.1:4566", None);
        check("localhost:4566", None);
        check("[::1]:4566", None);
        check("s3.localhost", None);
        check("s3.us-east-1.amazonaws.com", None);
        check("s3-eu-west-1.amazonaws.com", None);
        check("s3.us-east-1.localhost:4566", None);
        check("b.localhost:4566", Some("b"));
        check("my.bucket.localhost", Some("my.bucket"));
        check("b.s3.localhost:4566", Some("b"));
        check("a.b.s3.eu-west-1.localhost", Some("a.b"));
        check("b.s3.us-east-1.amazonaws.com", Some("b"));
        check("b.s3.amazonaws.com.cn", Some("b"));
        check("b.s3.cn-north-1.amazonaws.com.cn", Some("b"));
        check("b.s3-eu-west-1.amazonaws.com", Some("b"));
        check("greet.hello.weft.localhost", None);
        check("weft.localhost", None);
        check("example.com", None);
    }
}
