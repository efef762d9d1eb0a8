//! Writing content.

use minicbor::{Encoder, encode::Error};

use super::{
    Content, ExternalPart, LogHead, MessageId, NestedPart, PartBody, Position,
    extensions::{EVENT, ExtensionKey, LOG_HEAD, POSITION},
};

type Cbor = Encoder<Vec<u8>>;
type Written = Result<(), Error<std::convert::Infallible>>;

impl Content {
    /// The one encoding: deterministic CBOR (RFC 8949 §4.2.1).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut cbor = Encoder::new(Vec::new());
        self.write(&mut cbor)
            .expect("writing to memory cannot fail");
        cbor.into_writer()
    }

    fn write(&self, cbor: &mut Cbor) -> Written {
        cbor.array(7)?.bytes(&self.salt)?;
        reference(cbor, self.replaces)?;
        cbor.bytes(&self.topic)?;
        match self.expires {
            None => cbor.null()?,
            Some(expires) => cbor.array(2)?.bool(expires.relative)?.u32(expires.time_s)?,
        };
        reference(cbor, self.in_reply_to)?;
        self.write_extensions(cbor)?;
        part(cbor, &self.part)
    }

    fn write_extensions(&self, cbor: &mut Cbor) -> Written {
        let key = |name: &str| ExtensionKey::Text(name.into()).encoded();
        let position = self.position.as_ref().map(position);
        let log_head = self.log_head.as_ref().map(log_head);
        let event = self.event.as_ref().map(super::GroupEvent::encode);
        let mut items: Vec<(Vec<u8>, &[u8])> = self
            .extensions
            .iter()
            .map(|(key, value)| (key.encoded(), value))
            .collect();
        items.extend(position.as_deref().map(|value| (key(POSITION), value)));
        items.extend(log_head.as_deref().map(|value| (key(LOG_HEAD), value)));
        items.extend(event.as_deref().map(|value| (key(EVENT), value)));
        items.sort_unstable();
        cbor.map(items.len() as u64)?;
        for (key, value) in items {
            cbor.writer_mut().extend_from_slice(&key);
            cbor.writer_mut().extend_from_slice(value);
        }
        Ok(())
    }
}

fn position(position: &Position) -> Vec<u8> {
    let mut cbor = Encoder::new(Vec::new());
    cbor.array(3)
        .and_then(|cbor| cbor.bytes(position.lane.as_bytes()))
        .and_then(|cbor| cbor.u64(position.seq))
        .and_then(|cbor| cbor.bytes(&position.hash.0))
        .expect("writing to memory cannot fail");
    cbor.into_writer()
}

fn log_head(head: &LogHead) -> Vec<u8> {
    let mut cbor = Encoder::new(Vec::new());
    cbor.array(3)
        .and_then(|cbor| cbor.u64(head.size))
        .and_then(|cbor| cbor.bytes(&head.root))
        .and_then(|cbor| cbor.bytes(&head.signature))
        .expect("writing to memory cannot fail");
    cbor.into_writer()
}

fn reference(cbor: &mut Cbor, id: Option<MessageId>) -> Written {
    match id {
        None => cbor.null()?,
        Some(id) => cbor.bytes(&id.0)?,
    };
    Ok(())
}

fn part(cbor: &mut Cbor, nested: &NestedPart) -> Written {
    let (cardinality, fields) = match &nested.body {
        PartBody::Null => (0, 0),
        PartBody::Single { .. } => (1, 2),
        PartBody::External(_) => (2, 12),
        PartBody::Multi { .. } => (3, 2),
    };
    cbor.array(3 + fields)?
        .u8(nested.disposition.0)?
        .str(&nested.language)?
        .u8(cardinality)?;
    match &nested.body {
        PartBody::Null => {}
        PartBody::Single {
            content_type,
            content,
        } => {
            cbor.str(content_type)?.bytes(content)?;
        }
        PartBody::External(external) => write_external(cbor, external)?,
        PartBody::Multi { semantics, parts } => {
            cbor.u8(*semantics as u8)?.array(parts.len() as u64)?;
            for inner in parts {
                part(cbor, inner)?;
            }
        }
    }
    Ok(())
}

fn write_external(cbor: &mut Cbor, external: &ExternalPart) -> Written {
    cbor.str(&external.content_type)?
        .str(&external.url)?
        .u32(external.expires_s)?
        .u64(external.size)?
        .u16(external.enc_alg)?
        .bytes(&external.key)?
        .bytes(&external.nonce)?
        .bytes(&external.aad)?
        .u8(external.hash_alg)?
        .bytes(&external.content_hash)?
        .str(&external.description)?
        .str(&external.filename)?;
    Ok(())
}
