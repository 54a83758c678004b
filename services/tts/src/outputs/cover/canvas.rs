//! Pixels, and a round pen on them.

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

/// Points that a pen goes along, in pixels.
pub(super) type Stroke = Vec<(f32, f32)>;

/// A square of pixels.
pub(super) struct Canvas {
    side: u32,
    pixels: Vec<Colour>,
}

impl Canvas {
    pub(super) fn new(side: u32, background: Colour) -> Self {
        Self { side, pixels: vec![background; (side as usize) * (side as usize)] }
    }

    /// The pixels, row by row.
    pub(super) fn pixels(&self) -> &[Colour] {
        &self.pixels
    }

    /// Draws strokes with a pen of this radius. Where several meet, they are one.
    pub(super) fn draw(&mut self, strokes: &[Stroke], radius: f32, colour: Colour) {
        let mut covered = vec![0_u8; self.pixels.len()];
        for stroke in strokes {
            for pair in stroke.windows(2) {
                self.cover(&mut covered, pair[0], pair[1], radius);
            }
        }
        for (pixel, cover) in self.pixels.iter_mut().zip(covered) {
            for (part, new) in pixel.iter_mut().zip(colour) {
                *part = blend(*part, new, cover);
            }
        }
    }

    /// How much of each pixel a line from `one` to `other` covers.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "pixels of a small picture, and shares of one"
    )]
    fn cover(&self, covered: &mut [u8], one: (f32, f32), other: (f32, f32), radius: f32) {
        let last = self.side.saturating_sub(1) as f32;
        let bounds = |one: f32, other: f32| {
            let from = (one.min(other) - radius - 1.0).clamp(0.0, last);
            (from as usize, (one.max(other) + radius + 1.0).clamp(0.0, last) as usize)
        };
        let ((left, right), (top, bottom)) = (bounds(one.0, other.0), bounds(one.1, other.1));
        for y in top..=bottom {
            for x in left..=right {
                let apart = distance((x as f32 + 0.5, y as f32 + 0.5), one, other);
                let share = (radius + 0.5 - apart).clamp(0.0, 1.0);
                if let Some(cover) = covered.get_mut(y * self.side as usize + x) {
                    *cover = (*cover).max((share * 255.0).round() as u8);
                }
            }
        }
    }
}

/// How far a point is from a line between two others.
fn distance(point: (f32, f32), one: (f32, f32), other: (f32, f32)) -> f32 {
    let (along, to) = ((other.0 - one.0, other.1 - one.1), (point.0 - one.0, point.1 - one.1));
    let length = along.0.mul_add(along.0, along.1 * along.1);
    let at = if length > 0.0 { (to.0.mul_add(along.0, to.1 * along.1) / length).clamp(0.0, 1.0) } else { 0.0 };
    (to.0 - at * along.0).hypot(to.1 - at * along.1)
}

fn blend(old: u8, new: u8, cover: u8) -> u8 {
    let (old, new, cover) = (u32::from(old), u32::from(new), u32::from(cover));
    u8::try_from((old * (255 - cover) + new * cover + 127) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pen_covers_what_is_near_its_line_and_nothing_else() {
        let mut canvas = Canvas::new(20, [0, 0, 0]);
        canvas.draw(&[vec![(5.0, 10.0), (15.0, 10.0)], vec![(10.0, 10.0), (10.0, 10.0)]], 2.0, [200, 100, 0]);
        let at = |x: usize, y: usize| canvas.pixels()[y * 20 + x];
        assert_eq!((at(10, 10), at(10, 9), at(10, 3), at(1, 10)), ([200, 100, 0], [200, 100, 0], [0; 3], [0; 3]));
        assert!(at(10, 12)[0] < 200, "the edge is soft");
        // What lies outside is no error.
        canvas.draw(&[vec![(-50.0, -50.0), (90.0, 90.0)]], 1.0, [255; 3]);
        assert_eq!(canvas.pixels().len(), 400);
    }
}
