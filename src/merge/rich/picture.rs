//! Image files: what they are, by content, and how large they print.

/// English metric units in a point.
pub(crate) const EMU_PER_POINT: u64 = 12_700;
/// Longest side of an image, in English metric units: 22 inches, as a page of
/// Word may have.
pub(crate) const MAX_LENGTH: u64 = 22 * 914_400;
const EMU_PER_INCH: f64 = 914_400.0;
/// Dots per inch of an image that says nothing of it.
const DEFAULT_DPI: f64 = 96.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Jpeg,
    Gif,
    Bmp,
}

impl Format {
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Gif => "gif",
            Self::Bmp => "bmp",
        }
    }
}

/// An image as its file has it.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) bytes: Vec<u8>,
    pub(crate) format: Format,
    /// Width and height in English metric units.
    pub(crate) natural: (u64, u64),
}

impl Picture {
    /// Reads the head of an image; `None` if it is none of the known formats.
    pub(crate) fn read(bytes: Vec<u8>) -> Option<Self> {
        let (format, (width, height), dpi) = head(&bytes)?;
        if width == 0 || height == 0 {
            return None;
        }
        let (across, down) = dpi
            .filter(|(across, down)| *across >= 1.0 && *down >= 1.0)
            .unwrap_or((DEFAULT_DPI, DEFAULT_DPI));
        let length = |pixels: u32, dpi: f64| (f64::from(pixels) * EMU_PER_INCH / dpi).max(1.0);
        let natural = (length(width, across) as u64, length(height, down) as u64);
        Some(Self {
            bytes,
            format,
            natural,
        })
    }
}

type Head = (Format, (u32, u32), Option<(f64, f64)>);

fn head(bytes: &[u8]) -> Option<Head> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return png(bytes);
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return jpeg(bytes);
    }
    if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        let size = |at: usize| Some(u32::from(u16::from_le_bytes(piece(bytes, at)?)));
        return Some((Format::Gif, (size(6)?, size(8)?), None));
    }
    if bytes.starts_with(b"BM") {
        return bmp(bytes);
    }
    None
}

fn piece<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn png(bytes: &[u8]) -> Option<Head> {
    let number = |at: usize| Some(u32::from_be_bytes(piece(bytes, at)?));
    if &piece::<4>(bytes, 12)? != b"IHDR" {
        return None;
    }
    let size = (number(16)?, number(20)?);
    let mut dpi = None;
    let mut at = 8;
    while let (Some(length), Some(kind)) = (number(at), piece::<4>(bytes, at + 4)) {
        match &kind {
            b"pHYs" if bytes.get(at + 16) == Some(&1) => {
                dpi = Some((per_metre(number(at + 8)?), per_metre(number(at + 12)?)));
                break;
            }
            b"IDAT" => break,
            _ => {}
        }
        at = at.checked_add(12)?.checked_add(length as usize)?;
    }
    Some((Format::Png, size, dpi))
}

fn jpeg(bytes: &[u8]) -> Option<Head> {
    let number = |at: usize| Some(u16::from_be_bytes(piece(bytes, at)?));
    let mut dpi = None;
    let mut at = 2;
    loop {
        let [0xff, marker] = piece(bytes, at)? else {
            return None;
        };
        match marker {
            // Fill bytes, and markers without a segment.
            0xff => {
                at += 1;
                continue;
            }
            0x01 | 0xd0..=0xd7 => {
                at += 2;
                continue;
            }
            0xd9 | 0xda => return None,
            0xe0 if bytes.get(at + 4..at + 9) == Some(b"JFIF\0") => {
                let (across, down) = (number(at + 12)?, number(at + 14)?);
                let (across, down) = (f64::from(across), f64::from(down));
                dpi = match bytes.get(at + 11)? {
                    1 => Some((across, down)),
                    2 => Some((across * 2.54, down * 2.54)),
                    _ => None,
                };
            }
            0xc0..=0xcf if ![0xc4, 0xc8, 0xcc].contains(&marker) => {
                let (height, width) = (number(at + 5)?, number(at + 7)?);
                return Some((Format::Jpeg, (width.into(), height.into()), dpi));
            }
            _ => {}
        }
        at += 2 + usize::from(number(at + 2)?.max(2));
    }
}

fn bmp(bytes: &[u8]) -> Option<Head> {
    let number = |at: usize| Some(u32::from_le_bytes(piece(bytes, at)?));
    if number(14)? < 40 {
        return None;
    }
    // A negative height says that the rows come from the top.
    let height = number(22)?.cast_signed().unsigned_abs();
    let dpi = (per_metre(number(38)?), per_metre(number(42)?));
    Some((Format::Bmp, (number(18)?, height), Some(dpi)))
}

fn per_metre(dots: u32) -> f64 {
    f64::from(dots) * 0.0254
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(dots_per_metre: Option<u32>) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend([0, 0, 0, 200, 0, 0, 0, 100, 8, 6, 0, 0, 0, 0, 0, 0, 0]);
        if let Some(dots) = dots_per_metre {
            bytes.extend(b"\0\0\0\x09pHYs");
            bytes.extend(dots.to_be_bytes());
            bytes.extend(dots.to_be_bytes());
            bytes.extend([1, 0, 0, 0, 0]);
        }
        bytes
    }

    #[test]
    fn the_natural_size_follows_the_resolution() {
        let natural = |bytes| Picture::read(bytes).map(|picture| picture.natural);
        assert_eq!(natural(png(None)), Some((1_905_000, 952_500)));
        // 300 dots per inch are nearly 11,811 per metre.
        assert_eq!(natural(png(Some(11_811))), Some((609_601, 304_800)));
        let mut jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\x01\0\x48\0\x48\0\0".to_vec();
        jpeg.extend(b"\xff\xdb\0\x03\0\xff\xc2\0\x11\x08\0\x48\0\x90\x03");
        assert_eq!(natural(jpeg), Some((1_828_800, 914_400)));
        let gif = b"GIF89a\x60\0\x30\0".to_vec();
        assert_eq!(natural(gif), Some((914_400, 457_200)));
        let mut bmp = b"BM".to_vec();
        bmp.resize(54, 0);
        (bmp[14], bmp[18], bmp[22]) = (40, 96, 48);
        assert_eq!(natural(bmp), Some((914_400, 457_200)));
    }

    #[test]
    fn what_is_cut_short_or_something_else_is_no_image() {
        let whole = png(Some(11_811));
        for end in 0..24 {
            assert!(Picture::read(whole[..end].to_vec()).is_none());
        }
        for other in [
            &b"<svg/>"[..],
            b"%PDF-1.7",
            b"RIFF",
            b"\xff\xd8\xff\xd9",
            b"BM",
        ] {
            assert!(Picture::read(other.to_vec()).is_none());
        }
    }
}
