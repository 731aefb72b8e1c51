//! Every call of the cloud, as the reference in `docs/` shows it: the examples there are lines of
//! this program. It runs the part that is named, against the account of `BAMBU_TOKEN`.

use std::{env, error::Error, time::Duration};

use bambulab::{
    Cloud, CloudError, CloudLogin, CloudSession, Credentials, Endpoint, Environment, LanTarget,
    Login, LoginError, Options, Printer, Region, Roots, SavedSession, SessionFile, Token,
    cloud::{
        Budget, CloudFile, Code, CodeWanted, Group, JobFile, Life, Manners, MessageQuery, NoCode,
        OnProgress, Possession, PrintOptions, Progress, Rate, TaskQuery, UploadOptions,
    },
    fleet_upload::{FleetProgress, FleetUpload, Places},
    print::PrintJob,
    protocol::{
        AccessCode, Serial,
        cloud::{NewTask, PresetDraft, PresetKind, ProfileChange, SlicerVersion, SpoolFilter},
    },
};
use futures_util::TryStreamExt;

type Done = Result<(), Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let endpoint = match env::var("BAMBU_API_URL") {
        Ok(url) => Region::Global.endpoint().with_api_url(&url)?,
        Err(_) => Region::Global.endpoint(),
    };
    let endpoint = match env::var("BAMBU_MQTT_URL") {
        Ok(url) => endpoint.with_mqtt(url.parse()?),
        Err(_) => endpoint,
    };
    let roots = match env::var("BAMBU_CA_FILE") {
        Ok(file) => Roots::public().with_pem_file(file)?,
        Err(_) => Roots::public(),
    };
    let token = Token::new(&env::var("BAMBU_TOKEN")?);
    let part = env::args().nth(1).unwrap_or_default();
    let cloud = Cloud::new(&endpoint, Some(token.clone()), &roots)?;
    let serial = match cloud.devices().await?.value.into_iter().next() {
        Some(device) => device.serial,
        None => return Err("this account has no printer".into()),
    };
    match part.as_str() {
        "sign-in" => sign_in(&endpoint, &roots).await.map(drop),
        "session" => session(&endpoint, &roots, &token).await,
        "possession" => possession(&endpoint, token, &roots),
        "devices" => devices(&cloud, &serial).await,
        "binding" => binding(&cloud, &serial).await,
        "users" => users(&cloud).await,
        "profile" => change_profile(&cloud).await,
        "printing" => printing(&cloud, &serial).await,
        "tasks" => tasks(&cloud, &serial).await,
        "filament" => filament(&cloud, &serial, &endpoint, token, roots).await,
        "slicer" => slicer(&cloud).await,
        "presets" => presets(&cloud).await,
        "camera" => camera(&cloud, &serial).await,
        "local" => local(&serial, &roots).await,
        "conventions" => conventions(&cloud, &serial, token, &roots).await,
        _ => Err("name a part, such as devices".into()),
    }
}

async fn sign_in(endpoint: &Endpoint, roots: &Roots) -> Result<SavedSession, Box<dyn Error>> {
    let login = Login::new(endpoint, Region::Global, roots)?;
    let ask = |wanted: CodeWanted| async move {
        eprintln!("{wanted}?");
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map_err(|_| NoCode)?;
        Ok(Code::new(&line))
    };
    match login.password("maker@example.com", "the password", ask).await {
        Ok(session) => return Ok(session),
        Err(LoginError::WrongPassword { .. }) => eprintln!("wrong password, or the other region"),
        Err(error) => return Err(error.into()),
    }
    // Without a password, by e-mail alone.
    let session = login.code_alone("maker@example.com", ask).await?;
    Ok(session)
}

async fn session(endpoint: &Endpoint, roots: &Roots, token: &Token) -> Done {
    let login = Login::new(endpoint, Region::Global, roots)?;
    match login.verify(token).await {
        Life::Alive { uid } => println!("alive, user id {uid:?}"),
        Life::Dead => println!("dead: log in again"),
        Life::Unknown(error) => println!("not known, so it is kept: {error}"),
    }

    // The saved session while it is alive, else a login; many programs may do this at once.
    let file = SessionFile::at("session.json");
    let token_alone = Credentials::Token(token.clone());
    let obtained = login.get_or_create(&file, &token_alone, bambulab::FixedCode::none()).await?;
    let ends = obtained.session.alarm(Duration::from_secs(24 * 60 * 60));
    if tokio::time::timeout(Duration::from_millis(10), ends).await.is_ok() {
        println!("it ends within a day");
    }
    Ok(())
}

