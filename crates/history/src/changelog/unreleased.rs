//! Headings of the section for what is not released yet, in the languages that changelogs are written in.

use std::collections::HashSet;
use std::sync::OnceLock;

/// Lower case. Each is one that projects use, or the word of that language's translation of Keep a Changelog.
const WORDS: &[&str] = &[
    // English
    "unreleased",
    "unreleased changes",
    "not released",
    "not yet released",
    "not released yet",
    "upcoming",
    "upcoming release",
    "upcoming changes",
    "next",
    "next release",
    "next version",
    "in development",
    "pending",
    // Chinese, Japanese, Korean, Vietnamese, Thai, Indonesian, Malay
    "未发布",
    "未发布的",
    "未发布版本",
    "待发布",
    "即将发布",
    "未發布",
    "未發行",
    "未釋出",
    "尚未發布",
    "未リリース",
    "リリース予定",
    "未公開",
    "미출시",
    "미배포",
    "미공개",
    "릴리즈되지 않음",
    "릴리스되지 않음",
    "출시되지 않음",
    "chưa phát hành",
    "ยังไม่เผยแพร่",
    "ยังไม่ออก",
    "belum dirilis",
    "belum dikeluarkan",
    // Russian, Ukrainian, Belarusian, Bulgarian, Serbian, Macedonian
    "не выпущено",
    "невыпущенное",
    "новое",
    "неопубликованное",
    "нерелизнутое",
    "будущее",
    "в разработке",
    "не випущено",
    "невипущене",
    "не опубліковано",
    "неопубліковане",
    "не выпушчана",
    "неиздадено",
    "непубликувано",
    "необјављено",
    "neobjavljeno",
    "необјавено",
    // Spanish, Portuguese, Catalan, Galician, French, Italian, Romanian
    "no publicado",
    "sin publicar",
    "sin lanzar",
    "no lanzado",
    "no liberado",
    "próximamente",
    "não publicado",
    "não lançado",
    "não liberado",
    "por lançar",
    "no publicat",
    "sense publicar",
    "non publicado",
    "non publié",
    "non publiée",
    "pas encore publié",
    "à venir",
    "non rilasciato",
    "non pubblicato",
    "non ancora rilasciato",
    "nepublicat",
    "nelansat",
    // German, Dutch, Swedish, Danish, Norwegian, Icelandic
    "unveröffentlicht",
    "nicht veröffentlicht",
    "noch nicht veröffentlicht",
    "unreleased / unveröffentlicht",
    "kommend",
    "niet uitgebracht",
    "nog niet uitgebracht",
    "onuitgebracht",
    "ongepubliceerd",
    "ej släppt",
    "osläppt",
    "inte släppt",
    "outgivet",
    "ej publicerad",
    "ikke udgivet",
    "uudgivet",
    "ikke utgitt",
    "ikke sluppet",
    "óútgefið",
    // Polish, Czech, Slovak, Slovene, Croatian, Hungarian
    "niewydane",
    "nieopublikowane",
    "nie wydano",
    "niewydana",
    "nevydáno",
    "nevydané",
    "nepublikováno",
    "nezverejnené",
    "neizdano",
    "nije objavljeno",
    "kiadatlan",
    "kiadás előtt",
    "nem kiadott",
    // Finnish, Estonian, Latvian, Lithuanian
    "julkaisematon",
    "julkaisemattomat",
    "avaldamata",
    "neizlaists",
    "neišleista",
    // Turkish, Azerbaijani, Greek, Georgian, Armenian, Hebrew, Arabic, Persian, Hindi
    "yayınlanmadı",
    "yayınlanmamış",
    "yayımlanmadı",
    "yayımlanmamış",
    "henüz yayınlanmadı",
    "buraxılmamış",
    "ακυκλοφόρητο",
    "μη κυκλοφορημένο",
    "μη δημοσιευμένο",
    "αδημοσίευτο",
    "გამოუშვებელი",
    "գալիք",
    "לא פורסם",
    "טרם שוחרר",
    "غير منشور",
    "غير مُصدر",
    "لم يصدر بعد",
    "منتشر نشده",
    "منتشرنشده",
    "अप्रकाशित",
    // Esperanto
    "neeldonita",
];

/// [`WORDS`], to be looked up for every heading.
fn known() -> &'static HashSet<&'static str> {
    static KNOWN: OnceLock<HashSet<&'static str>> = OnceLock::new();
    KNOWN.get_or_init(|| WORDS.iter().copied().collect())
}

/// Whether a heading's title (or a link's label) names the unreleased section; `custom` is the configured text.
pub(super) fn is_unreleased(title: &str, custom: Option<&str>) -> bool {
    let word = core(title);
    let custom = custom.is_some_and(|custom| core(custom) == word && !word.is_empty());
    custom || known().contains(word.as_str())
}

/// The word or words that carry the meaning: `## [Unreleased](url) - date` and `**Unreleased**` are `unreleased`.
pub(super) fn core(title: &str) -> String {
    let marks = |c: char| c.is_whitespace() || "*_`~:[]()【】（）".contains(c);
    let title = title.trim();
    let inner = if let Some((inner, _)) = title
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        inner
    } else {
        // What follows a dash between spaces, or a bracket, is a date or a remark.
        let title = title.trim_matches(marks);
        let ends = [" - ", " – ", " — ", " (", "（"];
        let end = ends.iter().filter_map(|sign| title.find(sign)).min();
        &title[..end.unwrap_or(title.len())]
    };
    inner.trim_matches(marks).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heading_is_known_in_many_languages_and_forms() {
        for title in [
            "[Unreleased]",
            "Unreleased",
            "UNRELEASED",
            "[unreleased]",
            "**Unreleased**",
            "_Unreleased_",
            "(Unreleased)",
            "[Unreleased](https://example.org/compare/v1...HEAD)",
            "Unreleased - yyyy-mm-dd",
            "Unreleased (2026-XX-XX)",
            "[Unreleased] - 2026-??-??",
            "Unreleased:",
            "[未发布]",
            "未发布",
            "【未发布】",
            "[Не выпущено]",
            "No publicado",
            "[Non publié]",
            "[Unveröffentlicht]",
            "ÓÚTGEFIÐ",
            "غير منشور",
        ] {
            assert!(is_unreleased(title, None), "{title}");
        }
        for title in [
            "[1.0.0]",
            "Released",
            "Added",
            "",
            "[]",
            "Unreleased features of the past",
        ] {
            assert!(!is_unreleased(title, None), "{title}");
        }
    }

    #[test]
    fn the_configuration_adds_one() {
        assert!(is_unreleased("[Bald]", Some("Bald")));
        assert!(is_unreleased("Bald", Some("[bald]")));
        assert!(!is_unreleased("[Bald]", Some("Dann")));
        assert!(!is_unreleased("", Some("")));
    }

    #[test]
    fn the_list_is_in_the_form_that_is_looked_up() {
        for word in WORDS {
            assert_eq!(core(word), *word);
        }
    }
}
