//! Reading exports and writing them.

use super::{complaint, parse};
use crate::exports::*;
use abi::Credentials;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use proptest::collection::vec;
use proptest::prelude::{Just, any, prop_oneof, proptest};
use proptest::prop_assert_eq;
use proptest::sample::select;
use proptest::strategy::Strategy;

#[test]
fn defaults() {
    let export = parse("/home");
    assert_eq!(export.path(), b"/home");
    assert_eq!(export.rules, Rules::default());
    assert!(!export.rules.read_only);
    assert_eq!(export.rules.squash, Squash::Root);
}

#[test]
fn every_option() {
    let rules = parse("/a:ro,all_squash,anonuid=7,anongid=8").rules;
    assert_eq!((rules.read_only, rules.squash), (true, Squash::All));
    assert_eq!(rules.anonymous, Credentials::new(7, 8));
    assert_eq!(parse("/a:rw,rw,root_squash").rules, Rules::default());
    assert_eq!(parse("/a:no_root_squash").rules.squash, Squash::None);
    let rules = parse("/a:maproot=5:6:7:8").rules;
    assert_eq!(rules.squash, Squash::Root);
    assert_eq!(rules.anonymous, Credentials::new(5, 6).with_groups(&[7, 8]).unwrap());
    assert_eq!(parse("/a:maproot=root").rules.anonymous, Credentials::ROOT);
    let rules = parse("/a:mapall=1000,ro").rules;
    assert_eq!((rules.read_only, rules.squash), (true, Squash::All));
    assert_eq!(rules.anonymous, Credentials::new(1000, NOBODY));
}

#[test]
fn no_word_weakens_all_squash() {
    for words in ["all_squash,no_root_squash", "no_root_squash,all_squash", "mapall=7,root_squash"]
    {
        assert_eq!(parse(&alloc::format!("/a:{words}")).rules.squash, Squash::All, "{words}");
    }
}

#[test]
fn contradictions_are_refused() {
    for words in [
        "ro,rw",
        "root_squash,no_root_squash",
        "all_squash,maproot=7",
        "maproot=7,mapall=7",
        "maproot=7,maproot=8",
        "no_root_squash,maproot=7",
        "anonuid=1,anonuid=2",
        "secure,insecure",
        "sec=sys,sec=none",
    ] {
        let last = words.split(',').next_back().unwrap();
        let expected = alloc::format!("export `{last}`: expected no contradiction");
        let complaint = complaint(&alloc::format!("/a:{words}"));
        assert!(complaint.starts_with(&expected), "{words}: {complaint}");
    }
}

#[test]
fn errors_name_the_word_and_what_was_expected() {
    for path in ["a", "", "/a/../b", "/./a", "/a\0"] {
        assert!(complaint(path).contains("expected an absolute path"), "{path:?}");
    }
    assert!(complaint("/a:rx").starts_with("export `rx`: expected one of ro, rw"));
    assert!(complaint("/a:").starts_with("export ``: expected one of ro, rw"));
    assert!(complaint("/a:anonuid=x").contains("`anonuid=x`: expected a number"));
    assert!(complaint("/a:maproot=").contains("`maproot=`: expected UID"));
    let crowd = ":1".repeat(18);
    assert!(complaint(&alloc::format!("/a:maproot=1{crowd}")).contains("at most 17"));
    assert!(complaint("/a:client=x").contains("`client=x`: expected an IPv4 or IPv6 address"));
    assert!(complaint("/a:sec=krb5").contains("`sec=krb5`: expected sys, none"));
    assert!(complaint("/a:sync=1").contains("`sync=1`: expected one of"));
    assert!(complaint(&"/a".repeat(600)).contains("absolute path"));
}

