//! A whole PDF around the bytes under test, so that they reach the part that reads them without any
//! door of its own into the crate.

use std::fmt::Write as _;

/// A page whose content stream is `content`.
pub fn with_content(content: &[u8]) -> Vec<u8> {
    page(&[(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(), None)], content)
}

/// A page of two-byte and one-byte text whose font has `map` for its map of characters.
pub fn with_character_map(map: &[u8]) -> Vec<u8> {
    let font = b"<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H /DescendantFonts [6 0 R] /ToUnicode 7 0 R >>";
    let below = b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /A /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /DW 500 >>";
    let content = b"BT /F1 12 Tf 72 700 Td <000100020003004100420043> Tj 0 -20 Td <00010041FFFF> Tj ET";
    page(&[(font.to_vec(), None), (below.to_vec(), None), (Vec::new(), Some(map.to_vec()))], content)
}

/// A page of text in a font whose program is `program` but for its first byte, which says of which
/// kind.
pub fn with_font_program(program: &[u8]) -> Vec<u8> {
    let (kind, program) = program.split_first().unwrap_or((&0, &[]));
    let (subtype, key, stream) = match kind % 4 {
        0 => ("Type1", "FontFile", "/Length1 100"),
        1 => ("TrueType", "FontFile2", ""),
        2 => ("Type1", "FontFile3", "/Subtype /Type1C"),
        _ => ("TrueType", "FontFile3", "/Subtype /OpenType"),
    };
    let font = format!(
        "<< /Type /Font /Subtype /{subtype} /BaseFont /ABCDEF+A /FirstChar 32 /LastChar 34 /Widths [250 500 500] /FontDescriptor 6 0 R >>"
    );
    let descriptor = format!("<< /Type /FontDescriptor /FontName /ABCDEF+A /Flags 4 /{key} 7 0 R >>");
    let content = b"BT /F1 12 Tf 72 700 Td (ABC the harbour lamp is lit) Tj ET";
    let objects = [
        (font.into_bytes(), None),
        (descriptor.into_bytes(), None),
        (stream.as_bytes().to_vec(), Some(program.to_vec())),
    ];
    page(&objects, content)
}

/// A file of one page. Objects 1 to 4 are catalog, pages, page and content; `fonts` begin at 5, the
/// first is the page's `/F1`; an object with a second part is a stream.
fn page(fonts: &[(Vec<u8>, Option<Vec<u8>>)], content: &[u8]) -> Vec<u8> {
    let mut objects: Vec<(Vec<u8>, Option<Vec<u8>>)> = vec![
        (b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(), None),
        (b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(), None),
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
                .to_vec(),
            None,
        ),
        (Vec::new(), Some(content.to_vec())),
    ];
    objects.extend_from_slice(fonts);
    let mut file = b"%PDF-1.5\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (place, (head, stream)) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", file.len());
        file.extend_from_slice(format!("{} 0 obj\n", place + 1).as_bytes());
        match stream {
            None => file.extend_from_slice(head),
            Some(bytes) => {
                file.extend_from_slice(b"<< ");
                file.extend_from_slice(head);
                file.extend_from_slice(format!(" /Length {} >>\nstream\n", bytes.len()).as_bytes());
                file.extend_from_slice(bytes);
                file.extend_from_slice(b"\nendstream");
            }
        }
        file.extend_from_slice(b"\nendobj\n");
    }
    let start = file.len();
    file.extend_from_slice(table.as_bytes());
    file.extend_from_slice(
        format!("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1).as_bytes(),
    );
    file
}
