//! `cargo xtask stack` with real servers: it lives through the death of its parts, and does what
//! other processes ask of it.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use lectern_testkit::{TempDir, temp_dir};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::text;

const XTASK: &str = env!("CARGO_BIN_EXE_xtask");
/// How often something is looked for, every 100 ms, before it is taken for missing.
const LOOKS: u32 = 1_200;

fn xtask(arguments: &[&str]) -> Command {
    let mut command = Command::new(XTASK);
    // It starts a database of its own, which may be killed.
    command.args(arguments).env_remove("MONGODB_URI").stdin(Stdio::null());
    command
}

/// Runs a command of the tool to its end.
fn run(arguments: &[&str]) -> Output {
    xtask(arguments).output().expect("the tool is built")
}

fn pid(number: u64) -> Pid {
    i32::try_from(number).ok().and_then(Pid::from_raw).expect("a process id")
}

/// A stack that runs; ended, if it still runs, when dropped.
struct Stack {
    up: Child,
    data: PathBuf,
    output: PathBuf,
}

impl Stack {
    fn up(data: &Path) -> Self {
        let output = data.with_extension("out");
        let file = File::create(&output).expect("a file");
        let mut command = xtask(&["stack", "up", "--no-build", "--port", "0", "--data"]);
        let both = file.try_clone().expect("a file");
        let up = command.arg(data).stdout(file).stderr(both).spawn().expect("the tool is built");
        let mut stack = Self { up, data: data.to_owned(), output };
        stack.until("it runs", |status| status["ready"] == true && all_run(status));
        stack
    }

    /// Runs a command for this stack.
    fn run(&self, arguments: &[&str]) -> Output {
        let data = self.data.to_str().expect("a path");
        run(&[&["stack"], arguments, &["--data", data]].concat())
    }

    /// What it prints of itself.
    fn said(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// The status, once it is as it should be.
    fn until(&mut self, what: &str, there: impl Fn(&Value) -> bool) -> Value {
        let mut last = String::new();
        for _ in 0..LOOKS {
            let output = self.run(&["status", "--json"]);
            if let Ok(status) = serde_json::from_slice::<Value>(&output.stdout)
                && there(&status)
            {
                return status;
            }
            last = text(&output);
            let ended = self.up.try_wait().expect("a child");
            assert!(ended.is_none(), "{what}: it ended with {ended:?}: {}", self.said());
            thread::sleep(Duration::from_millis(100));
        }
        panic!("{what}: {last}\n{}", self.said());
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if matches!(self.up.try_wait(), Ok(None)) {
            let _ = kill_process(pid(u64::from(self.up.id())), Signal::TERM);
            let _ = self.up.wait();
        }
    }
}

fn part<'a>(status: &'a Value, name: &str) -> Option<&'a Value> {
    status["parts"].as_array()?.iter().find(|part| part["name"] == name)
}

fn pid_of(status: &Value, name: &str) -> Option<u64> {
    part(status, name)?["pid"].as_u64()
}

fn all_run(status: &Value) -> bool {
    status["parts"].as_array().is_some_and(|parts| parts.iter().all(|part| part["state"] == "running"))
}

fn folder() -> (TempDir, PathBuf) {
    let temp = temp_dir().expect("a folder");
    let data = temp.path().join("stack");
    (temp, data)
}

