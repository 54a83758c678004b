//! What the endpoints for tokens refuse, so that a client that is wrong does not pass.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::super::raw::{Raw, ask, post};
use super::believe::Disbelief;
use super::*;

const HOST: &str = "aiplatform.googleapis.com";
const FLAVOR: &str = "metadata-flavor: Google\r\n";
const TOKEN: &str = "GET /computeMetadata/v1/instance/service-accounts/default/token";
const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";

fn metadata(tokens: &GoogleTokens, headers: &str) -> Raw {
    ask(tokens.address(), TOKEN, headers, b"")
}

fn token(answer: &Raw) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["access_token"].as_str().expect("a token").to_owned()
}

fn form(tokens: &GoogleTokens, path: &str, fields: &[(&str, &str)]) -> Raw {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    ask(tokens.address(), &format!("POST {path}"), FORM, body.as_bytes())
}

#[test]
fn the_metadata_server_demands_its_header_and_hands_out_tokens_that_run_out() {
    let tokens = GoogleTokens::start();
    assert_eq!(metadata(&tokens, "").status, 403);
    assert_eq!(metadata(&tokens, "metadata-flavor: google\r\n").status, 403);
    let first = token(&metadata(&tokens, FLAVOR));
    assert_eq!(tokens.bearers().check(&first, HOST), Ok(()));
    assert_eq!(tokens.bearers().check("ya29.made-up", HOST), Err(Disbelief::Unknown));
    tokens.set_life(0);
    let answer = metadata(&tokens, FLAVOR);
    assert_eq!(answer.json()["expires_in"], 0);
    assert_eq!(tokens.bearers().check(&token(&answer), HOST), Err(Disbelief::Unknown), "it ran out");
    tokens.revoke();
    assert_eq!(tokens.bearers().check(&first, HOST), Err(Disbelief::Unknown));
    let narrow = format!("{TOKEN}?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fdevstorage.read_only");
    assert_eq!(ask(tokens.address(), &narrow, FLAVOR, b"").status, 404);
    let email = "GET /computeMetadata/v1/instance/service-accounts/default/email";
    assert_eq!(ask(tokens.address(), email, FLAVOR, b"").text(), jwt::EMAIL);
    assert_eq!(ask(tokens.address(), "GET /computeMetadata/v1/what", FLAVOR, b"").status, 404);
}

#[test]
fn each_fault_strikes_once() {
    let tokens = GoogleTokens::start();
    let cases = [
        (TokenFault::Refused, 0),
        (TokenFault::BadRequest, 400),
        (TokenFault::Forbidden, 403),
        (TokenFault::Internal, 500),
        (TokenFault::ClockSkew, 400),
        (TokenFault::SlowStart(Duration::from_millis(20)), 200),
    ];
    for (fault, status) in cases {
        tokens.queue(fault);
        assert_eq!(metadata(&tokens, FLAVOR).status, status, "{fault:?}");
        assert_eq!(metadata(&tokens, FLAVOR).status, 200, "after {fault:?}");
    }
    tokens.queue(TokenFault::CutBody);
    assert!(serde_json::from_slice::<Value>(&metadata(&tokens, FLAVOR).body).is_err());
    tokens.queue(TokenFault::WrongIdentity);
    let wrong = token(&metadata(&tokens, FLAVOR));
    assert_eq!(tokens.bearers().check(&wrong, HOST), Err(Disbelief::WrongAccount));
}

#[test]
fn a_key_of_the_account_gets_a_token_and_any_other_does_not() {
    let tokens = GoogleTokens::start();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let audience = tokens.service_account_key()["token_uri"].clone();
    let claims = json!({"iss": jwt::EMAIL, "scope": SCOPE, "aud": audience, "iat": now - 10, "exp": now + 3_600});
    let signed = jwt::sign(&claims);
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    let got = form(&tokens, "/token", &[("grant_type", grant), ("assertion", &signed)]);
    assert_eq!(tokens.bearers().check(&token(&got), HOST), Ok(()));
    let tampered = format!("{}AAAA", &signed[..signed.len() - 4]);
    let answer = form(&tokens, "/token", &[("grant_type", grant), ("assertion", &tampered)]);
    assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("invalid_grant")));
    assert_eq!(form(&tokens, "/token", &[("grant_type", "password"), ("assertion", &signed)]).status, 400);
    // A service believes what the account signed for it, or for the scope; not what is for another.
    let for_scope = jwt::sign(&json!({"iss": jwt::EMAIL, "scope": SCOPE, "iat": now - 10, "exp": now + 3_600}));
    assert_eq!(tokens.bearers().check(&for_scope, HOST), Ok(()));
    let elsewhere = json!({"iss": jwt::EMAIL, "aud": "https://storage.googleapis.com/", "iat": now, "exp": now + 60});
    assert_eq!(tokens.bearers().check(&jwt::sign(&elsewhere), HOST), Err(Disbelief::Unknown));
}

#[test]
fn users_and_identities_of_others_get_tokens_for_what_they_hold() {
    let tokens = GoogleTokens::start();
    let mut user = tokens.authorized_user();
    user["grant_type"] = "refresh_token".into();
    assert_eq!(tokens.bearers().check(&token(&post(tokens.address(), "/token", "", &user)), HOST), Ok(()));
    user["refresh_token"] = "another".into();
    assert_eq!(post(tokens.address(), "/token", "", &user).status, 400);

    let access = "urn:ietf:params:oauth:token-type:access_token";
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("audience", AUDIENCE),
        ("scope", SCOPE),
        ("requested_token_type", access),
        ("subject_token", SUBJECT_TOKEN),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
    ];
    let exchanged = form(&tokens, "/v1/token", &fields);
    assert_eq!(exchanged.json()["issued_token_type"], access);
    for at in 0..fields.len() {
        let mut wrong = fields;
        wrong[at].1 = "wrong";
        assert_eq!(form(&tokens, "/v1/token", &wrong).status, 400, "{}", fields[at].0);
    }
    let path = format!("/v1/projects/-/serviceAccounts/{}:generateAccessToken", jwt::EMAIL);
    assert_eq!(tokens.bearers().check(&token(&exchanged), HOST), Ok(()));
    let mut for_iam = fields;
    for_iam[2].1 = "https://www.googleapis.com/auth/iam";
    let for_iam = token(&form(&tokens, "/v1/token", &for_iam));
    assert_eq!(tokens.bearers().check(&for_iam, HOST), Err(Disbelief::WrongAccount), "it can only act as another");
    let bearer = format!("authorization: Bearer {for_iam}\r\n");
    let body = json!({"scope": [SCOPE], "lifetime": "3600s"});
    let acting = post(tokens.address(), &path, &bearer, &body).json();
    let acting = acting["accessToken"].as_str().expect("a token");
    assert_eq!(tokens.bearers().check(acting, HOST), Ok(()));
    assert_eq!(post(tokens.address(), &path, "", &body).status, 401);
    assert_eq!(post(tokens.address(), &path, &bearer, &json!({"scope": []})).status, 403);
}
