//! The checks of the broker and of what the printers themselves tell over it.

use std::{collections::BTreeSet, pin::pin, time::Duration};

use bambu_protocol::request::Request;
use bambulab::{Connection, Link, Reason, Snapshot, cloud::AmsError};
use futures_util::future::{join_all, select_all};
use tokio::{
    sync::broadcast::error::TryRecvError,
    time::{sleep, timeout},
};

use super::{
    record::{NotPassed, Records, skip},
    subject::{Subject, count, shown, some},
};
use crate::{
    exit::{Failure, Kind},
    output::brief,
    watch,
};

/// Over what a check may take by itself: it says more than that it was too slow.
const MARGIN: Duration = Duration::from_secs(5);

pub(super) async fn run(
    subject: &mut Subject<'_>,
    records: &mut Records,
    listen: Duration,
) -> Result<(), Failure> {
    let connect = subject.config.timeouts.mqtt_connect();
    let (api, within) = (subject.api(), connect + MARGIN);
    records.check("mqtt_connect", within, signed_in(subject, connect)).await?;
    records.check("mqtt_status", within, status(subject, connect)).await?;
    records.check("mqtt_reports", connect + listen + MARGIN, reports(subject, listen)).await?;
    records.check("ams", within, ams(subject, connect)).await?;
    records.check("ams_filaments", within, ams_filaments(subject, connect)).await?;
    records.check("firmware", within + api, firmware(subject, connect)).await
}

/// The broker lets us in, which shows as soon as one printer reports or is told to be off.
async fn signed_in(subject: &mut Subject<'_>, within: Duration) -> Result<String, NotPassed> {
    subject.connect().await?;
    let answer = |link: &Link| {
        let mut updates = link.updates();
        Box::pin(async move {
            let settled = updates.wait_for(|snapshot| is_settled(&snapshot.connection)).await;
            settled.map(|snapshot| snapshot.connection.clone())
        })
    };
    let first = timeout(within, select_all(subject.links.iter().map(answer))).await;
    match first {
        Ok((Ok(Connection::Offline(reason)), ..)) if !is_let_in(&reason) => {
            Err(watch::failure(&reason).into())
        }
        Ok((Ok(_), ..)) => {
            let printers = count(subject.links.len(), "printer");
            Ok(format!("signed in at {}, {printers} subscribed", subject.settings.endpoint.mqtt))
        }
        Ok((Err(_), ..)) | Err(_) => {
            let snapshot = subject.links.first().map(Link::snapshot);
            let reason = snapshot.as_ref().and_then(|snapshot| snapshot.connection.reason());
            let about = format!("the broker did not answer within {} s", within.as_secs_f64());
            Err(watch::late(about, reason).into())
        }
    }
}

fn is_settled(connection: &Connection) -> bool {
    match connection {
        Connection::Connecting => false,
        Connection::Online | Connection::Stale => true,
        Connection::Offline(reason) => reason.is_fatal(),
    }
}

/// Whether the broker let us in, though the printer is not there.
fn is_let_in(reason: &Reason) -> bool {
    matches!(reason, Reason::PrinterOffline | Reason::NotAllowed)
}

/// The links of printers that the cloud does not call offline.
async fn online(subject: &mut Subject<'_>) -> Result<Vec<Link>, NotPassed> {
    subject.connect().await?;
    let off: Vec<_> = subject
        .devices()
        .await?
        .iter()
        .filter(|device| device.online == Some(false))
        .map(|device| device.serial.clone())
        .collect();
    let online: Vec<Link> =
        subject.links.iter().filter(|link| !off.contains(link.serial())).cloned().collect();
    match online.is_empty() {
        true => skip("no printer is online"),
        false => Ok(online),
    }
}

/// The links of printers that have told their whole status.
async fn told(subject: &mut Subject<'_>, within: Duration) -> Result<Vec<Link>, NotPassed> {
    let links = online(subject).await?;
    let _some_may_not = timeout(within, join_all(links.iter().map(Link::ready))).await;
    let told: Vec<Link> = links.into_iter().filter(|link| link.snapshot().complete).collect();
    match told.is_empty() {
        true => Err(Failure::say(Kind::Unreachable, "no printer tells its status")
            .next("see `bambu monitor`")
            .into()),
        false => Ok(told),
    }
}

