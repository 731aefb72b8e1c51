//! What can be said on the control connection, and how it is read.

/// One command. Paths and names are as they were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    User(String),
    /// The access code: never printed.
    Pass(Vec<u8>),
    Pbsz,
    Prot(String),
    Type(String),
    Stru(String),
    Mode(String),
    Pwd,
    Cwd(String),
    Cdup,
    Pasv,
    Epsv(String),
    List(String),
    Nlst(String),
    Stor(String),
    Retr(String),
    Size(String),
    Mdtm(String),
    Dele(String),
    Rnfr(String),
    Rnto(String),
    Mkd(String),
    Rmd(String),
    Avbl,
    Stat,
    Allo,
    Syst,
    Noop,
    Abor,
    Quit,
    /// `PORT`, `EPRT`: the printer dials nobody.
    Active,
    /// `FEAT`.
    Features,
    /// Known to FTP, and not to printers [L]: `REST`, `APPE` and more.
    Missing,
    /// What is no command.
    Unknown,
    /// A name that is no UTF-8, or holds a null or a line's end.
    BadName,
}

impl Command {
    /// Reads a line without its end, whatever it holds.
    pub(super) fn read(line: &[u8]) -> Self {
        // Telnet's own bytes, as clients send them before ABOR.
        let start = line.iter().position(|byte| *byte < 0xF0).unwrap_or(line.len());
        let line = line.get(start..).unwrap_or_default();
        let space = line.iter().position(|byte| *byte == b' ');
        let (word, rest) = line.split_at(space.unwrap_or(line.len()));
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let word = word.to_ascii_uppercase();
        if word == b"PASS" {
            return Self::Pass(rest.to_vec());
        }
        let text = match str::from_utf8(rest) {
            Ok(text) if !text.contains(['\0', '\r']) => text.to_owned(),
            _ => return Self::BadName,
        };
        match word.as_slice() {
            b"USER" => Self::User(text),
            b"PBSZ" => Self::Pbsz,
            b"PROT" => Self::Prot(text),
            b"TYPE" => Self::Type(text),
            b"STRU" => Self::Stru(text),
            b"MODE" => Self::Mode(text),
            b"PWD" | b"XPWD" => Self::Pwd,
            b"CWD" | b"XCWD" => Self::Cwd(text),
            b"CDUP" | b"XCUP" => Self::Cdup,
            b"PASV" => Self::Pasv,
            b"EPSV" => Self::Epsv(text),
            b"LIST" => Self::List(text),
            b"NLST" => Self::Nlst(text),
            b"STOR" => Self::Stor(text),
            b"RETR" => Self::Retr(text),
            b"SIZE" => Self::Size(text),
            b"MDTM" => Self::Mdtm(text),
            b"DELE" => Self::Dele(text),
            b"RNFR" => Self::Rnfr(text),
            b"RNTO" => Self::Rnto(text),
            b"MKD" | b"XMKD" => Self::Mkd(text),
            b"RMD" | b"XRMD" => Self::Rmd(text),
            b"AVBL" => Self::Avbl,
            b"STAT" => Self::Stat,
            b"ALLO" => Self::Allo,
            b"SYST" => Self::Syst,
            b"NOOP" => Self::Noop,
            b"ABOR" => Self::Abor,
            b"QUIT" => Self::Quit,
            b"PORT" | b"EPRT" => Self::Active,
            b"FEAT" => Self::Features,
            b"REST" | b"APPE" | b"OPTS" | b"STOU" | b"SITE" | b"HELP" | b"ACCT" | b"SMNT"
            | b"REIN" | b"AUTH" | b"CCC" => Self::Missing,
            _ => Self::Unknown,
        }
    }

    /// Whether it is answered before a login.
    pub(super) fn is_for_strangers(&self) -> bool {
        matches!(
            self,
            Self::User(_)
                | Self::Pass(_)
                | Self::Pbsz
                | Self::Prot(_)
                | Self::Features
                | Self::Quit
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_command_is_read_in_any_case_and_its_name_as_it_is() {
        for (line, command) in [
            (&b"user bblp"[..], Command::User("bblp".into())),
            (b"PASS 12 34", Command::Pass(b"12 34".into())),
            (b"stor  a b .3mf ", Command::Stor(" a b .3mf ".into())),
            (b"RETR \xc3\xbc", Command::Retr("ü".into())),
            (b"RETR \xff", Command::BadName),
            (b"\xff\xf4\xf2ABOR", Command::Abor),
            (b"MLSD", Command::Unknown),
            (b"REST 5", Command::Missing),
            (b"EPRT |1|127.0.0.1|5|", Command::Active),
            (b"", Command::Unknown),
        ] {
            assert_eq!(Command::read(line), command, "{}", line.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn whatever_a_line_holds_is_read(line in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Command::read(&line);
        }

        #[test]
        fn a_name_comes_through_unchanged(name in "[^\r\n\0]{1,60}") {
            let line = format!("STOR {name}");
            prop_assert_eq!(Command::read(line.as_bytes()), Command::Stor(name));
        }
    }
}
