//! Which characters a text may have that people are shown: none that hides, or that turns around
//! what stands beside it. What scripts and emoji need stays possible.

use std::ops::RangeInclusive;

use icu_properties::props::{
    DefaultIgnorableCodePoint, Emoji, EmojiModifier, ExtendedPictographic, GeneralCategory,
    GeneralCategoryGroup, UnifiedIdeograph, VariationSelector,
};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::ParseError;

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
/// Begins the flags of regions, which tags name.
const BLACK_FLAG: char = '\u{1f3f4}';
const CANCEL_TAG: char = '\u{e007f}';
/// How many tags name a region (UTS #51, annex C).
const FLAG_TAGS: RangeInclusive<usize> = 3..=6;

/// Checks that a text has a visible character, and invisible ones only where they mean something.
pub(super) fn check_shown(text: &str) -> Result<(), ParseError> {
    if !text.chars().any(is_visible) {
        return Err(ParseError::new("must have a visible character"));
    }
    let mut before = Before::default();
    for letter in text.chars() {
        if !before.allows(letter) {
            return Err(ParseError::new(
                "must not contain invisible characters or ones that change the direction of text",
            ));
        }
        before.push(letter);
    }
    if before.tags > 0 {
        return Err(ParseError::new("must not contain an unfinished flag"));
    }
    Ok(())
}

/// Whether a character is never seen, wherever it stands, or not by everybody, or only separates
/// others. One of private use, the object replacement character and noncharacters may look like
/// anything, or like nothing.
pub(crate) fn is_hidden(letter: char) -> bool {
    if letter.is_ascii() {
        return false;
    }
    let is_noncharacter = matches!(u32::from(letter), 0xfdd0..=0xfdef)
        || matches!(u32::from(letter) & 0xffff, 0xfffe..=0xffff);
    let category = category(letter);
    is_noncharacter
        || letter == '\u{fffc}'
        || [GeneralCategory::Format, GeneralCategory::PrivateUse].contains(&category)
        || script_of_blank(letter).is_some()
        || is_ignorable(letter)
}

/// Whether a character is seen by everybody, wherever it stands.
fn is_visible(letter: char) -> bool {
    !letter.is_whitespace()
        && !letter.is_control()
        && !is_hidden(letter)
        && !GeneralCategoryGroup::Mark.contains(category(letter))
}

fn category(letter: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(letter)
}

/// Whether Unicode says to show nothing for it; all controls of direction are among these.
fn is_ignorable(letter: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter)
}

fn is_selector(letter: char) -> bool {
    CodePointSetData::new::<VariationSelector>().contains(letter)
}

/// A tag that a flag has: a digit or a small letter, or the end of them.
const fn is_tag(letter: char) -> bool {
    matches!(letter, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}' | CANCEL_TAG)
}

/// What stands before a character.
#[derive(Default)]
struct Before {
    last: Option<char>,
    /// The last one that is no variation selector.
    base: Option<char>,
    /// The tags of a flag that is not finished.
    tags: usize,
}

impl Before {
    fn push(&mut self, letter: char) {
        self.tags = if is_tag(letter) && letter != CANCEL_TAG { self.tags + 1 } else { 0 };
        self.last = Some(letter);
        if letter.is_ascii() || !is_selector(letter) {
            self.base = Some(letter);
        }
    }

    /// Whether this character may follow.
    fn allows(&self, letter: char) -> bool {
        match letter {
            CANCEL_TAG => FLAG_TAGS.contains(&self.tags),
            _ if self.tags > 0 => is_tag(letter) && self.tags < *FLAG_TAGS.end(),
            _ if letter.is_ascii() => true,
            ZERO_WIDTH_NON_JOINER | ZERO_WIDTH_JOINER => self.base.is_some_and(may_join),
            '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}' => false,
            _ if is_tag(letter) => self.last == Some(BLACK_FLAG),
            _ if is_selector(letter) => self.last.is_some_and(|base| varies(letter, base)),
            _ if is_ignorable(letter) => false,
            // Others than blanks are shown by a sign of their own.
            _ => is_at_its_place(letter, self.last),
        }
    }
}

