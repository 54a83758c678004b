//! A stream of bytes that is cut anywhere, put together to whole frames.

use std::io;

/// Less than a frame, waiting for more.
#[derive(Debug)]
pub(super) struct Waiting(Vec<u8>);

impl Waiting {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes bytes, and hands on the frames that are whole by now. `header` reads what stands at
    /// the beginning of one, and says how long all of it is; none where there is no whole header
    /// yet.
    pub(super) fn take<H>(
        &mut self,
        bytes: &[u8],
        header: impl Fn(&[u8]) -> io::Result<Option<(H, usize)>>,
        mut hand_on: impl FnMut(H, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.0.extend_from_slice(bytes);
        let mut at = 0;
        while let Some((read, length)) = header(self.0.get(at..).unwrap_or_default())? {
            let Some(frame) = self.0.get(at..at + length) else { break };
            hand_on(read, frame)?;
            at += length;
        }
        self.0.drain(..at);
        Ok(())
    }
}
