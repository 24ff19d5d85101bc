//! `vnfsd run`: many services in one process, judged from outside.

mod containment;
mod host_limits;
mod nobody_else;
mod soak;
mod the_end;

use suite::fleet::address;

/// Services `many0`, `many1` and so on of images that are made, on addresses from the first.
fn many(count: u16, first: u16, size: &str) -> String {
    let service = |number| {
        let address = address(first + number);
        format!("[[service]]\nname = 'many{number}'\nlisten = '{address}'\n")
    };
    let defaults = format!(
        "[defaults]\nimage = '{{name}}.img'\ncreate = '{size}'\nexports = ['/:no_root_squash']\n"
    );
    (0..count).map(service).fold(defaults, |text, service| text + &service)
}

/// So many bytes that another seed has otherwise.
fn sample(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}