/// The script of a character that shows nothing although Unicode counts it as a letter, a symbol or
/// a mark; none for any other.
const fn script_of_blank(letter: char) -> Option<RangeInclusive<char>> {
    Some(match letter {
        // Braille's blank pattern.
        '\u{2800}' => '\u{2800}'..='\u{28ff}',
        // The joiners of Tifinagh and Brahmi.
        '\u{2d7f}' => '\u{2d30}'..='\u{2d7f}',
        '\u{1107f}' => '\u{11000}'..='\u{1107f}',
        // The two blanks of hieroglyphs, and what turns one around.
        '\u{13440}'..='\u{13442}' => '\u{13000}'..='\u{1345f}',
        // Khitan's filler.
        '\u{16fe4}' => '\u{18b00}'..='\u{18cff}',
        // What changes letters of Duployan.
        '\u{1bc9d}' | '\u{1bc9e}' => '\u{1bc00}'..='\u{1bc9f}',
        // The null notehead.
        '\u{1d159}' => '\u{1d100}'..='\u{1d1ff}',
        _ => return None,
    })
}

/// Whether a blank, if it is one, stands after a character of its script that is none.
fn is_at_its_place(letter: char, last: Option<char>) -> bool {
    script_of_blank(letter).is_none_or(|script| {
        last.is_some_and(|last| script.contains(&last) && script_of_blank(last).is_none())
    })
}

/// Whether a character may be joined to the next, or kept from it: a letter, a combining mark, an
/// emoji.
fn may_join(letter: char) -> bool {
    let category = category(letter);
    let is_word = GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Mark).contains(category);
    is_word
        || CodePointSetData::new::<ExtendedPictographic>().contains(letter)
        || CodePointSetData::new::<EmojiModifier>().contains(letter)
}

/// Whether a variation selector makes a difference to a character: those of emoji to an emoji,
/// those of ideographs to an ideograph, Mongolian's to Mongolian, and the others to what
/// `StandardizedVariants.txt` has, by block.
fn varies(selector: char, base: char) -> bool {
    match selector {
        '\u{fe0e}' | '\u{fe0f}' => CodePointSetData::new::<Emoji>().contains(base),
        '\u{180b}'..='\u{180f}' => matches!(base, '\u{1820}'..='\u{18aa}'),
        '\u{e0100}'..='\u{e01ef}' => CodePointSetData::new::<UnifiedIdeograph>().contains(base),
        '\u{fe00}'..='\u{fe02}' if CodePointSetData::new::<UnifiedIdeograph>().contains(base) => {
            true
        }
        '\u{fe00}' if VARIED_SYMBOLS.contains(base) => true,
        '\u{fe00}' | '\u{fe01}' => {
            VARIED_SIGNS.contains(base)
                || matches!(base, '\u{1d49c}'..='\u{1d4b5}')
                || is_varied_script(base)
        }
        _ => matches!(base, '\u{13000}'..='\u{1342f}'),
    }
}

/// The zero and the operators that have one variant.
const VARIED_SYMBOLS: &str = "0∅∩∪≨≩≲≳⊊⊋⊓⊔⊕⊖⊗⊜⋚⋛⨼⨽⪝⪞⪬⪭⫋⫌";

/// The script capitals apart from those of a block of their own, quotation marks, and the
/// punctuation of East Asia.
const VARIED_SIGNS: &str = "ℬℰℱℋℐℒℳℛ‘’“”、。！，．：；？";

