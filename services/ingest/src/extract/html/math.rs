//! MathML and the ways that pages carry formulas: LaTeX where the page has it, else the formula
//! written in a line.

use super::super::dom::{Element, Node};

/// A `<math>` element as text, and whether that is LaTeX.
pub(in super::super) fn formula(math: &Element) -> (String, bool) {
    let annotation = math.all().into_iter().find(|element| {
        &*element.name == "annotation"
            && element.attribute("encoding").is_some_and(|encoding| encoding.to_ascii_lowercase().contains("tex"))
    });
    if let Some(annotation) = annotation {
        return (undelimited(&annotation.text()), true);
    }
    if let Some(text) = math.attribute("alttext").filter(|text| !text.trim().is_empty()) {
        return (undelimited(text), text.contains('\\') || text.contains('^') || text.contains('_'));
    }
    let mut out = String::new();
    linear(math, &mut out);
    (out.split_whitespace().collect::<Vec<_>>().join(" "), false)
}

/// LaTeX without what tells a page that it is LaTeX.
pub(in super::super) fn undelimited(text: &str) -> String {
    let mut text = text.trim();
    for (open, close) in
        [("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("$", "$"), ("{\\displaystyle", "}"), ("{\\textstyle", "}")]
    {
        if let Some(inner) = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)) {
            text = inner.trim();
        }
    }
    text.to_owned()
}

/// A formula in one line: fractions with a slash, exponents with `^`, roots with `√`.
fn linear(element: &Element, out: &mut String) {
    let parts: Vec<&Element> = element.elements().collect();
    let two = |out: &mut String, sign: &str| {
        if let [first, second, ..] = parts.as_slice() {
            group(first, out);
            out.push_str(sign);
            group(second, out);
        }
    };
    match &*element.name {
        "mfrac" => two(out, "/"),
        "msup" | "mover" => two(out, "^"),
        "msub" | "munder" => two(out, "_"),
        "msubsup" | "munderover" => {
            two(out, "_");
            if let Some(third) = parts.get(2) {
                out.push('^');
                group(third, out);
            }
        }
        "msqrt" => {
            out.push_str("√(");
            each(element, out);
            out.push(')');
        }
        "mroot" => {
            if let [base, index, ..] = parts.as_slice() {
                out.push_str("root ");
                group(index, out);
                out.push_str(" of ");
                group(base, out);
            }
        }
        "mo" => {
            out.push_str(&format!(" {} ", element.text().trim()));
        }
        "mtr" => {
            each(element, out);
            out.push_str("; ");
        }
        "mtd" => {
            each(element, out);
            out.push(' ');
        }
        "annotation" | "annotation-xml" => {}
        _ => each(element, out),
    }
}

fn each(element: &Element, out: &mut String) {
    for node in &element.children {
        match node {
            Node::Text(text) => out.push_str(text.trim()),
            Node::Element(child) => linear(child, out),
        }
    }
}

/// In brackets, if it is more than one thing.
fn group(element: &Element, out: &mut String) {
    let mut inner = String::new();
    linear(element, &mut inner);
    let inner = inner.trim();
    if inner.chars().all(char::is_alphanumeric) {
        out.push_str(inner);
    } else {
        out.push_str(&format!("({inner})"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::dom::parse_xml;

    #[test]
    fn formulas_prefer_latex_and_else_are_written_in_a_line() {
        for (xml, wanted) in [
            (
                "<math><semantics><mi>x</mi><annotation encoding='application/x-tex'>\\frac{1}{2}</annotation></semantics></math>",
                ("\\frac{1}{2}", true),
            ),
            ("<math alttext='{\\displaystyle x^2}'><mi>x</mi></math>", ("x^2", true)),
            ("<math><mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac></math>", ("a/(b + 1)", false)),
            ("<math><msqrt><msup><mi>x</mi><mn>2</mn></msup></msqrt></math>", ("√(x^2)", false)),
        ] {
            let (text, latex) = formula(&parse_xml("math", xml).unwrap());
            assert_eq!((text.as_str(), latex), wanted);
        }
    }
}
