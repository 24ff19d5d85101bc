//! Links by name, as people write them.

use super::LinkError;
use ::switch::Vlan;
use std::fmt;
use std::os::fd::RawFd;
use std::path::PathBuf;
use std::str::FromStr;

/// Which link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkSpec {
    /// A tap by its name, made if it is not there: `tap:NAME`.
    Tap(String),
    /// A descriptor, inherited from whoever started the process and attached to a tap: `tap-fd:N`.
    TapDescriptor(RawFd),
    /// A unix stream socket that peers connect to: `unix:PATH`.
    Listen(PathBuf),
    /// A unix stream socket that a peer listens at: `unix-connect:PATH`.
    Connect(PathBuf),
    /// A port of a switch within this process: `switch:NAME` or `switch:NAME.VLAN`.
    Switch {
        /// The switch: letters, digits, `-` and `_`.
        name: String,
        /// Where the port is; the default VLAN if it is not said.
        vlan: Vlan,
    },
}

impl FromStr for LinkSpec {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let unknown = || {
            LinkError::new(format!(
                "no link is called {text:?}: use tap:NAME, tap-fd:NUMBER, unix:PATH, \
                 unix-connect:PATH, switch:NAME or switch:NAME.VLAN (1 to 4094)"
            ))
        };
        let (kind, rest) =
            text.split_once(':').filter(|(_, rest)| !rest.is_empty()).ok_or_else(unknown)?;
        match kind {
            "tap" => Ok(Self::Tap(rest.to_owned())),
            "tap-fd" => match rest.parse() {
                Ok(number @ 0..=2) => Err(LinkError::new(format!(
                    "descriptor {number} is standard input, output or error of this process: let whoever \
                     starts it leave the tap open as 3 or more"
                ))),
                Ok(number) if number > 2 => Ok(Self::TapDescriptor(number)),
                _ => Err(unknown()),
            },
            "unix" => Ok(Self::Listen(rest.into())),
            "unix-connect" => Ok(Self::Connect(rest.into())),
            "switch" => port(rest).ok_or_else(unknown),
            _ => Err(unknown()),
        }
    }
}

/// A switch and perhaps a VLAN of it.
fn port(text: &str) -> Option<LinkSpec> {
    let (name, vlan) = match text.split_once('.') {
        None => (text, Vlan::DEFAULT),
        Some((name, number)) => (name, Vlan::new(number.parse().ok()?)?),
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_name = !name.is_empty() && name.bytes().all(is_plain);
    is_name.then(|| LinkSpec::Switch { name: name.to_owned(), vlan })
}

impl fmt::Display for LinkSpec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tap(name) => write!(formatter, "tap:{name}"),
            Self::TapDescriptor(number) => write!(formatter, "tap-fd:{number}"),
            Self::Listen(path) => write!(formatter, "unix:{}", path.display()),
            Self::Connect(path) => write!(formatter, "unix-connect:{}", path.display()),
            Self::Switch { name, vlan } if *vlan == Vlan::DEFAULT => {
                write!(formatter, "switch:{name}")
            }
            Self::Switch { name, vlan } => write!(formatter, "switch:{name}.{}", vlan.number()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_written_as_they_are_read() {
        for text in ["tap:vm0", "tap-fd:7", "unix:/run/a:b.sock", "unix-connect:x"] {
            assert_eq!(text.parse::<LinkSpec>().unwrap().to_string(), text);
        }
        for text in ["switch:lan", "switch:lan-2_b.10", "switch:0.4094"] {
            assert_eq!(text.parse::<LinkSpec>().unwrap().to_string(), text);
        }
        assert_eq!("switch:lan.1".parse::<LinkSpec>(), "switch:lan".parse());
        for text in ["switch:", "switch:.10", "switch:a.", "switch:a.0", "switch:a.4095"] {
            assert!(text.parse::<LinkSpec>().is_err(), "{text}");
        }
        for text in ["switch:a.b", "switch:a b", "switch:a.1.2", "switch:a.-1", "switch:é"] {
            assert!(text.parse::<LinkSpec>().is_err(), "{text}");
        }
        for text in ["", "tap", "tap:", "tap-fd:x", "tap-fd:-1", "unix:", "eth0:x"] {
            let error = text.parse::<LinkSpec>().unwrap_err().to_string();
            assert!(error.contains("use tap:NAME"), "{error}");
        }
        for text in ["tap-fd:0", "tap-fd:1", "tap-fd:2"] {
            let error = text.parse::<LinkSpec>().unwrap_err().to_string();
            assert!(error.contains("standard input, output or error"), "{error}");
        }
    }
}