#[test]
fn clients_flavours_and_the_rest() {
    let export = parse("/a:client=10.0.0.0/8,client=2001:db8::/32,alldirs,sec=none:sys,secure");
    let clients: Vec<_> = export.clients.iter().map(ToString::to_string).collect();
    assert_eq!(clients, ["10.0.0.0/8", "2001:db8::/32"]);
    let Rules { all_directories, flavors, reserved_port, .. } = export.rules;
    assert!(all_directories && reserved_port);
    assert_eq!(flavors.iter().collect::<Vec<_>>(), [Flavor::None, Flavor::Sys]);
    assert!(!parse("/a:insecure").rules.reserved_port);
    for wrong in ["", "sys:sys", "none:none", "sys:none:sys", "SYS", "sys:", ":sys"] {
        assert!(wrong.parse::<Flavors>().is_err(), "{wrong}");
    }
}

#[test]
fn what_is_shown_says_whose_claims_are_not_believed() {
    let shown = |text: &str| parse(text).to_string();
    assert_eq!(shown("/a"), "/a:root_squash");
    assert_eq!(shown("/a:rw,secure,insecure".split(",secure").next().unwrap()), "/a:root_squash");
    assert_eq!(shown("//a/:mapall=5,ro"), "/a:ro,all_squash,anonuid=5");
    assert_eq!(shown("/a:maproot=5:6:7:8"), "/a:maproot=5:6:7:8");
    let text = "/a:ro,no_root_squash,alldirs,sec=none,secure,client=::1,client=10.0.0.0/8";
    assert_eq!(shown(text), text);
}

#[test]
fn a_path_may_have_any_bytes() {
    assert_eq!(parse("/a\\072b\\377\\\\x").path(), b"/a:b\xff\\\\x");
    assert_eq!(parse("/a\\400\\08").path(), b"/a\\400\\08", "no octal digits of a byte");
    let odd = Export::new("/a: b\\072\n\u{e9}").unwrap();
    assert_eq!(odd.to_string(), "/a\\072\\040b\\134072\\012\u{e9}:root_squash");
    assert_eq!(parse(&odd.to_string()), odd);
    assert!(complaint("/a/\\056\\056/b").contains("an absolute path"));
    assert!(complaint("/a\\000").contains("an absolute path"));
}

/// A word that does not contradict itself.
fn word() -> impl Strategy<Value = String> {
    let person = vec(prop_oneof![any::<u32>(), 0..3_u32], 1..19)
        .prop_map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(":"));
    prop_oneof![
        select(&["ro", "rw", "root_squash", "no_root_squash", "all_squash", "alldirs"][..])
            .prop_map(String::from),
        select(&["secure", "insecure", "sec=sys", "sec=none", "sec=none:sys", "sec=sys:none"][..])
            .prop_map(String::from),
        any::<u32>().prop_map(|id| alloc::format!("anonuid={id}")),
        any::<u32>().prop_map(|id| alloc::format!("anongid={id}")),
        (select(&["maproot", "mapall"][..]), person)
            .prop_map(|(name, person)| alloc::format!("{name}={person}")),
        super::clients::network().prop_map(|network| alloc::format!("client={network}")),
    ]
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same(
        path in vec(any::<u8>(), 0..40),
        words in vec(word(), 1..5),
    ) {
        let mut path = path;
        path.insert(0, b'/');
        let escaped: String = path.iter().map(|byte| alloc::format!("\\{byte:03o}")).collect();
        let text = alloc::format!("{escaped}:{}", words.join(","));
        if let Ok(export) = text.parse::<Export>() {
            prop_assert_eq!(export.to_string().parse(), Ok(export));
        }
    }

    #[test]
    fn noise_is_refused_or_reads_the_same(
        text in prop_oneof!["/[a:,=\\\\0-9./]{0,30}", "\\PC{0,30}"],
        slash in prop_oneof![Just(""), Just("/a:")],
    ) {
        if let Ok(export) = alloc::format!("{slash}{text}").parse::<Export>() {
            prop_assert_eq!(export.to_string().parse(), Ok(export));
        }
    }
}
