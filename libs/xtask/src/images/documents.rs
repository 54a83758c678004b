//! What lies in an image beside its program: our licence and notice, the licences of everything in
//! the program, and the bill of its materials.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::{Image, layout, sbom};
use crate::dist::{self, licenses, licenses::Metadata};
use crate::repo;

/// The bill of materials.
pub const BILL: &str = "sbom.cdx.json";

/// Writes them into a folder, which is made.
pub fn write(metadata: &Metadata, image: &Image, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let apache = dist::read(&repo::path("LICENSE"))?;
    let own = metadata.own(image.program)?;
    let third_parties = metadata.third_parties(image.program)?;
    let licenses = licenses::third_party_licenses(own, &third_parties, &String::from_utf8_lossy(&apache))?;
    let bill = sbom::bill(own, &third_parties, image.speaks);
    layout::put(&folder.join("LICENSE"), &apache)?;
    layout::put(&folder.join("NOTICE"), &dist::read(&repo::path("NOTICE"))?)?;
    layout::put(&folder.join("THIRD-PARTY-LICENSES"), licenses.as_bytes())?;
    layout::put(&folder.join(BILL), format!("{bill:#}\n").as_bytes())
}
