//! Layers (optional content, 8.11): which of them are off when the document is opened.

use std::collections::HashSet;

use lopdf::{Dictionary, Object, ObjectId};

use super::file::File;

/// Layers that are looked at.
const MOST: usize = 10_000;

/// The layers of a file.
#[derive(Debug, Default)]
pub struct Layers {
    off: HashSet<ObjectId>,
}

impl Layers {
    /// Reads which are off.
    pub fn read(file: &File) -> Self {
        let mut layers = Self::default();
        let properties = file
            .document()
            .catalog()
            .ok()
            .and_then(|catalog| file.get(catalog, b"OCProperties"))
            .and_then(|object| file.dict(object));
        let Some(properties) = properties else { return layers };
        let Some(default) = file.get(properties, b"D").and_then(|object| file.dict(object)) else { return layers };
        let listed = |dict: &Dictionary, key: &[u8]| -> Vec<ObjectId> {
            let array = file.get(dict, key).and_then(|object| object.as_array().ok());
            array.into_iter().flatten().take(MOST).filter_map(|item| item.as_reference().ok()).collect()
        };
        if file.get(default, b"BaseState").and_then(|state| state.as_name().ok()) == Some(b"OFF") {
            layers.off.extend(listed(properties, b"OCGs"));
            for on in listed(default, b"ON") {
                layers.off.remove(&on);
            }
        }
        layers.off.extend(listed(default, b"OFF"));
        layers
    }

    /// Whether what `object` stands for, a layer or a choice among some, is off.
    pub fn off(&self, file: &File, object: &Object) -> bool {
        if self.off.is_empty() {
            return false;
        }
        if let Ok(id) = object.as_reference()
            && self.off.contains(&id)
        {
            return true;
        }
        let Some(choice) = file.dict(object) else { return false };
        let members: Vec<bool> = match choice.get(b"OCGs") {
            Ok(Object::Reference(id))
                if file.document().get_object(*id).is_ok_and(|object| object.as_array().is_err()) =>
            {
                vec![self.off.contains(id)]
            }
            Ok(object) => file
                .resolve(object)
                .as_array()
                .into_iter()
                .flatten()
                .take(MOST)
                .filter_map(|item| item.as_reference().ok())
                .map(|id| self.off.contains(&id))
                .collect(),
            Err(_) => return false,
        };
        if members.is_empty() {
            return false;
        }
        let all = members.iter().all(|off| *off);
        let any = members.iter().any(|off| *off);
        match file.get(choice, b"P").and_then(|policy| policy.as_name().ok()) {
            Some(b"AllOn") => any,
            Some(b"AnyOff") => !any,
            Some(b"AllOff") => !all,
            Some(_) | None => all,
        }
    }
}
