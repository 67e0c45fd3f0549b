//! What a workload sees of a request's headers.

use std::net::SocketAddr;

use super::*;

fn check(sent: &[(&str, &str)], trusted: bool, want: &[(&str, &str)]) {
    let address: SocketAddr = "192.0.2.7:1234".parse().unwrap();
    check_from(Peer::listener(address, address), sent, trusted, want);
}

fn check_from(peer: Peer, sent: &[(&str, &str)], trusted: bool, want: &[(&str, &str)]) {
    let mut headers = HeaderMap::new();
    for (name, value) in sent {
        headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    let hop = Hop {
        peer,
        trusted,
        host: "shop.example.com:80",
        prefix: "/api",
        request_id: "id-1",
        principal: None,
    };
    forward(&mut headers, &hop);
    let text = |name: &str| {
        headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join(" + ")
    };
    for (name, value) in want {
        assert_eq!(text(name), *value, "{name} of {sent:?}");
    }
}

#[test]
fn a_workload_is_told_of_tls() {
    let address: SocketAddr = "192.0.2.7:1234".parse().unwrap();
    let want = [
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=192.0.2.7;host=\"shop.example.com:80\";proto=https"),
    ];
    check_from(Peer::listener(address, address).over_tls(), &[], false, &want);
}

#[test]
fn the_way_so_far_is_told() {
    check(
        &[],
        false,
        &[
            ("x-forwarded-for", "192.0.2.7"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "shop.example.com:80"),
            ("x-forwarded-prefix", "/api"),
            ("forwarded", "for=192.0.2.7;host=\"shop.example.com:80\";proto=http"),
            ("x-request-id", "id-1"),
            ("x-weft-caller", "outside"),
            ("host", "shop.example.com:80"),
        ],
    );
    let outer = [
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "outer"),
        ("x-forwarded-prefix", "/outer"),
    ];
    check(
        &outer,
        false,
        &[
            ("x-forwarded-for", "198.51.100.1, 10.0.0.1, 192.0.2.7"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "shop.example.com:80"),
            ("x-forwarded-prefix", "/api"),
        ],
    );
    check(
        &outer,
        true,
        &[
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "outer"),
            ("x-forwarded-prefix", "/outer/api"),
        ],
    );
}

#[test]
fn nobody_forges_what_we_say() {
    check(
        &[
            ("X-Weft-Caller", "shop/admin"),
            ("X_Weft_Caller", "shop/admin"),
            ("x-weft_caller", "shop/admin"),
            ("X-Weft-Principal", "arn:root"),
            ("X-Weft-New", "x"),
            ("x_forwarded_for", "1.1.1.1"),
            ("X_Request_Id", "x"),
            ("proxy", "http://evil"),
            ("my_header", "kept"),
        ],
        false,
        &[
            ("x-weft-caller", "outside"),
            ("x_weft_caller", ""),
            ("x-weft_caller", ""),
            ("x-weft-principal", ""),
            ("x-weft-new", ""),
            ("x_forwarded_for", ""),
            ("x_request_id", ""),
            ("proxy", ""),
            ("my_header", "kept"),
        ],
    );
    // `Connection` takes nothing away that we add.
    check(
        &[("connection", "x-weft-caller, x-forwarded-for, host")],
        false,
        &[("x-weft-caller", "outside"), ("x-forwarded-for", "192.0.2.7"), ("host", "shop.example.com:80")],
    );
}

#[test]
fn what_concerns_one_connection_stays_there() {
    let gone = [
        ("connection", ""),
        ("keep-alive", ""),
        ("te", ""),
        ("transfer-encoding", ""),
        ("upgrade", ""),
        ("x-once", ""),
        ("expect", ""),
        ("proxy-authorization", ""),
    ];
    check(
        &[
            ("connection", "keep-alive, X-Once"),
            ("keep-alive", "timeout=5"),
            ("te", "gzip"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("x-once", "1"),
            ("expect", "100-continue"),
            ("proxy-authorization", "x"),
        ],
        false,
        &gone,
    );
    check(
        &[("connection", "Keep-Alive, Upgrade"), ("upgrade", "websocket"), ("te", "trailers")],
        false,
        &[("connection", "upgrade"), ("upgrade", "websocket"), ("te", "trailers")],
    );
}

#[test]
fn proofs_of_identity_go_no_further() {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, "AWS4-HMAC-SHA256 x".parse().unwrap());
    headers.insert("x-amz-security-token", "x".parse().unwrap());
    headers.insert("x-api-key", "x".parse().unwrap());
    remove_credentials(&mut headers);
    assert!(headers.is_empty(), "{headers:?}");
    headers.insert(AUTHORIZATION, "Bearer x".parse().unwrap());
    remove_credentials(&mut headers);
    assert_eq!(headers.len(), 1, "the workload's own");
}

#[test]
fn request_ids_are_kept_where_they_are_sane() {
    for (sent, want) in
        [("a-b_c.1", true), ("", false), ("a b", false), ("a\"", false), (&*"x".repeat(129), false)]
    {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, sent.parse().unwrap());
        assert_eq!(sane_request_id(&headers).is_some(), want, "{sent}");
    }
}
