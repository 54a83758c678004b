//! Office formulas (ECMA-376, part 1, chapter 22.1) as LaTeX, which says what belongs together;
//! those that hold what LaTeX has no plain words for (matrices, boxes) are written in a line.

use super::super::dom::{Element, Node};

/// The text of an `<m:oMath>`, and whether it is LaTeX.
pub(in super::super) fn formula(math: &Element) -> (String, bool) {
    let latex = !math
        .all()
        .iter()
        .any(|part| matches!(&*part.name, "m" | "eqArr" | "groupChr" | "box" | "borderBox" | "phant"));
    let mut out = String::new();
    Writer { latex }.each(math, &mut out);
    (out.split_whitespace().collect::<Vec<_>>().join(" "), latex)
}

/// Writes a formula in one of the two ways.
#[derive(Debug, Clone, Copy)]
struct Writer {
    latex: bool,
}

impl Writer {
    fn each(self, element: &Element, out: &mut String) {
        for child in element.elements() {
            self.write(child, out);
        }
    }

    fn write(self, element: &Element, out: &mut String) {
        let part = |name: &str| element.child(name);
        match &*element.name {
            "t" => element.children.iter().for_each(|node| {
                if let Node::Text(text) = node {
                    self.text(text, out);
                }
            }),
            "f" if self.latex => {
                out.push_str("\\frac");
                self.braced(part("num"), out);
                self.braced(part("den"), out);
            }
            "f" => self.pair(part("num"), "/", part("den"), out),
            "sSup" => self.pair(part("e"), "^", part("sup"), out),
            "sSub" => self.pair(part("e"), "_", part("sub"), out),
            "limLow" => self.pair(part("e"), "_", part("lim"), out),
            "limUpp" => self.pair(part("e"), "^", part("lim"), out),
            "sSubSup" => {
                self.pair(part("e"), "_", part("sub"), out);
                self.pair(None, "^", part("sup"), out);
            }
            "sPre" => {
                self.pair(None, "_", part("sub"), out);
                self.pair(None, "^", part("sup"), out);
                self.group(part("e"), out);
            }
            "rad" => self.root(element, out),
            "d" => self.fenced(element, out),
            "nary" => self.sum(element, out),
            "func" => {
                self.group(part("fName"), out);
                out.push(' ');
                self.group(part("e"), out);
            }
            "mr" => {
                self.each(element, out);
                out.push_str("; ");
            }
            name if name.ends_with("Pr") => {}
            _ => self.each(element, out),
        }
    }

    fn text(self, text: &str, out: &mut String) {
        for char in text.chars() {
            if self.latex && "%&#$_{}".contains(char) {
                out.push('\\');
            }
            out.push(char);
        }
    }

    fn root(self, element: &Element, out: &mut String) {
        let degree = element.child("deg").filter(|degree| !degree.text().trim().is_empty());
        match (self.latex, degree) {
            (true, None) => out.push_str("\\sqrt"),
            (true, Some(degree)) => {
                out.push_str("\\sqrt[");
                self.each(degree, out);
                out.push(']');
            }
            (false, _) => out.push('√'),
        }
        if self.latex { self.braced(element.child("e"), out) } else { self.group(element.child("e"), out) }
    }

    fn fenced(self, element: &Element, out: &mut String) {
        let sign = |name: &str, default: &str| {
            let properties = element.child("dPr");
            properties.and_then(|properties| properties.value(name)).unwrap_or(default).to_owned()
        };
        self.text(&sign("begChr", "("), out);
        for (at, inner) in element.elements().filter(|inner| &*inner.name == "e").enumerate() {
            if at > 0 {
                self.text(&sign("sepChr", ", "), out);
            }
            self.each(inner, out);
        }
        self.text(&sign("endChr", ")"), out);
    }

    fn sum(self, element: &Element, out: &mut String) {
        let sign = element.child("naryPr").and_then(|properties| properties.value("chr")).unwrap_or("∫");
        out.push_str(match (self.latex, sign) {
            (true, "∑") => "\\sum",
            (true, "∏") => "\\prod",
            (true, "∫") => "\\int",
            (_, sign) => sign,
        });
        for (mark, name) in [("_", "sub"), ("^", "sup")] {
            if element.child(name).is_some_and(|limit| !limit.text().trim().is_empty()) {
                self.pair(None, mark, element.child(name), out);
            }
        }
        out.push(' ');
        if let Some(inner) = element.child("e") {
            self.each(inner, out);
        }
    }

    fn pair(self, first: Option<&Element>, sign: &str, second: Option<&Element>, out: &mut String) {
        self.group(first, out);
        out.push_str(sign);
        if self.latex { self.braced(second, out) } else { self.group(second, out) }
    }

    fn braced(self, element: Option<&Element>, out: &mut String) {
        out.push('{');
        if let Some(element) = element {
            self.each(element, out);
        }
        out.push('}');
    }

    /// In brackets, if it is more than one thing.
    fn group(self, element: Option<&Element>, out: &mut String) {
        let Some(element) = element else { return };
        let mut inner = String::new();
        self.each(element, &mut inner);
        let inner = inner.trim();
        let one =
            inner.chars().all(char::is_alphanumeric) || inner.starts_with('(') || self.latex && inner.starts_with('\\');
        if one {
            out.push_str(inner);
        } else {
            out.push_str(&format!("({inner})"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::dom::parse_xml;

    #[test]
    fn formulas_are_latex_where_it_has_words_for_them() {
        let run = |text: &str| format!("<r><t>{text}</t></r>");
        for (xml, wanted) in [
            (
                format!("{}<f><num>{}</num><den>{}</den></f>{}", run("d="), run("1"), run("2"), run("g")),
                ("d=\\frac{1}{2}g", true),
            ),
            (format!("<sSup><e>{}</e><sup>{}</sup></sSup>", run("a+b"), run("2")), ("(a+b)^{2}", true)),
            (format!("<rad><deg/><e>{}</e></rad>", run("x")), ("\\sqrt{x}", true)),
            (
                format!(
                    "<nary><naryPr><chr val='∑'/></naryPr><sub>{}</sub><sup>{}</sup><e>{}</e></nary>",
                    run("i=1"),
                    run("n"),
                    run("i")
                ),
                ("\\sum_{i=1}^{n} i", true),
            ),
            (run("5%"), ("5\\%", true)),
            (format!("<m><mr><e>{}</e></mr><mr><e>{}</e></mr></m>", run("a"), run("b")), ("a; b;", false)),
        ] {
            let (text, latex) = formula(&parse_xml("math", &format!("<oMath>{xml}</oMath>")).unwrap());
            assert_eq!((text.as_str(), latex), wanted);
        }
    }
}
