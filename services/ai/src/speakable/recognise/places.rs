//! Where the addresses of a text may be: looked for once, since a recogniser that looked ahead to
//! the end of a run from each of its words would take time by the square of its length.

/// Where addresses may be.
#[derive(Debug)]
pub(crate) struct Places {
    /// For each character, where the run of characters that an address may hold ends.
    run_ends: Vec<usize>,
    /// Where the signs stand of which every address has one.
    signs: Vec<usize>,
}

fn inside(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '<' | '>' | '"' | '|' | '`' | '{' | '}' | '—' | '\u{200B}')
}

impl Places {
    /// Those of a text.
    pub(crate) fn of(chars: &[char]) -> Self {
        let signs: Vec<usize> =
            chars.iter().enumerate().filter(|(_, c)| matches!(c, '.' | ':' | '@')).map(|(at, _)| at).collect();
        let mut run_ends = Vec::new();
        if !signs.is_empty() {
            run_ends = vec![0; chars.len()];
            let mut end = chars.len();
            for (at, (c, run_end)) in chars.iter().zip(&mut run_ends).enumerate().rev() {
                if !inside(*c) {
                    end = at;
                }
                *run_end = end;
            }
        }
        Self { run_ends, signs }
    }

    /// Where the run ends in which an address may begin at `start`; none where there is no sign of
    /// one.
    pub(crate) fn run_end(&self, start: usize) -> Option<usize> {
        let end = self.run_ends.get(start).copied()?;
        let sign = self.signs.get(self.signs.partition_point(|sign| *sign < start))?;
        (*sign < end).then_some(end)
    }
}
