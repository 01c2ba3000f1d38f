//! The Merkle tree over all entries, RFC 6962 section 2.1 and RFC 9162 section 2.1.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::digest::{Digest, sha256};

/// The hash of a leaf with these bytes. The hash of an entry already is one.
pub fn leaf_hash(data: &[u8]) -> Digest {
    sha256(&[&[0x00], data])
}

fn node_hash(left: &Digest, right: &Digest) -> Digest {
    sha256(&[&[0x01], left, right])
}

/// A tree that only grows: its size and the roots of its full subtrees, the largest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Frontier", into = "Frontier")]
pub struct Tree {
    size: u64,
    roots: Vec<Digest>,
}

impl Tree {
    /// The tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the hash of the next leaf.
    pub fn push(&mut self, leaf: Digest) {
        let mut root = leaf;
        // One full subtree is merged for each trailing one bit of the size, as in a binary counter.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                root = node_hash(&left, &root);
            }
        }
        self.roots.push(root);
        self.size += 1;
    }

    /// The root over all leaves; the hash of nothing when there are none.
    pub fn root(&self) -> Digest {
        let fold = |right: Digest, left: &Digest| node_hash(left, &right);
        let mut from_right = self.roots.iter().rev();
        from_right.next().map_or_else(|| sha256(&[]), |&last| from_right.fold(last, fold))
    }
}

impl FromIterator<Digest> for Tree {
    fn from_iter<I: IntoIterator<Item = Digest>>(leaves: I) -> Self {
        let mut tree = Self::new();
        leaves.into_iter().for_each(|leaf| tree.push(leaf));
        tree
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Frontier {
    size: u64,
    roots: Vec<String>,
}

/// A kept tree that cannot have been one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a tree: the subtree roots do not fit the size")]
struct BadTree;

impl From<Tree> for Frontier {
    fn from(tree: Tree) -> Self {
        Self { size: tree.size, roots: tree.roots.iter().map(hex::encode).collect() }
    }
}

impl TryFrom<Frontier> for Tree {
    type Error = BadTree;

    fn try_from(kept: Frontier) -> Result<Self, BadTree> {
        let read = kept.roots.iter().map(|root| super::digest_from_hex(root)).collect::<Result<Vec<_>, _>>();
        let roots = read.map_err(|_| BadTree)?;
        let fits = roots.len() as u64 == u64::from(kept.size.count_ones());
        if fits { Ok(Self { size: kept.size, roots }) } else { Err(BadTree) }
    }
}

/// The root over these leaf hashes.
pub fn root_of(leaves: &[Digest]) -> Digest {
    leaves.iter().copied().collect::<Tree>().root()
}

/// The hashes that prove that leaf `index` (from 0) is in the tree over `leaves`, from the leaf up (RFC 9162
/// section 2.1.3.1); nothing when there is no such leaf.
pub fn inclusion_proof(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut stretch, mut index, mut proof) = (leaves, index, Vec::new());
    while stretch.len() > 1 {
        let (left, right) = stretch.split_at(split(stretch.len()));
        if index < left.len() {
            proof.push(root_of(right));
            stretch = left;
        } else {
            proof.push(root_of(left));
            index -= left.len();
            stretch = right;
        }
    }
    proof.reverse();
    Some(proof)
}

/// The size of the left subtree of a tree with `size` leaves: the largest power of two below it.
fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}

/// Whether `proof` shows that `leaf` is leaf `index` (from 0) of the tree of this size and root (RFC 9162
/// section 2.1.3.2).
pub fn verify_inclusion(leaf: &Digest, index: u64, size: u64, proof: &[Digest], root: &Digest) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut found) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            found = node_hash(sibling, &found);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            found = node_hash(&found, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && found == *root
}

/// The hashes that prove that the tree over `leaves` is the tree over its first `old_size` leaves with more
/// leaves behind (RFC 9162 section 2.1.4.1); nothing when `old_size` is 0 or more than there are.
pub fn consistency_proof(leaves: &[Digest], old_size: usize) -> Option<Vec<Digest>> {
    if old_size == 0 || old_size > leaves.len() {
        return None;
    }
    let (mut stretch, mut old, mut proof, mut whole) = (leaves, old_size, Vec::new(), true);
    while old < stretch.len() {
        let (left, right) = stretch.split_at(split(stretch.len()));
        if old <= left.len() {
            proof.push(root_of(right));
            stretch = left;
        } else {
            proof.push(root_of(left));
            old -= left.len();
            stretch = right;
            whole = false;
        }
    }
    // The verifier knows the root of the old tree already, but not that of a part of it.
    if !whole {
        proof.push(root_of(stretch));
    }
    proof.reverse();
    Some(proof)
}

/// Whether `proof` shows that the tree `new` grew from the tree `old`, each given by size and root (RFC 9162
/// section 2.1.4.2). Every tree grew from the empty one.
pub fn verify_consistency(old: (u64, &Digest), new: (u64, &Digest), proof: &[Digest]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == 0 || old_size >= new_size {
        let empty = old_size == 0 && *old_root == root_of(&[]);
        return proof.is_empty() && (empty || (old_size == new_size && old_root == new_root));
    }
    let whole = old_size.is_power_of_two().then_some(old_root);
    let mut hashes = whole.into_iter().chain(proof);
    let Some(&first) = hashes.next() else { return false };
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    let skip = at.trailing_ones();
    (at, last) = (at >> skip, last >> skip);
    let (mut old_found, mut new_found) = (first, first);
    for hash in hashes {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old_found = node_hash(hash, &old_found);
            new_found = node_hash(hash, &new_found);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            new_found = node_hash(&new_found, hash);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old_found == *old_root && new_found == *new_root
}

#[cfg(test)]
#[path = "merkle_tests.rs"]
mod tests;
