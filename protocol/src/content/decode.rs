//! Reading content.

use minicbor::{Decoder, data::Type, decode::Error};
use zeroize::Zeroizing;

use super::{
    Content, ContentError, Decoded, Disposition, Expiration, Extensions, ExternalPart, GroupEvent,
    LogHead, MAX_CONTENT, MAX_PART_DEPTH, MessageId, NestedPart, PartBody, PartSemantics, Position,
    extensions::{EVENT, ExtensionKey, LOG_HEAD, MAX_VALUE, POSITION},
    wellformed,
};
use crate::{ids::Lane, log::RunningHash};

/// Two levels for each nested part (the part and its list), and those of an extension's value.
const MAX_DEPTH: usize = 4 * MAX_PART_DEPTH;

impl Content {
    /// Reads at most [`MAX_CONTENT`] bytes of deterministic CBOR.
    ///
    /// # Errors
    /// [`ContentError`] if the bytes are too long, too deeply nested, no CBOR or not in
    /// deterministic form. CBOR of an unknown shape is no error but [`Decoded::Unknown`].
    pub fn decode(bytes: &[u8]) -> Result<Decoded, ContentError> {
        if bytes.len() > MAX_CONTENT {
            return Err(ContentError::TooLong(bytes.len()));
        }
        wellformed::check(bytes, MAX_DEPTH)?;
        Ok(content(&mut Decoder::new(bytes))
            .ok()
            .filter(|content| content.encode() == bytes)
            .map_or_else(|| Decoded::Unknown(bytes.to_vec()), Decoded::Known))
    }
}

fn unknown() -> Error {
    Error::message("not of a known shape")
}

fn array(cbor: &mut Decoder<'_>) -> Result<u64, Error> {
    cbor.array()?.ok_or_else(unknown)
}

fn exact<const N: usize>(cbor: &mut Decoder<'_>) -> Result<[u8; N], Error> {
    cbor.bytes()?.try_into().map_err(|_| unknown())
}

fn nullable<'b, T>(
    cbor: &mut Decoder<'b>,
    read: impl FnOnce(&mut Decoder<'b>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    if cbor.datatype()? == Type::Null {
        cbor.null()?;
        return Ok(None);
    }
    read(cbor).map(Some)
}

fn content(cbor: &mut Decoder<'_>) -> Result<Content, Error> {
    if array(cbor)? != 7 {
        return Err(unknown());
    }
    let salt = exact(cbor)?;
    let replaces = nullable(cbor, |cbor| exact(cbor).map(MessageId))?;
    let topic = cbor.bytes()?.to_vec();
    let expires = nullable(cbor, expiration)?;
    let in_reply_to = nullable(cbor, |cbor| exact(cbor).map(MessageId))?;
    let mut content = Content {
        salt,
        replaces,
        topic,
        expires,
        in_reply_to,
        position: None,
        log_head: None,
        event: None,
        extensions: Extensions::new(),
        part: NestedPart {
            disposition: Disposition::UNSPECIFIED,
            language: String::new(),
            body: PartBody::Null,
        },
    };
    extensions(cbor, &mut content)?;
    content.part = part(cbor, MAX_PART_DEPTH)?;
    Ok(content)
}

fn expiration(cbor: &mut Decoder<'_>) -> Result<Expiration, Error> {
    if array(cbor)? != 2 {
        return Err(unknown());
    }
    Ok(Expiration {
        relative: cbor.bool()?,
        time_s: cbor.u32()?,
    })
}

fn extensions(cbor: &mut Decoder<'_>, content: &mut Content) -> Result<(), Error> {
    for _ in 0..cbor.map()?.ok_or_else(unknown)? {
        let key = match cbor.datatype()? {
            Type::String => ExtensionKey::Text(cbor.str()?.into()),
            _ => ExtensionKey::Int(cbor.i64()?),
        };
        let start = cbor.position();
        cbor.skip()?;
        let value = &cbor.input()[start..cbor.position()];
        match &key {
            ExtensionKey::Text(name) if name == POSITION => {
                content.position = Some(position(&mut Decoder::new(value))?);
            }
            ExtensionKey::Text(name) if name == LOG_HEAD => {
                content.log_head = Some(log_head(&mut Decoder::new(value))?);
            }
            ExtensionKey::Text(name) if name == EVENT && value.len() <= MAX_VALUE => {
                content.event = Some(GroupEvent::decode(value));
            }
            _ => content
                .extensions
                .insert(key, value.to_vec())
                .map_err(|_| unknown())?,
        }
    }
    Ok(())
}

fn position(cbor: &mut Decoder<'_>) -> Result<Position, Error> {
    if array(cbor)? != 3 {
        return Err(unknown());
    }
    Ok(Position {
        lane: Lane(exact(cbor)?),
        seq: cbor.u64()?,
        hash: RunningHash(exact(cbor)?),
    })
}

fn log_head(cbor: &mut Decoder<'_>) -> Result<LogHead, Error> {
    if array(cbor)? != 3 {
        return Err(unknown());
    }
    Ok(LogHead {
        size: cbor.u64()?,
        root: exact(cbor)?,
        signature: exact(cbor)?,
    })
}

fn part(cbor: &mut Decoder<'_>, depth: usize) -> Result<NestedPart, Error> {
    let depth = depth.checked_sub(1).ok_or_else(unknown)?;
    let fields = array(cbor)?;
    let disposition = Disposition(cbor.u8()?);
    let language = cbor.str()?.into();
    let body = match (cbor.u8()?, fields) {
        (0, 3) => PartBody::Null,
        (1, 5) => PartBody::Single {
            content_type: cbor.str()?.into(),
            content: cbor.bytes()?.to_vec(),
        },
        (2, 15) => PartBody::External(Box::new(external(cbor)?)),
        (3, 5) => multi(cbor, depth)?,
        _ => return Err(unknown()),
    };
    Ok(NestedPart {
        disposition,
        language,
        body,
    })
}

fn multi(cbor: &mut Decoder<'_>, depth: usize) -> Result<PartBody, Error> {
    let semantics = match cbor.u8()? {
        0 => PartSemantics::ChooseOne,
        1 => PartSemantics::SingleUnit,
        2 => PartSemantics::ProcessAll,
        _ => return Err(unknown()),
    };
    let count = array(cbor)?;
    if count < 2 {
        return Err(unknown());
    }
    let parts = (0..count)
        .map(|_| part(cbor, depth))
        .collect::<Result<_, _>>()?;
    Ok(PartBody::Multi { semantics, parts })
}

fn external(cbor: &mut Decoder<'_>) -> Result<ExternalPart, Error> {
    Ok(ExternalPart {
        content_type: cbor.str()?.into(),
        url: cbor.str()?.into(),
        expires_s: cbor.u32()?,
        size: cbor.u64()?,
        enc_alg: cbor.u16()?,
        key: Zeroizing::new(cbor.bytes()?.to_vec()),
        nonce: cbor.bytes()?.to_vec(),
        aad: cbor.bytes()?.to_vec(),
        hash_alg: cbor.u8()?,
        content_hash: cbor.bytes()?.to_vec(),
        description: cbor.str()?.into(),
        filename: cbor.str()?.into(),
    })
}
