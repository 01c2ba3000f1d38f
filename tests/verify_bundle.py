#!/usr/bin/env python3
"""A second, independent verifier of evidence bundles (`aijia evidence bundle`): standard library only.

usage: verify_bundle.py BUNDLE [KEY]     exit code 0: verifies, 1: does not, 2: no bundle

The format is described in bot/src/evidence.rs; the tree in RFC 9162, the signature in RFC 8032.
"""

import base64
import hashlib
import json
import sys

# --- Ed25519 (RFC 8032, section 5.1) -----------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT % P
    if (x * x - square) % P != 0 or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    q = (0, 1, 1, 0)
    while n:
        if n & 1:
            q = add(q, p)
        p, n = add(p, p), n >> 1
    return q


def point(data):
    y = int.from_bytes(data, "little")
    x = recover_x(y & (1 << 255) - 1, y >> 255)
    y &= (1 << 255) - 1
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (recover_x(BASE_Y, 0), BASE_Y, 1, recover_x(BASE_Y, 0) * BASE_Y % P)


def signed(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r, s = point(public), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = times(s, BASE), add(r, times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- the chain ---------------------------------------------------------------------------------------------------


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def field(data):
    return len(data).to_bytes(8, "big") + data


def entry_hash(e):
    case = b"" if e["case"] is None else b"\x01" + e["case"].encode()
    number = lambda n: n.to_bytes(8, "big", signed=True)
    parts = [e["chain"].encode(), number(e["seq"]), number(e["at_ms"]), case, e["kind"].encode(), e["actor"].encode(),
             bytes.fromhex(e["commitment"]), bytes.fromhex(e["prev"])]
    return sha256(b"\x00\x01", *map(field, parts))


def check_chain(entries, case):
    prev, missing = bytes(32), set()
    chain = next((e["chain"] for e in entries if e["case"] == case), None)
    if chain is None:
        return "no entry belongs to the case"
    for place, e in enumerate(entries, 1):
        if e["format"] != 1 or e["chain"] != chain or e["seq"] != place or bytes.fromhex(e["prev"]) != prev:
            return f"#{place}: not the entry that belongs here"
        prev = entry_hash(e)
        if prev.hex() != e["hash"]:
            return f"#{place}: a field was altered"
        if e["payload"] is None:
            missing.add(place)
        elif sha256(b"\x02", bytes.fromhex(e["salt"]), e["payload"].encode()).hex() != e["commitment"]:
            return f"#{place}: the payload was altered"
        elif e["kind"] == "erased":
            missing -= set(json.loads(e["payload"])["seqs"])
    for place in sorted(missing):
        if entries[place - 1]["case"] in (None, case):
            return f"#{place}: the payload is missing and was never erased"
    return None


# --- the tree ----------------------------------------------------------------------------------------------------


def in_tree(leaf_hash, index, size, proof, root):
    if index >= size:
        return False
    at, last, found = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = sha256(b"\x01", sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = sha256(b"\x01", found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify(bundle, wanted_key):
    if bundle["format"] != "aijia-evidence-bundle/1":
        return "another format"
    key = bytes.fromhex(bundle["key"])
    if wanted_key is not None and wanted_key != bundle["key"]:
        return "signed with another key"
    body, _, signature = bundle["checkpoint"].rpartition(" sig=")
    word, *pairs = body.split(" ")
    said = dict(pair.split("=", 1) for pair in pairs)
    if word != "aijia-checkpoint/1" or said["key"] != sha256(key)[:8].hex():
        return "the checkpoint names another key"
    if not signed(key, body.encode(), base64.b64decode(signature)):
        return "the checkpoint's signature is not valid"
    entries = [proven["entry"] for proven in bundle["entries"]]
    wrong = check_chain(entries, bundle["case"])
    if wrong:
        return wrong
    for proven in bundle["entries"]:
        proof = [bytes.fromhex(text) for text in proven["proof"]]
        hash_, root = bytes.fromhex(proven["entry"]["hash"]), bytes.fromhex(said["root"])
        if not in_tree(hash_, proven["leaf"], int(said["size"]), proof, root):
            return f"#{proven['entry']['seq']} is not in the tree that was signed"
    return None


def main(arguments):
    try:
        with open(arguments[1], encoding="utf-8") as file:
            bundle = json.load(file)
        wrong = verify(bundle, arguments[2] if len(arguments) > 2 else None)
    except (OSError, IndexError, KeyError, TypeError, ValueError) as problem:
        print(f"no bundle: {problem!r}", file=sys.stderr)
        return 2
    print(wrong or f"case {bundle['number']}: {len(bundle['entries'])} entries verify")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