#[test]
fn a_stack_lives_through_the_death_of_its_parts_and_does_what_it_is_asked() {
    let (_temp, data) = folder();
    let mut stack = Stack::up(&data);
    let key_file = data.join("api-key");
    let key = fs::read_to_string(&key_file).expect("a key");
    assert_eq!(fs::metadata(&key_file).expect("a file").permissions().mode() & 0o777, 0o600);
    let said = stack.said();
    assert!(said.contains(&key) && said.contains("--key-file"), "{said}");

    // A service and both servers die at once.
    let killed = ["tts", "nats-server", "mongod"];
    let before = stack.until("it runs", all_run);
    for name in killed {
        kill_process(pid(pid_of(&before, name).expect("it runs")), Signal::KILL).expect("it runs");
    }
    let after = stack.until("all are back", |status| {
        all_run(status) && killed.iter().all(|name| pid_of(status, name) != pid_of(&before, name))
    });
    for name in ["tts", "nats-server", "mongod", "gateway"] {
        let url = |status: &Value| part(status, name).map(|part| part["url"].clone());
        assert_eq!(url(&after), url(&before), "{name}: on the same address");
    }
    assert_eq!(pid_of(&after, "gateway"), pid_of(&before, "gateway"), "who did not die goes on");
    let said = stack.said();
    assert!(said.contains("tts ended (signal: 9 (SIGKILL))") && said.contains("it starts again"), "{said}");

    // The database has its data: the key is in it.
    let keys = stack.run(&["mongo", "gateway.keys", r#"{"tenant": "stack"}"#, "--fields", "tenant,role"]);
    assert!(text(&keys).contains(r#""role":"editor""#), "{}", text(&keys));
    let counts = text(&stack.run(&["mongo"]));
    assert!(counts.contains("gateway.keys") && counts.contains("tts.steps"), "{counts}");
    let queue = text(&stack.run(&["queue"]));
    assert!(queue.contains("WORK_TTS") && queue.contains("EVENTS") && queue.contains("not delivered yet"), "{queue}");

    let restarted = stack.run(&["restart", "ai"]);
    assert!(restarted.status.success(), "{}", text(&restarted));
    let status = stack.until("ai is another", all_run);
    assert_ne!(pid_of(&status, "ai"), pid_of(&after, "ai"));

    let scaled = stack.run(&["scale", "ai", "2"]);
    assert!(scaled.status.success() && text(&scaled).contains("share the steps"), "{}", text(&scaled));
    let status = stack.until("there are two", all_run);
    let urls = ["ai", "ai-2"].map(|name| part(&status, name).map(|part| part["url"].clone()));
    assert!(urls[1].is_some() && urls[0] != urls[1], "{status}");
    let environment = text(&stack.run(&["env"]));
    for line in ["export G='127.0.0.1:", &format!("export KEY='{key}'"), "export MONGO='mongodb://127.0.0.1:"] {
        assert!(environment.contains(line), "{line}: {environment}");
    }
    assert!(stack.run(&["scale", "ai", "1"]).status.success());
    let status = stack.until("there is one", all_run);
    assert!(part(&status, "ai-2").is_none(), "{status}");

    // What cannot be done says why.
    for (arguments, why) in [
        (&["restart", "nobody"][..], "no part is named nobody"),
        (&["scale", "mongod", "2"], "cannot be scaled"),
        (&["up", "--no-build", "--port", "0"], "works on"),
    ] {
        let refused = stack.run(arguments);
        assert!(!refused.status.success() && text(&refused).contains(why), "{arguments:?}: {}", text(&refused));
    }

    let last = stack.until("it runs", all_run);
    let down = stack.run(&["down"]);
    assert!(down.status.success(), "{}", text(&down));
    assert!(stack.up.wait().expect("a child").success(), "{}", stack.said());
    for part in last["parts"].as_array().expect("a list") {
        let id = part["pid"].as_u64().expect("a process id");
        assert!(!Path::new(&format!("/proc/{id}")).exists(), "{part}");
    }
    let nothing = stack.run(&["status"]);
    assert!(!nothing.status.success() && text(&nothing).contains("nothing runs on"), "{}", text(&nothing));
    let nobody = stack.run(&["restart", "tts"]);
    assert!(text(&nobody).contains("no stack works on"), "{}", text(&nobody));

    // Started again on its data, it has the same key.
    drop(stack);
    let stack = Stack::up(&data);
    assert_eq!(fs::read_to_string(&key_file).expect("a key"), key);
    assert!(!stack.said().contains("was made"), "{}", stack.said());
}
