//! Where German sentences end.

use crate::speakable::{Language, sentences};

#[test]
fn sentences_end_where_a_reader_would_stop() {
    // `|` marks where a sentence ends and another begins.
    for marked in [
        "Dr. Weber traf Prof. Meier.| Sie gingen.",
        "Am 3. Mai begann es.| Es regnete.",
        "Im 19. Jahrhundert wuchs die Stadt.| Sie blieb.",
        "Er kaufte Obst, Brot usw.| Dann ging er.",
        "Er kaufte Obst usw. und ging.| Das war alles.",
        "Das gilt z. B. für Eisen.| Kupfer ist weich.",
        "Die Fa. Müller liefert u. a. Holz.| Wir zahlen.",
        "Ludwig XIV. baute Versailles.| Er starb 1715.",
        "Siehe Abb. 3 und Kap. 4.| Danach folgt mehr.",
        "Es kostet 3,50 €.| Nicht mehr.",
        "Er kam 1999.| Danach kam niemand.",
        "Es waren 12.| Alle gingen.",
        "Wann?| Jetzt!| Gut.",
        "„Halt!“ rief er.| „Warum?“| Niemand wusste es.",
        "J. S. Bach schrieb es.| Es ist bekannt.",
    ] {
        let text = marked.replace('|', "");
        let parts: Vec<&str> = sentences(&text, Language::German).iter().map(|range| range.of(&text)).collect();
        let wanted: Vec<&str> = marked.split('|').map(str::trim).collect();
        assert_eq!(parts, wanted, "{marked}");
    }
}
