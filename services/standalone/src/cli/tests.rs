use clap::CommandFactory as _;
use lectern_proto::v1::audit_record::Action;

use super::*;

fn parse(arguments: &[&str]) -> Cli {
    Cli::try_parse_from(arguments).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}

/// The key of a command, after the environment was asked.
fn key_of(cli: &mut Cli) -> Option<&str> {
    let credential = cli.credential()?;
    credential.key.as_ref().map(Secret::expose)
}

#[test]
fn the_key_is_that_of_the_environment_unless_an_argument_says_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "lk_file\n").unwrap();
    let (server, file) = ("--server=http://127.0.0.1:7400", format!("--key-file={}", file.display()));
    for (arguments, expected) in [
        (&["lectern", "keys", "list"][..], Some("lk_env")),
        (&["lectern", "keys", "list", "--key", "lk_argument"][..], Some("lk_argument")),
        (&["lectern", "keys", "list", &file][..], Some("lk_file")),
        (&["lectern", "narrate", "a.md", server][..], Some("lk_env")),
        (&["lectern", "narrate", "a.md", server, "--key", "lk_argument"][..], Some("lk_argument")),
        (&["lectern", "narrate", "a.md", server, &file][..], Some("lk_file")),
        (&["lectern", "preview", "a.md", server][..], Some("lk_env")),
        (&["lectern", "list", server, &file][..], Some("lk_file")),
        (&["lectern", "voices", server][..], Some("lk_env")),
        (&["lectern", "tenants", "show", "acme"][..], Some("lk_env")),
        (&["lectern", "quota"][..], Some("lk_env")),
        (&["lectern", "smoke", &file][..], Some("lk_file")),
        (&["lectern", "audit", "--key", "lk_argument"][..], Some("lk_argument")),
        (&["lectern", "up"][..], None),
    ] {
        let mut cli = parse(arguments);
        cli.settle_key(&Secret::new("lk_env")).unwrap();
        assert!(!format!("{cli:?}").contains("lk_"), "{cli:?}");
        assert_eq!(key_of(&mut cli), expected, "{arguments:?}");
    }
}

#[test]
fn a_server_that_is_found_is_used_unless_another_is_named() {
    let found = || Some(SocketAddr::from(([127, 0, 0, 1], 9)));
    for (arguments, expected) in [
        (&["lectern", "keys", "list"][..], "http://127.0.0.1:9"),
        (&["lectern", "keys", "list", "--server", "http://h:1"][..], "http://h:1"),
    ] {
        let mut cli = parse(arguments);
        cli.settle_server(found);
        let Some(Command::Keys(keys)) = &cli.command else { panic!("{cli:?}") };
        assert_eq!(keys.at.url(), expected);
    }
    let mut cli = parse(&["lectern", "quota"]);
    cli.settle_server(|| None);
    let Some(Command::Quota(quota)) = &cli.command else { panic!("{cli:?}") };
    assert_eq!(quota.at.url(), "http://127.0.0.1:7400");
}

#[test]
fn help_prefers_the_environment_to_an_argument() {
    let mut command = Cli::command();
    command.build();
    for name in ["narrate", "preview", "list", "watch", "voices", "keys", "tenants", "quota", "audit", "smoke", "ops"] {
        let help = command.find_subcommand_mut(name).unwrap().render_long_help().to_string();
        assert!(help.contains("LECTERN_KEY") && help.contains("--key-file"), "{name}: {help}");
    }
}

#[test]
fn the_command_line_is_one_that_clap_takes() {
    Cli::command().debug_assert();
}

#[test]
fn the_configuration_is_printed_wherever_the_flag_stands() {
    for arguments in [
        &["lectern", "--print-config"][..],
        &["lectern", "narrate", "--print-config"][..],
        &["lectern", "narrate", "a.md", "--print-config"][..],
        &["lectern", "preview", "--print-config"][..],
        &["lectern", "up", "--print-config"][..],
        &["lectern", "keys", "list", "--print-config"][..],
    ] {
        assert!(parse(arguments).print_config, "{arguments:?}");
    }
    assert!(Cli::try_parse_from(["lectern", "narrate"]).is_err(), "without it a document is needed");
}

