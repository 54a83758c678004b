//! Affine maps, which place everything on a page.

use super::lexer::Operand;

/// An affine map, as PDF writes it.
#[derive(Debug, Clone, Copy)]
pub struct Matrix(pub [f32; 6]);

impl Matrix {
    /// The map that changes nothing.
    pub const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// First `self`, then `next`.
    pub fn then(self, next: Self) -> Self {
        let ([a, b, c, d, e, f], [m, n, o, p, q, r]) = (self.0, next.0);
        Self([a * m + b * o, a * n + b * p, c * m + d * o, c * n + d * p, e * m + f * o + q, e * n + f * p + r])
    }

    /// A point's image.
    pub fn apply(self, x: f32, y: f32) -> (f32, f32) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// By how much it enlarges, on the average of all directions.
    pub fn scale(self) -> f32 {
        let [a, b, c, d, _, _] = self.0;
        (a * d - b * c).abs().sqrt()
    }

    /// The last six of `operands`, where they are numbers.
    pub fn read(operands: &[Operand]) -> Option<Self> {
        let mut numbers = [0.0; 6];
        if operands.len() < 6 {
            return None;
        }
        for (number, operand) in numbers.iter_mut().zip(&operands[operands.len() - 6..]) {
            *number = operand.number()?;
        }
        Some(Self(numbers))
    }
}
