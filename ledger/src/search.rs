//! Goods by initials, name or code.
//!
//! SQLite's own tokenizers do not serve two hanzi, which is what people type,
//! so the words that are indexed and asked for are made here: every pair of
//! neighbouring hanzi, every tail of the pinyin initials, and latin words and
//! digits as they stand.

/// The longest text that is searched for.
pub const QUERY_LENGTH_MAX: usize = 64;

/// How many tails of the initials are indexed: longer names are found by
/// what they begin with.
const INITIALS_TAILS_MAX: usize = 16;

/// The words under which goods are found.
pub(crate) fn index_words(texts: &[&str], initials: &str) -> String {
    let mut words: Vec<String> =
        texts.iter().flat_map(|text| runs(text)).flat_map(|run| run.words(true)).collect();
    let initials = initials.to_lowercase();
    words.extend(
        initials.char_indices().take(INITIALS_TAILS_MAX).map(|(start, _)| initials[start..].to_owned()),
    );
    words.sort();
    words.dedup();
    words.join(" ")
}

/// What a typed text asks for: words that must all be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Term {
    /// This very word.
    Word(String),
    /// A word that begins so.
    Beginning(String),
}

impl Query {
    /// `None` where nothing in it can be searched.
    pub fn parse(text: &str) -> Option<Self> {
        let text: String = text.chars().take(QUERY_LENGTH_MAX).collect();
        let mut terms = Vec::new();
        for run in runs(&text) {
            match run {
                Run::Hanzi(hanzi) if hanzi.chars().count() == 1 => terms.push(Term::Beginning(hanzi)),
                Run::Hanzi(_) => terms.extend(run.words(false).into_iter().map(Term::Word)),
                Run::Latin(word) => terms.push(Term::Beginning(word)),
            }
        }
        (!terms.is_empty()).then_some(Self { terms })
    }

    /// As FTS5 is asked.
    pub fn to_fts(&self) -> String {
        let terms = self.terms.iter().map(|term| match term {
            Term::Word(word) => format!("\"{word}\""),
            Term::Beginning(word) => format!("\"{word}\"*"),
        });
        terms.collect::<Vec<_>>().join(" AND ")
    }

    /// Whether these words, as [`index_words`] joins them, have all that is
    /// asked for: what FTS5 says of them too.
    pub fn fits(&self, words: &str) -> bool {
        self.terms.iter().all(|term| match term {
            Term::Word(asked) => words.split(' ').any(|word| word == asked),
            Term::Beginning(asked) => {
                words.starts_with(asked.as_str())
                    || words.match_indices(asked.as_str()).any(|(at, _)| words[..at].ends_with(' '))
            }
        })
    }
}

/// Characters of one kind that stand together.
enum Run {
    Hanzi(String),
    Latin(String),
}

impl Run {
    /// Hanzi as overlapping pairs, and, to be indexed, the last one alone, so
    /// that every hanzi begins a word; latin as it is.
    fn words(&self, index: bool) -> Vec<String> {
        match self {
            Self::Latin(word) => vec![word.clone()],
            Self::Hanzi(hanzi) => {
                let hanzi: Vec<char> = hanzi.chars().collect();
                let mut words: Vec<String> = hanzi.windows(2).map(|pair| pair.iter().collect()).collect();
                if index {
                    words.extend(hanzi.last().map(char::to_string));
                }
                words
            }
        }
    }
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut joined = false;
    for character in text.chars().flat_map(char::to_lowercase) {
        let latin = character.is_ascii_alphanumeric();
        if !latin && (character.is_ascii() || !character.is_alphanumeric()) {
            joined = false;
            continue;
        }
        match (runs.last_mut(), latin) {
            (Some(Run::Latin(word)), true) if joined => word.push(character),
            (Some(Run::Hanzi(word)), false) if joined => word.push(character),
            (_, true) => runs.push(Run::Latin(character.into())),
            (_, false) => runs.push(Run::Hanzi(character.into())),
        }
        joined = true;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hanzi_and_every_tail_of_the_initials_begins_a_word() {
        assert_eq!(index_words(&["红富士苹果", "Fuji apple 500g"], "hfspg"), {
            let mut words =
                "红富 富士 士苹 苹果 果 fuji apple 500g hfspg fspg spg pg g".split(' ').collect::<Vec<_>>();
            words.sort_unstable();
            words.join(" ")
        });
    }

    #[test]
    fn a_query_asks_for_what_was_indexed() {
        let query = |text| Query::parse(text).map(|query| query.to_fts());
        assert_eq!(query("苹果").as_deref(), Some("\"苹果\""));
        assert_eq!(query("苹").as_deref(), Some("\"苹\"*"));
        assert_eq!(query("PG").as_deref(), Some("\"pg\"*"));
        assert_eq!(query("富士苹 500").as_deref(), Some("\"富士\" AND \"士苹\" AND \"500\"*"));
        assert_eq!(query("\"* ()-"), None);
    }

    #[test]
    fn what_fits_is_what_the_index_finds() {
        let words = index_words(&["红富士苹果", "Fuji apple 500g"], "hfspg");
        let fits = |text| Query::parse(text).expect("a query").fits(&words);
        assert!(fits("苹果") && fits("苹") && fits("果") && fits("PG") && fits("app 5") && fits("红富士"));
        assert!(!fits("果苹") && !fits("fg") && !fits("pple") && !fits("苹果 g5") && !fits("fujia"));
    }
}
