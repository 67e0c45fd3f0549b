//! TLS through a door.

use std::time::SystemTime;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use weft_net::{Authority, Tls};

use super::*;
use crate::mesh::MeshOptions;
use crate::mesh::tests::{Worker, mesh, redirected, worker_of};

#[expect(clippy::disallowed_methods, reason = "the client looks at its own clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn world(options: MeshOptions) -> (Worker, TlsConnector) {
    let authority = Authority::generate(now()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let client = client.with_root_certificates(roots).with_no_client_auth();
    let tls = Some(Tls::new(authority, now).unwrap());
    let (wanted, options) = redirected(MeshOptions { tls, ..options });
    (worker_of(&mesh(options), "shop", wanted), TlsConnector::from(Arc::new(client)))
}

/// The last line of the answer from a name that resolves to `wanted`, or why the worker trusts nobody there.
async fn ask(worker: &Worker, client: &TlsConnector, wanted: &str, name: &'static str) -> String {
    *worker.wanted.lock().unwrap() = wanted.parse().unwrap();
    let connected = async {
        let stream = TcpStream::connect(worker.door).await?;
        client.connect(ServerName::try_from(name).unwrap(), stream).await
    };
    let mut stream = match connected.await {
        Ok(stream) => stream,
        Err(error) => return error.to_string(),
    };
    stream.write_all(b"GET /x HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.rsplit("\r\n").next().unwrap().to_owned()
}

#[tokio::test]
async fn names_that_stand_for_us_are_served_over_tls() {
    let (worker, client) = world(MeshOptions::default());
    for name in [
        "sts.us-east-1.amazonaws.com",
        "cloudformation-custom-resource-response-us-east-1.s3.localhost",
        "abc.execute-api.us-east-1.localhost",
        "s3.cn-north-1.amazonaws.com.cn",
        "aws.weft.internal",
        "100.64.0.1",
    ] {
        assert_eq!(ask(&worker, &client, "100.64.0.1:443", name).await, "aws true true", "{name}");
    }
    let refused = ask(&worker, &client, "100.64.0.1:443", "example.com").await;
    assert!(refused.contains("not valid for name"), "{refused}");
}

#[tokio::test]
async fn a_sibling_is_served_over_tls() {
    let (worker, client) = world(MeshOptions::default());
    let orders = worker.resolve("orders.").await.unwrap();
    for name in ["orders.weft.internal", "orders.shop.weft.localhost"] {
        let answer = ask(&worker, &client, &format!("{orders}:443"), name).await;
        assert_eq!(answer, "web to orders: a /x by shop/web, forged -", "{name}");
    }
}

#[tokio::test]
async fn one_handshake_too_many_of_a_worker_is_reset() {
    let (worker, client) = world(MeshOptions { handshakes_per_worker_max: 1, ..MeshOptions::default() });
    *worker.wanted.lock().unwrap() = "100.64.0.1:443".parse().unwrap();
    let held = TcpStream::connect(worker.door).await.unwrap();
    let name = "sts.amazonaws.com";
    while ask(&worker, &client, "100.64.0.1:443", name).await == "aws true true" {}
    assert_eq!(worker.ask("100.64.0.1:80").await, "aws true true", "plain ones are not held up");
    drop(held);
    while ask(&worker, &client, "100.64.0.1:443", name).await != "aws true true" {}
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_given_up() {
    let limits =
        weft_net::Limits { header_timeout: Duration::from_millis(50), ..weft_net::Limits::gateway() };
    let (worker, _) = world(MeshOptions { limits, ..MeshOptions::default() });
    *worker.wanted.lock().unwrap() = "100.64.0.1:443".parse().unwrap();
    for sent in [&b""[..], b"\x16\x03\x01\x40\x00", b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = TcpStream::connect(worker.door).await.unwrap();
        stream.write_all(sent).await.unwrap();
        // It ends, with an alert, nothing or a reset before.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}
