//! Reasons in the proto and in the code.

use lectern_core::Reason;

use super::public;

const PREFIX: &str = "ERROR_REASON_";

#[test]
fn the_proto_lists_the_reasons_of_the_code_in_their_order() {
    let files = public();
    let listed = files.iter().flat_map(|file| &file.enum_type).find(|listed| listed.name() == "ErrorReason");
    let listed = listed.expect("lectern.v1.ErrorReason");
    // Their numbers grow by one, so that none was taken out or used again.
    for (value, number) in listed.value.iter().zip(0..) {
        assert_eq!(value.number(), number, "{}", value.name());
    }
    let of_the_proto: Vec<&str> = listed
        .value
        .iter()
        .skip(1)
        .map(|value| value.name().strip_prefix(PREFIX).expect("the enum's prefix"))
        .collect();
    let of_the_code: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(of_the_proto, of_the_code);
}
