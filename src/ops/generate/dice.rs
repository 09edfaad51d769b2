//! Unbiased choices from the operating system's random source. Knows no passwords.

use zeroize::Zeroizing;

use crate::model::Problem;

/// Bytes fetched at once.
const BLOCK: usize = 256;

/// Wiped when dropped, because the choices can be told from it.
pub(super) struct Dice {
    bytes: Zeroizing<[u8; BLOCK]>,
    used: usize,
}

impl Dice {
    pub(super) fn new() -> Dice {
        Dice { bytes: Zeroizing::new([0; BLOCK]), used: BLOCK }
    }

    /// A number below `sides`, each as likely as any other; `sides` is not 0.
    pub(super) fn roll(&mut self, sides: u32) -> Result<usize, Problem> {
        // Numbers beyond the last whole multiple of `sides` would favour the low ones: rolled again.
        let fair = u32::MAX - (u32::MAX % sides + 1) % sides;
        loop {
            let number = self.number()?;
            if number <= fair {
                return Ok(usize::try_from(number % sides).unwrap_or_default());
            }
        }
    }

    fn number(&mut self) -> Result<u32, Problem> {
        if self.used + 4 > BLOCK {
            getrandom::fill(self.bytes.as_mut())
                .map_err(|error| Problem::failed("the system gives no random numbers").because(error))?;
            self.used = 0;
        }
        let at = self.used;
        self.used += 4;
        Ok(u32::from_ne_bytes([self.bytes[at], self.bytes[at + 1], self.bytes[at + 2], self.bytes[at + 3]]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_side_comes_up_about_as_often() {
        for sides in [2, 3, 94, 2048] {
            let mut dice = Dice::new();
            let mut counts = vec![0_u32; sides as usize];
            let rolls = 200 * sides;
            for _ in 0..rolls {
                counts[dice.roll(sides).expect("random numbers")] += 1;
            }
            // Chi-squared of `sides - 1` degrees: mean that, deviation sqrt(2 * that); eight deviations never happen.
            let mean = f64::from(sides - 1);
            let sum: f64 = counts.iter().map(|count| (f64::from(*count) - 200.0).powi(2) / 200.0).sum();
            assert!((sum - mean).abs() < 8.0 * (2.0 * mean).sqrt(), "{sides}: {sum}");
        }
    }
}
