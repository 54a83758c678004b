//! The isolated parser, as a real process.

use std::time::Duration;

use lectern_core::Reason;
use lectern_ingest::extract::Hint;
use lectern_ingest::extract::child::{Sandbox, SandboxLimits, Source};
use lectern_ingest::extract::kills::Killed;
use lectern_ingest::library::Reader;

const PROGRAM: &str = env!("CARGO_BIN_EXE_lectern-ingest");

fn sandbox(limits: SandboxLimits) -> Sandbox {
    Sandbox::new(PROGRAM, limits)
}

/// One that runs a script in the place of the parser.
fn shell(script: &str, limits: SandboxLimits) -> Sandbox {
    Sandbox { args: vec!["-c".into(), script.into()], ..Sandbox::new("/bin/sh", limits) }
}

/// Why children were killed, each reason once.
fn killed(sandbox: &Sandbox) -> Vec<Killed> {
    Killed::ALL.into_iter().filter(|reason| sandbox.kills.count(*reason) == 1).collect()
}

async fn reason(limits: SandboxLimits, source: Vec<u8>) -> Reason {
    match sandbox(limits).extract(Source::Bytes(source), Hint::default()).await {
        Ok(content) => panic!("extracted {} blocks", content.blocks.len()),
        Err(failure) => failure.reason,
    }
}

#[tokio::test]
async fn a_child_answers_as_the_library_does() {
    let source = "# Tides\n\nThe sea *rises*[^1] twice a day.\n\n[^1]: And falls.\n";
    let hint = Hint { file_name: Some("tides.md".to_owned()), media_type: None };
    let expected = lectern_ingest::extract::extract(source.as_bytes(), &hint).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("source");
    std::fs::write(&path, source).unwrap();
    for given in [Source::Bytes(source.as_bytes().to_vec()), Source::Path(path)] {
        let content = sandbox(SandboxLimits::default()).extract(given, hint.clone()).await.unwrap();
        assert_eq!(content, expected);
    }
}

#[tokio::test]
async fn a_failure_comes_through() {
    assert_eq!(reason(SandboxLimits::default(), b"GIF89a".to_vec()).await, Reason::FormatUnsupported);
    assert_eq!(reason(SandboxLimits::default(), Vec::new()).await, Reason::DocumentEmpty);
}

#[tokio::test]
async fn too_little_memory_is_too_complex() {
    let limits = SandboxLimits { memory_bytes: 40 << 20, ..SandboxLimits::default() };
    assert_eq!(reason(limits, "word ".repeat(4 << 20).into_bytes()).await, Reason::DocumentTooComplex);
}

#[tokio::test]
async fn too_much_output_is_too_complex() {
    let limits = SandboxLimits { output_bytes: 1000, ..SandboxLimits::default() };
    assert_eq!(reason(limits, "word ".repeat(100_000).into_bytes()).await, Reason::DocumentTooComplex);
}

#[tokio::test]
async fn a_child_that_does_not_end_is_killed() {
    let limits = SandboxLimits { wall: Duration::from_millis(20), ..SandboxLimits::default() };
    let sandbox = shell("exec sleep 1000", limits);
    let failure = sandbox.extract(Source::Bytes(b"x".to_vec()), Hint::default()).await.unwrap_err();
    assert_eq!(failure.reason, Reason::DocumentTooComplex);
    assert_eq!(killed(&sandbox), [Killed::Time]);
}

#[tokio::test]
async fn what_a_caller_calls_his_file_is_not_among_the_arguments() {
    // The order is the shell's `$0`; the environment is empty.
    let script = "case \"$0\" in *ecret*) kill -SEGV $$;; *source.md*) kill -XCPU $$;; esac";
    let sandbox = shell(script, SandboxLimits::default());
    let hint = Hint { file_name: Some("Secret merger.md".to_owned()), media_type: Some("text/secret".to_owned()) };
    let failure = sandbox.extract(Source::Bytes(b"x".to_vec()), hint).await.unwrap_err();
    assert_eq!(failure.reason, Reason::DocumentTooComplex, "the ending is there, the rest is not: {failure}");
}

#[tokio::test]
async fn a_caller_who_has_gone_ends_his_child_and_gives_the_reader_back() {
    let folder = tempfile::tempdir().unwrap();
    let (source, begun) = (folder.path().join("source"), folder.path().join("begun"));
    std::fs::write(&source, "x").unwrap();
    let script = format!("echo $$ > '{}'; exec sleep 1000", begun.display());
    let sandbox = shell(&script, SandboxLimits::default());
    let reader = Reader::new(sandbox, None, 1);
    for caller in ["acme", "other", "acme"] {
        let (reader, source) = (reader.clone(), source.clone());
        let reading = tokio::spawn(async move { reader.read(&caller.parse().unwrap(), &source, "").await });
        // There is one reader: the child begins if it was given back.
        let child = until(|| std::fs::read_to_string(&begun).ok().filter(|pid| pid.ends_with('\n'))).await;
        let state = std::path::Path::new("/proc").join(child.trim()).join("stat");
        assert!(state.exists());
        reading.abort();
        // One that was killed and not yet waited for is a zombie.
        until(|| std::fs::read_to_string(&state).map_or(Some(()), |stat| stat.contains(") Z ").then_some(()))).await;
        std::fs::remove_file(&begun).unwrap();
    }
}

/// Waits until it is so; the test's own time limit ends a wait that is in vain.
async fn until<T>(so: impl Fn() -> Option<T>) -> T {
    loop {
        if let Some(found) = so() {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_child_that_crashes_is_damage_and_a_missing_one_a_defect() {
    for (script, wanted, counted) in [
        ("kill -SEGV $$", Reason::DocumentDamaged, Some(Killed::Signal)),
        ("kill -KILL $$", Reason::DocumentTooComplex, Some(Killed::Memory)),
        ("kill -XCPU $$", Reason::DocumentTooComplex, Some(Killed::Cpu)),
        ("exit 101", Reason::DocumentDamaged, None),
        ("echo nonsense", Reason::DocumentDamaged, None),
    ] {
        let sandbox = shell(script, SandboxLimits::default());
        let failure = sandbox.extract(Source::Bytes(b"x".to_vec()), Hint::default()).await.unwrap_err();
        assert_eq!(failure.reason, wanted, "{script}: {failure}");
        assert_eq!(killed(&sandbox), counted.into_iter().collect::<Vec<_>>(), "{script}");
    }
    let missing = Sandbox::new("/nonexistent/program", SandboxLimits::default());
    let failure = missing.extract(Source::Bytes(b"x".to_vec()), Hint::default()).await.unwrap_err();
    assert_eq!(failure.reason, Reason::Internal);
}
