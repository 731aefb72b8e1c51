use super::*;

fn cloud() -> (Accounts, Sessions, Instant) {
    let accounts = Accounts::from_seed(1);
    let now = Instant::now();
    let sessions = Sessions::new(&accounts, now);
    (accounts, sessions, now)
}

#[test]
fn the_same_seed_gives_the_same_accounts_and_tokens() {
    let (one, other) = (Accounts::from_seed(7), Accounts::from_seed(7));
    assert_eq!(one.ready.uid, other.ready.uid);
    assert_eq!(one.ready.password, other.ready.password);
    assert_eq!(first_token(&one.ready), first_token(&other.ready));
    assert_ne!(first_token(&one.ready), first_token(&one.plain));
    assert!(first_token(&one.ready).len() > 100);
    assert_ne!(one.ready.uid, Accounts::from_seed(8).ready.uid);
}

#[test]
fn a_code_counts_once_and_not_for_long() {
    let (accounts, mut sessions, now) = cloud();
    let (email, code) = (accounts.ready.email.as_str(), accounts.ready.email_code.as_str());
    let mut sign_in = |code: &str, now| sessions.by_code(&accounts, email, code, now);
    assert_eq!(sign_in("000000", now), Err(Refusal::WrongCode));
    assert!(matches!(sign_in(code, now), Ok(SignedIn::Token(_))));
    assert_eq!(sign_in(code, now), Err(Refusal::Expired));
    sessions.send_code(accounts.by_email(email).unwrap(), now);
    let late = now + CODE_LIFE + Duration::from_secs(1);
    assert_eq!(sessions.by_code(&accounts, email, code, late), Err(Refusal::Expired));
}

#[test]
fn the_code_of_the_ready_file_counts_however_late() {
    let (accounts, mut sessions, now) = cloud();
    let (email, code) = (accounts.ready.email.as_str(), accounts.ready.email_code.as_str());
    let late = now + CODE_LIFE * 10;
    assert!(matches!(sessions.by_code(&accounts, email, code, late), Ok(SignedIn::Token(_))));
    assert_eq!(sessions.by_code(&accounts, email, code, late), Err(Refusal::Expired));
}

#[test]
fn an_authenticator_key_serves_once_and_not_for_long() {
    let (accounts, mut sessions, now) = cloud();
    let account = &accounts.authenticator;
    let key = |sessions: &mut Sessions| {
        let step = sessions.by_password(&accounts, &account.email, &account.password, now);
        let Ok(SignedIn::AuthenticatorNeeded(key)) = step else { panic!("{step:?}") };
        key
    };
    let first = key(&mut sessions);
    assert_eq!(sessions.by_authenticator(&first, "000000", now), Err(Refusal::WrongCode));
    let done = sessions.by_authenticator(&first, &account.totp_code, now);
    let Ok(SignedIn::Token(token)) = done else { panic!("{done:?}") };
    assert_eq!(sessions.account_of(&token).unwrap().uid, account.uid);
    let again = sessions.by_authenticator(&first, &account.totp_code, now);
    assert_eq!(again, Err(Refusal::LoginFailed));
    let second = key(&mut sessions);
    let late = now + TFA_KEY_LIFE + Duration::from_secs(1);
    let old = sessions.by_authenticator(&second, &account.totp_code, late);
    assert_eq!(old, Err(Refusal::Expired));
}

#[test]
fn a_key_does_not_bear_guessing() {
    let (accounts, mut sessions, now) = cloud();
    let account = &accounts.authenticator;
    let step = sessions.by_password(&accounts, &account.email, &account.password, now);
    let Ok(SignedIn::AuthenticatorNeeded(key)) = step else { panic!("{step:?}") };
    for _ in 0..TFA_ATTEMPTS {
        assert_eq!(sessions.by_authenticator(&key, "000000", now), Err(Refusal::WrongCode));
    }
    let late = sessions.by_authenticator(&key, &account.totp_code, now);
    assert_eq!(late, Err(Refusal::LoginFailed));
}

#[test]
fn tokens_and_keys_are_bounded() {
    let (accounts, mut sessions, now) = cloud();
    for account in [&accounts.plain, &accounts.authenticator] {
        for _ in 0..MAX_TOKENS + 10 {
            sessions.by_password(&accounts, &account.email, &account.password, now).unwrap();
        }
    }
    assert_eq!(sessions.issued.len(), MAX_TOKENS);
    assert_eq!(sessions.tokens.len(), MAX_TOKENS + accounts.all().len());
    assert_eq!(sessions.keys.len(), MAX_TFA_KEYS);
}

#[test]
fn a_signed_out_token_is_dead_and_a_stranger_refreshes_nothing() {
    let (accounts, mut sessions, _) = cloud();
    let (mine, other) = (first_token(&accounts.ready), first_token(&accounts.plain));
    assert_eq!(sessions.refresh(&other, &mine), None);
    let fresh = sessions.refresh(&mine, &mine).unwrap();
    sessions.sign_out(&mine);
    assert!(sessions.account_of(&mine).is_none());
    assert_eq!(sessions.account_of(&fresh).unwrap().uid, accounts.ready.uid);
}
