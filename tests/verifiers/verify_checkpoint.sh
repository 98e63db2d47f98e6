#!/bin/sh
# Checks the signature of a checkpoint with openssl: verify_checkpoint.sh VKEY CHECKPOINT-FILE
# It needs openssl 3, base64, sed, tail, head, cut, od. It says nothing of the entries: that takes a verifier of the tree.
set -eu
reject() {
    echo "rejected: $1"
    exit 1
}
key=$1 checkpoint=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
name=$(printf '%s' "$key" | cut -d+ -f1)
key_id=$(printf '%s' "$key" | cut -d+ -f2)
printf '%s' "$key" | cut -d+ -f3- | base64 -d >"$scratch/typed" 2>/dev/null || reject "the key is no base64"

# An id is the beginning of SHA-256 over name, newline, type and key.
found=$({ printf '%s\n' "$name" && cat "$scratch/typed"; } | openssl dgst -sha256 -r | cut -c1-8)
[ "$found" = "$key_id" ] || reject "the key's id is not that of the key"
[ "$(head -c1 "$scratch/typed" | od -An -tx1 | tr -d ' ')" = 01 ] || reject "the key is no Ed25519 key"
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000' && tail -c+2 "$scratch/typed"; } >"$scratch/key.der"

# The text ends before the last empty line; of the signatures only those by this key count.
line=$(sed -n '/^$/=' "$checkpoint" | tail -n1)
[ -n "$line" ] || reject "the checkpoint has no signatures"
head -n "$((line - 1))" "$checkpoint" >"$scratch/text"
[ "$(head -n1 "$scratch/text")" = "$name" ] || reject "the origin is not $name"
signed=no
tail -n "+$((line + 1))" "$checkpoint" >"$scratch/lines"
while IFS=' ' read -r dash signer encoded rest; do
    [ "$dash" = "—" ] && [ "$signer" = "$name" ] && [ -z "$rest" ] || continue
    printf '%s' "$encoded" | base64 -d >"$scratch/signed" 2>/dev/null || reject "a signature is no base64"
    [ "$(head -c4 "$scratch/signed" | od -An -tx1 | tr -d ' \n')" = "$key_id" ] || continue
    tail -c+5 "$scratch/signed" >"$scratch/signature"
    openssl pkeyutl -verify -pubin -keyform DER -inkey "$scratch/key.der" -rawin -in "$scratch/text" \
        -sigfile "$scratch/signature" >/dev/null 2>&1 || reject "the signature under the checkpoint is false"
    signed=yes
done <"$scratch/lines"
[ "$signed" = yes ] || reject "the key has not signed the checkpoint"
echo "accepted: $(sed -n 2p "$scratch/text") entries, root $(sed -n 3p "$scratch/text")"
