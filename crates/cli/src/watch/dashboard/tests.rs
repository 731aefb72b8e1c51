//! The dashboard on a terminal that only remembers what was drawn.

use std::time::Instant;

use bambu_protocol::report::State;
use bambulab::Reason;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::{Terminal, backend::TestBackend, style::Color};

use super::{board::Mode, *};

const RUNNING: &str = r#"{"print":{"command":"push_status","msg":0,"gcode_state":"RUNNING",
    "stg_cur":0,"mc_percent":45,"mc_remaining_time":65,"layer_num":125,"total_layer_num":250,
    "nozzle_temper":219.6,"nozzle_target_temper":220,"bed_temper":60.1,"bed_target_temper":60,
    "subtask_name":"cube","spd_lvl":2,"spd_mag":100,"cooling_fan_speed":"15",
    "lights_report":[{"node":"chamber_light","mode":"on"}],
    "hms":[{"attr":201327360,"code":196615}],
    "ams":{"ams_exist_bits":"1","tray_exist_bits":"7","tray_now":"1","ams":[{"id":"0",
      "humidity":"4","temp":"25.0","tray":[
      {"id":"0","tray_type":"PETG","tray_color":"FF0000FF","remain":85},
      {"id":"1","tray_type":"PLA","tray_color":"000000FF","remain":40},
      {"id":"2","tray_type":"ABS","tray_color":"00FF00FF","remain":-1},
      {"id":"3"}]}]}}}"#;

fn serial(number: u32) -> Serial {
    format!("01P00A{number:09}").parse().unwrap()
}

fn snapshot(number: u32, connection: Connection) -> Arc<Snapshot> {
    let mut state = State::new().with_serial(serial(number));
    state.apply(RUNNING.as_bytes()).unwrap();
    let mut status = state.status();
    status.name = Some(format!("P1S {number}"));
    status.updated_at = Some("2026-11-21T11:58:00Z".to_owned());
    Arc::new(Snapshot {
        status: Arc::new(status),
        connection,
        reports: 1,
        complete: true,
        heard: None,
    })
}

fn noon() -> Zoned {
    "2026-11-21T12:00:00[UTC]".parse().unwrap()
}

fn board(printers: u32, palette: Palette) -> Board {
    let all = (1..=printers).map(|number| (serial(number), snapshot(number, Connection::Online)));
    Board::new("bambu monitor", palette, all, noon())
}

/// The screen as lines, and where a text stands on it.
fn screen(board: &Board, columns: u16, rows: u16) -> (Vec<String>, ratatui::buffer::Buffer) {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| board.draw(frame)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let line = |y| (0..columns).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    ((0..rows).map(|y| line(y).trim_end().to_owned()).collect(), buffer)
}

fn text(board: &Board, columns: u16, rows: u16) -> String {
    screen(board, columns, rows).0.join("\n")
}

fn press(board: &mut Board, code: KeyCode) -> Step {
    board.key(KeyEvent::new(code, KeyModifiers::NONE))
}

