//! A tunnel through a SOCKS 5 proxy, which resolves the name itself (RFC 1928; user and password: RFC 1929).

use std::io::{Read, Write};

use zeroize::Zeroizing;

use super::dial::Target;
use super::failure::{Failure, of_stream};
use super::proxies::Proxy;
use super::wire::Stream;

const VERSION: u8 = 5;
const NO_AUTH: u8 = 0;
const USER_PASSWORD: u8 = 2;

pub(super) fn tunnel(mut stream: Stream, proxy: &Proxy, target: &Target) -> Result<Stream, Failure> {
    let method = if proxy.auth.is_some() { USER_PASSWORD } else { NO_AUTH };
    send(&mut stream, &[VERSION, 1, method])?;
    match receive::<2>(&mut stream)? {
        [VERSION, NO_AUTH] => {}
        [VERSION, USER_PASSWORD] if proxy.auth.is_some() => authenticate(&mut stream, proxy)?,
        [VERSION, _] => return Err(Failure::ProxyStatus { proxy: proxy.at(), status: 407 }),
        _ => return Err(Failure::Http("what answers is no SOCKS 5 proxy".to_owned())),
    }
    let host = target.host.as_bytes();
    let length = u8::try_from(host.len()).map_err(|_| Failure::Http("the name is too long for SOCKS 5".to_owned()))?;
    // Connect, to a name.
    let mut request = vec![VERSION, 1, 0, 3, length];
    request.extend_from_slice(host);
    request.extend_from_slice(&target.port.to_be_bytes());
    send(&mut stream, &request)?;
    let [version, reply, _, kind] = receive::<4>(&mut stream)?;
    if version != VERSION || reply != 0 {
        return Err(Failure::Http(format!("it will not connect (SOCKS 5 reply {reply})")));
    }
    let bound = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(receive::<1>(&mut stream)?[0]),
        _ => return Err(Failure::Http("what answers is no SOCKS 5 proxy".to_owned())),
    };
    for _ in 0..bound + 2 {
        receive::<1>(&mut stream)?;
    }
    Ok(stream)
}

fn authenticate(stream: &mut Stream, proxy: &Proxy) -> Result<(), Failure> {
    let auth = proxy.auth.as_ref().map(|auth| auth.expose()).unwrap_or_default();
    let colon = auth.iter().position(|byte| *byte == b':').unwrap_or(auth.len());
    let (user, password) = (&auth[..colon], auth.get(colon + 1..).unwrap_or_default());
    let too_long = |_| Failure::Http("its user or password is too long for SOCKS 5".to_owned());
    let mut request = Zeroizing::new(Vec::with_capacity(auth.len() + 4));
    request.push(1);
    request.push(u8::try_from(user.len()).map_err(too_long)?);
    request.extend_from_slice(user);
    request.push(u8::try_from(password.len()).map_err(too_long)?);
    request.extend_from_slice(password);
    send(stream, &request)?;
    match receive::<2>(stream)? {
        [_, 0] => Ok(()),
        _ => Err(Failure::ProxyStatus { proxy: proxy.at(), status: 407 }),
    }
}

fn send(stream: &mut Stream, bytes: &[u8]) -> Result<(), Failure> {
    stream.write_all(bytes).and_then(|()| stream.flush()).map_err(of_stream)
}

fn receive<const N: usize>(stream: &mut Stream) -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).map_err(of_stream)?;
    Ok(bytes)
}
