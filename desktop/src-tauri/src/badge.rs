//! The app's icon with a mark on it: something is unread.

/// Edge of the mark's ring in pixels.
const EDGE: f32 = 1.5;
const RED: [f32; 3] = [214.0, 48.0, 49.0];
const WHITE: [f32; 3] = [255.0, 255.0, 255.0];

/// Draws a red dot with a white edge into the lower right of a square picture of RGBA pixels.
pub(crate) fn mark(rgba: &[u8], width: u32) -> Vec<u8> {
    let mut marked = rgba.to_vec();
    let radius = width as f32 * 0.25;
    let centre = width as f32 - radius - EDGE;
    for (at, pixel) in marked.chunks_exact_mut(4).enumerate() {
        let (x, y) = (at as u32 % width, at as u32 / width);
        let from = ((x as f32 + 0.5 - centre).powi(2) + (y as f32 + 0.5 - centre).powi(2)).sqrt();
        blend(pixel, WHITE, radius + EDGE - from);
        blend(pixel, RED, radius - from);
    }
    marked
}

/// Lays a colour over a pixel, as much as `cover` says.
fn blend(pixel: &mut [u8], colour: [f32; 3], cover: f32) {
    let cover = cover.clamp(0.0, 1.0);
    for (channel, colour) in pixel.iter_mut().zip(colour.into_iter().chain([255.0])) {
        *channel = (f32::from(*channel) * (1.0 - cover) + colour * cover).round() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_in_its_corner() {
        let marked = mark(&[0; 32 * 32 * 4], 32);
        let pixel = |x: usize, y: usize| &marked[(y * 32 + x) * 4..][..4];
        assert_eq!(pixel(2, 2), [0, 0, 0, 0]);
        assert_eq!(pixel(22, 22), [214, 48, 49, 255]);
        assert_eq!(pixel(14, 22), [255, 255, 255, 255], "its edge");
        assert_eq!(pixel(11, 22)[3], 0, "nothing beside it");
    }
}
