//! The Extensions API's table: each row is a call, in its place, and the answer.

use super::tests::{Client, invoke, nobody};
use super::*;

const REGISTER: &str = "/2020-01-01/extension/register";
const NEXT: &str = "/2020-01-01/extension/event/next";
const INIT_ERROR: &str = "/2020-01-01/extension/init/error";
const EXIT_ERROR: &str = "/2020-01-01/extension/exit/error";
const BOTH: &[u8] = br#"{"events":["INVOKE","SHUTDOWN"]}"#;
const INVOKE: &[u8] = br#"{"events":["INVOKE"]}"#;

fn api(external: &[&str]) -> Arc<RuntimeApi> {
    let facts = Facts {
        function_name: "f".into(),
        version: "$LATEST".into(),
        handler: "app.handler".into(),
        account: "000000000000".into(),
    };
    let external: Vec<String> = external.iter().map(ToString::to_string).collect();
    RuntimeApi::new(facts, &external, nobody())
}

/// Registers, and returns the identifier.
async fn register(client: &mut Client, name: &str, body: &[u8]) -> String {
    let (status, head, body) = client.ask("POST", REGISTER, &[("lambda-extension-name", name)], body).await;
    assert_eq!(status, 200, "{body}");
    head.split("lambda-extension-identifier: ").nth(1).unwrap()[..36].to_owned()
}

/// Compares status and error type of a call after external `e` and internal `i` have registered.
async fn check(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8], expected: (u16, &str)) {
    let api = api(&["e", "late"]);
    let mut client = Client::of(&api);
    let e = register(&mut client, "e", BOTH).await;
    let i = register(&mut client, "i", INVOKE).await;
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| (*name, value.replace("<e>", &e).replace("<i>", &i))).collect();
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (status, _, text) = client.ask(method, path, &headers, body).await;
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    let error_type = answer["errorType"].as_str().unwrap_or_default();
    assert_eq!((status, error_type), expected, "{method} {path} {headers:?} {text}");
    assert!(status < 300 || answer["errorMessage"].is_string(), "{text}");
}

#[tokio::test]
async fn registration_has_its_rules() {
    let name = |name| [("lambda-extension-name", name)];
    check("POST", REGISTER, &name("late"), BOTH, (200, "")).await;
    check("POST", REGISTER, &name("late"), b"{}", (200, "")).await;
    check("POST", REGISTER, &name("other"), INVOKE, (200, "")).await;
    check("POST", REGISTER, &[], BOTH, (403, "Extension.InvalidExtensionName")).await;
    check("POST", REGISTER, &name("e"), BOTH, (403, "Extension.InvalidExtensionState")).await;
    check("POST", REGISTER, &name("i"), INVOKE, (403, "Extension.InvalidExtensionState")).await;
    check("POST", REGISTER, &name("other"), BOTH, (403, "Extension.InvalidEventType")).await;
    check("POST", REGISTER, &name("late"), br#"{"events":["X"]}"#, (403, "Extension.InvalidEventType")).await;
    check("POST", REGISTER, &name("late"), b"no json", (403, "InvalidRequestFormat")).await;
    let keys = br#"{"events":[],"configurationKeys":["A"]}"#;
    check("POST", REGISTER, &name("late"), keys, (403, "InvalidRequestFormat")).await;
    check("GET", REGISTER, &name("late"), b"", (404, "NotFound")).await;
}

#[tokio::test]
async fn an_extension_says_who_it_is() {
    for (method, path) in [("GET", NEXT), ("POST", INIT_ERROR), ("POST", EXIT_ERROR)] {
        check(method, path, &[], b"", (403, "Extension.MissingExtensionIdentifier")).await;
        let bad = [("lambda-extension-identifier", "e")];
        check(method, path, &bad, b"", (403, "Extension.InvalidExtensionIdentifier")).await;
        let nobody = [
            ("lambda-extension-identifier", "00000000-0000-4000-8000-000000000000"),
            ("lambda-extension-function-error-type", "A.B"),
        ];
        check(method, path, &nobody, b"", (403, "Extension.UnknownExtensionIdentifier")).await;
    }
}

#[tokio::test]
async fn an_error_names_its_type() {
    for id in ["<e>", "<i>"] {
        for path in [INIT_ERROR, EXIT_ERROR] {
            let bare = [("lambda-extension-identifier", id)];
            check("POST", path, &bare, b"", (403, "Extension.MissingHeader")).await;
            let whole = [bare[0], ("lambda-extension-function-error-type", "Extension.No")];
            check("POST", path, &whole, b"", (202, "")).await;
        }
    }
}

#[tokio::test]
async fn registration_tells_of_the_function() {
    let api = api(&[]);
    let mut client = Client::of(&api);
    for (feature, account) in
        [("accountId", Some("000000000000")), ("other, accountId", Some("000000000000")), ("", None)]
    {
        let name = format!("with {feature}");
        let headers =
            [("lambda-extension-name", name.as_str()), ("lambda-extension-accept-feature", feature)];
        let (_, _, body) = client.ask("POST", REGISTER, &headers, INVOKE).await;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["accountId"].as_str(), account);
        assert_eq!(
            (&body["functionName"], &body["functionVersion"], &body["handler"]),
            (&"f".into(), &"$LATEST".into(), &"app.handler".into())
        );
    }
}

