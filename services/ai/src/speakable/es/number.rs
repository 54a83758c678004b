//! Numbers in Spanish words. Only "uno" and the hundreds have a gender, and "uno" loses its ending
//! before a masculine noun (Ortografía de la lengua española, 2010, VIII § 3).

/// What a cardinal stands before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing: "veintiuno".
    Alone,
    /// A masculine noun: "veintiún".
    Masculine,
    /// A feminine noun: "veintiuna", "doscientas".
    Feminine,
}

/// The forms of an ordinal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrdinalForm {
    /// "primero".
    Masculine,
    /// "primera".
    Feminine,
    /// "primer", before a masculine noun.
    Short,
    /// "primeros".
    Masculines,
    /// "primeras".
    Feminines,
}

const ONES: [&str; 30] = [
    "cero",
    "uno",
    "dos",
    "tres",
    "cuatro",
    "cinco",
    "seis",
    "siete",
    "ocho",
    "nueve",
    "diez",
    "once",
    "doce",
    "trece",
    "catorce",
    "quince",
    "dieciséis",
    "diecisiete",
    "dieciocho",
    "diecinueve",
    "veinte",
    "veintiuno",
    "veintidós",
    "veintitrés",
    "veinticuatro",
    "veinticinco",
    "veintiséis",
    "veintisiete",
    "veintiocho",
    "veintinueve",
];
const TENS: [&str; 10] = ["", "", "", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"];
/// The hundreds without the ending that tells their gender.
const HUNDREDS: [&str; 10] =
    ["", "", "doscient", "trescient", "cuatrocient", "quinient", "seiscient", "setecient", "ochocient", "novecient"];
/// Powers of a million: one, many.
const SCALES: [[&str; 2]; 4] = [["", ""], ["millón", "millones"], ["billón", "billones"], ["trillón", "trillones"]];

/// The least number that has no word below a hundred by itself.
const FIRST_COMPOUND: usize = 30;

fn below_hundred(n: usize, standing: Standing) -> String {
    match (n, standing) {
        (1, Standing::Masculine) => "un".to_owned(),
        (1, Standing::Feminine) => "una".to_owned(),
        (21, Standing::Masculine) => "veintiún".to_owned(),
        (21, Standing::Feminine) => "veintiuna".to_owned(),
        (_, _) if n < FIRST_COMPOUND => ONES[n].to_owned(),
        (_, _) if n.is_multiple_of(10) => TENS[n / 10].to_owned(),
        (_, _) => format!("{} y {}", TENS[n / 10], below_hundred(n % 10, standing)),
    }
}

fn below_thousand(n: usize, standing: Standing) -> String {
    let hundreds = match (n / 100, standing) {
        (0, _) => return below_hundred(n, standing),
        (1, _) if n == 100 => return "cien".to_owned(),
        (1, _) => "ciento".to_owned(),
        (hundreds, Standing::Feminine) => format!("{}as", HUNDREDS[hundreds]),
        (hundreds, Standing::Alone | Standing::Masculine) => format!("{}os", HUNDREDS[hundreds]),
    };
    if n.is_multiple_of(100) { hundreds } else { format!("{hundreds} {}", below_hundred(n % 100, standing)) }
}

/// Before "mil" a number is shortened, and it agrees with a feminine noun: "veintiún mil libros",
/// "doscientas mil personas".
fn below_million(n: usize, standing: Standing) -> String {
    let before = if standing == Standing::Feminine { standing } else { Standing::Masculine };
    let thousands = match n / 1000 {
        0 => return below_thousand(n, standing),
        1 => "mil".to_owned(),
        thousands => format!("{} mil", below_thousand(thousands, before)),
    };
    if n.is_multiple_of(1000) { thousands } else { format!("{thousands} {}", below_thousand(n % 1000, standing)) }
}

/// "ciento veintitrés". Numbers past trillions are read digit by digit.
pub(crate) fn cardinal(n: u128, standing: Standing) -> String {
    const MILLION: u128 = 1_000_000;
    if n == 0 {
        return ONES[0].to_owned();
    }
    let mut groups = Vec::new();
    let mut rest = n;
    while rest > 0 {
        groups.push(usize::try_from(rest % MILLION).unwrap_or_default());
        rest /= MILLION;
    }
    if groups.len() > SCALES.len() {
        return digits(&n.to_string());
    }
    let said = |(group, [one, many]): (&usize, [&str; 2])| match *group {
        _ if one.is_empty() => below_million(*group, standing),
        1 => format!("un {one}"),
        group => format!("{} {many}", below_million(group, Standing::Masculine)),
    };
    let words: Vec<String> = groups.iter().zip(SCALES).rev().filter(|(group, _)| **group > 0).map(said).collect();
    words.join(" ")
}

/// Digits one by one.
pub(crate) fn digits(text: &str) -> String {
    let words: Vec<&str> =
        text.chars().filter_map(|c| c.to_digit(10)).filter_map(|digit| ONES.get(digit as usize).copied()).collect();
    words.join(" ")
}

const ORDINAL_ONES: [&str; 10] =
    ["", "primero", "segundo", "tercero", "cuarto", "quinto", "sexto", "séptimo", "octavo", "noveno"];
const ORDINAL_TENS: [&str; 10] = [
    "",
    "décimo",
    "vigésimo",
    "trigésimo",
    "cuadragésimo",
    "quincuagésimo",
    "sexagésimo",
    "septuagésimo",
    "octogésimo",
    "nonagésimo",
];
const ORDINAL_HUNDREDS: [&str; 10] = [
    "",
    "centésimo",
    "ducentésimo",
    "tricentésimo",
    "cuadringentésimo",
    "quingentésimo",
    "sexcentésimo",
    "septingentésimo",
    "octingentésimo",
    "noningentésimo",
];

/// Ordinals of more are not said: the cardinal stands for them.
const LAST_ORDINAL: u128 = 1999;

/// The masculine ordinal below a hundred: one word up to twenty-nine, two from there on.
fn ordinal_below_hundred(n: usize) -> String {
    let (tens, ones) = (n / 10, n % 10);
    let compound = |stem: &str| match ones {
        8 => format!("{stem}ctavo"),
        _ => format!("{stem}{}", ORDINAL_ONES[ones]),
    };
    match (tens, ones) {
        (0, _) => ORDINAL_ONES[ones].to_owned(),
        (_, 0) => ORDINAL_TENS[tens].to_owned(),
        (1, 1) => "undécimo".to_owned(),
        (1, 2) => "duodécimo".to_owned(),
        (1, _) => compound("decimo"),
        (2, _) => compound("vigesimo"),
        _ => format!("{} {}", ORDINAL_TENS[tens], ORDINAL_ONES[ones]),
    }
}

/// "vigesimoprimero", "trigésima primera", "tercer". Both words of a long one agree.
pub(crate) fn ordinal(n: u128, form: OrdinalForm) -> String {
    let feminine = matches!(form, OrdinalForm::Feminine | OrdinalForm::Feminines);
    let n = match usize::try_from(n) {
        Ok(small) if (1..=LAST_ORDINAL).contains(&n) => small,
        _ => return cardinal(n, if feminine { Standing::Feminine } else { Standing::Alone }),
    };
    let parts = [
        if n >= 1000 { "milésimo".to_owned() } else { String::new() },
        ORDINAL_HUNDREDS[n % 1000 / 100].to_owned(),
        ordinal_below_hundred(n % 100),
    ];
    let words: Vec<&str> = parts.iter().flat_map(|part| part.split(' ')).filter(|word| !word.is_empty()).collect();
    let agreeing = |word: &&str| match (form, word.strip_suffix('o')) {
        (OrdinalForm::Feminine, Some(stem)) => format!("{stem}a"),
        (OrdinalForm::Feminines, Some(stem)) => format!("{stem}as"),
        (OrdinalForm::Masculines, Some(_)) => format!("{word}s"),
        (OrdinalForm::Short, Some(stem)) if stem.ends_with("primer") || stem.ends_with("tercer") => stem.to_owned(),
        _ => (*word).to_owned(),
    };
    words.iter().map(agreeing).collect::<Vec<_>>().join(" ")
}

/// Denominators of more are read as "sobre".
const LAST_DENOMINATOR: u128 = 100;

/// The name of a part of the whole, "tercio", and of several; none where it has no usual name.
pub(crate) fn denominator(n: u128, several: bool) -> Option<String> {
    let one = match n {
        2 => "medio".to_owned(),
        3 => "tercio".to_owned(),
        4..=10 | 100 | 1000 => ordinal(n, OrdinalForm::Masculine),
        11..LAST_DENOMINATOR => {
            let fused: String = cardinal(n, Standing::Alone)
                .replace(" y ", "i")
                .chars()
                .map(|c| match c {
                    'é' => 'e',
                    'ó' => 'o',
                    _ => c,
                })
                .collect();
            let stem = fused.strip_suffix("uno").map(|stem| format!("{stem}un"));
            let stem = stem.or_else(|| fused.strip_suffix('a').map(str::to_owned)).unwrap_or(fused);
            format!("{stem}avo")
        }
        1_000_000 => "millonésimo".to_owned(),
        _ => return None,
    };
    Some(if several { format!("{one}s") } else { one })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cardinals_agree_with_what_they_stand_before() {
        for (n, alone, masculine, feminine) in [
            (1, "uno", "un", "una"),
            (21, "veintiuno", "veintiún", "veintiuna"),
            (31, "treinta y uno", "treinta y un", "treinta y una"),
            (100, "cien", "cien", "cien"),
            (101, "ciento uno", "ciento un", "ciento una"),
            (201, "doscientos uno", "doscientos un", "doscientas una"),
            (21_000, "veintiún mil", "veintiún mil", "veintiuna mil"),
            (200_000, "doscientos mil", "doscientos mil", "doscientas mil"),
            (1_000_000, "un millón", "un millón", "un millón"),
            (
                200_000_200,
                "doscientos millones doscientos",
                "doscientos millones doscientos",
                "doscientos millones doscientas",
            ),
            (1_000_000_000, "mil millones", "mil millones", "mil millones"),
        ] {
            assert_eq!(cardinal(n, Standing::Alone), alone);
            assert_eq!(cardinal(n, Standing::Masculine), masculine);
            assert_eq!(cardinal(n, Standing::Feminine), feminine);
        }
        assert_eq!(digits("007"), "cero cero siete");
    }

    #[test]
    fn ordinals_have_gender_and_number_and_are_shortened() {
        for (n, form, words) in [
            (1, OrdinalForm::Short, "primer"),
            (3, OrdinalForm::Feminine, "tercera"),
            (13, OrdinalForm::Short, "decimotercer"),
            (18, OrdinalForm::Masculine, "decimoctavo"),
            (21, OrdinalForm::Feminine, "vigesimoprimera"),
            (28, OrdinalForm::Masculine, "vigesimoctavo"),
            (31, OrdinalForm::Feminine, "trigésima primera"),
            (43, OrdinalForm::Short, "cuadragésimo tercer"),
            (2, OrdinalForm::Feminines, "segundas"),
            (349, OrdinalForm::Masculine, "tricentésimo cuadragésimo noveno"),
            (2024, OrdinalForm::Feminine, "dos mil veinticuatro"),
        ] {
            assert_eq!(ordinal(n, form), words);
        }
    }

    #[test]
    fn parts_of_a_whole_have_their_names() {
        for (n, several, words) in [
            (2, false, "medio"),
            (3, true, "tercios"),
            (10, true, "décimos"),
            (11, true, "onceavos"),
            (16, false, "dieciseisavo"),
            (21, false, "veintiunavo"),
            (30, false, "treintavo"),
            (56, false, "cincuentaiseisavo"),
            (100, false, "centésimo"),
        ] {
            assert_eq!(denominator(n, several).as_deref(), Some(words));
        }
        assert_eq!(denominator(250, true), None);
    }
}
