use bambulab::Connection;

use super::*;
use crate::testbed::{World, token, until};

fn serial(text: &str) -> Serial {
    text.parse().unwrap()
}

#[tokio::test]
async fn however_many_ask_there_is_one_session_one_link_and_one_look_at_the_list() {
    let world = World::new().await;
    let accounts = world.accounts();
    assert!(Arc::ptr_eq(&accounts.of(&token()), &accounts.of(&token())));
    let asking = (0..50).map(|_| async {
        let account = accounts.of(&token());
        let (a, b) = (serial("A"), serial("B"));
        let (a, b) = tokio::join!(account.link(&a), account.link(&b));
        (a.unwrap(), b.unwrap())
    });
    let links = join_all(asking).await;
    for (a, b) in &links {
        a.ready().await.unwrap();
        b.ready().await.unwrap();
        assert!(a.is_same(&links[0].0) && b.is_same(&links[0].1));
    }
    assert_eq!(links[0].0.snapshot().status.name.as_deref(), Some("Alpha"));
    assert_eq!((world.sessions(), world.listings(), world.names()), (1, 1, 1));
    accounts.tend(&Metrics::new());
    assert_eq!(accounts.of(&token()).watched(), 2);
}

#[tokio::test]
async fn a_printer_of_somebody_else_is_none_of_the_accounts() {
    let world = World::new().await;
    let account = world.accounts().of(&token());
    let link = account.link(&serial("C")).await;
    assert!(matches!(link, Err(LinkError::NoSuchPrinter(other)) if other == serial("C")));
    assert!(account.device("C").await.unwrap().is_none());
    assert!(account.device("A").await.unwrap().is_some());
    assert_eq!((world.sessions(), world.listings()), (0, 1));
}

#[tokio::test]
async fn while_the_cloud_fails_its_word_of_the_last_hour_counts() {
    let world = World::new().await;
    let account = world.accounts().of(&token());
    assert!(account.device("A").await.unwrap().is_some());
    world.fail();
    for (minutes, is_told) in [(2, true), (50, true), (10, false)] {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(60 * minutes)).await;
        tokio::time::resume();
        assert_eq!(account.device("A").await.is_ok(), is_told, "{minutes}");
        assert!(account.devices.of(&account.cloud).await.is_err());
    }
    // A failure is told to all who ask within 3 s.
    assert_eq!(world.listings(), 4);
}

#[tokio::test]
async fn a_link_ends_with_its_last_handle_and_the_session_is_kept_for_the_next() {
    let world = World::new().await;
    let (accounts, metrics) = (world.accounts(), Metrics::new());
    let account = accounts.of(&token());
    let link = account.link(&serial("A")).await.unwrap();
    link.ready().await.unwrap();
    drop(link);
    until(|| !world.is_watched("A")).await;
    accounts.tend(&metrics);
    let link = account.link(&serial("A")).await.unwrap();
    link.ready().await.unwrap();
    assert_eq!(world.sessions(), 1);
}

#[tokio::test]
async fn a_session_without_printers_ends_after_a_while() {
    let world = World::new().await;
    let (accounts, metrics) = (world.accounts(), Metrics::new());
    let account = accounts.of(&token());
    drop(account.link(&serial("A")).await.unwrap());
    tokio::time::pause();
    for seconds in [0, LINGER.as_secs() - 1] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        accounts.tend(&metrics);
        assert!(lock(&account.live).is_some());
    }
    tokio::time::advance(Duration::from_secs(1)).await;
    accounts.tend(&metrics);
    assert!(lock(&account.live).is_none());
}

#[tokio::test]
async fn at_the_end_the_broker_is_told_and_the_links_are_closed() {
    let world = World::new().await;
    let accounts = world.accounts();
    let link = accounts.of(&token()).link(&serial("A")).await.unwrap();
    link.ready().await.unwrap();
    accounts.close().await;
    assert!(matches!(link.snapshot().connection, Connection::Offline(_)));
    until(|| !world.is_watched("A")).await;
}
