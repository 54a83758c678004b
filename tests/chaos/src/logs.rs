//! What the services said: lines in JSON, counted from a mark on.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Reasons that a fault shows itself by.
const REASONS: [&str; 8] = [
    "STORE_UNAVAILABLE",
    "QUEUE_UNAVAILABLE",
    "QUEUE_FULL",
    "BLOB_UNAVAILABLE",
    "OBJECT_DAMAGED",
    "SERVICE_UNAVAILABLE",
    "ENGINE_UNAVAILABLE",
    "STEP_CRASHED",
];

/// The logs of a group's services.
#[derive(Debug, Clone)]
pub struct Logs {
    folder: PathBuf,
}

/// How long each log was at a moment.
pub type Mark = BTreeMap<PathBuf, u64>;

impl Logs {
    /// Those in `folder`.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let ours = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            name.starts_with("lectern-") && name.contains(".log")
        };
        entries.map(|entry| entry.path()).filter(ours).collect()
    }

    /// How long they are now.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.files().into_iter().map(|path| (path.clone(), fs::metadata(&path).map_or(0, |m| m.len()))).collect()
    }

    /// The lines since `mark` that are JSON; of logs that grew shorter, all.
    #[must_use]
    pub fn since(&self, mark: &Mark) -> Vec<Value> {
        let mut lines = Vec::new();
        for path in self.files() {
            let bytes = fs::read(&path).unwrap_or_default();
            let from = usize::try_from(mark.get(&path).copied().unwrap_or(0)).unwrap_or(0);
            let new = bytes.get(from..).unwrap_or(&bytes);
            let text = String::from_utf8_lossy(new);
            lines.extend(text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()));
        }
        lines
    }

    /// How often each reason, and each message of a warning or an error, stands in the lines since
    /// `mark`.
    #[must_use]
    pub fn counts(&self, mark: &Mark) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for line in self.since(mark) {
            let message = line["message"].as_str().unwrap_or_default();
            if !matches!(line["level"].as_str(), Some("WARN" | "ERROR")) {
                continue;
            }
            *counts.entry(message.to_owned()).or_default() += 1;
            let text = line.to_string();
            for reason in REASONS.into_iter().filter(|reason| text.contains(reason)) {
                *counts.entry(reason.to_owned()).or_default() += 1;
            }
        }
        counts
    }

    /// How often a worker said that it had committed each step's end.
    #[must_use]
    pub fn committed(&self) -> BTreeMap<String, u32> {
        let mut committed = BTreeMap::new();
        for line in self.since(&Mark::new()) {
            if line["message"] == "delivery ended"
                && line["outcome"] == "done"
                && let Some(step) = line["step"].as_str()
            {
                *committed.entry(step.to_owned()).or_default() += 1;
            }
        }
        committed
    }
}
