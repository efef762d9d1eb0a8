"""Checks a release with programs that Sealwire did not write.

Envelopes (DSSE) with securesystemslib, statements and SLSA's provenance with in-toto-attestation, and the
programs' digests with Python's hashlib. Takes the folder and the public release key as PEM; ends with 1 at the
first thing that is wrong.
"""

import hashlib
import json
import pathlib
import sys

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from google.protobuf.json_format import ParseDict
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey


def signed(path, key):
    """The statement in an envelope that the key has signed."""
    envelope = Envelope.from_dict(json.loads(path.read_text()))
    signers = envelope.verify([key], 1)
    assert list(signers) == [key.keyid], signers
    payload = json.loads(envelope.payload)
    Statement.copy_from_pb(ParseDict(payload, StatementMessage())).validate()
    return payload


def main():
    release, key = map(pathlib.Path, sys.argv[1:])
    public = load_pem_public_key(key.read_bytes())
    # An envelope names the key by the SHA-256 of its DER.
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key = SSlibKey.from_crypto(public, keyid=hashlib.sha256(der).hexdigest())
    provenance = signed(release / "provenance.intoto.json", key)
    assert provenance["predicateType"] == "https://slsa.dev/provenance/v1"
    # Refuses members that SLSA does not have.
    ParseDict(provenance["predicate"], Provenance())
    for subject in provenance["subject"]:
        name = subject["name"]
        digest = hashlib.sha256((release / name).read_bytes()).hexdigest()
        assert subject["digest"] == {"sha256": digest}, name
        bom = signed(release / f"{name}.cdx.intoto.json", key)
        assert bom["predicateType"] == "https://cyclonedx.org/bom"
        assert bom["subject"] == [subject], name
        assert bom["predicate"] == json.loads((release / f"{name}.cdx.json").read_text())
        print(name, digest)


main()