#[test]
fn everything_about_a_printer_fits_the_smallest_usual_terminal() {
    let mut board = board(3, Palette::True);
    for second in 0..20_i64 {
        board.tick(noon().checked_add(jiff::SignedDuration::from_secs(second)).unwrap());
    }
    board.reached_by(Some(bambulab::link::Way::Lan));
    let text = text(&board, 80, 24);
    for part in [
        "P1S 1  online  over the LAN  P1S",
        "bambu monitor  12:00:19  1 of 3  3 at work  3 with a message",
        "PRINTER",
        "> P1S 1",
        "running",
        "45%  layer 125/250  1h 05m left, until Sat 13:05",
        "! common 0C00-0300-0003-0007 (xcam)",
        "Nozzle   220/220°C   ▄▄▄▄",
        "Bed      60/60°C",
        "part 100%",
        "standard (100%)  light on",
        "dryness 4 of 5  25°C",
        " A1 [██] PETG 85%  >A2 [██] PLA 40%   A3 [██] ABS",
        " A4 empty",
        "p pause  r resume  s stop  l light",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn no_size_breaks_it() {
    let mut board = board(30, Palette::Cube);
    board.say("P1S 1: pause confirmed", Paint::Green);
    for mode in [Mode::Watching, Mode::Help, Mode::Confirm { serial: serial(1), deed: Deed::Stop }]
    {
        for (columns, rows) in [(80, 24), (40, 12), (200, 60), (20, 5), (1, 1), (300, 3), (7, 50)] {
            for alone in [false, true] {
                board.mode = mode.clone();
                board.alone = alone;
                let (lines, _) = screen(&board, columns, rows);
                assert_eq!(lines.len(), usize::from(rows));
            }
        }
    }
    board.mode = Mode::Watching;
    board.alone = false;
    let wide = text(&board, 200, 60);
    assert!(wide.contains("Nozzle") && wide.contains("P1S 30") && wide.contains("JOB"), "{wide}");
    let narrow = text(&board, 40, 12);
    assert!(narrow.contains("> P1S 1") && narrow.contains("? help"), "{narrow}");
}

#[test]
fn filament_shines_in_its_colour_unless_colour_is_unwanted() {
    let red = |palette, wanted: Color| {
        let (_, buffer) = screen(&board(1, palette), 80, 24);
        buffer.content().iter().any(|cell| cell.symbol() == "█" && cell.fg == wanted)
    };
    assert!(red(Palette::True, Color::Rgb(255, 0, 0)));
    assert!(red(Palette::Cube, Color::Indexed(196)));
    assert!(red(Palette::Eight, Color::Red));
    let (lines, buffer) = screen(&board(3, Palette::None), 80, 30);
    assert!(lines.join("\n").contains("#FF0000 PETG 85%"), "{lines:#?}");
    assert!(buffer.content().iter().all(|cell| cell.fg == Color::Reset));
}

#[test]
fn what_is_old_is_never_shown_as_live() {
    let mut board = board(2, Palette::True);
    let live = text(&board, 80, 24);
    assert!(!live.contains("last heard"), "{live}");
    let lost = Connection::Offline(Reason::Lost("gone".into()));
    for (connection, words) in [
        (Connection::Stale, ["stale", "fell silent"]),
        (lost, ["offline", "the connection was lost"]),
        (Connection::Offline(Reason::PrinterOffline), ["offline", "does not answer; check"]),
    ] {
        board.update(&serial(1), &snapshot(1, connection));
        let (lines, buffer) = screen(&board, 80, 24);
        let text = lines.join("\n");
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
        assert!(text.contains("last heard 2026-11-21 11:58:00; below is what was then"), "{text}");
        // In the list there is no value at all, and below every line is dim.
        let row = lines.iter().find(|line| line.starts_with("> P1S 1")).unwrap();
        assert!(!row.contains("220"), "{row}");
        let nozzle = lines.iter().position(|line| line.starts_with("Nozzle")).unwrap() as u16;
        let cell = &buffer[(9, nozzle)];
        assert!(cell.modifier.contains(ratatui::style::Modifier::DIM), "{cell:?}");
        assert!(text.contains("1 away"), "{text}");
    }
    let unknown = Snapshot { complete: false, ..(*snapshot(1, Connection::Connecting)).clone() };
    board.update(&serial(1), &Arc::new(unknown));
    let text = text(&board, 80, 24);
    assert!(text.contains("waiting for the first whole report") && !text.contains("Nozzle  "));
}

#[test]
fn stop_wants_a_yes_and_nothing_else_will_do() {
    let mut board = board(2, Palette::True);
    assert_eq!(press(&mut board, KeyCode::Char('p')), Step::Ask(serial(1), Deed::Pause));
    press(&mut board, KeyCode::Down);
    assert_eq!(press(&mut board, KeyCode::Char('s')), Step::Stay);
    let question = text(&board, 80, 24);
    for part in ["P1S 2 (45% done)", "Stop cube for good?", "any other key  no"] {
        assert!(question.contains(part), "{question}");
    }
    for key in [KeyCode::Char('n'), KeyCode::Enter, KeyCode::Esc, KeyCode::Char('s')] {
        board.mode = Mode::Confirm { serial: serial(2), deed: Deed::Stop };
        assert_eq!(press(&mut board, key), Step::Stay);
        assert_eq!(board.mode, Mode::Watching);
    }
    press(&mut board, KeyCode::Char('s'));
    // It is the printer that was asked about, wherever the selection is by then.
    board.step(-1);
    assert_eq!(press(&mut board, KeyCode::Char('y')), Step::Ask(serial(2), Deed::Stop));
    assert_eq!(press(&mut board, KeyCode::Char('l')), Step::Ask(serial(1), Deed::Light(false)));
    assert_eq!(press(&mut board, KeyCode::Char('r')), Step::Ask(serial(1), Deed::Resume));
}

#[test]
fn keys_select_help_and_end() {
    let mut board = board(30, Palette::True);
    for (key, place) in [
        (KeyCode::BackTab, 29),
        (KeyCode::Tab, 0),
        (KeyCode::Up, 0),
        (KeyCode::PageDown, 10),
        (KeyCode::Char('j'), 11),
        (KeyCode::End, 29),
        (KeyCode::Down, 29),
        (KeyCode::Home, 0),
    ] {
        press(&mut board, key);
        assert_eq!(board.selected, place, "{key:?}");
    }
    press(&mut board, KeyCode::Char('?'));
    assert!(text(&board, 80, 24).contains("stop its job, after a question"));
    press(&mut board, KeyCode::Char(' '));
    press(&mut board, KeyCode::Enter);
    assert!(!text(&board, 80, 24).contains("PRINTER"));
    assert_eq!(press(&mut board, KeyCode::Esc), Step::Stay);
    assert_eq!(press(&mut board, KeyCode::Char('i')), Step::Stay, "there is no text");
    board.has_text = true;
    assert_eq!(press(&mut board, KeyCode::Char('i')), Step::Text);
    assert_eq!(press(&mut board, KeyCode::Char('q')), Step::Quit);
    let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    board.mode = Mode::Help;
    assert_eq!(board.key(control_c), Step::Quit);
}

#[test]
fn a_line_at_the_bottom_stays_where_there_is_room() {
    let mut board = board(3, Palette::None);
    board.foot = "Serving http://127.0.0.1:5001 strict".to_owned();
    let (lines, _) = screen(&board, 80, 24);
    assert_eq!(lines[22], board.foot);
    assert!(lines[23].contains("q quit"), "{lines:?}");
    assert!(!screen(&board, 80, 10).0.join("").contains("Serving"));
}

#[test]
fn a_thousand_printers_are_drawn_as_quickly_as_ten() {
    let time = |printers| {
        let mut board = board(printers, Palette::True);
        board.step(7);
        let began = Instant::now();
        for _ in 0..20 {
            text(&board, 120, 40);
        }
        began.elapsed()
    };
    let (ten, thousand) = (time(10), time(1000));
    assert!(thousand < ten * 10, "{ten:?} against {thousand:?}");
    let mut board = board(1000, Palette::True);
    press(&mut board, KeyCode::End);
    let text = text(&board, 80, 24);
    assert!(text.contains("1000 of 1000") && text.contains("> P1S 1000"), "{text}");
}

#[test]
fn a_name_or_a_log_line_cannot_steer_the_terminal() {
    assert_eq!(without_escapes("\x1b[33mWARN\x1b[0m a\x1b]0;b\x07"), "WARN a]0;b");
    let mut board = board(1, Palette::True);
    board.say("a\x1b[2Jb", Paint::Red);
    assert!(text(&board, 80, 24).contains("12:00:00  a[2Jb"));
}
