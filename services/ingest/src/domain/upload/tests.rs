//! What becomes of the record of an upload.

use super::*;

fn upload(size: Option<u64>) -> Upload {
    Upload {
        id: "u".to_owned(),
        serial: 7,
        tenant: "acme".parse().expect("an id"),
        upload_id: "u".to_owned(),
        display_name: String::new(),
        file_name: String::new(),
        language: None,
        revises: None,
        size,
        parts: Vec::new(),
        finishing: Vec::new(),
        dropped: false,
        document: None,
        created: Timestamp(0),
        due_at: None,
    }
}

#[test]
fn what_was_declared_at_the_opening_is_kept_to() {
    for (known, declared, expected) in [
        (None, None, Some(None)),
        (None, Some(9), Some(Some(9))),
        (Some(9), None, Some(Some(9))),
        (Some(9), Some(9), Some(Some(9))),
        (Some(9), Some(8), None),
        (Some(9), Some(0), None),
    ] {
        assert_eq!(upload(known).size_declared(declared).ok(), expected, "{known:?} {declared:?}");
    }
    let mut begun = upload(None);
    begun.append(Part { offset: 0, size: 10, token: 0 }, Timestamp(0)).expect("the first");
    let refused = begun.size_declared(Some(9)).expect_err("more is there");
    assert_eq!((refused.reason, refused.field.as_deref()), (Reason::InvalidField, Some("start.size_bytes")));
    for (size, end, fits, whole) in [
        (None, 5, true, true),
        (Some(5), 5, true, true),
        (Some(5), 4, true, false),
        (Some(5), 6, false, false),
        (Some(0), 1, false, false),
    ] {
        assert_eq!((within(size, end).is_ok(), complete(size, end).is_ok()), (fits, whole), "{end} of {size:?}");
    }
}

#[test]
fn an_upload_is_cancelled_unless_it_is_a_document_or_just_becoming_one() {
    let refused = |upload: &mut Upload, at: u64| {
        let refused = upload.cancel(Timestamp(at)).expect_err("it stays");
        assert_eq!((refused.kind, refused.reason), (Kind::FailedPrecondition, Reason::WrongState));
        assert_eq!(refused.resource.as_deref(), Some("uploads/u"));
    };
    let mut becoming = upload(None);
    becoming.append(Part { offset: 0, size: 10, token: 0 }, Timestamp(0)).expect("the first");
    assert!(becoming.begin_finishing(1, Timestamp(0)));
    let end = Timestamp(0).plus(FINISHING);
    refused(&mut becoming, end.0 - 1);
    assert_eq!(becoming.still(7), Ok(()));
    becoming.cancel(end).expect("whoever made the document has died");
    assert_eq!((becoming.dropped, becoming.committed()), (true, 0));
    assert_eq!(becoming.due_at, Some(end.plus(LAST_SWEEP)));
    assert_eq!(becoming.still(7).expect_err("it is dropped").reason, Reason::WrongState);
    assert_eq!(upload(None).still(8).expect_err("another one").reason, Reason::WrongState);

    let mut finished = upload(Some(10));
    finished.document = Some("d".parse().expect("an id"));
    refused(&mut finished, 100);
    assert_eq!(finished.committed(), 10, "its parts are gone");
}

#[test]
fn who_finishes_takes_back_only_its_own_word_and_no_other_stream_drops_the_upload() {
    let mut two = upload(None);
    assert!(two.begin_finishing(1, Timestamp(0)) && two.begin_finishing(2, Timestamp(1)));
    assert!(two.begin_finishing(2, Timestamp(1)), "after a write whose answer was lost");
    assert_eq!(two.finishing.len(), 2);
    assert!(two.end_finishing(1) && !two.end_finishing(1));
    assert!(!two.give_up(Timestamp(2)) && two.cancel(Timestamp(2)).is_err(), "the other one goes on");
    assert!(two.end_finishing(2) && two.give_up(Timestamp(2)) && !two.give_up(Timestamp(2)));

    // It became a document all the same, of one who took too long.
    two.finish("d".parse().expect("an id"), 10, Timestamp(3));
    assert_eq!((two.dropped, two.committed(), two.due_at), (false, 10, Some(Timestamp(3).plus(LIFETIME))));
    assert!(!two.give_up(Timestamp(4)));

    let mut many = upload(None);
    let most = u64::try_from(FINISHERS).expect("few");
    assert!((0..most).all(|token| many.begin_finishing(token, Timestamp(0))));
    assert!(!many.begin_finishing(77, Timestamp(0)), "no more stand in a record");
    assert!(many.begin_finishing(77, Timestamp(0).plus(FINISHING)), "those have died");
    assert!(KEEPING < FINISHING);
}

#[test]
fn parts_follow_each_other_without_gaps() {
    let mut upload = upload(None);
    let part = |offset, size| Part { offset, size, token: 0 };
    upload.append(part(0, 10), Timestamp(0)).expect("first");
    let refused = upload.append(part(4, 10), Timestamp(0)).expect_err("a gap backwards");
    assert_eq!(refused.reason, Reason::OffsetMismatch);
    upload.append(part(10, 1), Timestamp(0)).expect("second");
    assert_eq!(upload.committed(), 11);
}

#[test]
fn only_the_last_part_is_joined_and_only_by_whoever_knows_it() {
    let mut upload = upload(None);
    let part = |offset, size, token| Part { offset, size, token };
    assert_eq!(upload.joinable(1), None, "there is none");
    upload.append(part(0, JOINED, 1), Timestamp(0)).expect("first");
    assert_eq!(upload.joinable(1), None, "it is large");
    upload.append(part(JOINED, 10, 2), Timestamp(0)).expect("second");
    assert_eq!(upload.joinable(JOINED - 10), Some(part(JOINED, 10, 2)));
    assert_eq!(upload.joinable(JOINED - 9), None);
    upload.join(part(JOINED, 10, 2), part(JOINED, 15, 3), Timestamp(0)).expect("the last");
    assert_eq!((upload.parts.len(), upload.committed()), (2, JOINED + 15));
    let late = upload.join(part(JOINED, 10, 2), part(JOINED, 12, 4), Timestamp(0)).expect_err("it is gone");
    assert_eq!(late.reason, Reason::OffsetMismatch);
    assert_eq!(upload.committed(), JOINED + 15);
}

#[test]
fn no_way_of_sending_breaks_an_upload_into_too_many_parts() {
    let whole = 500 << 20;
    for sizes in [
        &[16 << 10][..],
        &[64 << 10],
        &[512 << 10],
        &[(512 << 10) + 1],
        &[JOINED],
        &[JOINED, 1],
        &[1, JOINED],
        &[1, 1, JOINED],
        &[PART_SIZE as u64, 1],
    ] {
        let mut upload = upload(None);
        for size in sizes.iter().copied().cycle() {
            let offset = upload.committed();
            if offset + size > whole {
                break;
            }
            match upload.joinable(size) {
                Some(last) => {
                    let joined = Part { offset: last.offset, size: last.size + size, token: 0 };
                    upload.join(last, joined, Timestamp(0)).expect("joined");
                }
                None => upload.append(Part { offset, size, token: 0 }, Timestamp(0)).expect("few parts"),
            }
        }
        assert!(upload.committed() > whole - 2 * PART_SIZE as u64, "{sizes:?}");
        assert!(upload.parts.windows(2).all(|pair| pair[0].size + pair[1].size > JOINED), "{sizes:?}");
    }
}
