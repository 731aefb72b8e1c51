//! Where the printer waits for a data connection. Only the port counts: the address of a 227 is
//! `0.0.0.0` or wrong on printers, and a connection elsewhere would be somebody's trap. [L]

/// The port in a 227, such as `Entering Passive Mode (0,0,0,0,195,80)`.
pub fn passive_port(text: &str) -> Option<u16> {
    let (_, inner) = text.split_once('(')?;
    let (inner, _) = inner.split_once(')')?;
    let numbers: Vec<u8> =
        inner.split(',').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    let [_, _, _, _, high, low] = *numbers.as_slice() else { return None };
    Some(u16::from_be_bytes([high, low])).filter(|port| *port != 0)
}

/// The port in a 229, such as `Entering Extended Passive Mode (|||50000|)`.
pub fn extended_passive_port(text: &str) -> Option<u16> {
    let (_, inner) = text.split_once('(')?;
    let (inner, _) = inner.split_once(')')?;
    let mark = inner.chars().next()?;
    let parts: Vec<&str> = inner.split(mark).collect();
    let ["", _, _, port, ""] = *parts.as_slice() else { return None };
    port.parse().ok().filter(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_and_the_address_is_not() {
        assert_eq!(passive_port("Entering Passive Mode (0,0,0,0,195,80)."), Some(50_000));
        assert_eq!(passive_port("ok (10,0,0,1, 0,21)"), Some(21));
        assert_eq!(extended_passive_port("Entering (|||50000|)"), Some(50_000));
        assert_eq!(extended_passive_port("(!1!10.0.0.1!21!)"), Some(21));
        for bad in
            ["", "(1,2,3,4,5)", "(1,2,3,4,5,256)", "(1,2,3,4,0,0)", "(1,2,3,4,5,6", "1,2,3,4,5,6"]
        {
            assert_eq!(passive_port(bad), None, "{bad}");
        }
        for bad in ["", "()", "(|||0|)", "(|||65536|)", "(||50000|)", "(|||50000)", "(ééé1é"] {
            assert_eq!(extended_passive_port(bad), None, "{bad}");
        }
    }
}
