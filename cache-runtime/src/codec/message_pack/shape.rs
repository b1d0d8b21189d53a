//! The shape of `MessagePack` bytes, looked at before a deserialiser recurses into them.
//!
//! The markers are those of <https://github.com/msgpack/msgpack/blob/master/spec.md>.

/// Checks that `bytes` are one value and nothing after it, with at most `depth` arrays and maps
/// within each other. Goes through them without recursion; once, unless there are more than `depth`
/// arrays and maps in all.
pub(super) fn check(bytes: &[u8], depth: usize) -> Result<(), &'static str> {
    let mut rest = bytes;
    let (mut lacking, mut opened) = (1_u64, 0);
    while lacking > 0 {
        lacking -= 1;
        if let Token::Open(values) = skip_one(&mut rest).ok_or(CUT_OFF)? {
            opened += 1;
            lacking = lacking.saturating_add(values);
        }
    }
    if !rest.is_empty() {
        return Err("bytes follow the value");
    }
    if opened > depth { check_depth(bytes, depth) } else { Ok(()) }
}

const CUT_OFF: &str = "the value is cut off or malformed";

fn check_depth(bytes: &[u8], depth: usize) -> Result<(), &'static str> {
    let mut rest = bytes;
    // How many values each open array or map still lacks; the outermost is the one value itself.
    let mut open = vec![1_u64];
    while let Some(lacking) = open.last_mut() {
        if *lacking == 0 {
            open.pop();
            continue;
        }
        *lacking -= 1;
        if let Token::Open(values) = skip_one(&mut rest).ok_or(CUT_OFF)? {
            if open.len() > depth {
                return Err("the value is nested too deeply");
            }
            open.push(values);
        }
    }
    Ok(())
}

enum Token {
    Scalar,
    /// An array or map, with so many values in it.
    Open(u64),
}

/// Skips a marker and its data.
fn skip_one(rest: &mut &[u8]) -> Option<Token> {
    let marker = take_number(rest, 1)?;
    let data = match marker {
        0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => 0,
        0x80..=0x8f => return Some(Token::Open(2 * (marker - 0x80))),
        0x90..=0x9f => return Some(Token::Open(marker - 0x90)),
        0xa0..=0xbf => marker - 0xa0,
        0xc4..=0xc6 => take_number(rest, 1 << (marker - 0xc4))?,
        0xc7..=0xc9 => 1 + take_number(rest, 1 << (marker - 0xc7))?,
        0xca => 4,
        0xcb => 8,
        0xcc..=0xcf => 1 << (marker - 0xcc),
        0xd0..=0xd3 => 1 << (marker - 0xd0),
        0xd4..=0xd8 => 1 + (1 << (marker - 0xd4)),
        0xd9..=0xdb => take_number(rest, 1 << (marker - 0xd9))?,
        0xdc | 0xdd => return Some(Token::Open(take_number(rest, 2 << (marker - 0xdc))?)),
        0xde | 0xdf => return Some(Token::Open(2 * take_number(rest, 2 << (marker - 0xde))?)),
        _ => return None,
    };
    *rest = rest.get(usize::try_from(data).ok()?..)?;
    Some(Token::Scalar)
}

/// Takes a big-endian number of so many bytes.
fn take_number(rest: &mut &[u8], bytes: usize) -> Option<u64> {
    let (number, after) = rest.split_at_checked(bytes)?;
    *rest = after;
    Some(number.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::check;

    fn with_zeros(start: &[u8], zeros: usize) -> Vec<u8> {
        [start, &vec![0; zeros]].concat()
    }

    fn leaf() -> impl Strategy<Value = Vec<u8>> {
        let all: [(&[u8], usize); 26] = [
            (&[0x00], 0),
            (&[0x7f], 0),
            (&[0xe0], 0),
            (&[0xff], 0),
            (&[0xc0], 0),
            (&[0xc2], 0),
            (&[0xc3], 0),
            (&[0xa0], 0),
            (&[0xbf], 31),
            (&[0xd9, 3], 3),
            (&[0xda, 1, 0], 256),
            (&[0xdb, 0, 0, 0, 2], 2),
            (&[0xc4, 3], 3),
            (&[0xc5, 1, 0], 256),
            (&[0xc6, 0, 0, 0, 2], 2),
            (&[0xca], 4),
            (&[0xcb], 8),
            (&[0xcc], 1),
            (&[0xcd], 2),
            (&[0xce], 4),
            (&[0xcf], 8),
            (&[0xd0], 1),
            (&[0xd3], 8),
            (&[0xd4], 2),
            (&[0xd8], 17),
            (&[0xc7, 3, 9], 3),
        ];
        prop::sample::select(all.map(|(start, zeros)| with_zeros(start, zeros)).to_vec())
    }

    /// Values by the hundred, each made by hand.
    fn value() -> impl Strategy<Value = Vec<u8>> {
        leaf().prop_recursive(4, 64, 12, |inner| {
            (prop::collection::vec((inner.clone(), inner), 0..6), 0..6_usize).prop_map(
                |(pairs, kind)| {
                    let pairs: Vec<[Vec<u8>; 2]> = pairs.into_iter().map(Into::into).collect();
                    let n = u8::try_from(pairs.len()).unwrap();
                    let start = match kind {
                        0 => vec![0x80 + n],
                        1 => vec![0xde, 0, n],
                        2 => vec![0xdf, 0, 0, 0, n],
                        3 => vec![0x90 + 2 * n],
                        4 => vec![0xdc, 0, 2 * n],
                        _ => vec![0xdd, 0, 0, 0, 2 * n],
                    };
                    [start, pairs.concat().concat()].concat()
                },
            )
        })
    }

    #[test]
    fn arrays_stand_within_each_other_down_to_the_depth() {
        let arrays = |levels| [vec![0x91; levels], vec![0xc0]].concat();
        assert!(check(&arrays(128), 128).is_ok());
        assert!(check(&arrays(129), 128).is_err());
        let side_by_side = [&[0xdc, 1, 0][..], &[0x90; 256]].concat();
        assert!(check(&side_by_side, 2).is_ok());
    }

    #[test]
    fn no_value_and_the_marker_that_is_never_used_are_refused() {
        assert!(check(&[], 128).is_err());
        assert!(check(&[0xc1], 128).is_err());
    }

    proptest! {
        #[test]
        fn one_whole_value_passes_and_no_more_and_no_less(bytes in value(), cut: prop::sample::Index) {
            prop_assert_eq!(check(&bytes, 128), Ok(()));
            prop_assert!(check(&bytes[..cut.index(bytes.len())], 128).is_err());
            prop_assert!(check(&[&bytes[..], &[0xc0]].concat(), 128).is_err());
        }

        #[test]
        fn what_passes_is_what_the_deserialiser_reads(bytes: Vec<u8>) {
            if check(&bytes, 128).is_ok() {
                prop_assert!(rmp_serde::from_slice::<IgnoredAny>(&bytes).is_ok());
            }
        }
    }
}