fn possession(endpoint: &Endpoint, token: Token, roots: &Roots) -> Done {
    let key = std::fs::read_to_string("my-key.pem")?;
    let possession = Possession::new(&key, "CN=example:0a1b2c")?;
    let manners = Manners { possession: Some(possession), ..Manners::default() };
    let cloud = Cloud::with(endpoint, Some(token), roots, manners)?;
    drop(cloud);
    Ok(())
}

async fn devices(cloud: &Cloud, serial: &Serial) -> Done {
    for device in cloud.devices().await?.iter() {
        println!("{} {:?} {:?}", device.serial, device.name, device.print_status);
    }

    for job in cloud.print_status(true).await?.iter() {
        println!("{}: {:?} at {:?} %", job.serial, job.task_name, job.progress);
    }

    let version = cloud.device_version(serial).await?;
    for offer in &version.firmware {
        println!("{:?}: {:?}", offer.version, offer.description);
    }
    println!("{} printers told", cloud.device_versions().await?.len());

    let info = cloud.device_info(serial).await?;
    println!("{:?}, prints {:?}", info.model(), info.job.as_ref().map(|job| &job.task_name));
    Ok(())
}

async fn binding(cloud: &Cloud, serial: &Serial) -> Done {
    let bound = cloud.bind_with_pin("A1B2C3").await?;
    println!("bound: {:?}", bound.serial);
    cloud.bind_device(serial, "workshop", "A1B2C3").await?;
    cloud.rename_device(serial, "workshop").await?;
    cloud.unbind_device(serial, false).await?;
    Ok(())
}

async fn users(cloud: &Cloud) -> Done {
    let info = cloud.user_info().await?;
    println!("user id {:?}", info.uid);

    let profile = cloud.user_profile().await?;
    println!("{:?}, {:?}", profile.name, profile.product_models);

    let newest = MessageQuery { limit: Some(10), ..MessageQuery::default() };
    for message in cloud.messages(&newest).await?.iter() {
        println!("{:?}: {:?}", message.create_time, message.task.as_ref().map(|task| &task.title));
    }

    // The same inbox in the seeds' form; there is no other.
    let unread = cloud.notifications(true).await?;
    println!("{} unread", unread.len());
    Ok(())
}

async fn change_profile(cloud: &Cloud) -> Done {
    let change = ProfileChange { username: Some("maker".into()), ..ProfileChange::default() };
    cloud.update_user_profile(&change).await?;
    Ok(())
}

async fn printing(cloud: &Cloud, serial: &Serial) -> Done {
    let shown = OnProgress::new(|progress| match progress {
        Progress::Step(step) => println!("{step}"),
        Progress::Sent { bytes, of } => println!("{bytes} of {of} bytes"),
        _ => {}
    });
    let options = PrintOptions { progress: shown, ..PrintOptions::default() };
    let file = CloudFile::Local("cube.gcode.3mf".into());
    let started = match cloud.start_cloud_print(serial, file, options).await {
        Ok(started) => started,
        Err(error) if error.is_reserved_for_vendor() => return Err("print over the LAN".into()),
        Err(error) => return Err(error.into()),
    };
    println!("task {} on {}: {}", started.job_id, started.device_id, started.status);

    let uploaded = cloud.upload_file("cube.gcode.3mf", UploadOptions::default()).await?;
    println!("{} is at {}, {} bytes", uploaded.file_name, uploaded.file_url, uploaded.size_bytes);
    let job = JobFile {
        file_url: Some(uploaded.file_url),
        md5: uploaded.md5,
        file_name: Some(uploaded.file_name),
        ..JobFile::default()
    };
    cloud.start_print_job(serial, job, PrintOptions::default()).await?;

    let made = cloud.create_project("cube").await?;
    println!("project {:?}, model {:?}", made.project_id, made.model_id);

    for project in cloud.projects().await?.iter() {
        println!("{:?} {:?}", project.project_id, project.name);
    }

    for file in cloud.cloud_files().await?.iter() {
        println!("{} ({:?})", file.name, file.file_id);
    }

    // The last step alone; the project has to have a file registered.
    let task = NewTask::new(serial.as_str(), "US0123456789abcd", 700_001, 1, "cube");
    cloud.create_task(&task).await?;
    Ok(())
}

async fn tasks(cloud: &Cloud, serial: &Serial) -> Done {
    let query = TaskQuery { device: Some(serial.clone()), ..TaskQuery::default() };
    for task in &cloud.tasks(&query).await?.tasks {
        println!("{:?}: {:?}", task.title, task.state().map(|state| state.name()));
    }

    let newest = cloud.tasks(&TaskQuery::default()).await?;
    if let Some(id) = newest.tasks.first().and_then(|task| task.id.as_deref()) {
        println!("{:?}", cloud.task(id).await?.title);
    }
    Ok(())
}

