//! Laws that hold for all versions.

use super::*;

fn any_pep() -> impl Strategy<Value = Version> {
    let optional = |form: &'static str| {
        proptest::option::of((0_u64..4).prop_map(move |n| format!("{form}{n}")))
    };
    let pre = prop_oneof![Just("a"), Just("b"), Just("rc")];
    let pre = proptest::option::of((pre, 0_u64..4).prop_map(|(kind, n)| format!("{kind}{n}")));
    let release = proptest::collection::vec(0_u64..3, 1..5);
    (
        0_u64..2,
        release,
        pre,
        optional(".post"),
        optional(".dev"),
        optional("+x."),
    )
        .prop_map(|(epoch, release, pre, post, dev, local)| {
            let release: Vec<String> = release.iter().map(u64::to_string).collect();
            let tail = [pre, post, dev, local]
                .map(Option::unwrap_or_default)
                .concat();
            pep(&format!("{epoch}!{}{tail}", release.join(".")))
        })
}

fn any_sem() -> impl Strategy<Value = Version> {
    let pre = prop_oneof![
        3 => Just(String::new()),
        3 => "-(alpha|beta|rc|dev)(\\.[0-9])?",
        1 => "-[a-z0-9]*[a-z]\\.[1-9][0-9]?(\\+[a-z0-9]{1,3})?",
        1 => "-(rc\\.)?[1-9][0-9]{18,24}(\\+[0-9]{1,24})?",
    ];
    ((0_u64..3, 0_u64..3, 0_u64..3), pre)
        .prop_map(|((major, minor, patch), pre)| sem(&format!("{major}.{minor}.{patch}{pre}")))
}

fn any_cal() -> impl Strategy<Value = Version> {
    let format = prop_oneof![
        Just("YYYY.MM.MICRO"),
        Just("YYYY.0M.MICRO"),
        Just("YY.0M"),
        Just("YY.MM.DD.MICRO")
    ];
    (
        format,
        2025_u64..2028,
        1_u64..13,
        0_u64..3,
        "(-(beta|rc|next)\\.[0-9]|-dev)?(\\+[a-z])?",
    )
        .prop_map(|(form, year, month, patch, tail)| {
            let text = form
                .replace("YYYY", &year.to_string())
                .replace("YY", &(year - 2000).to_string())
                .replace("MM", &month.to_string())
                .replace("0M", &format!("{month:02}"))
                .replace("DD", "7")
                .replace("MICRO", &patch.to_string());
            let scheme = Scheme::Calver(CalendarFormat::parse(form).unwrap());
            Version::parse(&format!("{text}{tail}"), scheme).unwrap()
        })
}

fn any_version() -> impl Strategy<Value = Version> {
    prop_oneof![any_pep(), any_sem(), any_cal()]
}

pub fn any_level() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::Patch), Just(Level::Minor), Just(Level::Major)]
}

pub fn any_pre() -> impl Strategy<Value = Option<Pre>> {
    prop_oneof![
        Just(None),
        Just(Some(Pre::Alpha)),
        Just(Some(Pre::Beta)),
        Just(Some(Pre::Rc)),
        Just(Some("canary".parse().unwrap()))
    ]
}

