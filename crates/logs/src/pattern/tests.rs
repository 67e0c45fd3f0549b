//! Every example that AWS documents, and what is refused.

use super::Pattern;

const APACHE: [&str; 3] = [
    r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /apache_pb.gif HTTP/1.0" 200 1534"#,
    r#"127.0.0.1 - frank [10/Oct/2000:13:35:22 -0700] "GET /apache_pb.gif HTTP/1.0" 500 324"#,
    r#"127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#,
];

const TRAIL: &str = r#"{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another value"],
 "objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null,"cluster.name":"c","ThisFlag":true}"#;

const USERS: &str = r#"{"user":{"id":1,"email":"John.Stiles@example.com"},"users":[{"id":2,"email":"John.Doe@example.com"},
 {"id":3,"email":"Jane.Doe@example.com"}],"actions":["GET","PUT","DELETE"],"coordinates":[[0,1,2],[4,5,6],[7,8,9]]}"#;

const NUMBERS: &str = r#"{"latency":1500,"numbers":[50],"errorCode":400,"processes":[0,1,2,3,{"averageRuntime":55.5}],
 "big":9007199254740993,"code":"400","small":0.009,"flag":false}"#;

pub(super) fn check(pattern: &str, message: &str, expected: bool) {
    let parsed = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error:?}"));
    assert_eq!(parsed.matches(message), expected, "{pattern} on {message}");
    let block = format!("x{message}y");
    assert!(!expected || parsed.may_match(&|text| is_in(text, &block)), "{pattern} within a block");
}

pub(super) fn is_in(text: &[u8], block: &str) -> bool {
    memchr::memmem::find(block.as_bytes(), text).is_some()
}

/// Which of some messages a pattern matches, by their numbers from 1.
fn check_which(pattern: &str, messages: &[&str], expected: &[usize]) {
    for (at, message) in messages.iter().enumerate() {
        check(pattern, message, expected.contains(&(at + 1)));
    }
}

