//! Office files are zip packages of XML parts. Only the parts that are needed are unpacked, and only so far.

use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::{Fault, MAX_UNPACKED_BYTES, decode};

/// How an Office file from before 2007 begins, and one that is protected by a password.
const OLD_OFFICE: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0];

/// An opened package.
pub(super) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// Bytes that may still be unpacked.
    left: usize,
}

/// How one part names another.
pub(super) struct Relation {
    /// The last word of its type, e.g. `worksheet`.
    pub(super) kind: String,
    /// The name the part uses for it.
    pub(super) id: String,
    /// The part it means, from the root of the package; an address where it lies outside.
    pub(super) target: String,
    /// Whether it lies outside the package.
    pub(super) external: bool,
}

impl<'a> Package<'a> {
    /// Opens a file that should be `expected` (`xlsx`, `docx`).
    pub(super) fn open(bytes: &'a [u8], expected: &'static str) -> Result<Package<'a>, Fault> {
        if bytes.starts_with(OLD_OFFICE) {
            return Err(Fault::OldOffice);
        }
        if !bytes.starts_with(b"PK") {
            return Err(Fault::NotPackage { expected });
        }
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged("the package", &error))?;
        Ok(Package { archive, left: MAX_UNPACKED_BYTES })
    }

    /// The text of a part, or `None` if there is no such part.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<String>, Fault> {
        let file = match self.archive.by_name(name) {
            Ok(file) => file,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(error) => return Err(damaged(name, &error)),
        };
        let mut bytes = Vec::new();
        // What the package says about the size of a part is not believed.
        file.take(self.left as u64 + 1).read_to_end(&mut bytes).map_err(|error| damaged(name, &error))?;
        self.left = self.left.checked_sub(bytes.len()).ok_or(Fault::Unpacked)?;
        decode::xml(&bytes).map(Some).ok_or_else(|| damaged(name, &"not Unicode text"))
    }

    /// What `part` names, by its own list beside it; the package's own list for an empty name.
    pub(super) fn relations(&mut self, part: &str) -> Result<Vec<Relation>, Fault> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let list = join(folder, &format!("_rels/{file}.rels"));
        let Some(text) = self.part(&list)? else { return Ok(Vec::new()) };
        let mut relations = Vec::new();
        let mut xml = super::xml::Xml::new(&list, &text);
        while let Some(tag) = xml.next_open("Relationship")? {
            let value = |name| tag.attribute(name).unwrap_or_default();
            let external = value("TargetMode") == "External";
            let target = value("Target");
            relations.push(Relation {
                kind: value("Type").rsplit('/').next().unwrap_or_default().to_owned(),
                id: value("Id"),
                target: if external { target } else { join(folder, &target) },
                external,
            });
        }
        Ok(relations)
    }

    /// The main part of the package, or what most programs call it.
    pub(super) fn main_part(&mut self, usual: &str) -> Result<String, Fault> {
        let main = self.relations("")?.into_iter().find(|relation| relation.kind == "officeDocument");
        Ok(main.map_or_else(|| usual.to_owned(), |relation| relation.target))
    }
}

/// A target as seen from `folder`.
fn join(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn damaged(part: &str, what: &dyn std::fmt::Display) -> Fault {
    Fault::Damaged { reason: format!("{part}: {what}") }
}