async fn filament(
    cloud: &Cloud,
    serial: &Serial,
    endpoint: &Endpoint,
    token: Token,
    roots: Roots,
) -> Done {
    let login = CloudLogin { uid: cloud.uid().await?, token, broker: endpoint.mqtt.clone() };
    let options = Options { roots, ..Options::default() };
    let session = CloudSession::connect(login, options);
    let filaments = cloud.ams_filaments(&session, serial).await?;
    for unit in &filaments.ams_units {
        for tray in &unit.trays {
            println!("{}/{}: {:?}", unit.unit_id, tray.tray_id, tray.filament_type);
        }
    }
    session.close().await;

    let mut spools = std::pin::pin!(cloud.spools_pages(SpoolFilter::default()));
    while let Some(spool) = spools.try_next().await? {
        println!("{:?} {:?}", spool.id, spool.color);
    }
    Ok(())
}

async fn slicer(cloud: &Cloud) -> Done {
    let settings = cloud.slicer_settings(&SlicerVersion::default()).await?;
    for preset in settings.print.iter().flat_map(|print| &print.private) {
        println!("{:?} {:?}", preset.setting_id, preset.name);
    }

    let version = SlicerVersion::new("02.08.01.00")?;
    let resources = cloud.slicer_resources(Some(("slicer/plugins/cloud", &version))).await?;
    println!("{} on offer", resources.resources.len());
    Ok(())
}

async fn presets(cloud: &Cloud) -> Done {
    let version = SlicerVersion::default();
    let draft = PresetDraft::new("0.20 mine", PresetKind::Print, &version).based_on("GP004");
    let stored = cloud.create_slicer_setting(&draft.with("wall_loops", "4")).await?;
    if let Some(id) = &stored.setting_id {
        println!("{:?}", cloud.slicer_setting(id).await?.name);
        cloud.delete_slicer_setting(id).await?;
    }
    Ok(())
}

async fn camera(cloud: &Cloud, serial: &Serial) -> Done {
    let ticket = cloud.camera_credentials(serial).await?;
    println!("a ticket for {:?}, region {:?}", ticket.kind, ticket.region);

    let urls = cloud.camera_urls(serial, "192.168.1.50").await?;
    println!("{:?}", urls.local);

    let video = cloud.cloud_video_url(serial).await?;
    println!("{:?}", video.note);
    Ok(())
}

async fn conventions(cloud: &Cloud, serial: &Serial, token: Token, roots: &Roots) -> Done {
    let elsewhere = Endpoint::of(Region::Global, Environment::PreUs);
    let ours = Region::Global.endpoint().with_api_url("http://127.0.0.1:41001")?;
    println!("{} {}", elsewhere.api_url, ours.api_url);

    let answer = cloud.user_profile().await?;
    println!("{:?}, and everything else: {}", answer.name, answer.raw["point"]);

    match cloud.project("no such project").await {
        Err(error) if error.is_auth() => println!("log in again"),
        Err(error) if error.is_limited() => println!("later: {:?}", error.retry_after()),
        Err(error) if error.is_retryable() => println!("try again"),
        Err(CloudError::NotFound { .. }) => println!("there is none"),
        other => println!("{:?}", other.map(|answer| answer.value.name)),
    }

    let budget = Budget::custom([(Group::Devices, Rate::new(10, Duration::from_secs(60)))]);
    let manners = Manners { budget, retries: 0, ..Manners::default() };
    let careful = Cloud::with(&ours, Some(token), roots, manners)?;
    drop(careful);

    let all = TaskQuery { device: Some(serial.clone()), ..TaskQuery::default() };
    let mut tasks = std::pin::pin!(cloud.tasks_pages(all));
    while let Some(task) = tasks.try_next().await? {
        println!("{:?}", task.title);
    }
    Ok(())
}

async fn local(serial: &Serial, roots: &Roots) -> Done {
    let code = AccessCode::new(&env::var("BAMBU_ACCESS_CODE")?);
    let target = LanTarget::new(serial.clone(), env::var("BAMBU_HOST")?, code);
    let options = Options { roots: roots.clone(), ..Options::default() };
    let printer = Printer::connect(target.clone(), options.clone());
    let job = PrintJob::new("cube.gcode.3mf").plate(1);
    let printing = job.start(&printer, &target, &options, |step| println!("{step:?}")).await?;
    println!("{} prints {}", printing.serial, printing.title);

    let targets = [target];
    let upload = FleetUpload::new("cube.gcode.3mf").places(Places::new(4));
    let mut uploads = upload.run(targets, &options);
    while let Some(event) = uploads.next().await {
        if let FleetProgress::Done(result) = event.what {
            println!("{}: {}", event.serial, result.is_ok());
        }
    }
    Ok(())
}