#[tokio::test]
async fn ten_extensions_are_enough() {
    let api = api(&["e"]);
    let mut client = Client::of(&api);
    for number in 0..9 {
        register(&mut client, &format!("i{number}"), INVOKE).await;
    }
    let (status, _, body) = client.ask("POST", REGISTER, &[("lambda-extension-name", "x")], INVOKE).await;
    assert!(status == 403 && body.contains("Extension.TooManyExtensions"), "{body}");
    register(&mut client, "e", BOTH).await;
}

#[tokio::test]
async fn an_invocation_is_over_when_every_extension_asks_for_the_next() {
    let api = api(&["e"]);
    let (mut runtime, mut extension, mut internal) = (Client::of(&api), Client::of(&api), Client::of(&api));
    assert!(futures::poll!(Box::pin(api.extensions.registered())).is_pending());
    let e = register(&mut extension, "e", BOTH).await;
    let i = register(&mut internal, "i", INVOKE).await;
    api.extensions.registered().await.unwrap();
    let mut ready = Box::pin(api.extensions.ready());
    assert!(futures::poll!(&mut ready).is_pending());
    let id = [("lambda-extension-identifier", e.as_str())];
    let own = [("lambda-extension-identifier", i.as_str())];
    let (mut first, mut second) =
        (Box::pin(extension.ask("GET", NEXT, &id, b"")), Box::pin(internal.ask("GET", NEXT, &own, b"")));
    // The connections' tasks need the thread meanwhile.
    while futures::poll!(&mut ready).is_pending() {
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        tokio::task::yield_now().await;
    }
    let (status, _, body) = runtime.ask("POST", REGISTER, &[("lambda-extension-name", "x")], INVOKE).await;
    assert!(status == 403 && body.contains("Extension.RegistrationClosed"), "{body}");

    assert!(!api.extensions.busy());
    api.extensions.invoke(&invoke("r-1"));
    assert!(api.extensions.busy());
    let ((status, head, body), other) = tokio::join!(first, second);
    assert_eq!((status, other.0), (200, 200));
    assert!(head.contains("lambda-extension-event-identifier: "));
    let event: serde_json::Value = serde_json::from_str(&body).unwrap();
    let expected = serde_json::json!({
        "eventType": "INVOKE",
        "deadlineMs": 1_795_485_723_004_u64,
        "requestId": "r-1",
        "invokedFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "tracing": { "type": "X-Amzn-Trace-Id", "value": "" },
    });
    assert_eq!(event, expected);
    assert!(api.extensions.busy());
    let mut settled = Box::pin(api.extensions.settled());
    let (mut first, mut second) =
        (Box::pin(extension.ask("GET", NEXT, &id, b"")), Box::pin(internal.ask("GET", NEXT, &own, b"")));
    while futures::poll!(&mut settled).is_pending() {
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        tokio::task::yield_now().await;
    }
    let (status, _, body) = runtime.ask("GET", NEXT, &id, b"").await;
    assert!(status == 403 && body.contains("Extension.InvalidExtensionState"), "it asks already: {body}");

    api.extensions.shut_down("spindown", 7);
    let (_, _, body) = first.await;
    let event: serde_json::Value = serde_json::from_str(&body).unwrap();
    let expected =
        serde_json::json!({ "eventType": "SHUTDOWN", "shutdownReason": "spindown", "deadlineMs": 7 });
    assert_eq!(event, expected);
    assert!(futures::poll!(&mut second).is_pending(), "internal ones are not told");
}

