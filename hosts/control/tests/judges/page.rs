//! The page in a browser: what it shows, what it asks for, and what names can do to it.

use crate::browser::{Browser, TRY};
use crate::{fleet, require};
use serde_json::{Value, json};
use std::net::SocketAddr;

const ROWS: &str = "document.querySelectorAll('#services tbody tr').length";

/// How many colours a picture of the page has.
fn colours(browser: &mut Browser) -> u64 {
    let picture = browser.call("Page.captureScreenshot", json!({ "format": "png" }));
    let count = format!(
        "(async () => {{
            const image = new Image();
            image.src = 'data:image/png;base64,{}';
            await image.decode();
            const canvas = document.createElement('canvas');
            [canvas.width, canvas.height] = [image.width, image.height];
            const pen = canvas.getContext('2d');
            pen.drawImage(image, 0, 0);
            const dots = new Uint32Array(pen.getImageData(0, 0, image.width, image.height).data.buffer);
            return new Set(dots).size;
        }})()",
        picture["data"].as_str().expect("a picture"),
    );
    browser.value(&count).as_u64().expect("a number")
}

/// Text that stands out too little from what is behind it (WCAG 2.1, 1.4.3).
const PALE: &str = "(() => {
    const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => {
        const part = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const ground = (element) => {
        for (; element; element = element.parentElement) {
            const colour = parse(getComputedStyle(element).backgroundColor);
            if (colour.length === 3 || colour[3] > 0) return colour;
        }
        return [255, 255, 255];
    };
    const pale = new Set();
    for (const element of document.body.querySelectorAll('*')) {
        const has = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!has || !element.checkVisibility()) continue;
        const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
        if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) pale.add(element.outerHTML.slice(0, 80));
    }
    return [...pale];
})()";

fn open(browser: &mut Browser, address: SocketAddr) {
    browser.call("Page.navigate", json!({ "url": format!("http://{address}/") }));
    browser.wait_for(&format!("document.readyState === 'complete' && {ROWS} === 50"));
}

fn search(browser: &mut Browser, text: &str) {
    let type_it = format!(
        "(() => {{
            const field = document.getElementById('search');
            field.value = {};
            field.dispatchEvent(new Event('input'));
        }})()",
        json!(text)
    );
    browser.value(&type_it);
}

/// Nothing broke a rule, complained, or asked elsewhere.
fn assert_in_order(browser: &Browser, address: SocketAddr) {
    let bad = |event: &&&Value| {
        let (level, kind) = (&event["params"]["entry"]["level"], &event["params"]["type"]);
        level == "error" || level == "warning" || kind == "error" || kind == "warning"
    };
    let entries = browser.told("Log.entryAdded");
    let said = browser.told("Runtime.consoleAPICalled");
    let complaints: Vec<_> = entries.iter().chain(&said).filter(bad).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    assert!(browser.told("Runtime.exceptionThrown").is_empty());
    let own = format!("http://{address}/");
    for request in browser.told("Network.requestWillBeSent") {
        let url = request["params"]["request"]["url"].as_str().expect("an address");
        assert!(url.starts_with(&own) || url.starts_with("data:"), "{url}");
    }
}

#[test]
fn the_page_shows_the_fleet_and_moves() {
    if !require::command(&TRY, "chromium that starts (ulimit -H -v has to be unlimited)") {
        return;
    }
    let (_server, address) = fleet::serve(fleet::operator(300));
    let mut browser = Browser::start();
    open(&mut browser, address);
    assert_eq!(browser.value("document.querySelector('#services tbody a').textContent"), "s00099");
    assert_eq!(browser.value("document.getElementById('place').textContent"), "1 to 50 of 307");

    let line = "document.querySelector('svg.plot path').getAttribute('d')";
    let first = browser.value(line);
    browser.wait_for(&format!("{line} !== {first}"));

    for scheme in ["light", "dark"] {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        browser.call("Emulation.setEmulatedMedia", json!({ "features": features }));
        assert_eq!(browser.value(PALE), json!([]), "{scheme}");
        assert!(colours(&mut browser) > 20, "{scheme}: it is blank");
    }

    browser.value("document.querySelector('[data-order=name]').focus()");
    browser.press("Enter", 13);
    browser.wait_for("document.querySelector('#services tbody a').textContent.startsWith(\"'\")");
    browser.wait_for("document.querySelector('[aria-sort=ascending] [data-order=name]') !== null");
    assert_eq!(browser.value("document.activeElement.dataset.order"), "name", "focus stays");
    browser.value("document.getElementById('next').click()");
    browser.wait_for("document.getElementById('place').textContent === '51 to 100 of 307'");
    assert_in_order(&browser, address);
}

#[test]
fn names_are_text_whatever_they_are() {
    if !require::command(&TRY, "chromium that starts (ulimit -H -v has to be unlimited)") {
        return;
    }
    let (_server, address) = fleet::serve(fleet::operator(100));
    let mut browser = Browser::start();
    open(&mut browser, address);
    for name in fleet::NAMES {
        search(&mut browser, name);
        let link = "document.querySelector('#services tbody a')?.dataset.name";
        browser.wait_for(&format!("{ROWS} === 1 && {link} === {}", json!(name)));
        browser.value("document.querySelector('#services tbody a').click()");
        let reached = "!document.getElementById('detail').hidden \
            && document.querySelectorAll('#procedures tbody tr').length === 5";
        browser.wait_for(reached);
        let shown = browser.value("document.getElementById('title').textContent");
        let expected = name.replace('\u{202e}', "\\u{202e}");
        assert_eq!(shown, expected);
        assert_eq!(browser.value("document.images.length + document.scripts.length"), 1);
        browser.value("document.getElementById('back').click()");
        browser.value("document.querySelector('#procedures tbody').replaceChildren()");
        browser.wait_for("!document.getElementById('fleet').hidden");
    }
    assert_eq!(browser.value("typeof window.taken"), "undefined");
    assert_in_order(&browser, address);

    let markup = "try { document.body.innerHTML = '<b>x</b>'; 'taken' } catch { 'refused' }";
    assert_eq!(browser.value(markup), "refused", "the policy forbids markup from text");
}
