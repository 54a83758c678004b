//! `multipart/related` bodies of uploads: metadata, media, and checksums where they were not known
//! before the media.

use super::answers::Refusal;

/// One part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    /// The name in `Content-Disposition: form-data; name="..."`, which Google's Rust client sends.
    pub name: Option<String>,
    pub content_type: String,
    pub body: &'a [u8],
}

/// The boundary that a `Content-Type` names.
pub(super) fn boundary(content_type: &str) -> Result<&str, Refusal> {
    let rest = content_type
        .strip_prefix("multipart/related")
        .ok_or_else(|| Refusal::invalid(format!("an upload is multipart/related, not {content_type}")))?;
    let boundary = rest.split(';').find_map(|parameter| parameter.trim().strip_prefix("boundary="));
    match boundary.map(|boundary| boundary.trim_matches('"')) {
        Some(boundary) if !boundary.is_empty() => Ok(boundary),
        Some(_) | None => Err(Refusal::invalid(format!("{content_type} has no boundary"))),
    }
}

/// The parts of a body, in order.
pub(super) fn parts<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<Part<'a>>, Refusal> {
    let first = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    let cut = || Refusal::invalid("the multipart body is cut short or does not keep to its boundary");
    let mut rest = body.strip_prefix(first.as_bytes()).ok_or_else(cut)?;
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        rest = rest.strip_prefix(b"\r\n").ok_or_else(cut)?;
        let (head, content) = match rest.strip_prefix(b"\r\n") {
            // No headers.
            Some(content) => (&b""[..], content),
            None => {
                let end = find(rest, b"\r\n\r\n").ok_or_else(cut)?;
                (&rest[..end], &rest[end + 4..])
            }
        };
        let end = find(content, between.as_bytes()).ok_or_else(cut)?;
        parts.push(part(head, &content[..end])?);
        rest = &content[end + between.len()..];
    }
}

fn part<'a>(head: &[u8], body: &'a [u8]) -> Result<Part<'a>, Refusal> {
    let head = std::str::from_utf8(head).map_err(|_| Refusal::invalid("a part's headers are not UTF-8"))?;
    let mut part = Part { name: None, content_type: "application/octet-stream".to_owned(), body };
    for line in head.lines() {
        let (name, value) =
            line.split_once(':').ok_or_else(|| Refusal::invalid(format!("{line:?} is not a header of a part")))?;
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-type" => value.clone_into(&mut part.content_type),
            "content-disposition" => {
                part.name = value
                    .split(';')
                    .find_map(|parameter| parameter.trim().strip_prefix("name="))
                    .map(|name| name.trim_matches('"').to_owned());
            }
            "content-transfer-encoding" if value == "binary" => {}
            other => return Err(Refusal::unknown(format!("a part has the header {other}: {value}"))),
        }
    }
    Ok(part)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_with_their_names_and_a_cut_body_is_refused() {
        let body =
            b"--x\r\nContent-Disposition: form-data; name=\"metadata\"\r\nContent-Type: application/json\r\n\r\n{}\
            \r\n--x\r\n\r\nmedia\r\nwith --x in it\r\n--x--\r\n";
        let read = parts(body, "x").expect("parts");
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].name.as_deref(), read[0].body), (Some("metadata"), &b"{}"[..]));
        assert_eq!(read[1].body, b"media\r\nwith --x in it");
        for cut in [3, 20, body.len() - 20] {
            parts(&body[..cut], "x").expect_err("cut");
        }
        assert_eq!(boundary("multipart/related; boundary=\"a-b\"").expect("boundary"), "a-b");
        boundary("multipart/form-data; boundary=a").expect_err("another kind");
        boundary("multipart/related").expect_err("none");
    }
}
