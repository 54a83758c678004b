//! Downloads that are disturbed.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use lectern_core::{Kind, Reason};

use crate::server::{Cut, End, FILE, Fake, PIECE, State, artifact, broken, noise};

async fn with_cuts(file: &Bytes, cuts: impl IntoIterator<Item = Cut>) -> Fake {
    Fake::start(State { file: file.clone(), cuts: cuts.into_iter().collect(), ..State::default() }).await
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

fn asked_from(offsets: &[usize]) -> Vec<String> {
    offsets.iter().map(|offset| format!("download {FILE} from {offset}")).collect()
}

#[tokio::test]
async fn a_broken_download_goes_on_from_its_last_byte() {
    let file = noise(4 * PIECE + 3);
    let fake = with_cuts(&file, [broken(1), broken(0), Cut { after: 2, end: End::Early }]).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("audio.wav"), "of yesterday").unwrap();
    let path = fake.client().download(&artifact(&file), folder.path()).await.unwrap();
    assert_eq!(path, folder.path().join("audio.wav"));
    assert!(std::fs::read(&path).unwrap() == file);
    assert_eq!(names(folder.path()), ["audio.wav"]);
    assert_eq!(fake.asked(), asked_from(&[0, PIECE, PIECE, 3 * PIECE]));
}

#[tokio::test]
async fn a_message_that_was_damaged_on_its_way_is_fetched_again() {
    let file = noise(2 * PIECE);
    let fake = with_cuts(&file, []).await;
    fake.state().damaged = true;
    let folder = tempfile::tempdir().unwrap();
    let path = fake.client().download(&artifact(&file), folder.path()).await.unwrap();
    assert!(std::fs::read(path).unwrap() == file);
    assert_eq!(fake.asked(), asked_from(&[0, 0]));
}

#[tokio::test]
async fn what_is_not_whole_or_not_the_file_leaves_nothing() {
    let (file, folder) = (noise(2 * PIECE), tempfile::tempdir().unwrap());
    let fake = with_cuts(&file, [Cut { after: 1, end: End::Never }]).await;
    let client = fake.client();

    let promised = artifact(&file);
    let download = client.download(&promised, folder.path());
    assert!(tokio::time::timeout(Duration::from_millis(200), download).await.is_err());
    assert_eq!(names(folder.path()), [""; 0], "a download that was dropped");

    let other = artifact(&noise(2 * PIECE).slice(..2 * PIECE - 1));
    let failure = client.download(&other, folder.path()).await.unwrap_err();
    assert_eq!((failure.kind, failure.reason), (Kind::FailedPrecondition, Reason::WrongState));
    assert_eq!(names(folder.path()), [""; 0], "another file of that name");

    let mut outside = artifact(&file);
    outside.name = "narrations/tides/artifacts/../audio.wav".to_owned();
    let failure = client.download(&outside, folder.path()).await.unwrap_err();
    assert_eq!(failure.field.as_deref(), Some("artifact.name"));
    assert_eq!(fake.asked().len(), 2, "nothing is asked for a name that leads out of the folder");
}

#[tokio::test]
async fn a_file_has_exactly_the_path_that_its_caller_chose() {
    let (file, folder) = (noise(PIECE + 1), tempfile::tempdir().unwrap());
    let fake = with_cuts(&file, [broken(1)]).await;
    let path = folder.path().join("tides.wav");
    std::fs::write(&path, "of yesterday").unwrap();
    let mut strange = artifact(&file);
    fake.client().download_as(&strange, &path).await.unwrap();
    assert!(std::fs::read(&path).unwrap() == file);
    assert_eq!(names(folder.path()), ["tides.wav"]);

    strange.sha256 = "0".repeat(64);
    fake.client().download_as(&strange, &path).await.unwrap_err();
    assert!(std::fs::read(&path).unwrap() == file, "what is there stays where nothing whole came");
    assert_eq!(names(folder.path()), ["tides.wav"]);

    let failure = fake.client().download_as(&artifact(&file), &folder.path().join("..")).await.unwrap_err();
    assert_eq!(failure.field.as_deref(), Some("path"));
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_told_at_once() {
    let file = noise(10);
    let fake = with_cuts(&file, []).await;
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let failure = fake.client().download(&artifact(&file), &missing).await.unwrap_err();
    assert!(failure.message.contains("missing/audio.wav"), "{failure}");
    assert_eq!(fake.asked(), Vec::<String>::new());

    let empty = Bytes::new();
    fake.client().download(&artifact(&empty), folder.path()).await.unwrap();
    assert_eq!(names(folder.path()), ["audio.wav"], "a file without bytes is one");
}
