use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits {
    nozzle_max: 300,
    bed_max: 100,
    chamber_max: 0,
    extruders: 1,
    volume: Some([256, 256, 250]),
    bed_rises: true,
};

fn why(text: &str) -> Option<Why> {
    inspect(text, &LIMITS).err().map(|finding| finding.why)
}

#[test]
fn lines_are_taken_apart_as_firmware_does() {
    let text = "; G1 X999\nN12 g1x10 Y-.5*71\r\nM104 S 200 T0 G28";
    let found: Vec<_> = commands(text).collect();
    assert_eq!(found.len(), 3);
    assert!(found[0].is('G', 1) && found[0].line == 2);
    assert_eq!((found[0].word('X'), found[0].word('Y')), (Some(10.0), Some(-0.5)));
    assert!(found[1].is('M', 104));
    assert_eq!((found[1].word('S'), found[1].word('T')), (Some(200.0), Some(0.0)));
    assert!(found[2].is('G', 28) && found[2].text.starts_with("M104"));
    assert!(commands("G28 X").next().unwrap().words == [('X', None)]);
    assert_eq!(commands("M1002 push_ref_mode").count(), 1);
}

#[test]
fn heat_beyond_the_limits_is_found_in_every_spelling() {
    for hot in [
        "M104 S301",
        "m104s301",
        "M104 R301",
        "M104 S200 S301 R301",
        "G28\nM104 T0 S999",
        "M104 S301 S200",
        "M104 (now; S1) S301",
        "M0104 S301",
        "M109 S301",
        "M140 S101",
        "M190 R150",
        "M303 E0 S400",
        "M303 E-1 S110",
        "M104 S99999999999999999999999",
    ] {
        assert!(matches!(why(hot), Some(Why::TooHot { .. })), "{hot}");
    }
    for fine in ["M104 S300", "M140 S100", "M104 S0 ; S999", "M106 S255", "M141 S0", "M104 S-1"] {
        assert_eq!(why(fine), None, "{fine}");
    }
    assert_eq!(why("M141 S40"), Some(Why::NoChamberHeater));
    assert_eq!(why("M104 S200 T1"), Some(Why::NoSuchNozzle(1.0)));
    assert_eq!(why("M109 S200"), Some(Why::Waits("M104")));
    assert_eq!(why("M190 S60"), Some(Why::Waits("M140")));
}

#[test]
fn moves_that_leave_the_volume_are_found() {
    for far in [
        "G1 X257",
        "G0 Y-1",
        "G1 X10 Z251",
        "G91\nG1 X5\nG90\nG1 X300",
        "G20\nG1 X11",
        "G2 X300 I5",
        "G1 X300 X10",
        "G1 X10\nX300",
        "G91\nG1 Z-311",
    ] {
        assert!(matches!(why(far), Some(Why::OutOfReach { .. })), "{far}");
    }
    for fine in ["G1 X256 Y0 Z250 E5 F9000", "G91\nG1 X-200", "G28", "G20\nG21\nG1 X11", "G92 E0"] {
        assert_eq!(why(fine), None, "{fine}");
    }
    for moved in ["G92 X0", "M206 Z-5", "M428"] {
        assert_eq!(why(moved), Some(Why::MovesOrigin), "{moved}");
    }
    assert_eq!(inspect("G1 X999", &Limits { volume: None, ..LIMITS }), Ok(()));
    assert_eq!(
        inspect("G28\nG1 X999", &LIMITS).unwrap_err().to_string(),
        "line 2 (G1 X999) moves to X999, beyond the volume of 0 to 256 mm"
    );
}

#[test]
fn what_firmware_may_read_otherwise_is_found() {
    for odd in ["M104 S3e2", "M140 S0x99", "M104 Sinf", "M104 S", "M109 S٣٠٠", "M104 S1.2.3e9"] {
        assert_eq!(why(odd), Some(Why::Unreadable), "{odd}");
    }
    for unknown in ["M65640 S400", "G65537 X900", "M4294967400 S400"] {
        assert_eq!(why(unknown), Some(Why::NoSuchCommand), "{unknown}");
    }
    assert_eq!(why("G1 X5\nG20"), Some(Why::LeavesInches));
    for off in ["M211 S0", "M211 X0 Y0 Z0"] {
        assert_eq!(why(off), Some(Why::NoEndStops), "{off}");
    }
    for alone in ["G28 Z", "g28z0", "G28 X\nG28 Z"] {
        assert_eq!(why(alone), Some(Why::HomesZAlone), "{alone}");
    }
    for fine in ["G28 X", "G28 X Y Z", "M211 S", "M211 X1 Y1 Z1", "M104 S200 N0", "M303 E0 S200"] {
        assert_eq!(why(fine), None, "{fine}");
    }
    assert_eq!(inspect("G28 Z", &Limits { bed_rises: false, ..LIMITS }), Ok(()));
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,300}") {
        let _ = inspect(&text, &LIMITS);
    }

    #[test]
    fn odd_lines_are_read_without_panic(
        text in "([GMTNXYZSRE;*. \n\r\t+-]|[0-9]{1,30}|é|💡){0,60}"
    ) {
        let _ = inspect(&text, &LIMITS);
        for command in commands(&text) {
            prop_assert!(matches!(command.letter, 'G' | 'M'));
        }
    }

    #[test]
    fn heat_is_found_wherever_it_stands(
        before in "(G28\n|G91 ; S1\n|M106 S255\n|\n){0,8}",
        celsius in 301_u32..2_000_000,
        space in "[ \t]{0,3}",
    ) {
        let text = format!("{before}M104{space}S{space}{celsius}");
        let hot = matches!(why(&text), Some(Why::TooHot { part: "nozzle", .. }));
        prop_assert!(hot);
    }
}
