//! The upload, for which two yeses are needed: it changes something, and nothing takes it back.

use std::{
    fs::OpenOptions,
    io::{self, BufWriter, Write as _},
    path::PathBuf,
    time::Duration,
};

use bambulab::cloud::{UploadError, UploadOptions};

use super::{
    config::TestFile,
    record::{NotPassed, Records, skip},
    subject::Subject,
};
use crate::exit::{Failure, Kind};

/// A line of a file that was invented: a comment to a printer.
const LINE: &[u8] = b"; bambu selftest: an invented file, there is nothing to print in it\n";

pub(super) async fn run(
    subject: &mut Subject<'_>,
    records: &mut Records,
    allowed: bool,
) -> Result<(), Failure> {
    // However large it is, it may take as long as it moves.
    records.check("file_upload", Duration::MAX, upload(subject, allowed)).await
}

async fn upload(subject: &Subject<'_>, allowed: bool) -> Result<String, NotPassed> {
    if !allowed {
        return skip("it would change the account: give --allow-upload as well");
    }
    let wanted = &subject.config.test_file;
    let (file, _dummy) = match wanted {
        TestFile { create_dummy: false, path: Some(path), .. } => (path.clone(), None),
        TestFile { create_dummy: false, path: None, .. } => {
            return Err(Failure::say(Kind::Usage, "test_file has neither a path nor create_dummy")
                .next("write one of them into the test config")
                .into());
        }
        // It is G-code, whatever the path says.
        _ => {
            let dummy = Dummy::write(wanted.bytes()).map_err(|error| {
                Failure::new(Kind::Failed, error).about("cannot write a file to upload")
            })?;
            (dummy.0.clone(), Some(dummy))
        }
    };
    match subject.cloud.upload_file(&file, UploadOptions::default()).await {
        Ok(uploaded) => Ok(format!(
            "{}, {} bytes, HTTP {}; it stays in the account's storage",
            uploaded.file_name, uploaded.size_bytes, uploaded.status_code
        )),
        Err(UploadError::Cloud(error)) => Err(error.into()),
        Err(error @ UploadError::NoCloudStorage) => {
            skip(Failure::advised(Kind::Failed, &error).to_string())
        }
        Err(error) => Err(Failure::advised(Kind::Failed, &error).into()),
    }
}

/// A file for this upload alone; it is gone afterwards.
struct Dummy(PathBuf);

impl Dummy {
    fn write(bytes: u64) -> io::Result<Self> {
        let name = format!("bambu-selftest-{}.gcode", std::process::id());
        let path = std::env::temp_dir().join(name);
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        let dummy = Self(path);
        let mut out = BufWriter::new(file);
        let mut left = bytes;
        while left > 0 {
            let part = LINE.get(..left.min(LINE.len() as u64) as usize).unwrap_or(LINE);
            out.write_all(part)?;
            left -= part.len() as u64;
        }
        out.flush()?;
        Ok(dummy)
    }
}

impl Drop for Dummy {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invented_file_is_gcode_of_the_size_that_was_asked_for_and_goes_away() {
        let dummy = Dummy::write(1000).unwrap();
        let bytes = std::fs::read(&dummy.0).unwrap();
        assert_eq!(bytes.len(), 1000);
        assert!(bambu_protocol::FileKind::of("x.gcode", &bytes).is_ok());
        let path = dummy.0.clone();
        drop(dummy);
        assert!(!path.exists());
    }
}
