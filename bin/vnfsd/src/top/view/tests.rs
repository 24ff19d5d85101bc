//! Keys and pictures, and what is asked for then.

use super::super::asker::Memory;
use super::super::watched::tests::Pretended;
use super::*;
use anyhow::anyhow;

/// A view over so many services, with its first picture.
fn view(services: u64) -> (View, Memory<Pretended>) {
    let mut memory = Memory::new(Pretended::new(services));
    let mut view = View::new(24);
    answer(&mut view, &mut memory);
    (view, memory)
}

fn answer(view: &mut View, memory: &mut Memory<Pretended>) {
    let question = view.question();
    let answer = memory.picture(&question);
    view.take(&question, answer);
}

fn press(view: &mut View, code: KeyCode) -> Act {
    view.key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn press_often(view: &mut View, times: usize, code: KeyCode) {
    (0..times).for_each(|_| assert_eq!(press(view, code), Act::Show));
}

fn type_in(view: &mut View, text: &str) {
    text.chars().for_each(|typed| press_often(view, 1, KeyCode::Char(typed)));
}

fn selection(view: &View) -> Selection {
    let Question::Fleet(selection) = view.question() else { panic!("a service is asked for") };
    selection
}

#[test]
fn only_what_is_on_the_screen_is_asked_for() {
    let (mut view, _) = view(10_000);
    let asked = selection(&view);
    assert_eq!((asked.order, asked.skip, asked.limit), (Order::Calls, 0, Some(19)));
    press(&mut view, KeyCode::End);
    assert_eq!((view.line, selection(&view).skip), (9999, 9981));
    press(&mut view, KeyCode::PageUp);
    assert_eq!((view.line, selection(&view).skip), (9980, 9980));
    press(&mut view, KeyCode::Home);
    press(&mut view, KeyCode::Up);
    assert_eq!((view.line, selection(&view).skip), (0, 0));
}

#[test]
fn a_line_below_the_screen_moves_it_by_one() {
    let (mut view, _) = view(100);
    press_often(&mut view, 19, KeyCode::Down);
    assert_eq!((view.line, view.first), (19, 1));
    view.resize(10);
    assert_eq!((view.lines, view.first), (5, 15));
}

#[test]
fn letters_sort_and_a_filter_is_a_part_of_names() {
    let (mut view, mut memory) = view(100);
    press(&mut view, KeyCode::Char('m'));
    assert_eq!(selection(&view).order, Order::Memory);
    type_in(&mut view, "/s0001");
    answer(&mut view, &mut memory);
    assert!(view.is_typing && view.total() == 10);
    press(&mut view, KeyCode::Enter);
    assert_eq!(press(&mut view, KeyCode::Char('q')), Act::Quit, "keys are keys again");
    press(&mut view, KeyCode::Esc);
    assert_eq!(selection(&view).name, None);
}

#[test]
fn a_filter_is_bounded_and_may_be_no_pattern_yet() {
    let (mut view, _) = view(10);
    type_in(&mut view, "/[");
    assert_eq!(selection(&view).name, None);
    press_often(&mut view, 1000, KeyCode::Char('é'));
    assert_eq!(view.filter.chars().count(), FILTER_CHARS_MAX);
}

#[test]
fn into_a_service_and_back_to_its_line() {
    let (mut view, mut memory) = view(100);
    press_often(&mut view, 3, KeyCode::Down);
    press(&mut view, KeyCode::Enter);
    assert_eq!(view.question(), Question::Service("s00096".to_owned()));
    answer(&mut view, &mut memory);
    press(&mut view, KeyCode::End);
    assert_eq!(view.first + view.lines, view.total());
    press(&mut view, KeyCode::Esc);
    assert_eq!((view.line, view.inside.as_deref()), (3, None));
}

#[test]
fn what_is_not_asked_any_more_is_not_shown() {
    let (mut view, mut memory) = view(100);
    let old = view.question();
    let late = memory.picture(&old);
    press(&mut view, KeyCode::Char('n'));
    view.take(&old, late);
    view.take(&old, Err(anyhow!("nobody is there")));
    assert_eq!(view.trouble, None);
    let Some(Picture { subject: Subject::Services { services, .. }, .. }) = &view.picture else {
        panic!("services");
    };
    assert_eq!(services.items[0].name, "s00099", "the first picture still stands");
}

#[test]
fn trouble_is_told_until_there_is_a_picture_again() {
    let (mut view, mut memory) = view(3);
    let question = view.question();
    view.take(&question, Err(anyhow!("control.sock: it is gone")));
    assert_eq!(view.trouble.as_deref(), Some("control.sock: it is gone"));
    assert!(view.picture.is_some());
    answer(&mut view, &mut memory);
    assert_eq!(view.trouble, None);
}

#[test]
fn the_keys_of_terminals_mean_what_they_mean() {
    let (mut view, _) = view(1);
    view.is_typing = true;
    let control = |letter| KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL);
    assert_eq!(view.key(control('c')), Act::Quit);
    assert_eq!(view.key(control('z')), Act::Suspend);
}
