//! Office formulas (ECMA-376, part 1, chapter 22.1) written in a line.

use super::super::dom::{Element, Node};

/// The text of an `<m:oMath>`.
pub(in super::super) fn formula(math: &Element) -> String {
    let mut out = String::new();
    each(math, &mut out);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn each(element: &Element, out: &mut String) {
    for child in element.elements() {
        write(child, out);
    }
}

fn write(element: &Element, out: &mut String) {
    let part = |name: &str| element.child(name);
    match &*element.name {
        "t" => element.children.iter().for_each(|node| {
            if let Node::Text(text) = node {
                out.push_str(text);
            }
        }),
        "f" => pair(part("num"), "/", part("den"), out),
        "sSup" => pair(part("e"), "^", part("sup"), out),
        "sSub" => pair(part("e"), "_", part("sub"), out),
        "sSubSup" => {
            pair(part("e"), "_", part("sub"), out);
            pair(None, "^", part("sup"), out);
        }
        "rad" => {
            out.push('√');
            group(part("e"), out);
        }
        "d" => {
            let sign = |name: &str, default: &str| {
                let properties = part("dPr");
                properties.and_then(|properties| properties.value(name)).unwrap_or(default).to_owned()
            };
            out.push_str(&sign("begChr", "("));
            for (at, inner) in element.elements().filter(|inner| &*inner.name == "e").enumerate() {
                if at > 0 {
                    out.push_str(&sign("sepChr", ", "));
                }
                each(inner, out);
            }
            out.push_str(&sign("endChr", ")"));
        }
        "nary" => {
            let sign = part("naryPr").and_then(|properties| properties.value("chr")).unwrap_or("∫");
            out.push_str(sign);
            for (mark, name) in [("_", "sub"), ("^", "sup")] {
                if part(name).is_some_and(|limit| !limit.text().trim().is_empty()) {
                    pair(None, mark, part(name), out);
                }
            }
            out.push(' ');
            if let Some(inner) = part("e") {
                each(inner, out);
            }
        }
        "mr" => {
            each(element, out);
            out.push_str("; ");
        }
        name if name.ends_with("Pr") => {}
        _ => each(element, out),
    }
}

fn pair(first: Option<&Element>, sign: &str, second: Option<&Element>, out: &mut String) {
    group(first, out);
    out.push_str(sign);
    group(second, out);
}

/// In brackets, if it is more than one thing.
fn group(element: Option<&Element>, out: &mut String) {
    let Some(element) = element else { return };
    let mut inner = String::new();
    each(element, &mut inner);
    if inner.trim().chars().all(char::is_alphanumeric) {
        out.push_str(inner.trim());
    } else {
        out.push_str(&format!("({})", inner.trim()));
    }
}