proptest! {
    #[test]
    fn writing_and_reading_are_inverse(version in any_version()) {
        let read = Version::parse(&version.to_string(), version.scheme()).unwrap();
        prop_assert_eq!(&read, &version);
        prop_assert_eq!(read.to_string(), version.to_string());
    }

    #[test]
    fn the_other_spelling_leads_back(version in any_version()) {
        if let Some(text) = version.semver() {
            let there = sem(&text);
            prop_assert_eq!(there.semver(), Some(text));
            let own = version.pep440().map(|text| pep(&text));
            prop_assert_eq!(there.pep440().map(|text| pep(&text)), own);
        }
        if let Some(text) = version.pep440() {
            let there = pep(&text);
            prop_assert_eq!(there.pep440(), Some(text));
            if let (Some(back), Some(own)) = (there.semver(), version.semver()) {
                // A bare label means number 0.
                let zero = format!("{own}.0");
                prop_assert!(back == own || back == zero || format!("{back}.0") == own, "{own} {back}");
            }
        }
        prop_assert_eq!(version.is_prerelease(), version.pep440().map_or(version.is_prerelease(), |text| pep(&text).is_prerelease()));
    }

    /// Everything that both can write, dev and post included.
    #[test]
    fn what_both_can_write_is_the_same_both_ways(version in any_pep()) {
        let written = version.semver();
        let text = version.to_string();
        let core = text.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
        let further = core.trim_end_matches('.').split('.').count() > 3;
        let beyond = text.contains(['!', '+']) || text.contains("post");
        let both = version.is_development() && text.contains(['a', 'b', 'c']);
        let expected = !(beyond || further || both);
        prop_assert_eq!(written.is_some(), expected, "{}", version);
        if let Some(text) = written {
            let there = sem(&text);
            prop_assert_eq!(pep(&there.pep440().unwrap()), version.clone());
            prop_assert_eq!(there.is_development(), version.is_development());
            prop_assert_eq!(there.is_prerelease(), version.is_prerelease());
            prop_assert_eq!(there.numbers(), version.numbers());
        }
    }

    #[test]
    fn both_spellings_order_alike_but_for_development(a in any_sem(), b in any_sem()) {
        prop_assume!(!a.is_development() && !b.is_development());
        if let (Some(x), Some(y)) = (a.pep440(), b.pep440()) {
            let (there, here) = (pep(&x).cmp(&pep(&y)), a.cmp(&b));
            // `-rc` and `-rc.0` are one in PEP 440.
            prop_assert!(there == here || there == Ordering::Equal, "{a} {b}");
            prop_assert!(there != Ordering::Equal || a.numbers() == b.numbers());
        }
    }

    #[test]
    fn order_does_not_depend_on_the_spelling(a in any_pep(), b in any_pep(), zeros in 0_usize..3) {
        let spelled = |version: &Version| {
            let text = version.to_string();
            let end = text.find(['a', 'b', 'r', 'p', 'd', '+']).unwrap_or(text.len());
            let (core, tail) = text.split_at(end);
            let (core, dot) = core.strip_suffix('.').map_or((core, ""), |core| (core, "."));
            let tail = tail.replace("rc", "-C-").replace(".post", "-POST_").replace(".dev", "_Dev");
            format!("v{core}{}{dot}{tail}", ".0".repeat(zeros))
        };
        let other = Version::parse(&spelled(&a), Scheme::Pep440);
        prop_assert_eq!(other.as_ref(), Ok(&a), "{}", spelled(&a));
        prop_assert_eq!(other.unwrap().cmp(&b), a.cmp(&b));
    }

    #[test]
    fn order_is_total(a in any_version(), b in any_version(), c in any_version()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
    }

    #[test]
    fn raising_rises(version in any_version(), level in any_level(), pre in any_pre()) {
        match version.bump(level, pre.as_ref(), TODAY) {
            Ok(next) => {
                prop_assert!(next > version);
                prop_assert_eq!(next.is_prerelease(), pre.is_some());
                prop_assert!(next.precedence(&version) == Ordering::Greater);
            }
            // Only a lower kind of pre-release can go back.
            Err(VersionError::ChannelBack { .. } | VersionError::Backwards { .. } | VersionError::TooLarge { .. }) => {
                prop_assert!(pre.is_some() && version.is_prerelease(), "{version} {level}");
            }
            Err(VersionError::NoChannel { .. }) => {
                prop_assert!(version.scheme() == Scheme::Pep440 && matches!(pre, Some(Pre::Named(_))));
            }
            Err(VersionError::NoCounter { format, .. }) => prop_assert_eq!(format, "YY.0M"),
            Err(error) => prop_assert!(false, "{version} {level}: {error}"),
        }
    }

    #[test]
    fn development_comes_after_the_release_and_before_the_next(version in any_version()) {
        if let Some(next) = version.next_development(NextVersion::DevMinor) {
            prop_assert!(next > version && next.is_development());
            prop_assert!(next.bump(Level::Minor, None, Timestamp(0)).unwrap() > next);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(?s)[0-9a-z.!+ -]{0,12}|.{0,8}") {
        let padded = Scheme::Calver(CalendarFormat::parse("0Y.0W.MICRO").unwrap());
        for scheme in [Scheme::Semver, Scheme::Pep440, CALVER, padded] {
            match Version::parse(&text, scheme) {
                Ok(version) => prop_assert!(Version::parse(&version.to_string(), scheme).is_ok()),
                Err(error) => prop_assert!(error.hint().is_some()),
            }
        }
    }
}
