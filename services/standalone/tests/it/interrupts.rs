//! Once stops and keeps, twice leaves nothing behind: in the phases that can be caught.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Home, TIDES, until_caught};

#[test]
fn an_interrupt_stops_and_keeps_and_the_same_command_goes_on() {
    let home = Home::slow();
    let mut running = home.start(&["narrate", "tides.md"]);
    running.until("some of it is spoken", |_| home.segments() > 0 && home.ledger().contains("pulls"));
    running.signal(Signal::INT);
    let ran = running.wait();
    ran.fails(130, &["stopped: narrations/", "is cancelled", "the same command goes on from there"]);
    assert_eq!(home.names(""), ["tides.md"], "no folder is left");
    let list = home.done(&["list", "--json"]);
    assert!(list.out.to_lowercase().contains("cancelled"), "{list:?}");

    let kept = home.segments();
    home.script("[]");
    home.done(&["narrate", "tides.md"]).says(&["were there already"]);
    assert!(home.segments() > kept);
}

#[test]
fn an_interrupt_while_files_are_made_leaves_no_temporary_ones() {
    let home = Home::new();
    // Long enough that its files are not made before the interrupt comes.
    home.write("tides.md", TIDES.repeat(20));
    let mut running = home.start(&["narrate", "tides.md"]);
    running.until_says("  assembling");
    running.signal(Signal::INT);
    running.wait().fails(130, &["stopped: narrations/", "the same command goes on from there"]);
    assert_eq!(home.temporary(), [""; 0]);
    assert_eq!(home.names(""), ["tides.md"]);
}

#[test]
fn a_second_interrupt_leaves_nothing_behind() {
    for flags in [&["--temporary"][..], &[][..]] {
        let home = Home::slow();
        let mut running = home.start(&[&["narrate", "tides.md"], flags].concat());
        running.until("it speaks", |_| home.ledger().contains("pulls"));
        running.signal(Signal::INT);
        running.until_says("stopped");
        running.signal(Signal::INT);
        assert_eq!(running.wait().status, 130, "{flags:?}");
        assert_eq!(home.temporary(), [""; 0], "{flags:?}");
        assert_eq!(home.names(""), ["tides.md"], "{flags:?}");
    }
}

#[test]
fn who_waits_for_standard_input_can_be_interrupted() {
    let home = Home::new();
    let mut command = home.command(&["narrate", "-", "--temporary"]);
    let (reader, writer) = std::io::pipe().unwrap();
    let mut child = command.stdin(reader).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    drop(command);
    until_caught(child.id());
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(writer);
}

#[test]
fn who_waits_for_a_server_can_be_interrupted() {
    let home = Home::new();
    home.write("tides.md", TIDES);
    // Nobody listens at the first port.
    let server = "http://127.0.0.1:1";
    let mut running = home.start(&["narrate", "tides.md", "--server", server]);
    running.until_says("does not answer");
    running.signal(Signal::INT);
    running.wait().fails(130, &[server, "stopped"]);
}

#[test]
fn several_documents_are_left_after_an_interrupt() {
    let home = Home::slow();
    home.write("a.md", "# Rain\n\nIt falls from clouds.\n");
    home.write("z.md", "# Snow\n\nIt falls in winter.\n");
    let mut running = home.start(&["narrate", "a.md", "tides.md", "z.md"]);
    running.until("it speaks", |_| home.ledger().contains("pulls"));
    running.signal(Signal::TERM);
    let ran = running.wait();
    ran.fails(130, &["stopped: narrations/"]);
    ran.says(&["1 of 3 documents done", "not begun"]);
    assert_eq!(home.names("lectern-out"), ["a"]);
}
