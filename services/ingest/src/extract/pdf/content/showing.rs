//! The text operators (9.3, 9.4): where each glyph stands.

use super::font::{Font, Shown};
use super::interpreter::Machine;
use super::lexer::Operand;
use super::matrix::Matrix;
use super::page::{Ink, Rule};
use super::runs::Glyph;

/// How far a glyph reaches above and below its baseline at most, in ems.
const REACH: (f32, f32) = (-0.3, 1.0);
/// The middle of a glyph's height, in ems.
const MIDDLE: f32 = 0.3;

impl Machine<'_> {
    /// Follows an operator that is about text; says whether it was one.
    pub fn text_operator(&mut self, operator: &[u8], stack: &[Operand]) -> bool {
        let number = |at: usize| stack.get(at).and_then(Operand::number);
        match operator {
            b"BT" => {
                self.text = Matrix::IDENTITY;
                self.line = Matrix::IDENTITY;
            }
            b"ET" => {}
            b"Tc" => self.state.char_space = number(0).unwrap_or(0.0),
            b"Tw" => self.state.word_space = number(0).unwrap_or(0.0),
            b"Tz" => self.state.stretch = number(0).unwrap_or(100.0) / 100.0,
            b"TL" => self.state.leading = number(0).unwrap_or(0.0),
            b"Ts" => self.state.rise = number(0).unwrap_or(0.0),
            b"Tr" => self.state.mode = number(0).unwrap_or(0.0).clamp(0.0, 7.0) as u8,
            b"Td" => self.next_line(number(0).unwrap_or(0.0), number(1).unwrap_or(0.0)),
            b"TD" => {
                self.state.leading = -number(1).unwrap_or(0.0);
                self.next_line(number(0).unwrap_or(0.0), number(1).unwrap_or(0.0));
            }
            b"Tm" => {
                if let Some(matrix) = Matrix::read(stack) {
                    self.text = matrix;
                    self.line = matrix;
                }
            }
            b"T*" => self.next_line(0.0, -self.state.leading),
            b"Tj" => self.show_last(stack),
            b"'" => {
                self.next_line(0.0, -self.state.leading);
                self.show_last(stack);
            }
            b"\"" => {
                self.state.word_space = number(0).unwrap_or(0.0);
                self.state.char_space = number(1).unwrap_or(0.0);
                self.next_line(0.0, -self.state.leading);
                self.show_last(stack);
            }
            b"TJ" => {
                if let Some(Operand::Array(parts)) = stack.last() {
                    self.show_array(parts);
                }
            }
            b"EMC" => {
                self.marks.pop();
            }
            _ => return false,
        }
        true
    }

    fn show_last(&mut self, stack: &[Operand]) {
        if let Some(text) = stack.last().and_then(Operand::text) {
            self.show(text);
        }
    }

    fn show_array(&mut self, parts: &[Operand]) {
        for part in parts {
            match part {
                Operand::Text(text) => self.show(text),
                Operand::Number(back) => {
                    let vertical = self.state.font.as_ref().is_some_and(|font| font.vertical);
                    let shift = -back * 0.001 * self.state.size;
                    if vertical {
                        self.advance(0.0, shift);
                    } else {
                        self.advance(shift * self.state.stretch, 0.0);
                    }
                }
                Operand::Name(_) | Operand::Array(_) | Operand::Dict(_) => {}
            }
        }
    }

    fn next_line(&mut self, x: f32, y: f32) {
        self.line = Matrix([1.0, 0.0, 0.0, 1.0, x, y]).then(self.line);
        self.text = self.line;
    }

    fn advance(&mut self, x: f32, y: f32) {
        self.text = Matrix([1.0, 0.0, 0.0, 1.0, x, y]).then(self.text);
    }

    fn show(&mut self, bytes: &[u8]) {
        let Some(font) = self.state.font.clone() else { return };
        font.show(bytes, |shown| self.glyph(&font, shown));
    }

    fn glyph(&mut self, font: &Font, shown: Shown<'_>) {
        let state = &self.state;
        let place =
            Matrix([state.size * state.stretch, 0.0, 0.0, state.size, 0.0, state.rise]).then(self.text).then(state.ctm);
        let spacing = state.char_space + if shown.space { state.word_space } else { 0.0 };
        let stretch = state.stretch;
        let size = state.size;
        let marks = self.marks(self.ink(place, shown.advance));
        let mut text = shown.text;
        let replacement;
        if let Some(mark) = self.marks.iter_mut().rev().find(|mark| mark.replaces) {
            replacement = mark.actual.take().unwrap_or_default();
            text = &replacement;
        } else if text.is_empty() && shown.advance > 0.0 {
            self.page.unmapped += 1;
        }
        self.runs.add(&Glyph { text, place, advance: shown.advance, em: font.em, face: font.face, marks });
        if font.vertical {
            self.advance(0.0, -size + spacing);
        } else {
            self.advance((shown.advance * size + spacing) * stretch, 0.0);
        }
    }

    /// Whether a glyph at `place` can be seen, as far as the graphics state says.
    fn ink(&self, place: Matrix, advance: f32) -> Ink {
        if matches!(self.state.mode, 3 | 7) {
            return Ink::Bare;
        }
        let fills = matches!(self.state.mode, 0 | 4);
        let (low, high) = REACH;
        let corners = [(0.0, low), (advance, low), (0.0, high), (advance, high)];
        let area = Rule::around(&corners.map(|(x, y)| place.apply(x, y)));
        let white = fills && self.state.paint.white && self.on_paper(place.apply(advance / 2.0, MIDDLE));
        if white || fills && self.state.paint.clear || self.state.paint.clips(area) { Ink::Unseen } else { Ink::Shown }
    }
}
