//! Tokens that are believed, and those that are not. The key was made for these tests and is nobody's.

use super::*;

pub(crate) const MODULUS: &str = "slfmf942AEee6aWa1W1yyaBnqNl-kCzUsUMXaMBplpxJBKFf0GcZ1aDYWuTZUNmyKyg_VC-QwRhgOykI0THKBp-gMXZP6ck65VoJN0MhdYTN3ZoJ7_xBN5RWYdKoI4Abs0SlfbZQEJdyJYivG-AWEMbvrNDLHME0S793Pvl38uLg0Eqt_-CK54cK5JY07qP6G6SDJwCwsgcK0umeIPim7DtIbNvGR1-Bdm7HIXsbw32UAI5wsQgn_sC-gio32gUQ9OAixD756-d8JVnQ-NaYysWzopN3CkbPzdsK3JqOEZA-Xm-Dmog_wVX_iuS8eAZMLKR6PcSHEkaAxXTjGy6TOw";
pub(crate) const TOKEN: &str = "eyJhbGciOiAiUlMyNTYiLCAia2lkIjogIm9uZSJ9.eyJpc3MiOiAiaHR0cDovL2lzc3Vlci5leGFtcGxlIiwgImF1ZCI6ICJtZSIsICJleHAiOiAyMDAwMDAwMDAwLCAic2NvcGUiOiAicmVhZCB3cml0ZSIsICJyb2xlcyI6IFsiYSIsICJiIl0sICJuIjogMX0.RGKBddiVqC86bHZdaARLfVAxbbG6nq7pcTEptW7H9E3w_hKT1RoBUPVcko8bec0_jx2zvvJoLkHg1Y_AL56ufMCaqb3oIMk3IkgCHCYQRQ9s33Ar70FXAgBzCzwcWehnbzRKaa-VYAUp8BwxeHnw5Tdp2S1f9d5UXyXgvHZuXcWXdvg6OEs7gKiWZAyNWFpoBxHZU1q2E4fZ6OsMbR8ZBlk_wIY63QVYgMkBRCi8N_uBJwfHwpOgCOpfJ_4PuzHcNu1Tow6zKgb5KXaBFQ_WX1QRSJ7P-Gz_kiqOMisfSZ5N3oADwrKr5d9U9-iJRGdKXGMUGEjsp9z7PueQxRLktg";

fn keys(id: &str) -> Vec<(Option<String>, PublicKey)> {
    let json = json!({ "kty": "RSA", "kid": id, "n": MODULUS, "e": "AQAB", "use": "sig" });
    key(&json).into_iter().collect()
}

#[test]
fn a_signature_is_believed_only_whole() {
    let check = |token: &str, keys: &[(Option<String>, PublicKey)], expected: Result<bool, &str>| {
        assert_eq!(Token::parse(token).map(|token| token.is_signed_by(keys)), expected, "{token}");
    };
    let one = keys("one");
    assert_eq!(one.len(), 1);
    check(TOKEN, &one, Ok(true));
    check(TOKEN, &keys("two"), Ok(false));
    let (signed, signature) = TOKEN.rsplit_once('.').unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    bytes[100] ^= 1;
    check(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&bytes)), &one, Ok(false));
    check(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&bytes[1..])), &one, Ok(false));
    check(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode([0xff; 256])), &one, Ok(false));
    let claims = URL_SAFE_NO_PAD.encode(r#"{"iss":"http://issuer.example","aud":"me","exp":3000000000}"#);
    let head = TOKEN.split('.').next().unwrap();
    check(&format!("{head}.{claims}.{signature}"), &one, Ok(false));
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    check(&format!("{none}.{claims}."), &one, Err("the token is not signed with RS256"));
    check("x", &one, Err("the token has no signature"));
}

#[test]
fn claims_name_the_issuer_the_audience_and_the_time() {
    let settings = JwtConfiguration { issuer: Some("i".to_owned()), audience: vec!["me".to_owned()] };
    let check = |claims: Json, expected: Result<(), &str>| {
        assert_eq!(check_claims(&claims, &settings, 1000), expected, "{claims}");
    };
    check(json!({ "iss": "i", "aud": "me", "exp": 2000 }), Ok(()));
    check(json!({ "iss": "i", "aud": ["you", "me"], "exp": 2000 }), Ok(()));
    check(json!({ "iss": "i", "client_id": "me", "exp": 2000 }), Ok(()));
    check(json!({ "iss": "j", "aud": "me", "exp": 2000 }), Err("another issuer"));
    check(json!({ "iss": "i", "aud": "you", "exp": 2000 }), Err("another audience"));
    check(json!({ "iss": "i", "aud": "me" }), Err("no time at which it expires"));
    check(json!({ "iss": "i", "aud": "me", "exp": 900 }), Err("it has expired"));
    check(json!({ "iss": "i", "aud": "me", "exp": 2000, "nbf": 1500 }), Err("it is not valid yet"));
}

#[test]
fn functions_see_claims_as_texts() {
    let claims = Token::parse(TOKEN).unwrap().claims;
    assert_eq!(scopes(&claims), ["read", "write"]);
    let texts = texts(&claims);
    assert_eq!((&texts["roles"], &texts["n"]), (&json!("[a b]"), &json!("1")));
}
