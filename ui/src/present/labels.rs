//! The staff's work at shelf labels, put into its global.

use slint::{ComponentHandle, Image, SharedString};

use super::{Shows, empty, position, text, tone, update};
use crate::customer::Picture;
use crate::generated as window;
use crate::generated::{
    LabelCountRow, LabelFactRow, LabelListRow, LabelPictureRow, LabelStageRow, LabelStepRow, TillWindow,
};
use crate::view::{LabelCount, LabelFact, LabelPicture, LabelRow, LabelStage, LabelStep, Labels};

/// Replaces the preview data by empty lists.
pub fn prepare(till: &TillWindow) {
    let global = till.global::<window::Labels>();
    global.set_counts(empty());
    global.set_faces(empty());
    global.set_facts(empty());
    global.set_rows(empty());
    global.set_steps(empty());
    global.set_stages(empty());
    global.set_keys(empty());
}

/// Shows a page.
pub fn labels(till: &TillWindow, page: &Labels) {
    let global = till.global::<window::Labels>();
    global.set_title(text(&page.title));
    update(&global.get_counts(), &page.counts);
    global.set_has_progress(page.progress.is_some());
    global.set_progress(page.progress.and_then(|progress| i32::try_from(progress).ok()).unwrap_or(0));
    global.set_note(text(&page.note));
    update(&global.get_faces(), &page.faces);
    update(&global.get_facts(), &page.facts);
    global.set_any_picture(page.rows.iter().any(|row| row.picture.is_some()));
    update(&global.get_rows(), &page.rows);
    global.set_selected(page.selected.map_or(-1, position));
    global.set_empty(text(&page.empty));
    global.set_pages(text(&page.pages));
    global.set_page_before(page.page_before);
    global.set_page_after(page.page_after);
    update(&global.get_steps(), &page.card.steps);
    global.set_card_title(text(&page.card.title));
    global.set_card_detail(text(&page.card.detail));
    let picture = image(page.card.picture.as_ref());
    global.set_has_picture(page.card.picture.is_some());
    // The same picture is not handed over again, so that nothing is drawn again.
    if global.get_picture() != picture {
        global.set_picture(picture);
    }
    update(&global.get_stages(), &page.card.stages);
    update(&global.get_keys(), &page.keys);
    global.set_placeholder(text(&page.placeholder));
    global.set_entry(text(&page.entry));
    global.set_letters(page.letters);
    global.set_go(text(&page.go));
    global.set_go_value(text(&page.go_value));
    global.set_can_go(page.can_go);
    global.set_back(text(&page.back));
}

fn image(picture: Option<&Picture>) -> Image {
    picture.map(Picture::image).unwrap_or_default()
}

impl Shows<LabelCount> for LabelCountRow {
    fn shows(&self, count: &LabelCount) -> bool {
        *self == Self::of(count)
    }

    fn of(count: &LabelCount) -> Self {
        Self { text: text(&count.text), tone: tone(count.tone) }
    }
}

impl Shows<LabelFact> for LabelFactRow {
    fn shows(&self, fact: &LabelFact) -> bool {
        *self == Self::of(fact)
    }

    fn of(fact: &LabelFact) -> Self {
        Self { name: text(&fact.name), value: text(&fact.value), tone: tone(fact.tone) }
    }
}

impl Shows<LabelStep> for LabelStepRow {
    fn shows(&self, step: &LabelStep) -> bool {
        *self == Self::of(step)
    }

    fn of(step: &LabelStep) -> Self {
        Self { text: text(&step.text), is_next: step.is_next }
    }
}

impl Shows<LabelStage> for LabelStageRow {
    fn shows(&self, stage: &LabelStage) -> bool {
        *self == Self::of(stage)
    }

    fn of(stage: &LabelStage) -> Self {
        Self { name: text(&stage.name), detail: text(&stage.detail), tone: tone(stage.tone) }
    }
}

impl Shows<LabelPicture> for LabelPictureRow {
    fn shows(&self, shown: &LabelPicture) -> bool {
        *self == Self::of(shown)
    }

    fn of(shown: &LabelPicture) -> Self {
        Self {
            name: text(&shown.name),
            detail: text(&shown.detail),
            has_picture: shown.picture.is_some(),
            picture: image(shown.picture.as_ref()),
        }
    }
}

impl Shows<LabelRow> for LabelListRow {
    fn shows(&self, row: &LabelRow) -> bool {
        let said = [
            (&self.name, &row.name),
            (&self.detail, &row.detail),
            (&self.before, &row.before),
            (&self.value, &row.value),
            (&self.state, &row.state),
            (&self.state_detail, &row.state_detail),
        ];
        said.iter().all(|(shown, text): &(&SharedString, &String)| *shown == text)
            && self.tone == tone(row.tone)
            && self.has_picture == row.picture.is_some()
            && self.picture == image(row.picture.as_ref())
    }

    fn of(row: &LabelRow) -> Self {
        Self {
            has_picture: row.picture.is_some(),
            picture: image(row.picture.as_ref()),
            name: text(&row.name),
            detail: text(&row.detail),
            before: text(&row.before),
            value: text(&row.value),
            state: text(&row.state),
            state_detail: text(&row.state_detail),
            tone: tone(row.tone),
        }
    }
}
