//! The sets of parameters that a stream stands on, however they came: in the SDP or between pictures.

use std::sync::Arc;

use bytes::Bytes;

use super::{BadSps, NalKind, Sps, pps_id};

/// How many sets for pictures are kept beside the first; more are not kept.
pub const MAX_MORE: usize = 15;

/// What a decoder has to know before the first picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// The NAL unit of the SPS.
    pub sps: Bytes,
    /// The NAL unit of the PPS.
    pub pps: Bytes,
    /// Further PPS, with other numbers. They stand before every key frame, too.
    pub more: Vec<Bytes>,
    /// What the SPS says.
    pub picture: Sps,
}

impl Parameters {
    /// From an SPS and a PPS.
    ///
    /// # Errors
    /// [`BadSps`].
    pub fn new(sps: Bytes, pps: Bytes) -> Result<Self, BadSps> {
        let picture = Sps::parse(&sps)?;
        Ok(Self { sps, pps, more: Vec::new(), picture })
    }

    /// From NAL units in any order, as an SDP or a file has them; `None` without a readable SPS and
    /// a PPS.
    pub fn from_units<'a>(units: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut found = Found::default();
        for unit in units {
            found.take(unit);
        }
        found.whole.map(Arc::unwrap_or_clone)
    }
}

/// Parameters as they come, one NAL unit at a time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    sps: Option<Bytes>,
    pps: Vec<(u8, Bytes)>,
    whole: Option<Arc<Parameters>>,
}

impl Found {
    /// Takes an SPS or PPS and says whether it changed something. Unreadable ones and other kinds are
    /// let go.
    pub(crate) fn take(&mut self, unit: &[u8]) -> bool {
        let changed = match NalKind::of(unit) {
            Some(NalKind::Sps) => self.take_sps(unit),
            Some(NalKind::Pps) => self.take_pps(unit),
            _ => false,
        };
        if changed {
            self.whole = self.build();
        }
        changed
    }

    /// The sets, once there is one of each.
    pub(crate) fn parameters(&self) -> Option<&Arc<Parameters>> {
        self.whole.as_ref()
    }

    fn take_sps(&mut self, unit: &[u8]) -> bool {
        if self.sps.as_deref() == Some(unit) || Sps::parse(unit).is_err() {
            return false;
        }
        // Sets for pictures belong to the sequence before it until they come again.
        self.sps = Some(Bytes::copy_from_slice(unit));
        true
    }

    fn take_pps(&mut self, unit: &[u8]) -> bool {
        let Some(id) = pps_id(unit) else { return false };
        let is_full = self.pps.len() > MAX_MORE;
        match self.pps.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) if **known == *unit => false,
            Some((_, known)) => {
                *known = Bytes::copy_from_slice(unit);
                true
            }
            None if is_full => false,
            None => {
                self.pps.push((id, Bytes::copy_from_slice(unit)));
                true
            }
        }
    }

    fn build(&self) -> Option<Arc<Parameters>> {
        let sps = self.sps.clone()?;
        let mut pps = self.pps.iter().map(|(_, unit)| unit.clone());
        let mut parameters = Parameters::new(sps, pps.next()?).ok()?;
        parameters.more = pps.collect();
        Some(Arc::new(parameters))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPS: &[u8] = &[
        0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03,
        0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x60, 0xc9, 0x20,
    ];

    #[test]
    fn sets_are_told_apart_by_their_numbers() {
        // Numbers 0, 1 and 0 again, with another end.
        let units: [&[u8]; 5] = [&[0x68, 0xcb, 1], SPS, &[0x68, 0x4b], &[0x65], &[0x68, 0xcb, 2]];
        let read = Parameters::from_units(units).unwrap();
        assert_eq!((read.sps.as_ref(), read.pps.as_ref()), (SPS, &[0x68, 0xcb, 2][..]));
        assert_eq!(read.more, [Bytes::from_static(&[0x68, 0x4b])]);
        assert_eq!((read.picture.width, read.picture.height), (1920, 1080));
        assert_eq!(Parameters::from_units([SPS]), None);
    }

    #[test]
    fn the_same_set_again_changes_nothing() {
        let mut found = Found::default();
        assert!(found.take(SPS) && found.take(&[0x68, 0xcb]));
        let before = found.parameters().cloned().unwrap();
        assert!(!found.take(SPS) && !found.take(&[0x68, 0xcb]) && !found.take(&[0x67, 1, 2, 3]));
        assert!(Arc::ptr_eq(&before, found.parameters().unwrap()));
    }

    #[test]
    fn sets_without_end_are_not_kept() {
        let mut found = Found::default();
        found.take(SPS);
        for id in 0..=255_u8 {
            // ue(v) of eight bits behind seven or eight zeros.
            found.take(&[0x68, 1, id | 1, id]);
            found.take(&[0x68, 0x80 >> (id % 8), id, 0xff]);
        }
        assert!(found.parameters().unwrap().more.len() <= MAX_MORE);
    }
}
