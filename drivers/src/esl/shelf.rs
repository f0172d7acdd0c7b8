//! What a store wants on its labels: articles, which label shows which, and their faces. It decides when a face is wanted
//! and leaves the way there to the [`AccessPoint`]. Pure, like it.

use std::collections::{BTreeMap, BTreeSet};

use super::access_point::{AccessPoint, Answer, Call, Moment, Pace};
use super::{ARTICLES_MAX, Article, ArticleId, Ask, GivenUp, LabelId, RequestId, Told};
use crate::frame::Health;
use crate::label::{Face, Press};

/// Articles, links and the access point that serves them.
#[derive(Debug)]
pub struct Shelf {
    press: Press,
    point: AccessPoint,
    articles: BTreeMap<ArticleId, Article>,
    links: BTreeMap<LabelId, ArticleId>,
    labels_of: BTreeMap<ArticleId, BTreeSet<LabelId>>,
    /// Linked labels whose panel is not known yet, with what asked for them.
    /// Whether that was told.
    unsized_yet: BTreeMap<LabelId, (RequestId, bool)>,
    told: std::collections::VecDeque<Told>,
}

impl Shelf {
    /// A shelf without labels, whose faces come from this press.
    pub fn new(press: Press, pace: Pace) -> Self {
        Self {
            press,
            point: AccessPoint::new(pace),
            articles: BTreeMap::new(),
            links: BTreeMap::new(),
            labels_of: BTreeMap::new(),
            unsized_yet: BTreeMap::new(),
            told: std::collections::VecDeque::new(),
        }
    }

    /// The access point's machine.
    pub fn point(&self) -> &AccessPoint {
        &self.point
    }

    /// Labels that are linked and do not show their newest face yet, given up ones left out.
    pub fn open(&self) -> usize {
        self.point.open() + self.unsized_yet.values().filter(|(_, is_told)| !is_told).count()
    }

    /// Recalls what a label was seen to show, before the program stopped.
    pub fn recall(&mut self, label: LabelId, face: &Face, hash: [u8; 8]) {
        self.point.recall(label, face.digest(), hash);
    }

    /// Asks for something; what came of it is told later under `request`.
    pub fn ask(&mut self, ask: Ask, request: RequestId, now: Moment) {
        match ask {
            Ask::Upsert(articles) => {
                for article in articles {
                    let id = article.id.clone();
                    if !self.articles.contains_key(&id) && self.articles.len() >= ARTICLES_MAX {
                        continue;
                    }
                    if self.articles.get(&id) == Some(&article) {
                        continue;
                    }
                    self.articles.insert(id.clone(), article);
                    let labels: Vec<LabelId> =
                        self.labels_of.get(&id).into_iter().flatten().copied().collect();
                    for label in labels {
                        self.want(label, request, now);
                    }
                }
            }
            Ask::Link(label, article) => {
                self.unlink(label);
                let has_room = self.articles.contains_key(&article) || self.articles.len() < ARTICLES_MAX;
                self.labels_of.entry(article.clone()).or_default().insert(label);
                self.links.insert(label, article);
                if has_room && self.point.mind(label) {
                    self.want(label, request, now);
                } else {
                    let why = format!("it has {ARTICLES_MAX} labels already; give some to another one");
                    self.told.push_back(Told::GivenUp { label, request, why: GivenUp::Refused(why) });
                }
            }
            Ask::Unlink(label) => {
                self.unlink(label);
                self.point.forget(label);
            }
            Ask::Resend(label) => {
                self.want(label, request, now);
                self.point.resend(label, request, now);
            }
            Ask::Flash(label, flash) => {
                self.point.flash(label, flash);
            }
        }
    }

    fn unlink(&mut self, label: LabelId) {
        self.unsized_yet.remove(&label);
        if let Some(article) = self.links.remove(&label)
            && let Some(labels) = self.labels_of.get_mut(&article)
        {
            labels.remove(&label);
            if labels.is_empty() {
                self.labels_of.remove(&article);
            }
        }
    }

    /// The face of a label; `None` where its panel or its article is not known.
    fn face(&mut self, label: LabelId) -> Option<Result<Face, GivenUp>> {
        let article = self.articles.get(self.links.get(&label)?)?;
        let panel = self.point.panel(label)?;
        Some(match self.press.print(&article.template, panel, &article.values) {
            Ok(printed) => {
                for note in printed.notes {
                    self.told.push_back(Told::Noted { label, note });
                }
                Ok(printed.face)
            }
            Err(error) => Err(error.into()),
        })
    }

    fn want(&mut self, label: LabelId, request: RequestId, now: Moment) {
        match self.face(label) {
            Some(Ok(face)) => {
                self.unsized_yet.remove(&label);
                self.point.want(label, face.digest(), request, now);
            }
            Some(Err(why)) => {
                self.unsized_yet.remove(&label);
                // A face that is older than the article must not be shown as its own.
                self.point.forget(label);
                self.point.mind(label);
                self.told.push_back(Told::GivenUp { label, request, why });
            }
            None => {
                if self.links.contains_key(&label)
                    && let Some((before, false)) = self.unsized_yet.insert(label, (request, false))
                {
                    self.told.push_back(Told::Superseded { label, request: before });
                }
            }
        }
    }

    /// The line of messages stands.
    pub fn connected(&mut self, now: Moment) {
        self.point.connected(now);
    }

    /// A message came.
    pub fn message(&mut self, text: &str, now: Moment) {
        self.point.message(text, now);
        self.size(now);
    }

    /// What to ask of the access point now.
    pub fn poll(&mut self, now: Moment) -> Option<Call> {
        self.point.poll(now)
    }

    /// The picture of an upload, as the access point takes it.
    ///
    /// # Errors
    /// There is no such face any more.
    pub fn picture(&mut self, label: LabelId) -> Result<Vec<u8>, GivenUp> {
        let gone = || GivenUp::Refused("the label is linked to nothing".to_owned());
        let face = self.face(label).ok_or_else(gone)??;
        face.jpeg().map_err(|error| GivenUp::Refused(error.to_string()))
    }

    /// What came of a call.
    pub fn answer(&mut self, call: &Call, answer: Answer, now: Moment) {
        self.point.answer(call, answer, now);
        self.size(now);
    }

    /// Wants the faces of labels whose panel has become known.
    fn size(&mut self, now: Moment) {
        for label in self.point.found() {
            let Some((request, _)) = self.unsized_yet.get(&label).copied() else { continue };
            match self.point.hopeless(label) {
                None => self.want(label, request, now),
                Some(why) => {
                    self.unsized_yet.insert(label, (request, true));
                    self.told.push_back(Told::GivenUp { label, request, why });
                }
            }
        }
    }

    /// When [`Shelf::poll`] has something to do next, if nothing happens before.
    pub fn deadline(&self) -> Moment {
        self.point.deadline()
    }

    /// The next result.
    pub fn told(&mut self) -> Option<Told> {
        self.told.pop_front().or_else(|| self.point.told())
    }

    /// How the access point is.
    pub fn health(&self) -> &Health {
        self.point.health()
    }
}
