//! Reading exports, one spelling of paths, lists that agree, and squashing.

use super::*;
use abi::Credentials;
use alloc::string::ToString;
use alloc::vec;

fn parse(text: &str) -> Export {
    text.parse().unwrap()
}

fn complaint(text: &str) -> String {
    text.parse::<Export>().unwrap_err().to_string()
}

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
    ] {
        let last = words.split(',').next_back().unwrap();
        let expected = alloc::format!("export `{last}`: expected no contradiction");
        let complaint = complaint(&alloc::format!("/a:{words}"));
        assert!(complaint.starts_with(&expected), "{words}: {complaint}");
    }
}

#[test]
fn one_spelling_of_a_path() {
    assert_eq!(parse("//a///b/").path(), b"/a/b");
    assert_eq!(parse("/").path(), b"/");
    assert_eq!(parse("///").path(), b"/");
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
    assert!(complaint("/a:sync=1").contains("`sync=1`: expected one of"));
    assert!(complaint(&"/a".repeat(600)).contains("absolute path"));
}

#[test]
fn a_list_must_be_consistent() {
    assert!(Exports::new(vec![]).is_err());
    assert!(Exports::new(vec![parse("/a"), parse("/a/")]).is_err());
    let error = Exports::new(vec![parse("/b:ro"), parse("/a")]).unwrap_err().to_string();
    assert!(error.starts_with("export `/b`: expected the options of `/a`"), "{error}");
    let exports = Exports::new(vec![parse("/b:ro"), parse("/a:ro")]).unwrap();
    assert!(exports.rules().read_only);
    assert_eq!(exports.list()[0].path(), b"/a");
}

#[test]
fn the_deepest_export_answers_for_a_path() {
    let exports = Exports::new(vec![parse("/a"), parse("/a/b"), parse("/c")]).unwrap();
    let find = |path: &'static str| {
        exports.find(path.as_bytes()).map(|(export, rest)| (export.path_text(), rest))
    };
    assert_eq!(find("/a/b/c"), Some(("/a/b".into(), &b"/c"[..])));
    assert_eq!(find("/a/bc"), Some(("/a".into(), &b"/bc"[..])));
    assert_eq!(find("/a"), Some(("/a".into(), &b""[..])));
    assert_eq!(find("/ab"), None);
    assert_eq!(find("/"), None);
    let root = Exports::new(vec![parse("/")]).unwrap();
    assert_eq!(root.find(b"/x/y").map(|(_, rest)| rest), Some(&b"x/y"[..]));
}

#[test]
fn squashing() {
    let user = Credentials::new(1000, 100).with_groups(&[4, 0]).unwrap();
    let rules = Rules { anonymous: Credentials::new(7, 8), ..Rules::default() };
    let squashed = Credentials::new(1000, 100).with_groups(&[4, 8]).unwrap();
    assert_eq!(rules.actor(Some(&user)), squashed);
    assert_eq!(rules.actor(Some(&Credentials::new(5, 0))), Credentials::new(5, 8));
    assert_eq!(rules.actor(Some(&Credentials::new(5, 6))), Credentials::new(5, 6));
    assert_eq!(rules.actor(Some(&Credentials::ROOT)), Credentials::new(7, 8));
    assert_eq!(rules.actor(None), Credentials::new(7, 8));
    let none = Rules { squash: Squash::None, ..rules };
    assert_eq!(none.actor(Some(&Credentials::ROOT)), Credentials::ROOT);
    assert_eq!(none.actor(None), Credentials::new(7, 8));
    let all = Rules { squash: Squash::All, ..rules };
    assert_eq!(all.actor(Some(&user)), Credentials::new(7, 8));
}
