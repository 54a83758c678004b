//! What EPUB 3.3 asks for (W3C Recommendation), as far as our books go: section 4 (container), 5
//! (package), 6 (content), 7 (navigation) and 9 (media overlays). Each broken rule is a line.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{Cursor, Read as _};

use ogg::PacketReader;
use zip::{CompressionMethod, ZipArchive};

use super::xml::{self, Element};

/// Media types that every reading system knows (section 3.2), as far as we use them.
const CORE: [&str; 5] =
    ["application/xhtml+xml", "text/css", "image/png", "audio/ogg; codecs=opus", "application/smil+xml"];

/// The rules that a book breaks.
pub(super) fn broken(bytes: &[u8]) -> Vec<String> {
    let mut rules = Rules::default();
    rules.container(bytes);
    rules.broken
}

#[derive(Default)]
struct Rules {
    broken: Vec<String>,
    files: BTreeMap<String, Vec<u8>>,
    documents: HashMap<String, Element>,
}

/// An entry of the manifest.
struct Item {
    id: String,
    path: String,
    media_type: String,
    properties: Vec<String>,
    overlay: Option<String>,
}

impl Rules {
    fn rule(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.broken.push(what());
        }
    }

    /// Section 4: the archive and its container.
    fn container(&mut self, bytes: &[u8]) {
        let mut zip = match ZipArchive::new(Cursor::new(bytes)) {
            Ok(zip) => zip,
            Err(error) => return self.broken.push(format!("4.3: no ZIP: {error}")),
        };
        let mut folded = HashSet::new();
        for at in 0..zip.len() {
            let mut file = zip.by_index(at).unwrap();
            let (name, method) = (file.name().unwrap().into_owned(), file.compression());
            let mut content = Vec::new();
            file.read_to_end(&mut content).unwrap();
            drop(file);
            self.rule(matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated), || {
                format!("4.3: {name} is packed as {method}")
            });
            self.rule(folded.insert(name.to_lowercase()), || format!("4.2.3: {name} is there twice"));
            self.rule(!name.contains(['"', '*', ':', '<', '>', '?', '\\']) && name.is_ascii(), || {
                format!("4.2.3: a name is {name:?}")
            });
            self.files.insert(name, content);
        }
        // The first local header: 30 bytes, the name, no extra field, then the content as it is.
        let first = bytes.get(..30 + 8 + 20).unwrap_or_default();
        let begins = first.get(30..38) == Some(b"mimetype") && first.get(38..58) == Some(b"application/epub+zip");
        self.rule(begins && first.get(28..30) == Some(&[0, 0]), || "4.3: mimetype is not the first file".to_owned());
        let Some(container) = self.document("META-INF/container.xml") else { return };
        self.rule(container.get("version") == Some("1.0"), || "4.2.6.3: the container's version".to_owned());
        let roots = container.named("rootfile");
        let path = roots.first().and_then(|root| root.get("full-path")).unwrap_or_default().to_owned();
        let is_package = roots.first().and_then(|root| root.get("media-type")) == Some("application/oebps-package+xml");
        self.rule(is_package && self.files.contains_key(&path), || format!("4.2.6.3: no package at {path:?}"));
        self.package(&path);
    }

    /// A document of the archive.
    fn document(&mut self, path: &str) -> Option<Element> {
        if let Some(known) = self.documents.get(path) {
            return Some(known.clone());
        }
        let content = self.files.get(path).cloned();
        self.rule(content.is_some(), || format!("5.5.2: {path} is not in the archive"));
        let parsed = String::from_utf8(content?).map_err(|error| error.to_string()).and_then(|text| xml::parse(&text));
        match parsed {
            Ok(root) => {
                self.documents.insert(path.to_owned(), root.clone());
                Some(root)
            }
            Err(error) => {
                self.broken.push(format!("6.1: {path} is not well-formed: {error}"));
                None
            }
        }
    }

    /// Section 5: the package.
    fn package(&mut self, path: &str) {
        let Some(package) = self.document(path) else { return };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        self.rule(package.get("version") == Some("3.0"), || "5.4: the version".to_owned());
        self.metadata(&package);
        let items = self.manifest(&package, &folder);
        let spine: Vec<String> =
            package.named("itemref").iter().filter_map(|one| one.get("idref")).map(str::to_owned).collect();
        let known: HashSet<&str> = items.iter().map(|item| item.id.as_str()).collect();
        self.rule(!spine.is_empty() && spine.iter().all(|id| known.contains(id.as_str())), || {
            format!("5.7.2: the spine names what is not there: {spine:?}")
        });
        self.rule(spine.iter().collect::<HashSet<_>>().len() == spine.len(), || "5.7.2: twice in the spine".to_owned());
        let order: Vec<&Item> = spine.iter().filter_map(|id| items.iter().find(|item| item.id == *id)).collect();
        for item in &order {
            self.rule(item.media_type == "application/xhtml+xml", || format!("5.7: {} is read", item.path));
        }
        for item in items.iter().filter(|item| item.media_type == "application/xhtml+xml") {
            self.content(item);
        }
        self.navigation(&items, &order, &folder);
        self.overlays(&package, &items, &folder);
    }

    /// Section 5.5: what a book says of itself.
    fn metadata(&mut self, package: &Element) {
        let id = package.get("unique-identifier").unwrap_or_default();
        let identifiers = package.named("dc:identifier");
        let known = identifiers.iter().any(|one| one.get("id") == Some(id) && !one.content().trim().is_empty());
        self.rule(known, || format!("5.4: no identifier {id:?}"));
        for name in ["dc:title", "dc:language"] {
            let there = package.named(name).iter().any(|one| !one.content().trim().is_empty());
            self.rule(there, || format!("5.5.3: no {name}"));
        }
        for one in package.named("dc:language") {
            let tag = one.content();
            let well_formed = tag
                .split('-')
                .all(|part| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric()));
            self.rule(well_formed, || format!("5.5.3.3: {tag:?} is no language"));
        }
        let modified = metas(package, "dcterms:modified", None);
        let is_time = |time: &String| time.len() == 20 && time.ends_with('Z') && time.as_bytes()[10] == b'T';
        self.rule(modified.len() == 1 && modified.iter().all(is_time), || format!("5.5.3.2: modified at {modified:?}"));
    }

    /// Section 5.6: the manifest, which lists every file.
    fn manifest(&mut self, package: &Element, folder: &str) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        for item in package.named("item") {
            let get = |name: &str| item.get(name).unwrap_or_default().to_owned();
            let (id, href, media_type) = (get("id"), get("href"), get("media-type"));
            let path = format!("{folder}/{href}");
            self.rule(self.files.contains_key(&path), || format!("5.6.2: {path} is not in the archive"));
            self.rule(CORE.contains(&media_type.as_str()), || format!("3.2: {path} is of {media_type}"));
            let twice = items.iter().any(|known| known.id == id || known.path == path);
            self.rule(!id.is_empty() && !twice, || format!("5.6.2: {id} or {href} is there twice"));
            let properties = get("properties").split_whitespace().map(str::to_owned).collect();
            let overlay = item.get("media-overlay").map(str::to_owned);
            items.push(Item { id, path, media_type, properties, overlay });
        }
        let listed: HashSet<&String> = items.iter().map(|item| &item.path).collect();
        let own = |name: &&String| *name != "mimetype" && !name.starts_with("META-INF/") && !name.ends_with(".opf");
        let unlisted: Vec<String> =
            self.files.keys().filter(own).filter(|name| !listed.contains(name)).cloned().collect();
        self.rule(unlisted.is_empty(), || format!("5.6: the manifest does not list {unlisted:?}"));
        let with =
            |property: &str| items.iter().filter(|item| item.properties.iter().any(|one| one == property)).count();
        let (navs, covers) = (with("nav"), with("cover-image"));
        self.rule(navs == 1, || format!("5.6.2.1: {navs} navigation documents"));
        self.rule(covers <= 1, || format!("5.6.2.1: {covers} covers"));
        items
    }

    /// Section 6: a document of XHTML.
    fn content(&mut self, item: &Item) {
        let Some(html) = self.document(&item.path) else { return };
        let path = &item.path;
        let is_html = html.name == "html" && html.get("xmlns") == Some("http://www.w3.org/1999/xhtml");
        self.rule(is_html, || format!("6.1: {path} is no XHTML"));
        let title = html.named("title").first().map(|title| title.content()).unwrap_or_default();
        self.rule(!title.trim().is_empty(), || format!("6.1.2: {path} has no title"));
        let mut ids = HashSet::new();
        for element in html.all() {
            if let Some(id) = element.get("id") {
                let is_name = !id.is_empty() && !id.contains(char::is_whitespace);
                self.rule(is_name && ids.insert(id.to_owned()), || format!("6.1: {path} has the id {id:?} twice"));
            }
            self.rule(element.name != "img" || element.get("alt").is_some(), || {
                format!("6.1: {path}: a picture without a text")
            });
            self.rule(element.name != "script", || format!("6.1: {path} has a script, and does not say so"));
            let is_list = matches!(element.name.as_str(), "ul" | "ol");
            let only = |name: &str| element.children.iter().all(|child| child.name == name);
            self.rule(!is_list || (only("li") && !element.children.is_empty()), || {
                format!("HTML: {path}: a list of other things")
            });
            self.rule(
                element.name != "tr" || element.children.iter().all(|cell| matches!(cell.name.as_str(), "td" | "th")),
                || format!("HTML: {path}: a row of other things"),
            );
            for name in ["src", "href"] {
                if let Some(target) = element.get(name).filter(|target| !target.starts_with("http")) {
                    self.target(path, target);
                }
            }
        }
    }

    /// Whether what a document refers to is there.
    fn target(&mut self, from: &str, target: &str) {
        let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = if file.is_empty() { from.to_owned() } else { format!("{folder}/{file}") };
        if !self.files.contains_key(&path) {
            return self.broken.push(format!("3.5: {from} refers to {target}, which is not there"));
        }
        if !fragment.is_empty() {
            let there =
                self.document(&path).is_some_and(|html| html.all().iter().any(|one| one.get("id") == Some(fragment)));
            self.rule(there, || format!("3.5: {from} refers to {target}, which is not there"));
        }
    }

    /// Section 7: navigation.
    fn navigation(&mut self, items: &[Item], order: &[&Item], folder: &str) {
        let is_nav = |item: &&Item| item.properties.iter().any(|one| one == "nav");
        let Some(nav) = items.iter().find(is_nav).and_then(|item| self.document(&item.path)) else { return };
        let navs = nav.named("nav");
        let of = |kind: &str| navs.iter().filter(|nav| nav.get("epub:type") == Some(kind)).count();
        let (tocs, lists) = (of("toc"), of("page-list"));
        self.rule(tocs == 1 && lists <= 1, || format!("7.4.1: {tocs} tables of contents, {lists} lists of pages"));
        for nav in &navs {
            let kind = nav.get("epub:type").unwrap_or_default();
            let children: Vec<&str> = nav.children.iter().map(|child| child.name.as_str()).collect();
            self.rule(children == ["h1", "ol"], || format!("7.3: {kind} has {children:?}"));
            for entry in nav.named("li") {
                let inside: Vec<&str> = entry.children.iter().map(|child| child.name.as_str()).collect();
                self.rule(inside == ["a"] || inside == ["a", "ol"], || format!("7.3: an entry has {inside:?}"));
                let says = entry.children.first().is_some_and(|link| !link.content().trim().is_empty());
                self.rule(says, || "7.3: an entry without a text".to_owned());
            }
            // In the order in which one reads.
            let place = |link: &&Element| {
                let file = link.get("href").unwrap_or_default().split('#').next().unwrap_or_default();
                order.iter().position(|item| item.path == format!("{folder}/{file}"))
            };
            let places: Vec<Option<usize>> = nav.named("a").iter().map(place).collect();
            let sorted = places.iter().all(Option::is_some) && places.is_sorted();
            self.rule(sorted, || format!("7.3: {kind} is not in the order of the spine: {places:?}"));
        }
    }

    /// Section 9: media overlays.
    fn overlays(&mut self, package: &Element, items: &[Item], folder: &str) {
        let class = metas(package, "media:active-class", None);
        self.rule(class.len() == 1, || format!("9.4: {class:?} light what is heard"));
        let styles: String = items
            .iter()
            .filter(|item| item.media_type == "text/css")
            .filter_map(|item| self.files.get(&item.path))
            .map(|style| String::from_utf8_lossy(style).into_owned())
            .collect();
        self.rule(class.iter().all(|class| styles.contains(&format!(".{class} "))), || {
            "9.4: no style lights it".to_owned()
        });
        let mut sum = 0;
        let mut referred: HashMap<String, String> = HashMap::new();
        for item in items.iter().filter(|item| item.media_type == "application/smil+xml") {
            let durations = metas(package, "media:duration", Some(&item.id));
            let [duration] = &durations[..] else {
                self.broken.push(format!("9.4: {} has the durations {durations:?}", item.path));
                continue;
            };
            let Some(duration) = milliseconds(duration) else {
                self.broken.push(format!("9.4: {duration} is no duration"));
                continue;
            };
            sum += duration;
            self.overlay(item, items, folder, duration, &mut referred);
        }
        let total: Option<u64> = metas(package, "media:duration", None).first().and_then(|total| milliseconds(total));
        self.rule(total == Some(sum), || format!("9.4: {total:?} ms are said, and {sum} listed"));
        for item in items.iter().filter(|item| item.media_type == "application/xhtml+xml") {
            let by = referred.get(&item.path);
            self.rule(by == item.overlay.as_ref(), || {
                format!("9.4: {} says its overlay is {:?}, and {by:?} refers to it", item.path, item.overlay)
            });
        }
    }

    fn overlay(
        &mut self,
        item: &Item,
        items: &[Item],
        folder: &str,
        duration: u64,
        referred: &mut HashMap<String, String>,
    ) {
        let Some(smil) = self.document(&item.path) else { return };
        let path = item.path.clone();
        self.rule(smil.name == "smil" && smil.get("version") == Some("3.0"), || {
            format!("9.2.2.1: {path} is no SMIL 3.0")
        });
        let bodies: Vec<&str> = smil.children.iter().map(|child| child.name.as_str()).collect();
        self.rule(bodies == ["body"], || format!("9.2.2.1: {path} has {bodies:?}"));
        let mut ids = HashSet::new();
        for element in smil.all() {
            let allowed = matches!(element.name.as_str(), "smil" | "body" | "seq" | "par" | "text" | "audio");
            self.rule(allowed, || format!("9.2.2: {path} has <{}>", element.name));
            self.rule(element.get("id").is_none_or(|id| ids.insert(id.to_owned())), || {
                format!("9.2.2: {path}: an id twice")
            });
            self.rule(element.name != "seq" || element.get("epub:textref").is_some(), || {
                format!("9.2.2.4: {path}: a seq of nothing")
            });
            if let Some(target) = element.get("epub:textref") {
                self.target(&path, target);
            }
        }
        let mut at: HashMap<String, u64> = HashMap::new();
        for par in smil.named("par") {
            let inside: Vec<&str> = par.children.iter().map(|child| child.name.as_str()).collect();
            self.rule(inside == ["text", "audio"], || format!("9.2.2.5: {path}: a par of {inside:?}"));
            let [text, audio] = &par.children[..] else { continue };
            let source = text.get("src").unwrap_or_default();
            self.target(&path, source);
            let file = format!("{folder}/{}", source.split('#').next().unwrap_or_default());
            let other = referred.insert(file.clone(), item.id.clone());
            self.rule(other.is_none_or(|other| other == item.id), || format!("9.4: two overlays refer to {file}"));
            let sound = format!("{folder}/{}", audio.get("src").unwrap_or_default());
            let known = items.iter().any(|item| item.path == sound && item.media_type.starts_with("audio/"));
            self.rule(known, || format!("9.2.2.7: {path}: {sound} is no audio of the manifest"));
            let clip = ["clipBegin", "clipEnd"].map(|name| audio.get(name).and_then(milliseconds));
            let [Some(begin), Some(end)] = clip else {
                self.broken.push(format!("9.2.2.7: {path}: a clip of {clip:?}"));
                continue;
            };
            self.rule(begin < end, || format!("9.2.2.7: {path}: a clip from {begin} to {end}"));
            // Of ours: what is heard is heard once, in order, without gaps.
            let before = at.insert(sound.clone(), end).unwrap_or_default();
            self.rule(begin == before, || format!("{path}: a clip begins at {begin}, the one before ends at {before}"));
        }
        for (sound, end) in at {
            let length = self.files.get(&sound).map(|content| opus_length(content)).unwrap_or_default();
            self.rule(end <= length + 1 && length <= end + 1, || {
                format!("{path}: the clips end at {end}, {sound} at {length}")
            });
            self.rule(end == duration, || format!("{path}: the clips end at {end}, and {duration} are said"));
        }
    }
}

