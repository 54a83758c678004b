//! An archive that is the same, byte for byte, for the same files: POSIX ustar, in the order of
//! names, everything owned by nobody in particular and of one time.

use anyhow::{Context, Result, bail};

const BLOCK: usize = 512;

/// One file of the archive.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its path in the archive, without a leading slash.
    pub path: String,
    /// Whether it is a program.
    pub program: bool,
    pub content: Vec<u8>,
}

/// The archive of these files and the folders that they are in; `mtime` in seconds since 1970.
pub fn tar(mut entries: Vec<Entry>, mtime: u64) -> Result<Vec<u8>> {
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let mut archive = Vec::new();
    let mut folders: Vec<String> = Vec::new();
    for entry in &entries {
        for (at, _) in entry.path.match_indices('/') {
            let folder = format!("{}/", &entry.path[..at]);
            if !folders.contains(&folder) {
                archive.extend(header(&folder, 0o755, 0, mtime, b'5')?);
                folders.push(folder);
            }
        }
        let mode = if entry.program { 0o755 } else { 0o644 };
        archive.extend(header(&entry.path, mode, entry.content.len() as u64, mtime, b'0')?);
        archive.extend(&entry.content);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    Ok(archive)
}

/// A header (POSIX.1-1988, ustar).
fn header(path: &str, mode: u64, size: u64, mtime: u64, kind: u8) -> Result<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    put(&mut block, 0, 100, path.as_bytes())?;
    put(&mut block, 100, 8, &octal(mode, 7))?;
    // Owner and group, by number; names are left empty.
    put(&mut block, 108, 8, &octal(0, 7))?;
    put(&mut block, 116, 8, &octal(0, 7))?;
    put(&mut block, 124, 12, &octal(size, 11))?;
    put(&mut block, 136, 12, &octal(mtime, 11))?;
    // The sum counts its own field as spaces.
    put(&mut block, 148, 8, b"        ")?;
    put(&mut block, 156, 1, &[kind])?;
    put(&mut block, 257, 8, b"ustar\x0000")?;
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    put(&mut block, 148, 8, &[octal(sum, 6).as_slice(), b"\0 "].concat())?;
    Ok(block)
}

fn put(block: &mut [u8; BLOCK], at: usize, room: usize, bytes: &[u8]) -> Result<()> {
    if bytes.len() > room {
        bail!("{} does not fit {room} bytes of an archive's header", String::from_utf8_lossy(bytes));
    }
    let place = block.get_mut(at..at + bytes.len()).context("a field lies within its block")?;
    place.copy_from_slice(bytes);
    Ok(())
}

fn octal(number: u64, digits: usize) -> Vec<u8> {
    format!("{number:0digits$o}").into_bytes()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use lectern_testkit::temp_dir;

    use super::*;

    fn entry(path: &str, program: bool, content: &str) -> Entry {
        Entry { path: path.to_owned(), program, content: content.as_bytes().to_vec() }
    }

    #[test]
    fn the_same_files_make_the_same_archive_in_whatever_order_they_come() {
        let (a, b) = (entry("x/bin/a", true, "#!/bin/sh\n"), entry("x/b", false, "b"));
        let one = tar(vec![a.clone(), b.clone()], 1_700_000_000).unwrap();
        assert_eq!(one, tar(vec![b, a], 1_700_000_000).unwrap());
        assert_eq!(one.len() % BLOCK, 0);
    }

    #[test]
    fn tar_itself_reads_it() {
        let dir = temp_dir().unwrap();
        let long = "z".repeat(BLOCK * 2);
        let files =
            vec![entry("x/bin/a", true, "#!/bin/sh\n"), entry("x/empty", false, ""), entry("x/z", false, &long)];
        let file = dir.path().join("x.tar");
        fs::write(&file, tar(files, 1_700_000_000).unwrap()).unwrap();
        let listed = Command::new("tar").args(["--utc", "-tvf"]).arg(&file).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let lines: Vec<&str> = listed.lines().collect();
        assert_eq!(lines.len(), 5, "{listed}");
        assert!(lines[0].starts_with("drwxr-xr-x 0/0") && lines[0].ends_with("x/"), "{listed}");
        assert!(lines[2].starts_with("-rwxr-xr-x 0/0"), "{listed}");
        assert!(lines[4].starts_with("-rw-r--r-- 0/0") && lines[4].contains("2023-11-14"), "{listed}");
        let unpacked = Command::new("tar").arg("-xf").arg(&file).arg("-C").arg(dir.path()).status().unwrap();
        assert!(unpacked.success());
        assert_eq!(fs::read_to_string(dir.path().join("x/z")).unwrap(), long);
    }

    #[test]
    fn a_path_that_has_no_room_is_an_error() {
        assert!(tar(vec![entry(&"a".repeat(101), false, "")], 0).is_err());
    }
}
