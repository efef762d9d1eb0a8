//! What can go wrong. No variant carries secret content.

/// Why a cryptographic operation was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The signature or authentication code does not belong to this message,
    /// key and context.
    #[error("the signature does not match")]
    BadSignature,
    /// The bytes are not a usable key: wrong length, not a point of the curve,
    /// a point of small order, or a second spelling of another key.
    #[error("not a usable key")]
    BadKey,
    /// The ciphertext was not made for this key and associated data, or was changed.
    #[error("the ciphertext can not be opened")]
    OpenFailed,
    /// The passphrase is wrong, or the wrapped key was changed. The two can not
    /// be told apart.
    #[error("wrong passphrase, or the wrapped key is damaged")]
    WrongPassphrase,
    /// The bytes do not have the form they should have; the text says what is wrong.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// Made by a version this program does not know.
    #[error("version {0} is not supported")]
    UnsupportedVersion(u8),
    /// Longer than the construction can carry.
    #[error("too long")]
    TooLong,
    /// There is not enough memory to turn the passphrase into a key.
    #[error("not enough memory for the passphrase")]
    OutOfMemory,
    /// A group of a recovery key is wrong; counted from 1.
    #[error("group {0} of the recovery key is wrong")]
    RecoveryGroup(usize),
    /// A recovery key has the wrong number of characters, spaces and dashes not counted.
    #[error("the recovery key has {found} characters instead of {expected}")]
    RecoveryLength {
        /// How many characters were given.
        found: usize,
        /// How many a recovery key has.
        expected: usize,
    },
    /// Every group of the recovery key is well formed, but together they are not
    /// a key that was ever issued.
    #[error("the groups of the recovery key do not belong together")]
    RecoveryChecksum,
}