#[test]
fn what_contradicts_itself_is_refused() {
    let server = "--server=http://127.0.0.1:7400";
    for wrong in [
        &["--key", "k"][..],
        &["--key-file", "f"][..],
        &[server, "--data", "d"][..],
        &[server, "--temporary"][..],
        &["--temporary", "--data", "d"][..],
        &[server, "--import"][..],
        &["--detach", "--temporary"][..],
        &[server, "--key", "k", "--key-file", "f"][..],
        &["--quiet", "--json"][..],
        &["--dry-run", "--force"][..],
        &["--minutes", "5", "--words", "500"][..],
        &["--minutes", "0"][..],
        &["--words", "49"][..],
        &["--speed", "2.5"][..],
        &["--pages", "9-3"][..],
        &["--first", "5s"][..],
        &["--skip", "adverbs"][..],
        &["--writer-url", "http://127.0.0.1:1/v1"][..],
        &[server, "--writer", "openai", "--writer-url", "http://127.0.0.1:1/v1"][..],
        &[server, "--writer", "openai", "--writer-model", "m"][..],
        &[server, "--writer", "openai", "--writer-key-file", "f"][..],
        &["--speaker", ": asks"][..],
        &["--style", "sermon"][..],
    ] {
        let arguments = [&["lectern", "narrate", "a.md"][..], wrong].concat();
        assert!(Cli::try_parse_from(&arguments).is_err(), "{arguments:?}");
    }
}

#[test]
fn an_api_key_of_a_provider_is_no_argument() {
    let mut command = Cli::command();
    command.build();
    for name in ["narrate", "preview", "estimate"] {
        let subcommand = command.find_subcommand_mut(name).unwrap();
        let longs = subcommand.get_arguments().filter_map(|argument| argument.get_long());
        let mut keys: Vec<&str> = longs.filter(|long| long.contains("key")).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["key", "key-file", "writer-key-file"], "{name}");
        let help = subcommand.render_long_help().to_string();
        assert!(help.contains("GOOGLE_API_KEY") && help.contains("OPENAI_API_KEY"), "{name}: {help}");
    }
}

#[test]
fn who_writes_is_asked_only_of_an_instance_of_ones_own() {
    let server = "--server=http://127.0.0.1:7400";
    for command in ["narrate", "preview", "estimate"] {
        let arguments = ["lectern", command, "a.md", "--writer", "gemini"];
        assert_eq!(parse(&arguments).writing().and_then(|writing| writing.writer.as_deref()), Some("gemini"));
        assert!(parse(&[&arguments[..], &[server]].concat()).writing().is_none(), "a server has its own");
    }
    assert!(parse(&["lectern", "writers"]).writing().is_none());
}

#[test]
fn kinds_are_named_one_by_one_or_with_commas() {
    let skip = ["lectern", "narrate", "a.md", "--skip", "citations,code", "--skip", "appendices", "--read", "tables"];
    let Some(Command::Narrate(order)) = parse(&skip).command else { panic!("it narrates") };
    assert_eq!(order.script.skip, [Kind::Citations, Kind::Code, Kind::Appendix]);
    assert_eq!(order.script.read, [Kind::Tables]);
}

#[test]
fn limits_and_times_are_read_as_people_write_them() {
    let update = ["lectern", "tenants", "update", "acme", "--stored-sources", "2GiB", "--lanes", "bulk,standard"];
    let update = [update.as_slice(), &["--monthly-budget", "12.5"]].concat();
    let Some(Command::Tenants(tenants)) = parse(&update).command else { panic!("it is read") };
    let TenantCommand::Update { limits, .. } = tenants.command else { panic!("it is an update") };
    assert_eq!(limits.stored_sources.map(|size| size.bytes()), Some(2 << 30));
    assert_eq!(limits.lanes, [Lane::Bulk, Lane::Standard]);
    assert_eq!(limits.monthly_budget.map(|usd| usd.get()), Some(12_500_000));

    let create = ["lectern", "keys", "create", "--tenant", "acme", "--role", "reader", "--expires", "2027-01-31"];
    let Some(Command::Keys(keys)) = parse(&create).command else { panic!("it is read") };
    let KeyCommand::Create { role, expires, .. } = keys.command else { panic!("it makes a key") };
    assert_eq!((role, expires.map(|at| at.to_string())), (Role::Reader, Some("2027-01-31T00:00:00Z".to_owned())));
    assert!(Cli::try_parse_from(["lectern", "keys", "create", "--expires", "soon"]).is_err());
}

#[test]
fn an_action_is_named_as_it_is_printed_and_a_wrong_one_is_told_the_right_ones() {
    let parse = |action: &str| Cli::try_parse_from(["lectern", "audit", "--action", action]);
    for (named, expected) in [("key-created", Action::KeyCreated), ("tenant suspended", Action::TenantSuspended)] {
        let Ok(Some(Command::Audit(audit))) = parse(named).map(|cli| cli.command) else { panic!("{named}") };
        assert_eq!(audit.action, Some(expected));
    }
    for wrong in ["", "unspecified", "key-eaten"] {
        let refused = parse(wrong).unwrap_err().to_string();
        assert!(refused.contains("key-created") && refused.contains("narration-deleted"), "{refused}");
    }
}
