//! Authentication flavours (RFC 5531 §8 and appendix A): AUTH_NONE and AUTH_SYS.
//!
//! AUTH_SHORT is refused because this server never hands out a shorthand; every other flavour
//! because it is not spoken here.

use abi::{Credentials, GROUPS_MAX};
use xdr::{Malformed, Opaque, Reader, Xdr};

/// The largest body of a credential or verifier (RFC 5531 §8.2).
const BODY_BYTES_MAX: usize = 400;
const MACHINE_NAME_BYTES_MAX: usize = 255;

const AUTH_NONE: u32 = 0;
const AUTH_SYS: u32 = 1;
const AUTH_SHORT: u32 = 2;

/// Why a credential is refused (auth_stat).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthStatus {
    /// AUTH_BADCRED: malformed, or of a flavour nobody here speaks.
    BadCredential = 1,
    /// AUTH_REJECTEDCRED: the client must begin anew, with its full credential.
    RejectedCredential = 2,
    /// AUTH_BADVERF: these flavours have an empty verifier, this one is not.
    BadVerifier = 3,
    /// AUTH_TOOWEAK: the procedure wants to know who calls.
    TooWeak = 5,
}

/// A credential or verifier, its body still undecoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpaqueAuth<'a> {
    flavor: u32,
    body: &'a [u8],
}

impl<'a> OpaqueAuth<'a> {
    /// Reads one of any length: whether it is too long, [`authenticate`] says.
    pub(crate) fn decode(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self { flavor: reader.u32()?, body: reader.opaque(usize::MAX)? })
    }
}

/// Who calls: `None` is AUTH_NONE.
pub(crate) fn authenticate(
    credential: &OpaqueAuth<'_>,
    verifier: &OpaqueAuth<'_>,
) -> Result<Option<Credentials>, AuthStatus> {
    let caller = match credential.flavor {
        _ if credential.body.len() > BODY_BYTES_MAX => return Err(AuthStatus::BadCredential),
        AUTH_NONE if credential.body.is_empty() => None,
        AUTH_SYS => Some(auth_sys(credential.body).map_err(|_| AuthStatus::BadCredential)?),
        AUTH_SHORT => return Err(AuthStatus::RejectedCredential),
        _ => return Err(AuthStatus::BadCredential),
    };
    if verifier.flavor != AUTH_NONE || !verifier.body.is_empty() {
        return Err(AuthStatus::BadVerifier);
    }
    Ok(caller)
}

/// The body of AUTH_SYS: stamp, machine name, user, group, supplementary groups.
fn auth_sys(body: &[u8]) -> Result<Credentials, Malformed> {
    let mut reader = Reader::new(body);
    let _stamp = reader.u32()?;
    let _machine_name = Opaque::<MACHINE_NAME_BYTES_MAX>::decode(&mut reader)?;
    let credentials = Credentials::new(reader.u32()?, reader.u32()?);
    let count = reader.u32()? as usize;
    if count > GROUPS_MAX || reader.rest().len() != count * 4 {
        return Err(Malformed);
    }
    let mut groups = [0; GROUPS_MAX];
    for group in &mut groups[..count] {
        *group = reader.u32()?;
    }
    credentials.with_groups(&groups[..count]).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn encode_auth_sys(credentials: &Credentials) -> Vec<u8> {
        let words = [0, 0, credentials.uid, credentials.gid, credentials.groups().len() as u32];
        words.iter().chain(credentials.groups()).flat_map(|word| word.to_be_bytes()).collect()
    }

    fn auth(flavor: u32, body: &[u8]) -> OpaqueAuth<'_> {
        OpaqueAuth { flavor, body }
    }

    fn judge(flavor: u32, body: &[u8]) -> Result<Option<Credentials>, AuthStatus> {
        authenticate(&auth(flavor, body), &auth(AUTH_NONE, &[]))
    }

    fn sixteen_groups() -> Credentials {
        let groups: Vec<u32> = (100..116).collect();
        Credentials::new(7, 8).with_groups(&groups).unwrap()
    }

    #[test]
    fn sixteen_groups_are_the_most() {
        let body = encode_auth_sys(&sixteen_groups());
        assert_eq!(judge(AUTH_SYS, &body), Ok(Some(sixteen_groups())));
        let mut seventeen = body;
        seventeen[19] = 17;
        seventeen.extend_from_slice(&[0; 4]);
        assert_eq!(judge(AUTH_SYS, &seventeen), Err(AuthStatus::BadCredential));
    }

    #[test]
    fn a_body_cut_short_or_too_long_is_bad() {
        let body = encode_auth_sys(&sixteen_groups());
        for length in 0..body.len() {
            assert_eq!(judge(AUTH_SYS, &body[..length]), Err(AuthStatus::BadCredential));
        }
        let longer = [body.as_slice(), &[0; 4]].concat();
        assert_eq!(judge(AUTH_SYS, &longer), Err(AuthStatus::BadCredential));
    }

    #[test]
    fn machine_names_have_a_limit() {
        let mut body = [0_u32.to_be_bytes(), 256_u32.to_be_bytes()].concat();
        body.extend_from_slice(&[b'x'; 256]);
        body.extend_from_slice(&[0; 12]);
        assert_eq!(judge(AUTH_SYS, &body), Err(AuthStatus::BadCredential));
    }

    #[test]
    fn other_flavours_are_refused() {
        assert_eq!(judge(AUTH_NONE, &[]), Ok(None));
        assert_eq!(judge(AUTH_NONE, b"body"), Err(AuthStatus::BadCredential));
        assert_eq!(judge(AUTH_SHORT, b"mark"), Err(AuthStatus::RejectedCredential));
        let long = [0; BODY_BYTES_MAX + 1];
        assert_eq!(judge(AUTH_SHORT, &long), Err(AuthStatus::BadCredential));
        assert_eq!(judge(6, b"kerberos"), Err(AuthStatus::BadCredential));
        let verified = authenticate(&auth(AUTH_NONE, &[]), &auth(AUTH_NONE, b"seal"));
        assert_eq!(verified, Err(AuthStatus::BadVerifier));
    }
}
