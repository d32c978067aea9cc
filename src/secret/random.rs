//! Whether a word was put together by chance, as keys and tokens are.

/// Letters and digits without any separator, this long, are a key.
pub(super) const UNBROKEN: usize = 24;
/// Of so many neighbors in a word at least one is of another kind (capital, small letter, digit), where chance has put
/// them together. In words of people one kind follows itself: `EceClientSecret2026`.
const EVEN: usize = 3;

/// True for letters of both cases and digits that no person has put together: a part of a token, or a key. A name, a path
/// or an id never has such a part.
#[must_use]
pub fn is_random(part: &str) -> bool {
    let Some((classes, changes)) = kinds(part) else { return false };
    let all = (0..3).all(|class| classes.contains(&class));
    all && part.len() >= UNBROKEN && changes * EVEN >= part.len()
}

/// The kinds of the letters of a part (capital, small letter, digit), and how often one follows another; none where it has
/// other signs. A capital begins a word: it does not count against the small letter behind it.
fn kinds(part: &str) -> Option<(Vec<usize>, usize)> {
    let class = |c: char| match c {
        'A'..='Z' => Some(0),
        'a'..='z' => Some(1),
        '0'..='9' => Some(2),
        _ => None,
    };
    let classes = part.chars().map(class).collect::<Option<Vec<usize>>>()?;
    let changes = classes.windows(2).filter(|pair| pair[0] != pair[1] && pair != &[0, 1]).count();
    Some((classes, changes))
}

/// True for words joined by `_`, as a service names an error: `Authentication_RequestFromNonPremiumTenantOrB2CTenant`. Each
/// of its parts begins with a capital, has a word in small letters, and changes its kind seldom.
pub(super) fn is_identifier(word: &str) -> bool {
    const WORD: usize = 4; // small letters in a row
    const SELDOM: usize = 4; // at most one change in so many letters
    let is_of_words = |part: &str| {
        let Some((classes, changes)) = kinds(part) else { return false };
        let digits = classes.iter().filter(|class| **class == 2).count();
        classes.first() == Some(&0)
            && classes.windows(WORD).any(|run| run.iter().all(|class| *class == 1))
            && changes * SELDOM <= classes.len()
            && digits <= 2
    };
    word.contains('_') && word.split('_').all(is_of_words)
}
