//! Builds messages within the grammar, and outside it.

/// A variable-size vector (RFC 9420 §2.1.2).
pub(super) fn vector(bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len()).expect("short");
    let head = match len {
        0..64 => vec![len as u8],
        64..16_384 => (len as u16 | 0x4000).to_be_bytes().to_vec(),
        _ => (len | 0x8000_0000).to_be_bytes().to_vec(),
    };
    [&head, bytes].concat()
}

/// The fields of a `PrivateMessage`, to be changed one by one.
pub(super) struct Private {
    pub(super) header: [u16; 2],
    pub(super) group_id: Vec<u8>,
    pub(super) content_type: u8,
    pub(super) authenticated_data: Vec<u8>,
    pub(super) sender_data: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
}

impl Private {
    pub(super) fn new() -> Self {
        Self {
            header: [1, 2],
            group_id: vec![1; 32],
            content_type: 1,
            authenticated_data: vec![],
            sender_data: vec![2; 28],
            ciphertext: vec![3; 256],
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        [
            self.header[0].to_be_bytes().to_vec(),
            self.header[1].to_be_bytes().to_vec(),
            vector(&self.group_id),
            5u64.to_be_bytes().to_vec(),
            vec![self.content_type],
            vector(&self.authenticated_data),
            vector(&self.sender_data),
            vector(&self.ciphertext),
        ]
        .concat()
    }
}

/// The fields of a `KeyPackage`, to be changed one by one.
pub(super) struct Package {
    pub(super) header: [u16; 4],
    pub(super) init_key: Vec<u8>,
    pub(super) encryption_key: Vec<u8>,
    pub(super) signature_key: Vec<u8>,
    pub(super) credential: u16,
    pub(super) capabilities: [Vec<u8>; 5],
    pub(super) source: u8,
    pub(super) leaf_extensions: Vec<(u16, Vec<u8>)>,
    pub(super) leaf_signature: Vec<u8>,
    pub(super) extensions: Vec<(u16, Vec<u8>)>,
    pub(super) signature: Vec<u8>,
}

impl Package {
    pub(super) fn new() -> Self {
        Self {
            header: [1, 5, 1, 1],
            init_key: vec![1; 32],
            encryption_key: vec![2; 32],
            signature_key: vec![3; 32],
            credential: 1,
            capabilities: [vec![0, 1], vec![0, 1], vec![0xf5, 0xa1], vec![], vec![0, 1]],
            source: 1,
            leaf_extensions: vec![],
            leaf_signature: vec![4; 64],
            extensions: vec![],
            signature: vec![5; 64],
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let extensions = |list: &[(u16, Vec<u8>)]| {
            let one =
                |(kind, data): &(u16, Vec<u8>)| [&kind.to_be_bytes()[..], &vector(data)].concat();
            vector(&list.iter().flat_map(one).collect::<Vec<_>>())
        };
        [
            self.header.iter().flat_map(|n| n.to_be_bytes()).collect(),
            vector(&self.init_key),
            vector(&self.encryption_key),
            vector(&self.signature_key),
            self.credential.to_be_bytes().to_vec(),
            vector(b"the certificate of Alice's device"),
            self.capabilities
                .iter()
                .flat_map(|list| vector(list))
                .collect(),
            vec![self.source],
            1_000u64.to_be_bytes().to_vec(),
            2_000u64.to_be_bytes().to_vec(),
            extensions(&self.leaf_extensions),
            vector(&self.leaf_signature),
            extensions(&self.extensions),
            vector(&self.signature),
        ]
        .concat()
    }
}
