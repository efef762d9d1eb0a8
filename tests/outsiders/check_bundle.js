// Checks a Sigstore bundle with what Sigstore wrote: @sigstore/bundle reads it, @sigstore/verify checks
// the signature, the log's signature under the head, the way from the entry to the head, and that the
// entry is of this statement. Witnesses it does not know.
//
// node check_bundle.js MODULES BUNDLE POLICY KEY: the folder with node_modules, the bundle, a
// tlog-policy with the keys of logs, and the signer's public key as PEM. Ends with 1 if it does not hold.
"use strict";
const { createHash, createPublicKey } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const { join, resolve } = require("node:path");

const [modules, bundlePath, policy, keyPath] = process.argv.slice(2);
const from = createRequire(join(resolve(modules), "package.json"));
const { bundleFromJSON } = from("@sigstore/bundle");
const { PublicKeyDetails } = from("@sigstore/protobuf-specs");
const { Verifier, toSignedEntity, toTrustMaterial } = from("@sigstore/verify");

// The first bytes of an Ed25519 public key as DER (RFC 8410 section 4).
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");

// A log as a trusted root of Sigstore names it, from its verifier key `name+id+base64(type, key)`.
function log(line) {
  const vkey = line.split(" ")[1];
  const name = vkey.slice(0, vkey.indexOf("+"));
  const key = vkey.slice(name.length + "+01234567+".length);
  const typed = Buffer.from(key, "base64");
  const id = createHash("sha256").update(`${name}\n`).update(typed).digest();
  return {
    baseUrl: name,
    checkpointKeyId: { keyId: id },
    logId: { keyId: id },
    publicKey: {
      keyDetails: PublicKeyDetails.PKIX_ED25519,
      rawBytes: Buffer.concat([SPKI_HEAD, typed.subarray(1)]),
    },
  };
}

const tlogs = readFileSync(policy, "utf8")
  .split("\n")
  .filter((line) => line.startsWith("log "))
  .map(log);
const rawBytes = createPublicKey(readFileSync(keyPath)).export({ format: "der", type: "spki" });
const keyId = createHash("sha256").update(rawBytes).digest("hex");
const root = { certificateAuthorities: [], timestampAuthorities: [], ctlogs: [], tlogs };
const trust = toTrustMaterial(root, { [keyId]: { rawBytes } });
// Rekor v2 gives no times of its own; with a public key, no time is needed.
const verifier = new Verifier(trust, { tlogThreshold: 1, timestampThreshold: 0 });
try {
  const bundle = bundleFromJSON(JSON.parse(readFileSync(bundlePath, "utf8")));
  verifier.verify(toSignedEntity(bundle));
} catch (error) {
  console.error(`${error.code ?? error.name}: ${error.message}`);
  process.exit(1);
}
console.log("holds");
