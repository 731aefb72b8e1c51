//! The terminal while the dashboard has it: raw, on its alternate screen, and given back whatever
//! happens.

use std::{
    io::{self, BufWriter, Stdout},
    sync::Once,
};

use crossterm::{
    cursor, execute,
    terminal::{self, EnterAlternateScreen, LeaveAlternateScreen},
};
use ratatui::{
    Frame, Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, layout::Rect,
};

/// The terminal, ours until it is dropped.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    /// Whether it is ours now; not while a text behind it is looked at.
    entered: bool,
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn enter() -> io::Result<Self> {
        restore_on_panic();
        let mut screen = Self { terminal: terminal()?, entered: false };
        screen.resume()?;
        Ok(screen)
    }

    /// Draws; nothing happens while it is not ours.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if self.entered {
            self.terminal.draw(draw)?;
        }
        Ok(())
    }

    /// Whether it is ours now.
    pub(super) fn is_ours(&self) -> bool {
        self.entered
    }

    /// Shows what was there before; keys still come one by one.
    pub(super) fn step_aside(&mut self) -> io::Result<()> {
        self.entered = false;
        execute!(io::stdout(), LeaveAlternateScreen, cursor::Show)
    }

    /// Takes it, or takes it again.
    pub(super) fn resume(&mut self) -> io::Result<()> {
        terminal::enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, cursor::Hide)?;
        self.entered = true;
        self.resize()
    }

    /// Begins with an empty screen of the size that it has now.
    pub(super) fn resize(&mut self) -> io::Result<()> {
        if self.entered {
            execute!(io::stdout(), terminal::Clear(terminal::ClearType::All))?;
            self.terminal = terminal()?;
        }
        Ok(())
    }

    /// Gives it back.
    pub(super) fn leave(&mut self) -> io::Result<()> {
        self.entered = false;
        give_back()
    }
}

/// One that takes nothing for drawn, of a fixed size: to follow the terminal's by itself it would
/// ask where the cursor is, which not every terminal answers.
fn terminal() -> io::Result<Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
    let backend = CrosstermBackend::new(BufWriter::with_capacity(16 * 1024, io::stdout()));
    let (columns, rows) = match terminal::size() {
        Ok((columns, rows)) if columns > 0 && rows > 0 => (columns, rows),
        // A terminal that does not know its size says 0.
        _ => (80, 24),
    };
    let viewport = Viewport::Fixed(Rect::new(0, 0, columns, rows));
    Terminal::with_options(backend, TerminalOptions { viewport })
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _nobody_to_tell = give_back();
    }
}

/// Harmless when it is not taken.
fn give_back() -> io::Result<()> {
    if !terminal::is_raw_mode_enabled()? {
        return Ok(());
    }
    // Both are tried.
    let screen = execute!(io::stdout(), LeaveAlternateScreen, cursor::Show);
    terminal::disable_raw_mode().and(screen)
}

/// The message of a panic belongs on the screen that stays.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let tell = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let _nobody_to_tell = give_back();
            tell(panic);
        }));
    });
}
