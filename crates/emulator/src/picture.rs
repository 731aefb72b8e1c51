//! The picture that a printer's camera shows: drawn anew for every frame, from what the machine
//! tells of itself. Two wires carry it: `camera.rs` as JPEG, `rtsp.rs` as H.264.
//!
//! `picture/canvas.rs` is what it is drawn on, `picture/jpeg.rs` one of its two encodings.

mod canvas;
mod jpeg;

use jiff::Timestamp;

use self::canvas::{Area, HEIGHT, Ink, WIDTH};
pub(crate) use self::canvas::{Canvas, Palette, video_range};

/// What a camera sees of its printer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    /// The owner's name for it.
    pub name: String,
    /// Its model's short name.
    pub model: &'static str,
    /// The word of its state: `IDLE`, `RUNNING`, `PAUSE` …
    pub state: &'static str,
    /// Title of the running or the last job.
    pub job: Option<String>,
    /// Percent done, 0 to 100; `None` without a job.
    pub percent: Option<u32>,
    /// The current layer and their number; `None` without a job.
    pub layer: Option<(u32, u32)>,
    /// Whether the head moves and pictures come faster.
    pub is_printing: bool,
}

/// How large a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 1280x720.
    Hd,
    /// 1920x1080.
    FullHd,
}

impl Size {
    /// Width and height in pixels.
    pub fn pixels(self) -> (usize, usize) {
        (WIDTH * self.scale(), HEIGHT * self.scale())
    }

    fn scale(self) -> usize {
        match self {
            Self::Hd => 2,
            Self::FullHd => 3,
        }
    }
}

/// Where the clock, the number of the frame and the head are, in points.
const CLOCK: Area = Area { x: 16, y: 320, width: 260, height: 24 };
const NUMBER: Area = Area { x: 464, y: 320, width: 160, height: 24 };
const CHAMBER: Area = Area { x: 336, y: 56, width: 288, height: 248 };
/// Top of the bed, and the most that stands on it.
const BED: usize = 288;
const TALLEST: usize = 176;

/// The pictures of one camera, one after the other. Between viewers it is small.
pub(crate) struct Picture {
    size: Size,
    serial: String,
    number: u64,
    drawn: Option<Drawn>,
}

/// The picture drawn last.
struct Drawn {
    scene: Option<Scene>,
    /// All of it that stands still.
    still: Canvas,
    frame: Canvas,
}

impl Picture {
    /// Nothing is drawn yet.
    pub(crate) fn new(size: Size, serial: &str) -> Self {
        Self { size, serial: serial.to_owned(), number: 0, drawn: None }
    }

    /// The next frame: the printer as it is now, the clock and a number that counts frames from 1.
    pub(crate) fn draw(&mut self, scene: Option<Scene>, now: Timestamp) -> &Canvas {
        self.number = self.number.saturating_add(1);
        let drawn = match self.drawn.take() {
            Some(drawn) if drawn.scene == scene => drawn,
            old => self.anew(scene, old),
        };
        let Drawn { scene, still, frame } = self.drawn.insert(drawn);
        for area in [CLOCK, NUMBER] {
            frame.copy(still, area);
        }
        frame.text(CLOCK.x, CLOCK.y, 1, Ink::Bright, &clock(now));
        frame.text(NUMBER.x, NUMBER.y, 1, Ink::Bright, &format!("frame {:>8}", self.number));
        if let Some(scene) = scene.as_ref().filter(|scene| scene.is_printing) {
            frame.copy(still, CHAMBER);
            let top = BED.saturating_sub(height(scene)).saturating_sub(20);
            // To and fro within 5 s at 30 frames a second.
            let at = (self.number % 150) as usize;
            let x = 400 + at.min(150 - at) * 2;
            frame.fill(Area { x, y: top, width: 24, height: 12 }, Ink::Line);
            frame.fill(Area { x: x + 8, y: top + 12, width: 8, height: 8 }, Ink::Bright);
        }
        frame
    }

    /// Lets go of the planes while nobody looks: megabytes, which a thousand printers do not have.
    pub(crate) fn rest(&mut self) {
        self.drawn = None;
    }

    /// All that stands still, drawn for another scene, on the planes of the old one.
    fn anew(&self, scene: Option<Scene>, old: Option<Drawn>) -> Drawn {
        let canvas = || Canvas::new(self.size.scale());
        let (mut still, mut frame) = match old {
            Some(old) => (old.still, old.frame),
            None => (canvas(), canvas()),
        };
        draw_still(&mut still, &self.serial, scene.as_ref());
        frame.clone_from(&still);
        Drawn { scene, still, frame }
    }
}

fn draw_still(still: &mut Canvas, serial: &str, scene: Option<&Scene>) {
    still.fill(Area::ALL, Ink::Ground);
    still.fill(Area { x: 0, y: 0, width: WIDTH, height: 48 }, Ink::Panel);
    still.text(16, 14, 1, Ink::Dim, serial);
    let Some(scene) = scene else {
        still.text(16, 160, 2, Ink::Bright, "no picture data");
        return;
    };
    let who = match scene.name.contains(scene.model) {
        true => scene.name.clone(),
        false => format!("{}, {}", scene.name, scene.model),
    };
    // 18 characters of the serial number and a space stand before it.
    still.text(216, 14, 1, Ink::Bright, &shortened(&who, 40));
    still.text(16, 72, 2, Ink::Bright, scene.state);
    let percent = scene.percent.map(|percent| format!("{percent} %"));
    still.text(16, 128, 2, Ink::Accent, percent.as_deref().unwrap_or("- %"));
    let bar = Area { x: 16, y: 184, width: 304, height: 16 };
    still.fill(bar, Ink::Panel);
    let done = scene.percent.unwrap_or(0).min(100) as usize;
    still.fill(Area { width: bar.width * done / 100, ..bar }, Ink::Accent);
    let layer = scene.layer.map(|(layer, of)| format!("layer {layer}/{of}"));
    still.text(16, 216, 1, Ink::Bright, layer.as_deref().unwrap_or("layer -"));
    let job = shortened(scene.job.as_deref().unwrap_or("no job"), 31);
    still.text(16, 248, 1, Ink::Dim, &job);
    still.fill(CHAMBER, Ink::Panel);
    still.fill(Area { x: 352, y: BED, width: 256, height: 8 }, Ink::Line);
    draw_object(still, height(scene));
}

/// A vase that grows with the job.
fn draw_object(still: &mut Canvas, height: usize) {
    for line in (0..height).step_by(4) {
        let waist = line.abs_diff(TALLEST / 2) / 4;
        let width = (48 + waist * 2) & !1;
        let y = BED.saturating_sub(line).saturating_sub(4);
        still.fill(Area { x: 480 - width / 2, y, width, height: 4 }, Ink::Accent);
    }
}

/// How high the object stands, in points: whole lines of four.
fn height(scene: &Scene) -> usize {
    let done = scene.percent.unwrap_or(0).min(100) as usize;
    TALLEST * done / 100 / 4 * 4
}

fn clock(now: Timestamp) -> String {
    let seconds = now.strftime("%Y-%m-%d %H:%M:%S UTC");
    seconds.to_string()
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(3)).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests;
