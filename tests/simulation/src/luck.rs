//! Luck from a seed: the same seed is the same run.

/// A source of luck.
#[derive(Debug, Clone)]
pub struct Luck(u64);

impl Luck {
    /// The luck of a seed.
    pub fn of(seed: u64) -> Self {
        Self(seed ^ 0xA5A5_1234_89AB_CDEF)
    }

    /// Sebastiano Vigna's SplitMix64.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `most`; 0 when there is none.
    pub fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.draw() % (most.max(1) as u64)).unwrap_or(0)
    }

    /// A time span from `least` to `most`, both in milliseconds.
    pub fn span(&mut self, least: i64, most: i64) -> i64 {
        least + (self.draw() % ((most - least).max(0) as u64 + 1)) as i64
    }

    /// True in `permille` of a thousand cases.
    pub fn permille(&mut self, permille: u32) -> bool {
        self.draw() % 1000 < u64::from(permille)
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// The place of one of these weights.
    pub fn weighed(&mut self, weights: &[u32]) -> usize {
        let mut left = self.draw() % u64::from(weights.iter().sum::<u32>().max(1));
        for (place, weight) in weights.iter().enumerate() {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return place,
            }
        }
        0
    }

    /// 32 bytes.
    pub fn salt(&mut self) -> [u8; 32] {
        let mut salt = [0; 32];
        salt.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&self.draw().to_le_bytes()));
        salt
    }
}