/// Myanmar, Phags-pa, Manichaean and Egyptian.
const fn is_varied_script(base: char) -> bool {
    matches!(
        base,
        '\u{1000}'..='\u{109f}'
            | '\u{a9e0}'..='\u{a9ff}'
            | '\u{aa60}'..='\u{aa7f}'
            | '\u{a840}'..='\u{a877}'
            | '\u{10ac0}'..='\u{10aff}'
            | '\u{13000}'..='\u{1342f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_script_and_emoji_are_shown() {
        for name in [
            "Jane Doe",
            "Jürgen O’Neill-Łukasz",
            "Nguyễn Thị Minh",
            "e\u{301}",
            // Sinhala, Persian, Hindi, Bengali, Malayalam: joined and kept apart.
            "ශ්\u{200d}රී ලංකා",
            "ක්\u{200d}ෂේත්\u{200d}ර",
            "می\u{200c}خواهم",
            "क\u{94d}\u{200d}ष",
            "शर\u{94d}\u{200c}मा",
            "র\u{200d}্যাব",
            "നന്\u{200d}ദ",
            // Japanese and Chinese with variants of ideographs.
            "葛\u{e0100}城",
            "神\u{fe00}",
            "辻\u{e0101}さん",
            // Mongolian with a free variation selector, Hebrew, Arabic, Thai.
            "ᠠ\u{180b}",
            "שלום",
            "محمد",
            "สมชาย",
            // Emoji: families, skin, hearts, flags, keycaps.
            "👨\u{200d}👩\u{200d}👧\u{200d}👦",
            "👩🏽\u{200d}🚀",
            "❤\u{fe0f}\u{200d}🔥",
            "🏳\u{fe0f}\u{200d}🌈",
            "☺\u{fe0e}",
            "1\u{fe0f}\u{20e3}",
            "🇩🇪",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "⠚⠁⠝⠑⠀⠙⠕⠑",
            "ⵜ\u{2d7f}ⵜ",
            "\u{11013}\u{1107f}\u{11014}",
            "\u{18b00}\u{16fe4}\u{18b01}",
            "\u{13000}\u{13441}\u{13001}",
            "0\u{fe00}",
            "∩\u{fe00}",
            "ℬ\u{fe01}",
            "。\u{fe01}",
        ] {
            assert_eq!(check_shown(name), Ok(()), "{name:?}");
        }
    }

    #[test]
    fn what_hides_or_turns_text_around_is_rejected() {
        for name in [
            "\u{200b}",
            "\u{200d}",
            "\u{2800}",
            "\u{3164}",
            "\u{ffa0}",
            "\u{115f}",
            "\u{ad}",
            "\u{fe0f}",
            "\u{301}",
            "\u{1d159}",
            "\u{13441}",
            "\u{13442} \u{13441}",
            "\u{e0041}",
            "\u{3000}\u{a0}",
            "\u{fffc}",
            "\u{ffff}",
            "\u{10fffe}\u{fdd0} ",
            "\u{e000}\u{f0000}\u{10fffd}",
            "Jane\u{202e}eoD",
            "Jane\u{202a}",
            "Jane\u{2066}Doe\u{2069}",
            "Jane\u{200e}",
            "Jane\u{61c}",
            "Jane\u{2028}Doe",
            "Jane\u{2029}Doe",
            "Jane\u{200b}Doe",
            "Jane\u{feff}Doe",
            "Jane\u{2060}Doe",
            "Jane\u{ad}Doe",
            "Jane\u{34f}Doe",
            "Jane\u{180e}Doe",
            "Jane\u{3164}Doe",
            "Jane\u{fff9}Doe",
            "Jane\u{fe0f}",
            "Jane\u{fe00}",
            "Jane\u{e0100}",
            "Jane\u{180b}",
            "Jane\u{2800}",
            "\u{2800}Jane",
            "Jane\u{1d159}Doe",
            "Jane\u{16fe4}",
            "Acme™\u{2800}",
            "Jane’\u{2800}s team",
            "★\u{2d7f}",
            "𝐉𝐚𝐧𝐞\u{1d159}",
            "\u{16800}\u{16fe4}",
            "\u{11103}\u{1107f}",
            "⠚⠁⠝⠑\u{2800}\u{2800}",
            "\u{13000}\u{13441}\u{13442}",
            "🏴\u{e0067}\u{e0062}\u{e007f}",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e0073}\u{e0063}\u{e007f}",
            "🏴\u{e0067}\u{e0020}\u{e0062}\u{e0073}\u{e007f}",
            "C+\u{fe00}",
            "a=\u{fe01}",
            "0\u{fe01}",
            "™\u{fe00}",
            "\u{17000}\u{e0100}",
            "葛\u{e0100}\u{e0100}",
            "葛\u{fe0f}",
            "\u{200d}Jane",
            "Jane \u{200d}Doe",
            "1\u{200d}2",
            "می\u{200c}\u{200c}خواهم",
            "می\u{200c}\u{200d}خواهم",
            "👩\u{200d}\u{200d}🚀",
            "❤\u{fe0f}\u{fe0f}",
            "Jane\u{e0067}\u{e007f}",
            "🏴\u{e007f}",
            "🏴\u{e0067}",
            "🏴\u{e0067}x",
            "🏴\u{e0067}\u{e007f}\u{e0067}",
        ] {
            assert!(check_shown(name).is_err(), "{name:?}");
        }
    }
}
