//! The texts that cells share (ECMA-376, part 1, clause 18.4), read in one pass: there may be a
//! million of them.

use lectern_core::Failure;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::super::archive::damaged_because;
use super::super::encoding::decode;

/// The shared texts, by index.
///
/// # Errors
/// `DOCUMENT_DAMAGED` where the part is not well-formed.
pub(super) fn read(name: &str, bytes: &[u8]) -> Result<Vec<String>, Failure> {
    let text = decode(bytes).text;
    let mut reader = Reader::from_str(&text);
    let mut found = Vec::new();
    let mut current = String::new();
    // Text is read within `<t>`; what stands within `<rPh>` is how it is pronounced.
    let (mut inside, mut reading) = (false, false);
    loop {
        match reader.read_event().map_err(|error| broken(name, &error))? {
            Event::Start(start) => match start.local_name().as_ref() {
                "si" => current.clear(),
                "t" => inside = true,
                "rPh" => reading = true,
                _ => {}
            },
            Event::Empty(start) if start.local_name().as_ref() == "si" => found.push(String::new()),
            Event::End(end) => match end.local_name().as_ref() {
                "si" => found.push(std::mem::take(&mut current)),
                "t" => inside = false,
                "rPh" => reading = false,
                _ => {}
            },
            Event::Text(text) if inside && !reading => current.push_str(&text.xml10_content()),
            Event::CData(text) if inside && !reading => current.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) if inside && !reading => push_reference(&reference, &mut current),
            Event::Eof => return Ok(found),
            Event::Empty(_)
            | Event::Text(_)
            | Event::CData(_)
            | Event::GeneralRef(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_) => {}
        }
    }
}

/// Writes a reference to a character out; entities of the document's own are none.
pub(super) fn push_reference(reference: &quick_xml::events::BytesRef<'_>, out: &mut String) {
    match reference.resolve_char_ref() {
        Ok(Some(char)) => out.push(char),
        Ok(None) | Err(_) => {
            let name = reference.xml10_content();
            out.push_str(quick_xml::escape::resolve_predefined_entity(&name).unwrap_or_default());
        }
    }
}

pub(super) fn broken(name: &str, error: &dyn std::fmt::Display) -> Failure {
    damaged_because(&format!("its part {name} is not well-formed XML ({error})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_joined_and_readings_are_left_out() {
        let xml =
            b"<sst><si><t>a &amp; b</t></si><si><r><t>one </t></r><r><t xml:space='preserve'>two&#10;</t></r></si><si/>
            <si><t>\xe6\xb8\xaf</t><rPh sb='0' eb='1'><t>minato</t></rPh></si></sst>";
        assert_eq!(read("s", xml).unwrap(), ["a & b", "one two\n", "", "港"]);
        assert!(read("s", b"<sst><si></sst>").is_err());
    }
}
