//! The page for people: one file, made of the pieces beside this one, that only reads.
//!
//! It shows what `/v1` tells, and asks for nothing elsewhere. What it may do stands in
//! [`HEADERS`]: its own script and style, known by their digests, and questions to where it came
//! from; nothing it is told can become markup. It never changes anything.

/// What stands between the tags of the style.
macro_rules! style {
    () => {
        include_str!("fleet.css")
    };
}

/// What stands between the tags of the script.
macro_rules! script {
    () => {
        concat!(
            include_str!("parts.js"),
            include_str!("plots.js"),
            include_str!("list.js"),
            include_str!("detail.js"),
            include_str!("main.js"),
        )
    };
}

/// The page.
pub const PAGE: &str = concat!(
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
    "<title>vnfsd</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>",
    style!(),
    "</style>\n</head>\n",
    include_str!("body.html"),
    "<script>",
    script!(),
    "</script>\n</html>\n",
);

/// What [`PAGE`] is, as HTTP names it.
pub const MEDIA_TYPE: &str = "text/html; charset=utf-8";

/// What the page may do. A test says which digests belong here after a piece has changed.
const POLICY: &str = "default-src 'none'; \
    script-src 'sha256-+waR/HWC6OgyDteMKnNh/NlRhty+OeJ9UuEfk3IlrbE='; \
    style-src 'sha256-CxnKQXaoGzUk6XSlsnKLUhpcNSTDPCD0GHB264GoJmA='; \
    connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// What goes with the page.
pub const HEADERS: &[(&str, &str)] =
    &[("content-security-policy", POLICY), ("referrer-policy", "no-referrer")];

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    fn base64(bytes: &[u8]) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digits = bytes.chunks(3).flat_map(|chunk| {
            let part = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
            let word = part(0) << 16 | part(1) << 8 | part(2);
            let length = chunk.len();
            let digit = move |place: usize| LETTERS[(word >> (18 - 6 * place) & 63) as usize];
            (0..4).map(move |place| if place <= length { digit(place) } else { b'=' })
        });
        digits.map(char::from).collect()
    }

    fn assert_permitted(kind: &str, text: &str) {
        let digest = format!("'sha256-{}'", base64(&Sha256::digest(text)));
        let wanted = format!("{kind}-src {digest};");
        assert!(POLICY.contains(&wanted), "POLICY has to have: {wanted}");
    }

    #[test]
    fn the_policy_permits_this_script_and_style() {
        assert_permitted("script", script!());
        assert_permitted("style", style!());
    }

    /// What would need another policy, or ask elsewhere.
    #[test]
    fn the_page_is_self_contained() {
        let page = PAGE.replace("http://www.w3.org/2000/svg", "");
        for absent in ["http://", "https://", "src=", " style=", " onclick=", "innerHTML"] {
            assert!(!page.contains(absent), "{absent}");
        }
        assert_eq!(page.matches("<script").count(), 1);
    }
}
