//! Changes as a fuzzer makes them, drawn from a seed: the same on every machine.

/// A small generator (SplitMix64, Steele and others 2014): any seed gives its own long series.
#[derive(Debug, Clone)]
pub struct Series(pub u64);

impl Series {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap_or(0)
    }
}

/// What stands where numbers and ends stand.
const ODD: &[&[u8]] = &[
    b"-1",
    b"0",
    b"99999999999999999999",
    b"1e308",
    b"\0",
    b"\xff\xff\xff\xff",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\xcc\x81",
    b"(",
    b")",
    b"<",
    b">",
    b"[",
    b"]",
    b"{",
    b"}",
    b"\"",
    b"&",
    b";",
    b"\n",
    b"\r",
    b"endstream",
    b"stream",
    b"%",
    b"</",
    b"]]>",
    b"<!--",
];

/// `bytes` after one to six changes; `other` is a file from which a piece may come.
pub fn mutated(bytes: &[u8], other: &[u8], series: &mut Series) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..=series.below(6) {
        change(&mut out, other, series);
    }
    out
}

fn change(out: &mut Vec<u8>, other: &[u8], series: &mut Series) {
    let at = series.below(out.len());
    let end = (at + 1 + series.below(64)).min(out.len());
    match series.below(8) {
        0 => {
            if let Some(byte) = out.get_mut(at) {
                *byte = (series.next() & 0xff) as u8;
            }
        }
        1 => {
            if let Some(byte) = out.get_mut(at) {
                *byte ^= 1 << series.below(8);
            }
        }
        2 => drop(out.splice(at..at, ODD[series.below(ODD.len())].iter().copied())),
        3 => drop(out.drain(at..end)),
        4 => {
            let piece = out[at..end].repeat(1 + series.below(40));
            drop(out.splice(end..end, piece));
        }
        5 => out.truncate(at),
        6 => {
            let from = series.below(other.len());
            let piece = &other[from..(from + 1 + series.below(200)).min(other.len())];
            drop(out.splice(at..at, piece.iter().copied()));
        }
        _ => {
            let piece: Vec<u8> = out.drain(at..end).collect();
            let to = series.below(out.len());
            drop(out.splice(to..to, piece));
        }
    }
}
