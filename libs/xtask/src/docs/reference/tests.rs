//! The pages of a small proto.

use serde_json::{Value, json};

use super::*;

fn described() -> Value {
    json!({"file": [
        {"name": "google/rpc/status.proto", "package": "google.rpc"},
        {"name": "lectern/work/v1/work.proto", "package": "lectern.work.v1", "messageType": [{"name": "Command"}]},
        {
            "name": "lectern/v1/tides.proto",
            "package": "lectern.v1",
            "messageType": [
                {
                    "name": "Tide",
                    "field": [
                        {"name": "name", "number": 1, "label": "LABEL_OPTIONAL", "type": "TYPE_STRING",
                         "options": {"[google.api.field_behavior]": ["IDENTIFIER"]}},
                        {"name": "labels", "number": 2, "label": "LABEL_REPEATED", "type": "TYPE_MESSAGE",
                         "typeName": ".lectern.v1.Tide.LabelsEntry"},
                        {"name": "kinds", "number": 3, "label": "LABEL_REPEATED", "type": "TYPE_ENUM",
                         "typeName": ".lectern.v1.Tide.Kind"},
                        {"name": "command", "number": 4, "type": "TYPE_MESSAGE",
                         "typeName": ".lectern.work.v1.Command", "oneofIndex": 0},
                        {"name": "failure", "number": 5, "type": "TYPE_MESSAGE", "typeName": ".google.rpc.Status"},
                    ],
                    "nestedType": [{
                        "name": "LabelsEntry",
                        "field": [
                            {"name": "key", "number": 1, "type": "TYPE_STRING"},
                            {"name": "value", "number": 2, "type": "TYPE_INT64"},
                        ],
                        "options": {"mapEntry": true},
                    }],
                    "enumType": [{"name": "Kind", "value": [{"name": "KIND_UNSPECIFIED"}, {"name": "KIND_NEAP", "number": 1}]}],
                    "oneofDecl": [{"name": "what"}],
                    "options": {"[google.api.resource]": {"type": "lectern.internal/Tide", "pattern": ["tides/{tide}"]}},
                },
                {"name": "WatchTideRequest"},
            ],
            "service": [{"name": "TideService", "method": [{
                "name": "WatchTide",
                "inputType": ".lectern.v1.WatchTideRequest",
                "outputType": ".lectern.v1.Tide",
                "serverStreaming": true,
            }]}],
            "sourceCodeInfo": {"location": [
                {"path": [6, 0], "leadingComments": " Tells of\n tides, of <any> sea, in `<p>`.\n\n And of nothing else.\n"},
                {"path": [6, 0, 2, 0], "leadingComments": " Watches one.\n"},
                {"path": [4, 0, 2, 0], "leadingComments": " Its name: a|b.\n In two lines.\n\n And a paragraph.\n"},
                {"path": [4, 0, 4, 0, 2, 1], "leadingComments": " The smallest.\n"},
            ]},
        },
    ]})
}

fn made() -> BTreeMap<String, String> {
    pages(&serde_json::to_vec(&described()).unwrap()).unwrap()
}

#[test]
fn each_proto_of_ours_has_a_page_and_all_are_in_the_index() {
    let pages = made();
    assert_eq!(pages.keys().collect::<Vec<_>>(), ["README.md", "tides.md", "work.md"]);
    let index = &pages["README.md"];
    for line in [
        "| `lectern.v1.TideService/WatchTide` | [tides.md](tides.md#watchtide) |",
        "| types of `lectern/work/v1/work.proto` | [work.md](work.md) |",
        "| [Tide](tides.md#tide) | `tides/{tide}` |",
    ] {
        assert!(index.contains(line), "{line}\n{index}");
    }
}

#[test]
fn a_page_has_the_comments_the_types_and_what_the_annotations_say() {
    let page = &made()["tides.md"];
    for part in [
        "\n## TideService\n\nTells of\ntides, of &lt;any> sea, in `<p>`.\n\nAnd of nothing else.\n",
        "\n### WatchTide\n\nTakes [WatchTideRequest](#watchtiderequest);\nanswers a stream of [Tide](#tide).\n\nWatches one.\n",
        "\nIts name: `tides/{tide}`.\n",
        "| `name` = 1 | `string` | identifier | Its name: a\\|b. In two lines. <br> And a paragraph. |\n",
        "| `labels` = 2 | map of `string` to `int64` |  |  |\n",
        "| `kinds` = 3 | repeated [Tide.Kind](#tidekind) |  |  |\n",
        "| `command` = 4 | [Command](work.md#command) | one of `what` |  |\n",
        "| `failure` = 5 | `google.rpc.Status` |  |  |\n",
        "\n### Tide.Kind\n",
        "| `KIND_NEAP` = 1 | The smallest. |\n",
        "\n### WatchTideRequest\n\nNo fields.\n",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("LabelsEntry"), "{page}");
}
