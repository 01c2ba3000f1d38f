//! Comparing the leaves that are there now with what was signed before.

use thiserror::Error;

use super::checkpoint::Checkpoint;
use super::digest::Digest;
use super::merkle::Tree;

/// Why the leaves are not the ones that were signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TreeFault {
    /// A leaf is not there, although later ones are.
    #[error("leaf {leaf} is missing")]
    Missing {
        /// The first missing leaf, from 0.
        leaf: u64,
    },
    /// A checkpoint saw more leaves than there are: the end was cut off, or an old backup restored.
    #[error("the record ends at {have} entries, but {signed} were signed")]
    Truncated {
        /// How many leaves there are.
        have: u64,
        /// How many the checkpoint covers.
        signed: u64,
    },
    /// One of the leaves in this stretch is not the one that was signed.
    #[error("an entry between leaf {from} and leaf {to} was replaced after it was signed")]
    Replaced {
        /// The first leaf of the stretch: those before it are good.
        from: u64,
        /// The last leaf of the stretch.
        to: u64,
    },
}

/// Builds the tree over `leaves`, given with their places in ascending order, and compares it with every
/// checkpoint on the way. The checkpoints' signatures must have been verified before.
///
/// # Errors
/// The first fault. The leaves of the last good checkpoint before it are good.
pub fn verify_tree<'c>(
    leaves: impl IntoIterator<Item = (u64, Digest)>,
    checkpoints: impl IntoIterator<Item = &'c Checkpoint>,
) -> Result<Tree, TreeFault> {
    let mut signed: Vec<&Checkpoint> = checkpoints.into_iter().collect();
    signed.sort_by_key(|checkpoint| checkpoint.size);
    let mut signed = signed.into_iter().peekable();
    let (mut tree, mut good) = (Tree::new(), 0);
    let mut leaves = leaves.into_iter();
    loop {
        while let Some(checkpoint) = signed.next_if(|checkpoint| checkpoint.size == tree.size()) {
            if checkpoint.root != tree.root() {
                return Err(TreeFault::Replaced { from: good, to: checkpoint.size.saturating_sub(1) });
            }
            good = checkpoint.size;
        }
        match leaves.next() {
            Some((leaf, hash)) if leaf == tree.size() => tree.push(hash),
            Some(_) => return Err(TreeFault::Missing { leaf: tree.size() }),
            None => break,
        }
    }
    let have = tree.size();
    signed.next().map_or(Ok(tree), |checkpoint| Err(TreeFault::Truncated { have, signed: checkpoint.size }))
}
