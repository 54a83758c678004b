//! The text of `SmartArt`: a tree of points (ECMA-376, part 1, chapter 21.4).

use std::collections::{HashMap, HashSet};

use super::super::dom::Element;

/// The points of a diagram with text, with their depth, in the order of the tree.
pub(super) fn points(data: &Element) -> Vec<(usize, &Element)> {
    let list: Vec<&Element> = data.child("ptLst").into_iter().flat_map(Element::elements).collect();
    let by_id: HashMap<&str, &Element> =
        list.iter().filter_map(|point| Some((point.attribute("modelId")?, *point))).collect();
    let mut children: HashMap<&str, Vec<(u32, &str)>> = HashMap::new();
    for link in data.child("cxnLst").into_iter().flat_map(Element::elements) {
        if link.attribute("type").is_some_and(|kind| kind != "parOf") {
            continue;
        }
        if let (Some(from), Some(to)) = (link.attribute("srcId"), link.attribute("destId")) {
            let place = link.attribute("srcOrd").and_then(|place| place.parse().ok()).unwrap_or(0);
            children.entry(from).or_default().push((place, to));
        }
    }
    children.values_mut().for_each(|list| list.sort_by_key(|(place, _)| *place));
    let root = list.iter().find(|point| point.attribute("type") == Some("doc"));
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut open: Vec<(usize, &str)> =
        root.and_then(|root| root.attribute("modelId")).map(|id| (0, id)).into_iter().collect();
    while let Some((depth, id)) = open.pop() {
        // A tree that names itself ends here.
        if !seen.insert(id) {
            continue;
        }
        if let Some(point) = by_id.get(id).filter(|_| depth > 0) {
            found.push((depth - 1, *point));
        }
        let below = children.get(id).into_iter().flatten().rev();
        open.extend(below.map(|(_, child)| (depth + 1, *child)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::dom::parse_xml;

    #[test]
    fn points_come_in_the_order_of_their_tree_and_circles_end() {
        let xml = "<dataModel><ptLst><pt modelId='b'><t>B</t></pt><pt modelId='a'><t>A</t></pt><pt modelId='r' type='doc'/>
            <pt modelId='c'><t>C</t></pt><pt modelId='p' type='pres'/></ptLst><cxnLst>
            <cxn srcId='r' destId='b' srcOrd='1'/><cxn srcId='r' destId='a' srcOrd='0'/><cxn srcId='a' destId='c' srcOrd='0'/>
            <cxn srcId='c' destId='r' srcOrd='0'/><cxn type='presOf' srcId='a' destId='p'/></cxnLst></dataModel>";
        let root = parse_xml("data", xml).unwrap();
        let found: Vec<(usize, String)> =
            points(&root).into_iter().map(|(depth, point)| (depth, point.text())).collect();
        assert_eq!(found, [(0, "A".to_owned()), (1, "C".to_owned()), (0, "B".to_owned())]);
    }
}
