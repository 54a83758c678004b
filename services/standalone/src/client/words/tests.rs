use std::time::Duration;

use super::*;

#[test]
fn kinds_of_failures_are_told_apart_by_the_exit_status() {
    for (failure, expected) in [
        (Failure::invalid("narration.speed", ""), Status::Usage),
        (Failure::new(Kind::NotFound, Reason::InvalidField, ""), Status::NotFound),
        (of_configuration(Failure::invalid("server.listen", "")), Status::Missing),
        (Failure::new(Kind::InvalidArgument, Reason::DocumentEncrypted, ""), Status::Refused),
        (Failure::not_found("narrations/n1"), Status::NotFound),
        (Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, ""), Status::Unavailable),
        (Failure::internal(""), Status::Defect),
        (output(""), Status::Output),
        (Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, ""), Status::Refused),
        (Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, "").about("tenants/t"), Status::Later),
        (Failure::new(Kind::ResourceExhausted, Reason::LimitExceeded, "").after(Duration::ZERO), Status::Later),
        (Failure::new(Kind::Unauthenticated, Reason::KeyInvalid, ""), Status::Denied),
        (Failure::new(Kind::FailedPrecondition, Reason::VoiceNotInstalled, ""), Status::Missing),
        (Failure::new(Kind::FailedPrecondition, Reason::StoreUnavailable, ""), Status::Missing),
        (Failure::new(Kind::FailedPrecondition, Reason::EngineCredentials, ""), Status::Missing),
        (Failure::new(Kind::ResourceExhausted, Reason::EngineLimited, ""), Status::Later),
        (interrupted(""), Status::Interrupted),
    ] {
        assert_eq!(status(&failure), expected, "{failure:?}");
    }
    let numbers = [Status::Done, Status::Failed, Status::Usage, Status::Interrupted].map(|status| status as u8);
    assert_eq!(numbers, [0, 1, 2, 130]);
}

#[test]
fn the_page_lists_every_exit_status_and_no_other() {
    let page = include_str!("../../../../../docs/infrastructure.md");
    let section = page.split("### Exit statuses of commands").nth(1).unwrap().split("\n#").next().unwrap();
    let number = |line: &str| line.strip_prefix("| ")?.split(' ').next()?.parse::<u8>().ok();
    let listed: Vec<u8> = section.lines().filter_map(number).collect();
    let all = [
        Status::Done,
        Status::Failed,
        Status::Usage,
        Status::Refused,
        Status::NotFound,
        Status::Unavailable,
        Status::Defect,
        Status::Output,
        Status::Later,
        Status::Denied,
        Status::Missing,
        Status::Interrupted,
    ];
    assert_eq!(listed, all.map(|status| status as u8));
}

#[test]
fn several_documents_have_the_status_of_those_that_failed_where_it_is_one() {
    for (failed, expected) in [
        (&[][..], Status::Done),
        (&[Status::Refused], Status::Refused),
        (&[Status::Refused, Status::Refused], Status::Refused),
        (&[Status::Refused, Status::NotFound], Status::Failed),
        (&[Status::Refused, Status::Interrupted], Status::Interrupted),
    ] {
        assert_eq!(of_several(failed), expected, "{failed:?}");
    }
}

#[test]
fn fields_and_values_are_named_by_the_flags_that_set_them() {
    for (failure, expected) in [
        (
            Failure::invalid("narration.length", "a length is for STYLE_BRIEFING; leave it out"),
            "--minutes: a length is for --style briefing; leave it out [INVALID_FIELD]",
        ),
        (
            Failure::invalid("narration.selection.pages[1].first", "narration.selection.pages[1].first is past 9."),
            "--pages is past 9. [INVALID_FIELD]",
        ),
        (
            Failure::invalid("narration.skip", "use CONTENT_KIND_FRONT_MATTER or CONTENT_KIND_APPENDICES"),
            "--skip: use front-matter or appendix [INVALID_FIELD]",
        ),
        (
            Failure::invalid("narration.speakers[1].other_voices", "narration.speakers[1].voice is named twice"),
            "--other-voice: --voice is named twice [INVALID_FIELD]",
        ),
        (
            Failure::invalid("narration.without_default_lexicons", "leave it out"),
            "--no-default-lexicons: leave it out [INVALID_FIELD]",
        ),
        (
            Failure::not_found("narrations/n1"),
            "narrations/n1 does not exist; `lectern list` and `lectern documents` show what does [RESOURCE_NOT_FOUND]",
        ),
        (
            Failure::new(Kind::InvalidArgument, Reason::LanguageUnsupported, "ListVoices shows the languages"),
            "`lectern voices` shows the languages [LANGUAGE_UNSUPPORTED]",
        ),
    ] {
        assert_eq!(sentence(&failure), expected);
    }
    let refused = "http://127.0.0.1:7400 cannot be reached: tcp connect error: Connection refused (os error 111)";
    let said = sentence(&Failure::new(Kind::Unavailable, Reason::ServiceUnavailable, refused));
    assert!(said.contains(&format!("cannot be reached ({refused})")) && said.contains("--server"), "{said}");
    let unknown = Failure::new(Kind::Unauthenticated, Reason::KeyInvalid, "send the metadata `authorization`");
    let said = sentence(&unknown);
    assert!(said.contains("LECTERN_KEY") && said.contains("--key-file"), "{said}");
}

#[test]
fn lengths_are_shown_as_a_clock_shows_them() {
    assert_eq!([0, 42, 725, 3725].map(clock), ["0:00", "0:42", "12:05", "1:02:05"]);
    let length = |seconds, nanos| prost_types::Duration { seconds, nanos };
    assert_eq!([length(1, 499_999_999), length(1, 500_000_000), length(-5, 0)].map(|l| seconds(&l)), [1, 2, 0]);
    assert_eq!([count(1, "page"), count(2, "page")], ["1 page", "2 pages"]);
}
