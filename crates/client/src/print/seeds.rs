//! The local print interface by the names of the Python library's `local_api`, each doing what works
//! on the wire.

use std::path::PathBuf;

use bambu_protocol::{
    command::Command,
    request::{Auto, Job, TrayId},
};

use super::{PrintJob, PrintJobError, Printing, plan::stored_name};
use crate::{
    ftps::{Ftps, Stored, Transfer},
    link::{LanTarget, Reason},
    options::Options,
    printer::Printer,
};

/// The keyword arguments of `create_print_command`, with its defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrintArguments {
    /// Plate of the 3MF, from 1.
    pub plate_index: u32,
    /// Whether filament comes from an AMS.
    pub use_ams: bool,
    /// Tray of each filament of the project, in its order; `None` is found when the file can be
    /// inspected, and not used otherwise.
    pub ams_mapping: Vec<Option<TrayId>>,
    /// Take a time-lapse.
    pub timelapse: bool,
    /// Level the bed.
    pub bed_leveling: bool,
    /// Calibrate the flow.
    pub flow_calibration: bool,
    /// Calibrate vibration.
    pub vibration_calibration: bool,
    /// Look at the first layer.
    pub layer_inspect: bool,
}

impl Default for PrintArguments {
    fn default() -> Self {
        Self {
            plate_index: 1,
            use_ams: false,
            ams_mapping: Vec::new(),
            timelapse: true,
            bed_leveling: true,
            flow_calibration: true,
            vibration_calibration: true,
            layer_inspect: true,
        }
    }
}

impl PrintArguments {
    fn on(&self, job: PrintJob) -> PrintJob {
        let auto = |on| if on { Auto::On } else { Auto::Off };
        let job = job
            .plate(self.plate_index)
            .level_bed(auto(self.bed_leveling))
            .calibrate_flow(auto(self.flow_calibration))
            .calibrate_vibration(self.vibration_calibration)
            .inspect_layer(self.layer_inspect)
            .timelapse(self.timelapse);
        match (self.use_ams, self.ams_mapping.is_empty()) {
            (false, _) => job.external(),
            (true, true) => job,
            (true, false) => job.trays(self.ams_mapping.clone()),
        }
    }
}

/// `LocalPrintClient.create_print_command`: the request that prints a file which is on the printer,
/// for [`Printer::send`].
///
/// It has fresh ids, `bed_leveling` with one L, booleans where printers want them, the mapping in
/// both forms, and `ftp:///<path>` as address. With `use_ams` and no mapping, all comes from the
/// first tray: nobody looked into the file.
///
/// # Errors
/// [`PrintJobError::BadPath`].
pub fn create_print_command(
    file_path: &str,
    arguments: &PrintArguments,
) -> Result<Command, PrintJobError> {
    let mut arguments = arguments.clone();
    if arguments.use_ams && arguments.ams_mapping.is_empty() {
        arguments.ams_mapping = vec![Some(TrayId { unit: 0, slot: 0 })];
    }
    let request = arguments.on(PrintJob::stored(file_path)).bare_request()?;
    Ok(Job::ProjectFile(Box::new(request)).into())
}

/// `LocalPrintClient.create_gcode_print_command`: runs raw G-code from the storage. `param` is the
/// path: the `url` of earlier tools is not read. G-code has its filament and options in itself, so
/// nothing else can be said. An A1 mini refuses it [L].
pub fn create_gcode_print_command(gcode_path: &str) -> Command {
    let path = gcode_path.trim_start_matches('/');
    Job::GcodeFile(format!("/{path}")).into()
}

/// `LocalPrintClient`: a printer on the local network that prints files.
#[derive(Debug, Clone)]
pub struct LocalPrintClient {
    printer: Printer,
    target: LanTarget,
    options: Options,
}

impl LocalPrintClient {
    /// Connects, and waits for the printer's status.
    ///
    /// # Errors
    /// [`Reason`], as soon as one is fatal.
    pub async fn connect(target: LanTarget, options: Options) -> Result<Self, Reason> {
        let printer = Printer::connect(target.clone(), options.clone());
        printer.ready().await?;
        Ok(Self { printer, target, options })
    }

    /// The printer.
    pub fn printer(&self) -> &Printer {
        &self.printer
    }

    /// See [`create_print_command`].
    ///
    /// # Errors
    /// [`PrintJobError::BadPath`].
    pub fn create_print_command(
        file_path: &str,
        arguments: &PrintArguments,
    ) -> Result<Command, PrintJobError> {
        create_print_command(file_path, arguments)
    }

    /// See [`create_gcode_print_command`].
    pub fn create_gcode_print_command(gcode_path: &str) -> Command {
        create_gcode_print_command(gcode_path)
    }

    /// Prints the first plate of a file that is on the printer, and sees that it does.
    ///
    /// # Errors
    /// [`PrintJobError`].
    pub async fn start_print(&self, path: &str) -> Result<Printing, PrintJobError> {
        let job = PrintJob::stored(path);
        job.start(&self.printer, &self.target, &self.options, |_| {}).await
    }

    /// Ends the connection.
    pub async fn close(&self) {
        self.printer.close().await;
    }
}

/// What [`upload_and_print`] did.
#[derive(Debug, Clone)]
pub struct UploadedPrint {
    /// Path of the file on the printer.
    pub path: String,
    /// The request that prints it.
    pub print_command: Command,
    /// The job; `None` when nothing was to be started.
    pub started: Option<Printing>,
}

/// `upload_and_print`: brings a file to the printer and prints it there, with everything that
/// [`PrintJob`] looks at. Without a `printer` (`mqtt_client` in Python) it is only uploaded, and the
/// request is for you to send.
///
/// # Errors
/// [`PrintJobError`].
pub async fn upload_and_print(
    target: &LanTarget,
    file: impl Into<PathBuf>,
    printer: Option<&Printer>,
    arguments: &PrintArguments,
    options: &Options,
) -> Result<UploadedPrint, PrintJobError> {
    let file = file.into();
    let Some(printer) = printer else {
        let path = format!("/{}", stored_name(&file));
        let mut session = Ftps::connect(target, options).await?;
        let Stored { path, .. } = session.upload_file(&file, &path, &Transfer::default()).await?;
        session.close().await;
        let print_command = create_print_command(&path, arguments)?;
        return Ok(UploadedPrint { path, print_command, started: None });
    };
    let job = arguments.on(PrintJob::new(file));
    let started = job.start(printer, target, options, |_| {}).await?;
    let path = started.path.clone();
    let print_command = create_print_command(&path, arguments)?;
    Ok(UploadedPrint { path, print_command, started: Some(started) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_the_one_that_printers_read() {
        let arguments = PrintArguments { use_ams: true, ..PrintArguments::default() };
        let Command::Exact(request) = create_print_command("/model.3mf", &arguments).unwrap()
        else {
            panic!()
        };
        let body = request.body();
        assert_eq!(body["command"], "project_file");
        assert_eq!(body["url"], "ftp:///model.3mf");
        assert_eq!((&body["use_ams"], &body["bed_leveling"]), (&true.into(), &true.into()));
        assert_eq!(body["ams_mapping"], serde_json::json!([0]));
        assert!(body["task_id"].as_str().unwrap().parse::<u32>().unwrap() > 0);
        let Command::Exact(request) = create_gcode_print_command("cache/a.gcode") else { panic!() };
        assert_eq!(request.body()["param"], "/cache/a.gcode");
    }
}
