//! What the wire costs a request: microseconds for each step, as JSON. `cargo run --release -p weft-wire --example cost`.

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use http::Request;
use weft_model::{ServiceSchema, Shape, iam, lambda, logs};
use weft_types::Timestamp;
use weft_wire::sigv4::{self, Credentials, Payload, parse_authorization};

const NOW: Timestamp = Timestamp::from_seconds(1_795_485_723);
const ROUNDS: u32 = 20_000;

fn main() {
    let events =
        (0..100).map(|at| logs::InputLogEvent { timestamp: at, message: "a line of a log".repeat(5) });
    let put = logs::PutLogEventsRequest {
        log_group_name: "/aws/lambda/f".to_owned(),
        log_stream_name: "s".to_owned(),
        log_events: events.collect(),
        ..Default::default()
    };
    let invoke = lambda::InvocationRequest {
        function_name: "thumbnail".to_owned(),
        payload: Some(Bytes::from(vec![b'1'; 1000])),
        ..Default::default()
    };
    let role = iam::GetRoleRequest { role_name: "r".to_owned() };
    measure("lambda:Invoke, 1 kB", &lambda::SERVICE, "Invoke", invoke);
    measure("logs:PutLogEvents, 100 events", &logs::SERVICE, "PutLogEvents", put);
    measure("iam:GetRole", &iam::SERVICE, "GetRole", role);
}

fn measure<S: Shape>(name: &str, service: &'static ServiceSchema, operation: &str, input: S) {
    let Some(operation) = service.operation(operation) else { return };
    let endpoint = http::Uri::from_static("http://127.0.0.1:4566");
    let credentials = Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: None,
    };
    let Ok(mut request) = weft_wire::encode_request(service, operation, &input.into_value(), &endpoint)
    else {
        return;
    };
    if sigv4::sign(&mut request, &credentials, "us-east-1", service.signing_name, NOW).is_err() {
        return;
    }
    let (parts, body) = Request::into_parts(request);
    let verify = time(|| {
        let claim = parse_authorization(&parts).ok().flatten()?;
        claim.check(&parts, Payload::Body(&body), &credentials.secret, service.protocol, NOW).ok()
    });
    let resolve = time(|| weft_wire::resolve(service, &parts, &body).ok());
    let Ok(resolved) = weft_wire::resolve(service, &parts, &body) else { return };
    let decode = time(|| weft_wire::decode(service, &resolved, &parts, &body).ok());
    println!(
        r#"{{"request": "{name}", "bytes": {}, "verify_us": {verify:.2}, "resolve_us": {resolve:.2}, "decode_us": {decode:.2}}}"#,
        body.len()
    );
}

/// Microseconds of one round; every round must succeed.
fn time<T>(work: impl Fn() -> Option<T>) -> f64 {
    assert!(work().is_some());
    let began = Instant::now();
    for _ in 0..ROUNDS {
        black_box(work());
    }
    began.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
}