/// What the package says by a property, of something or of the whole.
fn metas(package: &Element, property: &str, of: Option<&str>) -> Vec<String> {
    let refines = of.map(|id| format!("#{id}"));
    let metas = package.named("meta");
    let found =
        metas.iter().filter(|meta| meta.get("property") == Some(property) && meta.get("refines") == refines.as_deref());
    found.map(|meta| meta.content()).collect()
}

/// A clock value of SMIL, as we write it.
fn milliseconds(clock: &str) -> Option<u64> {
    let (hours, rest) = clock.split_once(':')?;
    let (minutes, seconds) = rest.split_once(':')?;
    let (seconds, fraction) = seconds.split_once('.')?;
    let [hours, minutes, seconds, fraction] = [hours, minutes, seconds, fraction].map(|part| part.parse::<u64>().ok());
    let (minutes, seconds) = (minutes.filter(|one| *one < 60)?, seconds.filter(|one| *one < 60)?);
    Some(((hours? * 60 + minutes) * 60 + seconds) * 1000 + fraction?)
}

/// How long a file of Opus is, in milliseconds.
fn opus_length(bytes: &[u8]) -> u64 {
    let mut reader = PacketReader::new(Cursor::new(bytes));
    let head = reader.read_packet().unwrap().unwrap();
    let pre_skip = u64::from(u16::from_le_bytes([head.data[10], head.data[11]]));
    let mut end = 0;
    while let Some(packet) = reader.read_packet().unwrap() {
        end = packet.absgp_page();
    }
    (end - pre_skip) / 48
}