async fn status(subject: &mut Subject<'_>, within: Duration) -> Result<String, NotPassed> {
    let links = online(subject).await?;
    let answer = |link: Link| async move {
        match timeout(within, link.ready()).await {
            Ok(Ok(snapshot)) => Ok(snapshot),
            Ok(Err(reason)) => Err(watch::failure(&reason).about(name(&link.snapshot()))),
            Err(_) => {
                let about = format!("{} told no status", name(&link.snapshot()));
                Err(watch::late(about, link.snapshot().connection.reason()))
            }
        }
    };
    let all = links.len();
    let mut seen = Vec::new();
    for answer in join_all(links.into_iter().map(answer)).await {
        let snapshot = answer?;
        seen.push(format!("{} {}", name(&snapshot), snapshot.status.state.name()));
    }
    Ok(format!("{} told everything: {}", count(all, "printer"), some(seen)))
}

fn name(snapshot: &Snapshot) -> &str {
    brief::name(&snapshot.status)
}

/// Listens for a while. Idle printers are silent, so one is asked for its firmware meanwhile.
async fn reports(subject: &mut Subject<'_>, listen: Duration) -> Result<String, NotPassed> {
    let links = online(subject).await?;
    let mut readers: Vec<_> = links.iter().map(Link::raw).collect();
    let mut answered = 0;
    let asked = async {
        for link in &links {
            answered += usize::from(link.send(Request::GetVersion).await.is_ok());
        }
    };
    {
        let mut asked = pin!(asked);
        let mut over = pin!(sleep(listen));
        tokio::select! {
            () = &mut over => {}
            () = &mut asked => over.await,
        }
    }
    let heard: Vec<u64> = readers.iter_mut().map(messages).collect();
    let messages: u64 = heard.iter().sum();
    let speakers = heard.iter().filter(|heard| **heard > 0).count();
    let seconds = listen.as_secs_f64();
    if messages == 0 {
        return Err(Failure::say(Kind::Failed, format!("no printer said a word in {seconds} s"))
            .next("listen longer with --listen, or look with `bambu monitor`")
            .into());
    }
    let (messages, printers) = (count(messages as usize, "message"), count(speakers, "printer"));
    Ok(format!("{messages} from {printers} in {seconds} s, {answered} answered a question"))
}

/// How many came; what was too many for the reader counts as well.
fn messages<T: Clone>(reader: &mut tokio::sync::broadcast::Receiver<T>) -> u64 {
    let mut messages = 0;
    loop {
        match reader.try_recv() {
            Ok(_) => messages += 1,
            Err(TryRecvError::Lagged(missed)) => messages += missed,
            Err(TryRecvError::Empty | TryRecvError::Closed) => return messages,
        }
    }
}

async fn ams(subject: &mut Subject<'_>, within: Duration) -> Result<String, NotPassed> {
    let links = told(subject, within).await?;
    let (mut units, mut trays, mut loaded) = (0, 0, 0);
    let mut materials = BTreeSet::new();
    for link in &links {
        for unit in &link.snapshot().status.ams.units {
            let full = unit.trays.iter().filter(|tray| tray.loaded == Some(true));
            units += 1;
            trays += unit.trays.len();
            loaded += full.clone().count();
            materials.extend(full.filter_map(|tray| Some(tray.material.as_ref()?.to_string())));
        }
    }
    if units == 0 {
        return skip("no printer has an AMS");
    }
    let units = count(units, "unit");
    Ok(format!("{units}, {loaded} of {trays} trays loaded: {}", some(materials)))
}

/// The client's method, for one printer.
async fn ams_filaments(subject: &mut Subject<'_>, within: Duration) -> Result<String, NotPassed> {
    told(subject, within).await?;
    let device = subject.printer().await?;
    let Some(session) = &subject.session else { return skip("there is no session") };
    let filaments = match subject.cloud.ams_filaments(session, &device.serial).await {
        Ok(filaments) => filaments,
        Err(AmsError::Cloud(error)) => return Err(error.into()),
        Err(error) => return Err(Failure::advised(Kind::Unreachable, &error).into()),
    };
    let units = count(filaments.ams_units.len(), "unit");
    Ok(format!("{}: {units}, {}", shown(&device), count(filaments.total_trays, "tray")))
}

/// What the printers say they run, beside what the cloud offers them.
async fn firmware(subject: &mut Subject<'_>, within: Duration) -> Result<String, NotPassed> {
    let links = told(subject, within).await?;
    let offers = subject.cloud.device_versions().await?.value;
    let mut seen = Vec::new();
    for link in &links {
        let snapshot = link.snapshot();
        let Some(installed) = snapshot.status.firmware else { continue };
        let offer = offers
            .iter()
            .find(|printer| &printer.serial == link.serial())
            .and_then(|printer| printer.firmware.first())
            .and_then(|offer| offer.version.as_deref());
        let offer = offer.map_or("nothing newer".into(), |version| format!("{version} on offer"));
        seen.push(format!("{} {installed} ({offer})", name(&snapshot)));
    }
    match seen.is_empty() {
        true => skip("no printer tells its firmware"),
        false => Ok(some(seen)),
    }
}
