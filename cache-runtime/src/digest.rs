//! BLAKE3, of what is hashed at once: the hash of section 2 of its paper.
//!
//! Keys are the one thing that is digested, and few are long enough. The crate `blake3` is made for
//! gigabytes: it and what builds it took longer to compile than all of moka.
//!
//! <https://github.com/BLAKE3-team/BLAKE3-specs/blob/master/blake3.pdf>

const BLOCK: usize = 64;
const CHUNK: usize = 1024;

const IV: [u32; 8] = [
    0x6A09_E667,
    0xBB67_AE85,
    0x3C6E_F372,
    0xA54F_F53A,
    0x510E_527F,
    0x9B05_688C,
    0x1F83_D9AB,
    0x5BE0_CD19,
];

const PERMUTATION: [usize; 16] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];

/// The words of the state that each step mixes: the columns, then the diagonals.
const MIXED: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const PARENT: u32 = 4;
const ROOT: u32 = 8;

/// The first 128 bits of the hash of `input`.
pub(crate) fn digest(input: &[u8]) -> [u8; 16] {
    let words = Node::over(input, 0).value(ROOT).map(u32::to_le_bytes);
    let mut digest = [0; 16];
    digest.copy_from_slice(&words.as_flattened()[..16]);
    digest
}

/// The last block of a chunk, or the values of two nodes: what is left to compress.
struct Node {
    chaining: [u32; 8],
    block: [u32; 16],
    chunk: u64,
    length: u32,
    flags: u32,
}

impl Node {
    /// The root of the tree over `input`, which begins with this chunk.
    fn over(input: &[u8], chunk: u64) -> Self {
        let chunks = input.len().div_ceil(CHUNK);
        if chunks <= 1 {
            return Self::chunk(input, chunk);
        }
        // The left half is the largest full tree that leaves something to the right one.
        let left = chunks.next_power_of_two() / 2;
        let (before, after) = input.split_at(left * CHUNK);
        let values =
            [Self::over(before, chunk).value(0), Self::over(after, chunk + left as u64).value(0)];
        let mut block = [0; 16];
        block.copy_from_slice(values.as_flattened());
        Self { chaining: IV, block, chunk: 0, length: 64, flags: PARENT }
    }

    fn chunk(mut input: &[u8], chunk: u64) -> Self {
        let (mut chaining, mut flags) = (IV, CHUNK_START);
        while let Some((block, rest)) = input.split_at_checked(BLOCK)
            && !rest.is_empty()
        {
            let block = Self { chaining, block: words(block), chunk, length: 64, flags };
            chaining = block.value(0);
            (input, flags) = (rest, 0);
        }
        let length = u32::try_from(input.len()).unwrap_or_default();
        Self { chaining, block: words(input), chunk, length, flags: flags | CHUNK_END }
    }

    fn value(&self, flags: u32) -> [u32; 8] {
        #[expect(clippy::cast_possible_truncation, reason = "its lower half, and its upper one")]
        let [low, high] = [self.chunk as u32, (self.chunk >> 32) as u32];
        let mut state = [0; 16];
        state[..8].copy_from_slice(&self.chaining);
        state[8..12].copy_from_slice(&IV[..4]);
        state[12..].copy_from_slice(&[low, high, self.length, self.flags | flags]);
        let mut block = self.block;
        for round in 0..7 {
            if round > 0 {
                block = PERMUTATION.map(|from| block[from]);
            }
            for (step, words) in MIXED.into_iter().enumerate() {
                mix(&mut state, words, [block[2 * step], block[2 * step + 1]]);
            }
        }
        std::array::from_fn(|at| state[at] ^ state[at + 8])
    }
}

fn mix(state: &mut [u32; 16], [a, b, c, d]: [usize; 4], message: [u32; 2]) {
    for (word, [far, near]) in message.into_iter().zip([[16, 12], [8, 7]]) {
        state[a] = state[a].wrapping_add(state[b]).wrapping_add(word);
        state[d] = (state[d] ^ state[a]).rotate_right(far);
        state[c] = state[c].wrapping_add(state[d]);
        state[b] = (state[b] ^ state[c]).rotate_right(near);
    }
}

/// The words of at most one block, followed by zeros.
fn words(bytes: &[u8]) -> [u32; 16] {
    let mut block = [0; BLOCK];
    block[..bytes.len()].copy_from_slice(bytes);
    let (words, _) = block.as_chunks::<4>();
    std::array::from_fn(|at| u32::from_le_bytes(words[at]))
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reference(input: &[u8]) -> [u8; 16] {
        let mut first = [0; 16];
        first.copy_from_slice(&blake3::hash(input).as_bytes()[..16]);
        first
    }

    #[test]
    fn it_is_blake3_around_the_ends_of_blocks_chunks_and_trees() {
        let bytes: Vec<u8> = (0..9 * 1024).map(|at: u32| (at % 251) as u8).collect();
        for length in [0, 1, 64, 1024, 2048, 3072, 4096, 5120, 8192] {
            for length in [length.max(1) - 1, length, length + 1] {
                assert_eq!(digest(&bytes[..length]), reference(&bytes[..length]), "{length} bytes");
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_blake3(input in prop::collection::vec(any::<u8>(), 0..5000)) {
            prop_assert_eq!(digest(&input), reference(&input));
        }
    }
}
