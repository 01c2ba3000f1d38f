//! Known answers of RFC 6962's reference implementation, and every proof of every small tree.

use proptest::prelude::*;

use super::*;

/// Leaves, roots and proofs published with the certificate transparency reference implementation.
const LEAVES: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn known_leaves() -> Vec<Digest> {
    LEAVES.iter().map(|leaf| leaf_hash(&hex::decode(leaf).unwrap())).collect()
}

fn leaves(count: usize) -> Vec<Digest> {
    (0..count).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

fn hexed(proof: Option<Vec<Digest>>) -> Vec<String> {
    proof.unwrap().iter().map(hex::encode).collect()
}

#[test]
fn roots_are_the_published_ones() {
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(hex::encode(root_of(&known_leaves()[..size])), *root, "size {size}");
    }
}

#[test]
fn inclusion_proofs_are_the_published_ones() {
    assert_eq!(
        hexed(inclusion_proof(&known_leaves(), 5)),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(
        hexed(inclusion_proof(&known_leaves()[..3], 2)),
        ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]
    );
    assert_eq!(hexed(inclusion_proof(&known_leaves()[..1], 0)), Vec::<String>::new());
    assert_eq!(inclusion_proof(&known_leaves(), 8), None);
    assert_eq!(inclusion_proof(&[], 0), None);
}

#[test]
fn consistency_proofs_are_the_published_ones() {
    assert_eq!(
        hexed(consistency_proof(&known_leaves(), 6)),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]
    );
    assert_eq!(
        hexed(consistency_proof(&known_leaves()[..5], 2)),
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ]
    );
    assert_eq!(hexed(consistency_proof(&known_leaves(), 8)), Vec::<String>::new());
    assert_eq!(consistency_proof(&known_leaves(), 0), None);
    assert_eq!(consistency_proof(&known_leaves(), 9), None);
}

#[test]
fn every_inclusion_in_every_small_tree_is_proved_and_only_there() {
    for size in 1..=33_usize {
        let leaves = leaves(size);
        let root = root_of(&leaves);
        for index in 0..size {
            let proof = inclusion_proof(&leaves, index).unwrap();
            for claimed in 0..size + 2 {
                let proved = verify_inclusion(&leaves[index], claimed as u64, size as u64, &proof, &root);
                assert_eq!(proved, claimed == index, "leaf {index} as {claimed} of {size}");
            }
            assert!(!verify_inclusion(&leaf_hash(b"other"), index as u64, size as u64, &proof, &root));
        }
    }
}

#[test]
fn every_growth_of_every_small_tree_is_proved() {
    let leaves = leaves(33);
    for new in 1..=33_usize {
        let new_root = root_of(&leaves[..new]);
        for old in 1..=new {
            let old_root = root_of(&leaves[..old]);
            let proof = consistency_proof(&leaves[..new], old).unwrap();
            let grew = |old_root: &Digest, new_root: &Digest, proof: &[Digest]| {
                verify_consistency((old as u64, old_root), (new as u64, new_root), proof)
            };
            assert!(grew(&old_root, &new_root, &proof), "{old} to {new}");
            assert!(!grew(&leaf_hash(b"other"), &new_root, &proof), "{old} to {new}");
            assert!(!grew(&old_root, &leaf_hash(b"other"), &proof), "{old} to {new}");
            let longer = [proof.as_slice(), &[new_root]].concat();
            assert!(!grew(&old_root, &new_root, &longer), "{old} to {new}");
            if let Some((_, shorter)) = proof.split_last() {
                assert!(!grew(&old_root, &new_root, shorter), "{old} to {new}");
            }
        }
    }
}

#[test]
fn growth_from_nothing_and_shrinking() {
    let (leaves, nothing) = (leaves(4), root_of(&[]));
    let root = root_of(&leaves);
    assert!(verify_consistency((0, &nothing), (4, &root), &[]));
    assert!(!verify_consistency((0, &root), (4, &root), &[]), "nothing has one root only");
    assert!(!verify_consistency((4, &root), (3, &root_of(&leaves[..3])), &[]), "a tree never shrinks");
}

#[test]
fn a_kept_tree_goes_on_growing() {
    let leaves = leaves(11);
    let kept = serde_json::to_string(&leaves[..6].iter().copied().collect::<Tree>()).unwrap();
    let mut tree: Tree = serde_json::from_str(&kept).unwrap();
    leaves[6..].iter().for_each(|leaf| tree.push(*leaf));
    assert_eq!((tree.size(), tree.root()), (11, root_of(&leaves)));
}

#[test]
fn a_kept_tree_that_cannot_have_been_one_is_refused() {
    let root = "ab".repeat(32);
    for bad in [
        r#"{"size":1,"roots":[]}"#.to_owned(),
        format!(r#"{{"size":4,"roots":["{root}","{root}"]}}"#),
        r#"{"size":1,"roots":["ab"]}"#.to_owned(),
        format!(r#"{{"size":1,"roots":["{root}"],"more":1}}"#),
    ] {
        assert!(serde_json::from_str::<Tree>(&bad).is_err(), "{bad}");
    }
}

/// The definition of RFC 6962 section 2.1, word for word.
fn defined_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&defined_root(left), &defined_root(right))
        }
    }
}

proptest! {
    #[test]
    fn growing_leaf_by_leaf_gives_the_defined_root(size in 0_usize..300) {
        prop_assert_eq!(root_of(&leaves(size)), defined_root(&leaves(size)));
    }

    #[test]
    fn a_broken_proof_proves_nothing(size in 2_usize..200, pick in any::<prop::sample::Index>(), bit in 0_usize..256) {
        let leaves = leaves(size);
        let index = pick.index(size);
        let mut proof = inclusion_proof(&leaves, index).unwrap();
        let at = pick.index(proof.len());
        proof[at][bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!verify_inclusion(&leaves[index], index as u64, size as u64, &proof, &root_of(&leaves)));
    }
}
