//! The accounts of the simulated cloud, all made from the seed. Their tokens are in `sessions.rs`.

use std::{fmt, sync::Arc};

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::letters::word;

/// Somebody with an account.
pub struct Account {
    /// The number of the account; its MQTT user name is `u_<uid>`.
    pub uid: u64,
    /// Name at sign-in.
    pub email: String,
    /// Another name at sign-in, in China.
    pub phone: Option<&'static str>,
    /// Displayed name.
    pub name: String,
    /// What it takes to sign in.
    pub sign_in: SignIn,
    /// The password. A secret.
    pub password: String,
    /// The code that an e-mail or a text message brings, six digits. A secret.
    pub email_code: String,
    /// What the authenticator shows, six digits; it never changes here. A secret.
    pub totp_code: String,
    /// Where its tokens are drawn from.
    pub(super) token_seed: u64,
}

/// What it takes to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// The password alone.
    Password,
    /// A code sent by e-mail (`loginType` `verifyCode`).
    EmailCode,
    /// Password, then the code of an authenticator (`loginType` `tfa`).
    Authenticator,
    /// A code sent to a telephone (`loginType` `verifyCode`).
    SmsCode,
}

impl SignIn {
    /// The word of the ready file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::EmailCode => "email_code",
            Self::Authenticator => "authenticator",
            Self::SmsCode => "sms_code",
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("uid", &self.uid).finish_non_exhaustive()
    }
}

/// A number that manuals print, in place of somebody's own.
const PHONE: &str = "13800138000";

/// The four accounts of every simulated cloud.
#[derive(Debug)]
pub struct Accounts {
    /// The one of the ready file: signs in by e-mail code and owns the printers asked for.
    pub ready: Arc<Account>,
    /// Signs in by password alone.
    pub plain: Arc<Account>,
    /// Signs in by password and authenticator.
    pub authenticator: Arc<Account>,
    /// One of China: signs in by a code sent to its telephone. It has no printers.
    pub china: Arc<Account>,
}

impl Accounts {
    /// The same accounts for the same seed.
    pub fn from_seed(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed ^ 0xACC0_0475);
        let mut make = |name: &str, sign_in| Arc::new(Account::draw(&mut rng, name, sign_in));
        Self {
            ready: make("maker", SignIn::EmailCode),
            plain: make("plain", SignIn::Password),
            authenticator: make("authenticator", SignIn::Authenticator),
            china: make("china", SignIn::SmsCode),
        }
    }

    /// All of them, the ready one first.
    pub fn all(&self) -> [&Arc<Account>; 4] {
        [&self.ready, &self.plain, &self.authenticator, &self.china]
    }

    /// The account with this e-mail address or telephone number.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Account>> {
        self.by_email(name).or_else(|| self.by_phone(name))
    }

    /// The account with this telephone number, with or without the country's prefix.
    pub fn by_phone(&self, phone: &str) -> Option<&Arc<Account>> {
        let digits: String = phone.chars().filter(|c| !" -".contains(*c)).collect();
        let digits = digits.strip_prefix("+86").unwrap_or(&digits);
        self.all().into_iter().find(|account| account.phone == Some(digits))
    }

    /// The account with this e-mail address; case does not matter.
    pub fn by_email(&self, email: &str) -> Option<&Arc<Account>> {
        self.all().into_iter().find(|account| account.email.eq_ignore_ascii_case(email.trim()))
    }
}

impl Account {
    fn draw(rng: &mut StdRng, name: &str, sign_in: SignIn) -> Self {
        const LETTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let password = [(); 4].map(|()| word(rng, LETTERS, 4)).join("-");
        Self {
            uid: rng.random_range(1_000_000_000..2_000_000_000),
            email: format!("{name}@example.com"),
            phone: (sign_in == SignIn::SmsCode).then_some(PHONE),
            name: name.to_owned(),
            sign_in,
            password,
            email_code: format!("{:06}", rng.random_range(100_000..1_000_000)),
            totp_code: format!("{:06}", rng.random_range(100_000..1_000_000)),
            token_seed: rng.random(),
        }
    }
}
