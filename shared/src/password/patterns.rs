//! Passwords that no list needs: runs along the alphabet or the keyboard, repetitions and dates.

/// What a run goes along, forwards or backwards. Rows of keyboards are American, German and French
/// ones; those of digits also with their shifted symbols, as American, British and German keyboards
/// have them, and as French ones have them unshifted.
const SEQUENCES: [&str; 39] = [
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "1234567891011121314151617181920",
    "13579246801357924680",
    "qwertyuiop[]\\",
    "qwertzuiopü+",
    "azertyuiop^$",
    "asdfghjkl;'",
    "asdfghjklöä#",
    "qsdfghjklmù*",
    "zxcvbnm,./",
    "yxcvbnm,.-",
    "wxcvbn,;:!",
    "!@#$%^&*()_+",
    "!\"£$%^&*()_+",
    "!\"§$%&/()=?",
    "&é\"'(-è_çà)=",
    // Two rows, by turns.
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "q2w3e4r5t6y7u8i9o0p",
    "a1s2d3f4g5h6j7k8l9",
    "z1x2c3v4b5n6m7",
    "qawsedrftgyhujikolp",
    "a1b2c3d4e5f6g7h8i9j0",
    "1a2b3c4d5e6f7g8h9i0j",
    // Columns.
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "qaz1wsx2edc3rfv4tgb5yhn6ujm7",
    "1qazxsw23edcvfr45tgbnhy67ujm",
    "zaq1xsw2cde3vfr4bgt5nhy6mju7",
    "qazwsxedcrfvtgbyhnujmikolp",
    "qazxswedcvfrtgbnhyujmkiolp",
    "zaqxswcdevfrbgtnhymjukilop",
    "zaqwsxcderfvbgtyhnmjuiklop",
    // A keypad.
    "147258369",
    "741852963",
    "789456123",
    "321654987",
    "159357",
    "159753",
];

/// How many pieces a password has at most to be a pattern.
const MAX_PIECES: usize = 3;
/// Two letters that follow each other are no run yet.
const SHORTEST_RUN: usize = 3;
/// The longest block that counts as repeated, whatever it is.
const LONGEST_BLOCK: usize = 4;
/// Fewer letters and digits than this say nothing about what is around them.
const SHORTEST_PLAIN: usize = 6;

/// Whether a password, with or without its punctuation, is made of up to three pieces, each a run of
/// neighbours, a block of up to four characters repeated, or a date or year; one of the pieces may be
/// a single character. The password is folded.
pub(super) fn is_pattern(folded: &str) -> bool {
    let all: Vec<char> = folded.chars().collect();
    let plain: Vec<char> = folded.chars().filter(|letter| letter.is_alphanumeric()).collect();
    has_pieces(&all, MAX_PIECES, true)
        || (plain.len() >= SHORTEST_PLAIN && has_pieces(&plain, MAX_PIECES, true))
}

/// The block that the whole text repeats, if it does.
pub(super) fn repeated_block(text: &str) -> Option<&str> {
    let lengths = text.char_indices().map(|(length, _)| length).skip(1);
    let mut blocks = lengths.take_while(|length| length * 2 <= text.len());
    let repeats = |length: &usize| {
        text.len().is_multiple_of(*length)
            && text.as_bytes().chunks(*length).all(|chunk| chunk == &text.as_bytes()[..*length])
    };
    blocks.find(repeats).map(|length| &text[..length])
}

fn has_pieces(text: &[char], pieces: usize, may_stray: bool) -> bool {
    if text.is_empty() || pieces == 0 {
        return text.is_empty();
    }
    pieces_at_start(text).any(|length| has_pieces(&text[length..], pieces - 1, may_stray))
        || (may_stray && has_pieces(&text[1..], pieces - 1, false))
}

/// The lengths of the pieces that a text begins with.
fn pieces_at_start(text: &[char]) -> impl Iterator<Item = usize> {
    let runs = [false, true].into_iter().filter_map(|doubled| run(text, doubled));
    let repetitions = (1..=LONGEST_BLOCK).filter_map(|block| repetition(text, block));
    let dates = [4, 6, 7, 8].into_iter().filter(|length| text.get(..*length).is_some_and(is_date));
    runs.chain(repetitions).chain(dates)
}

/// The length of the longest run at the start, in which each character may come several times if
/// `doubled`.
fn run(text: &[char], doubled: bool) -> Option<usize> {
    let along = |sequence: &'static str| {
        let forwards: Vec<char> = sequence.chars().collect();
        let backwards = forwards.iter().rev().copied().collect();
        let longest = |sequence: Vec<char>| {
            (0..sequence.len())
                .filter_map(|start| run_along(text, &sequence[start..], doubled))
                .max()
        };
        longest(forwards).max(longest(backwards))
    };
    SEQUENCES.into_iter().filter_map(along).max()
}

/// The length of the run that follows this sequence from its first character on.
fn run_along(text: &[char], sequence: &[char], doubled: bool) -> Option<usize> {
    let (mut length, mut steps) = (0, 0);
    while let Some(letter) = text.get(length) {
        if sequence.get(steps) == Some(letter) {
            steps += 1;
        } else if !(doubled && length > 0 && text[length - 1] == *letter) {
            break;
        }
        length += 1;
    }
    (steps >= SHORTEST_RUN).then_some(length)
}

/// The length of what repeats a block of this length, at least once, at the start.
fn repetition(text: &[char], block: usize) -> Option<usize> {
    let again = text.iter().skip(block).zip(text).take_while(|(later, letter)| later == letter);
    let again = again.count();
    (again >= block).then_some(block + again)
}

/// Whether digits are a year from 1900 to 2099, or a day, a month and a year in a usual order.
fn is_date(digits: &[char]) -> bool {
    let number = |digits: &[char]| {
        digits.iter().try_fold(0, |number, digit| Some(number * 10 + digit.to_digit(10)?))
    };
    let is_year = |digits: &[char]| {
        digits.len() == 4 && number(digits).is_some_and(|year| (1900..2100).contains(&year))
    };
    let is_up_to = |max: u32, digits: &[char]| {
        digits.len() <= 2 && number(digits).is_some_and(|number| (1..=max).contains(&number))
    };
    let is_day_and_month = |digits: &[char]| {
        (1..digits.len()).map(|middle| digits.split_at(middle)).any(|(one, other)| {
            (is_up_to(31, one) && is_up_to(12, other)) || (is_up_to(12, one) && is_up_to(31, other))
        })
    };
    let with_year = |long: usize, is_year: &dyn Fn(&[char]) -> bool| {
        let first = digits.split_at_checked(long);
        let last = digits.len().checked_sub(long).and_then(|rest| digits.split_at_checked(rest));
        first.is_some_and(|(year, rest)| is_year(year) && is_day_and_month(rest))
            || last.is_some_and(|(rest, year)| is_year(year) && is_day_and_month(rest))
    };
    is_year(digits)
        || with_year(4, &is_year)
        || (digits.len() == 6 && with_year(2, &|year| number(year).is_some()))
}
