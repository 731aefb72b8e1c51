//! How far two colours are apart to the eye: the distance in CIE Lab (ΔE 1976), as the vendor's
//! slicer counts it. [V]

/// The distance of colours that cannot be compared: one is clear and the other not, or not told. [V]
pub(super) const UNLIKE: f64 = 999_999.0;
/// Colours that are nearer to each other are the same. [V]
pub(super) const SAME: f64 = 0.0001;

/// The distance of two colours, `RRGGBBAA`.
pub(super) fn distance(one: Option<&str>, other: Option<&str>) -> f64 {
    let (Some(one), Some(other)) = (one.and_then(rgba), other.and_then(rgba)) else {
        return UNLIKE;
    };
    if one[3] != other[3] {
        return UNLIKE;
    }
    let squares = lab(one).into_iter().zip(lab(other)).map(|(a, b)| (a - b) * (a - b));
    squares.sum::<f64>().sqrt()
}

fn rgba(text: &str) -> Option<[u8; 4]> {
    let bytes = u32::from_str_radix(text, 16).ok().filter(|_| text.len() == 8)?;
    Some(bytes.to_be_bytes())
}

/// sRGB to CIE Lab, D65.
fn lab([red, green, blue, _]: [u8; 4]) -> [f64; 3] {
    let linear = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value > 0.04045 { ((value + 0.055) / 1.055).powf(2.4) } else { value / 12.92 }
    };
    let (red, green, blue) = (linear(red), linear(green), linear(blue));
    let bent = |value: f64| {
        if value > 0.008_856 { value.cbrt() } else { 7.787 * value + 16.0 / 116.0 }
    };
    let x = bent((0.412_453 * red + 0.357_58 * green + 0.180_423 * blue) / 0.950_456);
    let y = bent(0.212_671 * red + 0.715_16 * green + 0.072_169 * blue);
    let z = bent((0.019_334 * red + 0.119_193 * green + 0.950_227 * blue) / 1.088_754);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_eye() {
        let of = |one, other| distance(Some(one), Some(other));
        assert!(of("00AE42FF", "00ae42ff") < SAME);
        assert!((of("FFFFFFFF", "000000FF") - 100.0).abs() < 0.1);
        // Two greens are nearer than green and red.
        assert!(of("00AE42FF", "10A040FF") < of("00AE42FF", "FF0000FF"));
        assert_eq!(of("00AE42FF", "00AE4200"), UNLIKE);
        for odd in ["", "00AE42", "00AE42FFF", "xxAE42FF", "+0AE42FF "] {
            assert_eq!(of("00AE42FF", odd), UNLIKE, "{odd}");
        }
        assert_eq!(distance(None, Some("00AE42FF")), UNLIKE);
    }
}
