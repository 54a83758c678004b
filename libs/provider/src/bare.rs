//! Where JSON ends that comes line by line, seen by its brackets alone.

/// How deep in brackets a text is, strings left out.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Depth {
    open: u64,
    in_string: bool,
    is_escaped: bool,
}

impl Depth {
    /// Goes on by a line. Strings do not go over the end of one.
    pub(crate) fn read(&mut self, line: &str) {
        (self.in_string, self.is_escaped) = (false, false);
        for byte in line.bytes() {
            if self.in_string {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.open = self.open.saturating_add(1),
                b'}' | b']' => self.open = self.open.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// Whether every bracket is closed.
    pub(crate) const fn is_closed(self) -> bool {
        self.open == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_are_text() {
        for (lines, closed) in [
            (vec!["{\"a\": \"}\"}"], true),
            (vec!["{\"a\": \"}\""], false),
            (vec!["{", "\"a\": \"\\\"}\"", "}"], true),
            (vec!["[{", "}", "]"], true),
            (vec!["[{", "}"], false),
            (vec!["{\"a\": \"\\\\\"}"], true),
        ] {
            let mut depth = Depth::default();
            for line in &lines {
                depth.read(line);
            }
            assert_eq!(depth.is_closed(), closed, "{lines:?}");
        }
    }
}
