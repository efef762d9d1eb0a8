// Releases of the app that nobody built: what the holder of a release key says of a package, in the form of
// docs/releases.md.
import { execFileSync } from "node:child_process";
import { createHash, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const IN_TOTO = "application/vnd.in-toto+json";
const hex = (algorithm, bytes) => createHash(algorithm).update(bytes).digest("hex");
const rust = { x64: "x86_64", arm64: "aarch64" }[process.arch];

/** JSON with sorted members (RFC 8785, of plain ASCII). */
const canonical = (value) =>
  JSON.stringify(value, (_, item) =>
    item && typeof item === "object" && !Array.isArray(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item);

export const newKey = () => generateKeyPairSync("ed25519").privateKey;
export const publicPem = (key) => createPublicKey(key).export({ type: "spki", format: "pem" });
/** SHA-256 of a key, as the app shows whose updates it takes. */
export const signer = (key) => hex("sha256", createPublicKey(key).export({ type: "spki", format: "der" }));
export const grouped = (hash) => hash.slice(0, 16).match(/.{4}/g).join(" ");

function provenance(version, digest) {
  return {
    _type: "https://in-toto.io/Statement/v1",
    predicateType: "https://slsa.dev/provenance/v1",
    subject: [{ name: "sealwire-desktop.deb", digest: { sha256: digest } }],
    predicate: {
      buildDefinition: {
        buildType: "https://sealwire.example/release/v1",
        externalParameters: { command: "cargo xtask release", target: `${rust}-unknown-linux-gnu`, version },
        internalParameters: { flags: "", toolchain: "rustc 1.95.0" },
        resolvedDependencies: [{ digest: { gitCommit: "0123456789".repeat(4) } }, { name: "Cargo.lock", digest: { sha256: "07".repeat(32) } }],
      },
      runDetails: {
        builder: { id: "https://sealwire.example/builder/own-machine/v1" },
        metadata: { startedOn: "2026-11-25T23:00:00Z", finishedOn: "2026-11-25T23:10:00Z" },
      },
    },
  };
}

/** Has the relay of a world offer a version; gives the digest of its package. */
export function offer(world, key, version, bytes = Buffer.from(`package ${version}`)) {
  const folder = join(world.folder, `release-${version}`);
  mkdirSync(folder, { recursive: true });
  const digest = hex("sha256", bytes);
  const payload = Buffer.from(canonical(provenance(version, digest)));
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${IN_TOTO.length} ${IN_TOTO} ${payload.length} `), payload]);
  const signature = { keyid: signer(key), sig: sign(null, signed, key).toString("base64") };
  writeFileSync(join(folder, "provenance.intoto.json"), JSON.stringify({ payload: payload.toString("base64"), payloadType: IN_TOTO, signatures: [signature] }));
  writeFileSync(join(folder, "sealwire-desktop.deb"), bytes);
  writeFileSync(join(folder, "release.pub"), publicPem(key));
  execFileSync(join(world.programs, "sealwire-relay"), ["update", "offer", folder, "--key", join(folder, "release.pub"), "--data", join(world.folder, "relay")]);
  return digest;
}