#[tokio::test]
async fn the_first_failure_counts() {
    use weft_sandbox::{CompanionEnding, ExitStatus};
    let api = api(&["e", "other"]);
    let mut client = Client::of(&api);
    let e = register(&mut client, "e", BOTH).await;
    let headers = [
        ("lambda-extension-identifier", e.as_str()),
        ("lambda-extension-function-error-type", "Extension.No"),
    ];
    assert_eq!(client.ask("POST", INIT_ERROR, &headers, b"").await.0, 202);
    assert_eq!(client.ask("POST", INIT_ERROR, &headers, b"").await.0, 202, "it may say so again");
    api.extensions.ended(1, CompanionEnding::Ended(ExitStatus::Code(3)));
    let failure = api.extensions.registered().await.unwrap_err();
    assert_eq!((failure.error_type, failure.text.as_str()), ("Extension.InitError", "Extension.No"));
    let crashed = |ending| {
        let api = super::extension_tests::api(&["e"]);
        api.extensions.ended(0, ending);
        futures::FutureExt::now_or_never(api.extensions.failed()).unwrap()
    };
    let check = |ending, error_type: &str, text: &str| {
        let failure = crashed(ending);
        assert_eq!((failure.error_type, failure.text.as_str()), (error_type, text));
    };
    check(CompanionEnding::Ended(ExitStatus::Code(3)), "Extension.Crash", "exit status 3");
    check(CompanionEnding::Ended(ExitStatus::Signal(11)), "Extension.Crash", "signal: segmentation fault");
    check(CompanionEnding::NotStarted(13), "Extension.LaunchError", "Permission denied (os error 13)");
}

#[tokio::test]
async fn a_subscription_has_its_rules() {
    const HTTP: &str =
        r#""types":["platform"],"destination":{"protocol":"HTTP","URI":"http://sandbox:9003"}"#;
    const TELEMETRY: &str = "/2022-07-01/telemetry";
    const LOGS: &str = "/2020-08-15/logs";
    let newest = format!(r#"{{"schemaVersion":"2025-01-29",{HTTP}}}"#);
    let oldest = format!(r#"{{"schemaVersion":"2020-08-15",{HTTP}}}"#);
    let me = [("lambda-extension-identifier", "<e>")];
    check("PUT", TELEMETRY, &me, newest.as_bytes(), (200, "")).await;
    check("PUT", &format!("{TELEMETRY}/"), &me, newest.as_bytes(), (200, "")).await;
    check("PUT", LOGS, &me, oldest.as_bytes(), (200, "")).await;
    check("PUT", TELEMETRY, &me, oldest.as_bytes(), (400, "ValidationError")).await;
    check("PUT", LOGS, &me, newest.as_bytes(), (400, "ValidationError")).await;
    check("PUT", LOGS, &me, b"{", (400, "ValidationError")).await;
    check("PUT", TELEMETRY, &[], newest.as_bytes(), (403, "Extension.MissingExtensionIdentifier")).await;
    let nobody = [("lambda-extension-identifier", "00000000-0000-4000-8000-000000000000")];
    check("PUT", TELEMETRY, &nobody, newest.as_bytes(), (403, "Extension.UnknownExtensionIdentifier")).await;
    check("POST", TELEMETRY, &me, newest.as_bytes(), (404, "NotFound")).await;
}

#[tokio::test]
async fn subscriptions_end_with_the_initialisation() {
    let telemetry = nobody();
    let api = RuntimeApi::new(Facts::default(), &["e".to_owned()], Arc::clone(&telemetry));
    let mut client = Client::of(&api);
    let e = register(&mut client, "e", BOTH).await;
    let body =
        r#"{"schemaVersion":"2022-07-01","types":["platform"],"destination":{"protocol":"TCP","port":1}}"#;
    let logs = body.replace("2022-07-01", "2020-08-15");
    let me = [("lambda-extension-identifier", e.as_str())];
    let (status, _, text) = client.ask("PUT", "/2022-07-01/telemetry", &me, body.as_bytes()).await;
    assert_eq!((status, text.as_str()), (200, "\"OK\""));
    telemetry.close();
    let (status, _, text) = client.ask("PUT", "/2022-07-01/telemetry", &me, body.as_bytes()).await;
    assert!(status == 403 && text.contains("Telemetry.SubscriptionClosed"), "{text}");
    let (status, _, text) = client.ask("PUT", "/2020-08-15/logs", &me, logs.as_bytes()).await;
    assert!(status == 403 && text.contains("Logs.SubscriptionClosed"), "{text}");
}
