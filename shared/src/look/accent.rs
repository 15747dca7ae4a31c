//! The colour of links and buttons.

use std::fmt;
use std::str::FromStr;

/// The least contrast of text (WCAG 2.2, 1.4.3).
const LEAST_CONTRAST: f64 = 4.5;

/// The darkest of what a link may be on in the light scheme. Text on the colour is white there, which
/// is in higher contrast to it.
const LIGHT_BACK: Color = Color([0xf4, 0xf5, 0xf7]);
/// The lightest of what a link may be on in the dark scheme. Text on the colour is darker there.
const DARK_CARD: Color = Color([0x1d, 0x21, 0x27]);

/// In how many steps a colour becomes white.
const STEPS: u16 = 32;

/// A colour that can be read in both schemes: as it is given in the light one, and lighter in the
/// dark one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccentColor {
    light: Color,
    dark: Color,
}

/// Red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Color([u8; 3]);

/// The error of a text that is no [`AccentColor`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccentColor {
    /// It is no colour.
    #[error("must be # and six hexadecimal digits")]
    Form,
    /// It cannot be read.
    #[error("must be darker: its contrast to {}, the background, must be at least 4.5", LIGHT_BACK)]
    Contrast,
}

impl AccentColor {
    /// What sets the colour after the style of all pages.
    pub(super) fn style(self) -> String {
        let Self { light, dark } = self;
        format!(
            ":root{{--accent:{light}}}\
             @media (prefers-color-scheme:dark){{:root{{--accent:{dark}}}}}"
        )
    }
}

impl FromStr for AccentColor {
    type Err = InvalidAccentColor;

    fn from_str(text: &str) -> Result<Self, InvalidAccentColor> {
        let digits = text.strip_prefix('#').filter(|own| own.len() == 6 && !own.starts_with('+'));
        let number = digits.and_then(|own| u32::from_str_radix(own, 16).ok());
        let [_, red, green, blue] = number.ok_or(InvalidAccentColor::Form)?.to_be_bytes();
        let light = Color([red, green, blue]);
        if light.contrast(LIGHT_BACK) < LEAST_CONTRAST {
            return Err(InvalidAccentColor::Contrast);
        }
        Ok(Self { light, dark: light.lightened() })
    }
}

impl Color {
    /// The first mixture with white that can be read in the dark scheme.
    fn lightened(self) -> Self {
        let mut mixtures = (0..=STEPS).map(|step| self.mixed_with_white(step));
        let found = mixtures.find(|own| own.contrast(DARK_CARD) >= LEAST_CONTRAST);
        found.unwrap_or(Self([u8::MAX; 3]))
    }

    fn mixed_with_white(self, step: u16) -> Self {
        Self(self.0.map(|own| {
            let white = u16::from(u8::MAX - own) * step / STEPS;
            own.saturating_add(u8::try_from(white).unwrap_or(u8::MAX))
        }))
    }

    /// The contrast of two colours, as WCAG defines it.
    fn contrast(self, other: Self) -> f64 {
        let (own, other) = (self.luminance(), other.luminance());
        (own.max(other) + 0.05) / (own.min(other) + 0.05)
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|own| {
            let own = f64::from(own) / 255.0;
            if own <= 0.04045 { own / 12.92 } else { ((own + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_that_can_be_read_has_a_lighter_one_for_the_dark_scheme() {
        for (text, light, dark) in [
            ("#000000", "#000000", "#8f8f8f"),
            ("#1F4fa3", "#1f4fa3", "#6c8bc2"),
            ("#0b6e4f", "#0b6e4f", "#4f9680"),
            ("#0000ff", "#0000ff", "#7777ff"),
            ("#c2410c", "#c2410c", "#d17048"),
            ("#707070", "#707070", "#8a8a8a"),
        ] {
            let color: AccentColor = text.parse().unwrap();

            assert_eq!(color.light.to_string(), light);
            assert_eq!(color.dark.to_string(), dark, "{text}");
            for (own, back) in [
                (color.light, LIGHT_BACK),
                (color.light, Color([0xff; 3])),
                (color.dark, DARK_CARD),
                (color.dark, Color([0x14, 0x17, 0x1c])),
            ] {
                assert!(own.contrast(back) >= LEAST_CONTRAST, "{own} on {back}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_or_is_no_colour_is_refused() {
        for text in ["#ffffff", "#9dbcf5", "#ff0000", "#00aa00", "#757575"] {
            let error = text.parse::<AccentColor>().unwrap_err();
            assert_eq!(error, InvalidAccentColor::Contrast, "{text}");
            assert!(error.to_string().contains("#f4f5f7"), "{error}");
        }
        for text in [
            "1f4fa3",
            "#1f4",
            "#1f4fa",
            "#1f4fa3ff",
            "#+f4fa3",
            "#-f4fa3",
            "#1f4fag",
            "#ü4fa3",
            " #1f4fa3",
            "navy",
            "#000}*{}",
            "rgb(0,0,0)",
        ] {
            assert_eq!(text.parse::<AccentColor>(), Err(InvalidAccentColor::Form), "{text}");
        }
    }

    #[test]
    fn the_backgrounds_are_those_of_the_style() {
        let (light, dark) = include_str!("../http/page.css").split_once("@media").unwrap();

        assert!(light.contains(&format!("--back: {LIGHT_BACK}; --card: #fff;")), "{light}");
        assert!(light.contains("--on-accent: #fff;"), "{light}");
        assert!(dark.contains("--back: #14171c;") && dark.contains("--on-accent: #14171c;"));
        assert!(dark.contains(&format!("--card: {DARK_CARD};")), "{dark}");
    }
}
