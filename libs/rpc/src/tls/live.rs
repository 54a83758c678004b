//! What is made of files, and made again when they change.
//!
//! The files are read again at intervals and compared by what is in them: a volume that is changed
//! by turning a symbolic link changes neither the name nor, perhaps, the time of a file. What
//! cannot be used is told once, and what was made last stays.

use std::sync::Arc;
use std::time::Duration;

use lectern_core::Failure;
use tokio::sync::watch;

/// Where something is made from.
pub(crate) trait Source: Send + Sync + 'static {
    /// What the files hold.
    type Files: PartialEq + Clone + Send + Sync + 'static;
    /// What is made of it.
    type Made: Send + Sync + 'static;

    /// Reads the files.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the setting whose file cannot be read.
    fn read(&self) -> Result<Self::Files, Failure>;

    /// Makes it.
    ///
    /// # Errors
    /// `INVALID_FIELD` naming the setting whose file cannot be used.
    fn make(&self, files: &Self::Files) -> Result<Self::Made, Failure>;
}

/// What was made of the files as they are. Cheap to clone; the files are looked at for as long as
/// there is one.
#[derive(Debug)]
pub(crate) struct Live<T>(watch::Receiver<Arc<T>>);

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Send + Sync + 'static> Live<T> {
    /// Makes it now, and again within `every` of a change. `usable` is told whenever files cannot
    /// be used, and when they can again. Needs a tokio runtime.
    ///
    /// # Errors
    /// Those of the source; `INVALID_FIELD` where `every` is nothing.
    pub(crate) fn of<S: Source<Made = T>>(
        source: S,
        every: Duration,
        usable: impl Fn(bool) + Send + 'static,
    ) -> Result<Self, Failure> {
        if every.is_zero() {
            return Err(Failure::invalid("tls.reload", "write how often the files are looked at, such as 15s"));
        }
        let files = source.read()?;
        let (sender, receiver) = watch::channel(Arc::new(source.make(&files)?));
        tokio::spawn(keep(Arc::new(source), files, sender, every, usable));
        Ok(Self(receiver))
    }

    /// As the files are now.
    pub(crate) fn now(&self) -> Arc<T> {
        Arc::clone(&self.0.borrow())
    }
}

/// Looks at the files until nobody needs them any more.
async fn keep<S: Source>(
    source: Arc<S>,
    mut files: S::Files,
    made: watch::Sender<Arc<S::Made>>,
    every: Duration,
    usable: impl Fn(bool) + Send,
) {
    let mut told: Option<Failure> = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = made.closed() => return,
        }
        let (from, known) = (Arc::clone(&source), files.clone());
        // It ends early with the process alone.
        let Ok(looked) = tokio::task::spawn_blocking(move || changed(&*from, &known)).await else { return };
        if looked.is_ok() && told.take().is_some() {
            usable(true);
        }
        match looked {
            Ok(None) => {}
            Ok(Some((read, new))) => {
                files = read;
                made.send_replace(Arc::new(new));
                tracing::info!("certificates have changed; new connections use the new ones");
            }
            Err(failure) => {
                if told.as_ref() != Some(&failure) {
                    tracing::error!(
                        error = %failure,
                        "changed certificates cannot be used; the ones of before are used until they are mended"
                    );
                    told = Some(failure);
                    usable(false);
                }
            }
        }
    }
}

/// What files hold, and what is made of it.
type Change<S> = (<S as Source>::Files, <S as Source>::Made);

/// What the files hold where it is not what is known, and what is made of it.
fn changed<S: Source>(source: &S, known: &S::Files) -> Result<Option<Change<S>>, Failure> {
    let files = source.read()?;
    if files == *known {
        return Ok(None);
    }
    let made = source.make(&files)?;
    Ok(Some((files, made)))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// A number in a file.
    struct Number(PathBuf);

    impl Source for Number {
        type Files = String;
        type Made = u32;

        fn read(&self) -> Result<String, Failure> {
            std::fs::read_to_string(&self.0).map_err(|error| Failure::invalid("number", error.to_string()))
        }

        fn make(&self, files: &String) -> Result<u32, Failure> {
            files.trim().parse().map_err(|_| Failure::invalid("number", "that is no number"))
        }
    }

    const EVERY: Duration = Duration::from_secs(15);

    #[tokio::test(start_paused = true)]
    async fn what_a_file_holds_is_used_within_the_interval_and_what_cannot_be_used_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        // As a volume of Kubernetes does it: the file is behind a link that is turned.
        let (link, file) = (folder.path().join("current"), folder.path().join("current/number"));
        let write = |name: &str, text: &str| {
            let version = folder.path().join(name);
            std::fs::create_dir(&version).unwrap();
            std::fs::write(version.join("number"), text).unwrap();
            let turned = folder.path().join("turned");
            std::os::unix::fs::symlink(&version, &turned).unwrap();
            std::fs::rename(&turned, &link).unwrap();
        };
        write("1", "1");
        let usable = Arc::new(AtomicBool::new(true));
        let told = Arc::clone(&usable);
        let live = Live::of(Number(file), EVERY, move |good| told.store(good, Ordering::SeqCst)).unwrap();
        assert_eq!(*live.now(), 1);
        for (name, text, expected) in [("2", "2", 2), ("3", "none", 2), ("4", "4", 4), ("5", "4", 4), ("6", "6", 6)] {
            write(name, text);
            tokio::time::sleep(2 * EVERY).await;
            assert_eq!((*live.now(), usable.load(Ordering::SeqCst)), (expected, text != "none"), "{text}");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_used_at_the_start_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("number");
        assert!(Live::of(Number(file.clone()), EVERY, |_| ()).is_err());
        std::fs::write(&file, "none").unwrap();
        assert!(Live::of(Number(file.clone()), EVERY, |_| ()).is_err());
        std::fs::write(&file, "1").unwrap();
        assert!(Live::of(Number(file), Duration::ZERO, |_| ()).is_err());
    }
}