#[test]
fn terms_are_found_as_aws_finds_them() {
    let requests =
        ["[ERROR 400] BAD REQUEST", "[ERROR 401] UNAUTHORIZED REQUEST", "[ERROR 419] MISSING ARGUMENTS"];
    check_which("", &requests, &[1, 2, 3]);
    check_which("ERROR", &requests, &[1, 2, 3]);
    check_which("error", &requests, &[]);
    check_which("ERROR ARGUMENTS", &requests, &[3]);
    check_which("?ERROR ?ARGUMENTS", &requests, &[1, 2, 3]);
    check_which("?BAD ?MISSING", &requests, &[1, 3]);
    check_which("ERROR -ARGUMENTS", &requests, &[1, 2]);
    check_which("\"BAD REQUEST\"", &requests, &[1]);
    check_which("\"ERROR 4\"", &requests, &[1, 2, 3]);
    check_which("?MISSING REQUEST", &requests, &[1, 2]);
    let or = ["ERROR WARN message", "ERROR message", "WARN message"];
    check_which("ERROR", &or, &[1, 2]);
    check_which("?ERROR ?WARN", &or, &[1, 2, 3]);
    check_which("ERROR WARN", &or, &[1]);
    check_which("ERROR -WARN", &or, &[2]);
    check_which("-WARN", &or, &[2]);
    check(r#""ERROR" -"Exiting""#, "Exiting with ERRORCODE: -1", false);
    check(r#""ERROR" -"Exiting""#, "[ERROR] A fatal exception has occurred", true);
    check("Failed to process the request", "[ERROR] Unable to continue: Failed to process the request", true);
    check("\"a \\\"b\\\"\"", "say a \"b\" now", true);
    check("grün", "das ist grün", true);
}

#[test]
fn regular_expressions_are_those_that_aws_documents() {
    let codes = ["[ERROR 401] UNAUTHORIZED REQUEST", "[SUCCESS 200] AUTHORIZED REQUEST", "none"];
    check_which("%AUTHORIZED%", &codes, &[1, 2]);
    let animals = ["hat", "cat", "a cat", "cats", "bat", "4at", "#at", " at"];
    check_which("%^[hc]at%", &animals, &[1, 2, 4]);
    check_which("%[hc]at$%", &animals, &[1, 2, 3]);
    check_which("%.at%", &animals, &[1, 2, 3, 4, 5, 6, 7, 8]);
    check_which("%colou?r%", &["color", "colour", "colouur"], &[1, 2]);
    check_which("%gray|grey%", &["gray", "grey", "groy"], &[1, 2]);
    check_which(r"%10\.10\.0\.1%", &["10.10.0.1", "10a10b0c1"], &[1]);
    check_which("%^a{3,5}$%", &["aa", "aaa", "aaaaa", "aaaaaa"], &[2, 3]);
    check_which("%^ab*c%", &["ac", "abc", "abbbc", "adc"], &[1, 2, 3]);
    check_which("%ab+c%", &["ac", "abc", "abbbc"], &[2, 3]);
    check_which(r"%\d\D\s\S\w\W%", &["1a bc-", "1a bc"], &[1]);
    check_which(r"%\x3B%", &[";", "3B"], &[1]);
    check_which(r"%\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}%", &["from 10.1.2.3 on", "1.2.3"], &[1]);
    check_which("%[Ee]rror|[Ff]ail%", &["Error", "failed", "ok"], &[1, 2]);
    check_which("ERROR -%time[ _]?out%".replace("[ _]", "[_]").as_str(), &["ERROR timeout", "ERROR x"], &[2]);
    check_which("?%^a% ?b", &["ax", "xb", "xa"], &[1, 2]);
}

#[test]
fn conditions_on_json_hold_as_aws_documents() {
    for (pattern, expected) in [
        (r#"{ $.eventType = "UpdateTrail" }"#, true),
        ("{$.eventType=Update*}", true),
        (r#"{ $.eventType = "*Trail" }"#, true),
        (r#"{ $.eventType = "*date*" }"#, true),
        (r#"{ $.eventType = "Up*Trail" }"#, false),
        ("{ $.eventType = * }", true),
        ("{ $.eventType = %Trail$% }", true),
        ("{ $.eventType != %^Update% }", false),
        ("{ $.sourceIPAddress != 123.123.* }", true),
        ("{ $.sourceIPAddress = 111.111.* }", true),
        (r"{ $.sourceIPAddress = %111\.111\.111\.1[0-9]{1,2}% }", true),
        (r#"{ $.arrayKey[0] = "value" }"#, true),
        (r#"{ $.arrayKey[2] = "value" }"#, false),
        (r#"{ $.eventType[0] = "value" }"#, false),
        ("{ $.objectList[1].id = 2 }", true),
        ("{ $.objectList[1].id = 1 }", false),
        ("{ $.SomeObject IS NULL }", true),
        ("{ $.eventType IS NULL }", false),
        ("{ $.SomeOtherObject IS NULL }", false),
        ("{ $.SomeOtherObject NOT EXISTS }", true),
        ("{ $.SomeObject NOT EXISTS }", false),
        ("{ $.SomeObject EXISTS }", true),
        ("{ $.ThisFlag IS TRUE }", true),
        ("{ $.ThisFlag IS FALSE }", false),
        ("{ $.ThisFlag = true }", false),
        ("{ $.missing != 1 }", false),
    ] {
        check(pattern, TRAIL, expected);
    }
    check("{ $.users = 1 }", r#"{"users":[1,2,3]}"#, false);
    check("{ $.users != 1 }", r#"{"users":[1,2,3]}"#, false);
    check("{ $.missing NOT EXISTS }", "no JSON at all", false);
    check("{ $.missing NOT EXISTS }", r#"{"cut": "#, false);
    check_which("{$.foo = bar}", &[r#"{"foo": "bar"}"#, r#"{"foo": "baz"}"#], &[1]);
    check_which("{$.foo = bar || $.foo = baz }", &[r#"{"foo": "bar"}"#, r#"{"foo": "baz"}"#], &[1, 2]);
}

#[test]
fn conditions_on_json_combine() {
    for (pattern, expected) in [
        (r#"{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }"#, true),
        (r#"{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }"#, false),
        (
            r#"{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" && $.actions[2] = "nomatch" }"#,
            true,
        ),
        (
            r#"{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && $.actions[2] = nomatch }"#,
            false,
        ),
        ("{ $.coordinates[1][2] = 6 }", true),
        ("{ (($.user.id = 1)) }", true),
    ] {
        check(pattern, USERS, expected);
    }
}

#[test]
fn numbers_compare_as_numbers() {
    for (pattern, expected) in [
        ("{ $.latency >= 500 }", true),
        ("{ $.numbers[0] < 10e3 }", true),
        ("{ $.numbers[0] < 10e-3 }", false),
        ("{ $.small < 10e-3 }", true),
        ("{ $.processes[4].averageRuntime <= 55.5 }", true),
        ("{ $.errorCode = 400 }", true),
        ("{ $.errorCode = 4e2 }", true),
        ("{ $.errorCode = +400.0 }", true),
        ("{ $.errorCode = 4* }", true),
        ("{ $.errorCode != 500 }", true),
        ("{ $.latency > +1000 }", true),
        ("{ $.latency > -1 }", true),
        ("{ $.big = 9007199254740993 }", true),
        ("{ $.big = 9007199254740992 }", false),
        ("{ $.code = 400 }", true),
        ("{ $.code > 1 }", false),
        ("{ $.flag != 1 }", false),
    ] {
        check(pattern, NUMBERS, expected);
    }
}

#[test]
fn conditions_on_columns_hold_as_aws_documents() {
    for (pattern, expected) in [
        ("[ip, user, username, timestamp, request, status_code, bytes]", &[1, 2, 3][..]),
        ("[..., status_code, bytes]", &[1, 2, 3]),
        ("[ip, user, ..., status_code, bytes]", &[1, 2, 3]),
        ("[ip, user, ...]", &[1, 2, 3]),
        ("[ip, user]", &[]),
        ("[ip, user, username, timestamp, request, status_code, bytes > 1000]", &[1, 3]),
        ("[ip, user, username, timestamp, request, status_code = 200, bytes]", &[1]),
        ("[ip, user, username, timestamp, request, status_code = 4*, bytes]", &[3]),
        ("[ip, user, username, timestamp, request = *html*, status_code = 4*, bytes]", &[3]),
        ("[ip, user, username, timestamp, request =*.html*, status_code = 4*, bytes]", &[3]),
        (
            r"[ip=%127\.0\.0\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes]",
            &[3],
        ),
        ("[ip, user, username, timestamp, request, status_code = 4* && bytes > 1000]", &[3]),
        ("[ip, user, username, timestamp, request, status_code = 4* && status_code != 403, bytes]", &[3]),
        ("[ip, user, username, timestamp, request, status_code = 404 || status_code = 500, bytes]", &[2, 3]),
        ("[..., request=*.html*, status_code=4*,]", &[3]),
        ("[ip, user, id, timestamp, request, status_code != 2*, size<=324]", &[2]),
        ("[..., (status=200 || status=500) && size>1000]", &[1]),
        ("[ip=\"127.0.0.1\", user=-, ...]", &[1, 2]),
        ("[a, b, c, d, e, f, g, ...]", &[1, 2, 3]),
        ("[a, b, c, d, e, f, g, h, ...]", &[]),
    ] {
        check_which(pattern, &APACHE, expected);
    }
    let or = ["ERROR WARN message", "ERROR message", "WARN message", "INFO message"];
    check_which("[w1=ERROR, w2]", &or, &[2]);
    check_which("[w1=ERROR || w1=WARN, w2]", &or, &[2, 3]);
    check_which("[w1=ERROR || w1=%WARN%, w2]", &or, &[2, 3]);
    check_which("[w1!=ERROR&&w1!=WARN, w2]", &or, &[4]);
    check("[kind=REPORT, ..., used>100, unit]", "REPORT\tMax Memory Used: 120 MB", true);
    check("[a]", "[not closed", false);
    check("[a, b]", "[not closed", true);
    check("[a]", "", false);
}

#[test]
fn what_cannot_match_need_not_be_opened() {
    for (pattern, block, expected) in [
        ("ERROR", "all is well", false),
        ("?ERROR ?well", "all is well", true),
        ("?ERROR ?WARN", "all is well", false),
        ("-ERROR", "all is well", true),
        ("%ERROR%", "all is well", false),
        ("%ERROR[0-9]+% well", "all is well", false),
        ("?%ERR?OR% ?%w.ll%", "all is well", true),
        ("{ $.latency > 500 }", r#"{"level":"INFO"}"#, false),
        ("{ $.latency > 500 }", r#"{"latency":7}"#, true),
        ("{ $.user.code != 4 }", r#"{"user":{"id":1}}"#, false),
        ("{ $.error IS TRUE || $.fatal EXISTS }", r#"{"level":"INFO"}"#, false),
        ("{ $.error NOT EXISTS }", r#"{"level":"INFO"}"#, true),
        ("{ $.error IS NULL }", r#"{"\u0065rror":null}"#, true),
        ("{ $.größe > 1 }", r#"{"gr\u00f6\u00dfe":2}"#, true),
        ("{ $.level = %ERR.*% }", r#"{"level":"INFO"}"#, false),
        ("{ $.level != %ERR.*% }", r#"{"level":"INFO"}"#, true),
        ("{ $.code = %40% }", r#"{"code":4e1}"#, true),
        ("{ $.code = 1e* }", r#"{"code":1E300}"#, true),
        ("[a, b=%ERR.*%, ...]", "x INFO y", false),
        (r#"{ $.level = "ERROR" }"#, r#"{"level":"INFO"}"#, false),
        (r#"{ $.level = "ERR*" || $.level = 1 }"#, r#"{"level":"INFO"}"#, true),
        (r#"{ $.level = "ERR*" && $.level = 1 }"#, r#"{"level":"INFO"}"#, false),
        (r#"{ $.level = "ERROR" }"#, r#"{"level":"\u0045RROR"}"#, true),
        (r#"{ $.level != "ERROR" }"#, r#"{"level":"INFO"}"#, true),
        (r#"{ $.path = "/a\"b" }"#, r#"{"path":"\/a\"b"}"#, true),
        ("{ $.code = 400 }", r#"{"code":4e2}"#, true),
        ("{ $.code = 40* }", r#"{"code":4e1}"#, true),
        ("[a, b=ERROR, ...]", "x INFO y", false),
        ("[a, b!=ERROR, ...]", "x INFO y", true),
        ("[a, b=4, ...]", "x 4.0 y", true),
    ] {
        let pattern = Pattern::parse(pattern).unwrap();
        assert_eq!(pattern.may_match(&|text| is_in(text, block)), expected, "{pattern:?} on {block}");
    }
    check(r#"{ $.level = "ERROR" }"#, r#"{"level":"\u0045RROR"}"#, true);
    check(r#"{ $.path = "/a\"b" }"#, r#"{"path":"\/a\"b"}"#, true);
}

#[test]
fn columns_give_their_values() {
    let pattern = Pattern::parse("[..., request=*.html*, status_code=4*,]").unwrap();
    let values = pattern.extract(APACHE[2]);
    let values: Vec<(&str, &str)> =
        values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        values,
        [
            ("$1", "127.0.0.1"),
            ("$2", "Prod"),
            ("$3", "frank"),
            ("$4", "10/Oct/2000:13:25:15 -0700"),
            ("$7", "1534"),
            ("$request", "GET /index.html HTTP/1.0"),
            ("$status_code", "404"),
        ]
    );
    assert!(Pattern::parse("frank").unwrap().extract(APACHE[2]).is_empty());
}

#[test]
fn what_is_no_pattern_says_why() {
    let long = "a".repeat(1025);
    let deep = format!("{{ {} $.a = 1", "(".repeat(500));
    for (pattern, reason) in [
        ("a-b", "invalid character(s) in term 'a-b'"),
        ("\"open", "no end"),
        ("-", "invalid character(s)"),
        ("?", "invalid character(s)"),
        ("%open", "no end"),
        ("%%", "is empty"),
        ("%something!%", "'!' is not supported"),
        ("%(a|b)%", "'(' is not supported"),
        ("%ü%", "'ü' is not supported"),
        (r"%\b%", r"'\b' is not supported"),
        (r"%\x9%", r"'\x' is not supported"),
        (r"%\xFF%", r"'\x' is not supported"),
        ("%[a%", "is not valid"),
        ("%a{1000}{1000}%", "is not valid"),
        ("%a% %b% %c%", "more than 2 regular expressions"),
        ("{ $.a = 1", "'}' expected instead of its end"),
        ("{ $.a = 1 } x", "'x' after its end"),
        ("{ a = 1 }", "'$' expected instead of 'a'"),
        ("{ $ = 1 }", "$.name"),
        ("{ $. = 1 }", "name is missing"),
        ("{ $.a }", "a field without a condition"),
        ("{ $.a = }", "a value is missing"),
        ("{ $.a > x }", "'x' is not a number"),
        ("{ $.a > %1% }", "compared by = and != only"),
        ("{ $.a IS 1 }", "NULL, TRUE or FALSE"),
        ("{ $.a NOT 1 }", "followed by EXISTS"),
        ("{ $.a[x] = 1 }", "number in brackets"),
        ("{}", "'$' expected"),
        (&deep, "parentheses within each other"),
        ("[a, b", "']' expected"),
        ("[a, a]", "there twice"),
        ("[..., a, ...]", "more than one ellipsis"),
        ("[a = 1 ()]", "'(' after a condition"),
        ("[a = ]", "a value is missing"),
        ("[= 1]", "a column's name"),
        (&long, "more than 1024 characters"),
    ] {
        let error = weft_service::Error::from(Pattern::parse(pattern).unwrap_err());
        assert_eq!(error.code(), "InvalidParameterException", "{pattern}");
        let message = error.message();
        assert!(message.starts_with("Invalid filter pattern: "), "{message}");
        assert!(message.contains(reason), "{pattern}: {message}");
    }
}
