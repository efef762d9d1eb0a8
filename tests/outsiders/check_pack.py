"""Checks the statements of a pack with programs that Sealwire did not write.

Envelopes (DSSE) with securesystemslib, statements with in-toto-attestation, predicates with
jsonschema. Takes the pack, the relay's public key as PEM, and the folder of the schemas; ends with 1
at the first thing that is wrong.
"""

import json
import pathlib
import sys

from google.protobuf.json_format import ParseDict
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage
from jsonschema import Draft202012Validator
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey


def check(path, key, schemas):
    """Checks one statement; gives the name of its predicate."""
    envelope = Envelope.from_dict(json.loads(path.read_text()))
    signers = envelope.verify([key], 1)
    assert list(signers) == [key.keyid], signers
    payload = json.loads(envelope.payload)
    statement = Statement.copy_from_pb(ParseDict(payload, StatementMessage()))
    statement.validate()
    name = payload["predicateType"].split("/")[-2]
    schema = json.loads((schemas / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(payload)
    return name


def main():
    pack, key, schemas = map(pathlib.Path, sys.argv[1:])
    public = load_pem_public_key(key.read_bytes())
    key = SSlibKey.from_crypto(public, keyid=key.stem)
    paths = sorted((pack / "statements").glob("*.json"))
    assert paths, "the pack has no statement"
    names = {check(path, key, schemas) for path in paths}
    print(len(paths), *sorted(names))


main()
