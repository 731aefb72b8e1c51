//! Every way into an account and out of it, by the rules of `sessions.rs`.

use std::{sync::Arc, time::Instant};

use super::{
    Cloud,
    account::Account,
    sessions::{Refusal, SignedIn, tickets},
};

impl Cloud {
    /// Signs in by account name and password (`user/login`).
    ///
    /// # Errors
    /// [`Refusal`] for an unknown account and for a wrong password alike.
    pub fn by_password(&self, email: &str, password: &str) -> Result<SignedIn, Refusal> {
        self.sessions().by_password(&self.accounts, email, password, Instant::now())
    }

    /// Signs in by account name and e-mailed code (`user/login`).
    ///
    /// # Errors
    /// [`Refusal`] for a wrong, used or old code.
    pub fn by_code(&self, email: &str, code: &str) -> Result<SignedIn, Refusal> {
        self.sessions().by_code(&self.accounts, email, code, Instant::now())
    }

    /// Sends a code by e-mail: from now on the account's code counts again, once.
    pub fn send_code(&self, email: &str) {
        if let Some(account) = self.accounts.by_email(email) {
            self.sessions().send_code(account, Instant::now());
        }
    }

    /// The same by text message, to a telephone.
    pub fn send_sms(&self, phone: &str) {
        if let Some(account) = self.accounts.by_phone(phone) {
            self.sessions().send_code(account, Instant::now());
        }
    }

    /// The ticket that this account's browser has from the start of the world, good for one
    /// sign-in of a program.
    pub fn first_ticket(&self, account: &Account) -> String {
        tickets::first_ticket(account)
    }

    /// Signs a program in by a browser's ticket, which is used up then (`user/ticket/{T}`).
    ///
    /// # Errors
    /// [`Refusal`] for an unknown, used or old ticket.
    pub fn by_ticket(&self, ticket: &str) -> Result<String, Refusal> {
        let mut sessions = self.sessions();
        let account = sessions.tickets.use_in_program(ticket, Instant::now());
        account.map(|account| sessions.issue(&account)).ok_or(Refusal::LoginFailed)
    }

    /// A ticket that signs a browser in once [`Cloud::approve_ticket`] has been told of it.
    pub fn program_ticket(&self, account: &Arc<Account>) -> String {
        self.sessions().tickets.of_program(account, Instant::now())
    }

    /// Says that a ticket of this account's programs may be used; false when it is none.
    pub fn approve_ticket(&self, account: &Account, ticket: &str) -> bool {
        self.sessions().tickets.approve(account, ticket, Instant::now())
    }

    /// Signs a browser in by a program's ticket, which is used up then; `None` for an unknown, old
    /// or used one, and for one that is not approved.
    pub fn by_program_ticket(&self, ticket: &str) -> Option<String> {
        let mut sessions = self.sessions();
        let account = sessions.tickets.use_in_browser(ticket, Instant::now())?;
        Some(sessions.issue(&account))
    }

    /// The second step of an account with an authenticator.
    ///
    /// # Errors
    /// [`Refusal`] for an unknown, used or old key and for a wrong code.
    pub fn by_authenticator(&self, key: &str, code: &str) -> Result<SignedIn, Refusal> {
        self.sessions().by_authenticator(key, code, Instant::now())
    }

    /// A new token for the holder of a living one and of its refresh token; `None` otherwise.
    pub fn refresh(&self, token: &str, refresh: &str) -> Option<String> {
        self.sessions().refresh(token, refresh)
    }

    /// Ends a token's life.
    pub fn sign_out(&self, token: &str) {
        self.sessions().sign_out(token);
    }
}
