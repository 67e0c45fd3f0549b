//! Checking RSA signatures (RSASSA-PKCS1-v1_5, RFC 8017). Only public numbers are worked with, so that how long it takes tells
//! nobody anything.

/// A public key, its numbers in the lowest word first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    modulus: Vec<u32>,
    exponent: Vec<u8>,
    bytes: usize,
    /// The inverse of the modulus, negated, modulo 2^32.
    inverse: u32,
    /// 2^(64 × words) modulo the modulus.
    square: Vec<u32>,
}

/// What stands before a SHA-256 digest (RFC 8017, section 9.2).
const SHA256_PREFIX: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

impl PublicKey {
    /// A key from its numbers, the highest byte first. 2,048 to 8,192 bits, an odd exponent of 3 to 2^32.
    pub(crate) fn new(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let modulus = &modulus[modulus.iter().position(|byte| *byte != 0)?..];
        let exponent = &exponent[exponent.iter().position(|byte| *byte != 0)?..];
        let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
        let fits = (256..=1024).contains(&modulus.len()) && exponent.len() <= 4 && exponent != [1];
        if !fits || !is_odd(modulus) || !is_odd(exponent) {
            return None;
        }
        let bytes = modulus.len();
        let modulus = words(modulus);
        // Newton's method doubles the right bits each time.
        let inverse = (0..5)
            .fold(1u32, |found, _| found.wrapping_mul(2u32.wrapping_sub(modulus[0].wrapping_mul(found))));
        let length = modulus.len();
        let mut key = Self {
            modulus,
            exponent: exponent.to_vec(),
            bytes,
            inverse: inverse.wrapping_neg(),
            square: Vec::new(),
        };
        let mut square = vec![0; length];
        square[0] = 1;
        for _ in 0..64 * length {
            let carry = double(&mut square);
            key.reduce(&mut square, carry);
        }
        key.square = square;
        Some(key)
    }

    /// Whether a signature is of what has this SHA-256 digest.
    pub(crate) fn verify(&self, digest: &[u8; 32], signature: &[u8]) -> bool {
        if signature.len() != self.bytes {
            return false;
        }
        let signature = words(signature);
        if !is_less(&signature, &self.modulus) {
            return false;
        }
        let found = self.power(&signature);
        // The whole message is built and compared, so that nothing in it can be anything else.
        let mut expected = vec![0xff; self.bytes];
        expected[..2].copy_from_slice(&[0, 1]);
        let digest_at = self.bytes - 32;
        let prefix_at = digest_at - SHA256_PREFIX.len();
        expected[prefix_at - 1] = 0;
        expected[prefix_at..digest_at].copy_from_slice(&SHA256_PREFIX);
        expected[digest_at..].copy_from_slice(digest);
        found == words(&expected)
    }

    /// `base` to the exponent, by squaring, in Montgomery's form.
    fn power(&self, base: &[u32]) -> Vec<u32> {
        let mut one = vec![0; self.modulus.len()];
        one[0] = 1;
        let base = self.product(base, &self.square);
        let mut result = self.product(&one, &self.square);
        for byte in &self.exponent {
            for bit in (0..8).rev() {
                result = self.product(&result, &result);
                if byte >> bit & 1 == 1 {
                    result = self.product(&result, &base);
                }
            }
        }
        self.product(&result, &one)
    }

    /// The product of two numbers below the modulus, divided by 2^(32 × words), modulo the modulus.
    #[allow(clippy::cast_possible_truncation, reason = "the lower halves are meant")]
    fn product(&self, one: &[u32], other: &[u32]) -> Vec<u32> {
        let length = self.modulus.len();
        let mut sum = vec![0u32; length + 2];
        for digit in one {
            add_product(&mut sum, *digit, other);
            let factor = sum[0].wrapping_mul(self.inverse);
            add_product(&mut sum, factor, &self.modulus);
            sum.copy_within(1.., 0);
            sum[length + 1] = 0;
        }
        let carry = sum[length] != 0;
        sum.truncate(length);
        self.reduce(&mut sum, carry);
        sum
    }

    /// Takes the modulus off once, where the number is not below it.
    fn reduce(&self, number: &mut [u32], carry: bool) {
        if carry || !is_less(number, &self.modulus) {
            let mut borrow = 0i64;
            for (digit, other) in number.iter_mut().zip(&self.modulus) {
                let difference = i64::from(*digit) - i64::from(*other) + borrow;
                borrow = difference >> 32;
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the lower half")]
                let low = difference as u32;
                *digit = low;
            }
        }
    }
}

/// Bytes as words, as many as the bytes need.
fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.rchunks(4).map(|chunk| chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte))).collect()
}

fn is_less(one: &[u32], other: &[u32]) -> bool {
    one.iter().rev().cmp(other.iter().rev()).is_lt()
}

fn double(number: &mut [u32]) -> bool {
    let mut carry = 0;
    for digit in number.iter_mut() {
        let next = *digit >> 31;
        *digit = *digit << 1 | carry;
        carry = next;
    }
    carry == 1
}

/// Adds a digit times a number.
#[allow(clippy::cast_possible_truncation, reason = "the lower halves are meant")]
fn add_product(sum: &mut [u32], digit: u32, number: &[u32]) {
    let mut carry = 0u64;
    let (low, high) = sum.split_at_mut(number.len());
    for (place, other) in low.iter_mut().zip(number) {
        let value = u64::from(*place) + u64::from(digit) * u64::from(*other) + carry;
        *place = value as u32;
        carry = value >> 32;
    }
    for place in high {
        let value = u64::from(*place) + carry;
        *place = value as u32;
        carry = value >> 32;
    }
}
