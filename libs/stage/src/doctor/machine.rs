//! The machine: free space, and how many files a process may have open.

use std::path::{Path, PathBuf};

use lectern_core::Finding;
use rustix::fs::statvfs;
use rustix::process::{Resource, getrlimit};

/// A file system with less room than this is of concern, in bytes.
const LITTLE: u64 = 2 << 30;
/// With less than this, uploads and segments soon find no room.
const TOO_LITTLE: u64 = 256 << 20;
/// A service has a file open for each connection, and connections of all callers.
const FILES: u64 = 4_096;
/// With fewer it does not get through its start and a dozen callers.
const TOO_FEW_FILES: u64 = 256;

/// Whether there is room in a folder, or where it is to be made.
#[must_use]
pub fn free_space(folder: &Path) -> Finding {
    const CHECK: &str = "free space";
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    match statvfs(there) {
        Ok(system) => judge_space(folder, system.f_bavail.saturating_mul(system.f_frsize)),
        Err(error) => {
            let advice = "see that the file system is mounted, and that this user may read it";
            Finding::broken(CHECK, format!("{}: {error}", folder.display()), advice)
        }
    }
}

fn judge_space(folder: &Path, free: u64) -> Finding {
    const CHECK: &str = "free space";
    let found = format!("{} MiB are free for {}", free >> 20, folder.display());
    if free < TOO_LITTLE {
        Finding::broken(CHECK, found, "make room, or give the folder a larger file system")
    } else if free < LITTLE {
        Finding::warning(CHECK, found, "make room before it is used up")
    } else {
        Finding::ok(CHECK, found)
    }
}

/// Whether a process of this user may have enough files open.
#[must_use]
pub fn open_files() -> Finding {
    judge_files(getrlimit(Resource::Nofile).current)
}

/// The limit of open files; none where there is none.
fn judge_files(limit: Option<u64>) -> Finding {
    const CHECK: &str = "open files";
    let advice = "raise the limit: `ulimit -n`, LimitNOFILE= of systemd, or the container's ulimits";
    match limit {
        None => Finding::ok(CHECK, "there is no limit"),
        Some(limit) if limit < TOO_FEW_FILES => Finding::broken(CHECK, format!("{limit} may be open at once"), advice),
        Some(limit) if limit < FILES => Finding::warning(CHECK, format!("{limit} may be open at once"), advice),
        Some(limit) => Finding::ok(CHECK, format!("{limit} may be open at once")),
    }
}

/// The folder of temporary files.
#[must_use]
pub fn temporary() -> PathBuf {
    std::env::temp_dir()
}

#[cfg(test)]
mod tests {
    use lectern_core::Verdict;

    use super::*;

    #[test]
    fn room_is_judged_by_what_is_left() {
        for (free, verdict) in [
            (0, Verdict::Broken),
            (TOO_LITTLE - 1, Verdict::Broken),
            (TOO_LITTLE, Verdict::Warning),
            (LITTLE, Verdict::Ok),
        ] {
            assert_eq!(judge_space(Path::new("/d"), free).verdict, verdict, "{free}");
        }
    }

    #[test]
    fn a_file_system_with_a_fixed_size_of_nothing_has_no_room() {
        // The kernel's own file systems have no blocks at all.
        assert_eq!(free_space(Path::new("/proc/self")).verdict, Verdict::Broken);
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_judged_by_where_it_will_be() {
        let folder = tempfile::tempdir().unwrap();
        let finding = free_space(&folder.path().join("not/yet"));
        assert!(finding.found.contains("not/yet"), "{finding:?}");
    }

    #[test]
    fn few_open_files_are_of_concern_and_very_few_are_broken() {
        for (limit, verdict) in [
            (Some(64), Verdict::Broken),
            (Some(1_024), Verdict::Warning),
            (Some(4_096), Verdict::Ok),
            (None, Verdict::Ok),
        ] {
            assert_eq!(judge_files(limit).verdict, verdict, "{limit:?}");
        }
    }
}
