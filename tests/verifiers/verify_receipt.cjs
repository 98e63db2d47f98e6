// Checks a receipt (C2SP tlog-proof) offline with the verifier of sigstore, @sigstore/verify from npm.
// It knows nothing of the program that made the receipt.
//
//   node verify_receipt.cjs VKEY RECEIPT-FILE ENTRY-FILE
"use strict";
const { createPublicKey } = require("node:crypto");
const { readFileSync } = require("node:fs");
// The package opens a whole Sigstore bundle only; these are its own steps for checkpoint and inclusion.
const { createRequire } = require("node:module");
const from = createRequire(`${process.env.NODE_PACKAGES ?? __dirname}/`);
const internals = `${require("node:path").dirname(from.resolve("@sigstore/verify"))}/tlog`;
const { verifyCheckpoint } = require(`${internals}/checkpoint.js`);
const { verifyMerkleInclusion } = require(`${internals}/merkle.js`);

const ED25519_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

function receiptOf(text) {
    const [head, ...rest] = text.split("\n\n");
    const lines = head.split("\n");
    if (lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Error("it is no tlog-proof");
    if (lines[0]?.startsWith("extra ")) lines.shift();
    const index = /^index (0|[1-9][0-9]*)$/.exec(lines.shift() ?? "")?.[1];
    if (index === undefined) throw new Error("the receipt has no index");
    return { index, hashes: lines.map((line) => Buffer.from(line, "base64")), checkpoint: rest.join("\n\n") };
}

try {
    const [vkey, receiptFile, entryFile] = process.argv.slice(2);
    const [, name, keyId, encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey);
    const key = Buffer.from(encoded, "base64");
    if (key[0] !== 1) throw new Error("the key is no Ed25519 key");
    const publicKey = createPublicKey({
        key: Buffer.concat([ED25519_PREFIX, key.subarray(1)]), format: "der", type: "spki",
    });
    const receipt = receiptOf(readFileSync(receiptFile, "utf-8"));
    const log = { logID: Buffer.from(keyId, "hex"), publicKey, baseURL: name };
    const inclusionProof = {
        logIndex: receipt.index, hashes: receipt.hashes, checkpoint: { envelope: receipt.checkpoint },
    };
    const entry = { canonicalizedBody: readFileSync(entryFile), inclusionProof };
    const checkpoint = verifyCheckpoint(entry, [log]);
    if (checkpoint.origin !== name) throw new Error(`the origin is ${checkpoint.origin}`);
    verifyMerkleInclusion(entry, checkpoint);
    console.log(`accepted: entry ${receipt.index} of ${checkpoint.logSize}`);
} catch (wrong) {
    console.log(`rejected: ${wrong.message}`);
    process.exit(1);
}
