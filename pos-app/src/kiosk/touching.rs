//! What a touch means where the customer stands.

// A page answers to the touches that it has; any other came too late for the page before.
#![allow(clippy::wildcard_enum_match_arm)]

use domain::payment::Belongs;
use domain::phone::PhoneInput;
use domain::till::kiosk::{Cause, KioskInput};
use domain::till::{Desk, Input};
use drivers::sound::Tone as Sound;
use ui::kiosk::Touch;
use ui::view::Language;

use super::show::paper_is_missing;
use super::{Page, Receipt, TYPED_MAX};
use crate::lane::{Lane, State};
use crate::present;

impl Lane {
    /// A customer, or the attendant, touched something.
    pub(crate) fn touch(&mut self, touch: Touch) {
        if self.kiosk.is_none() {
            return;
        }
        // A touch that answers the warning does no more than that.
        let warned = self.warned_seconds().is_some();
        self.stir();
        match touch {
            Touch::Language => return self.change_language(),
            Touch::Large => return self.with_kiosk(|kiosk| kiosk.look.large = !kiosk.look.large),
            Touch::Contrast => return self.with_kiosk(|kiosk| kiosk.look.contrast = !kiosk.look.contrast),
            _ => {}
        }
        if warned {
            if touch == Touch::Back {
                self.free_lane();
            }
            return;
        }
        if self.kiosk.as_ref().is_some_and(|kiosk| kiosk.gate.is_some()) {
            return self.touch_gate(touch);
        }
        if self.kiosk.as_ref().is_some_and(|kiosk| kiosk.session.is_some()) {
            return self.touch_session(touch);
        }
        match touch {
            Touch::Staff => return self.open_gate(),
            Touch::Help => return self.touch_help(),
            _ => {}
        }
        if self.is_shut() {
            if touch == Touch::Go {
                self.open_gate();
            }
            return;
        }
        if self.kiosk.as_ref().is_some_and(|kiosk| kiosk.asks) {
            return self.touch_question(touch);
        }
        let desk = self.till().map(|till| till.desk().clone());
        match desk {
            Some(Desk::Selling(_)) => self.touch_goods(touch),
            Some(Desk::Paying(_)) => self.touch_payment(touch),
            Some(Desk::Done(..)) => self.touch_thanks(touch),
            Some(Desk::SignedOut | Desk::Locked(_) | Desk::Saving(..)) | None => {}
        }
    }

    fn change_language(&mut self) {
        self.front.language = match self.front.language {
            Language::Chinese => Language::English,
            Language::English => Language::Chinese,
        };
        let empty = self.till().is_some_and(|till| till.basket().is_untouched());
        if empty && self.is_desk(|desk| matches!(desk, Desk::Selling(_))) {
            self.with_kiosk(|kiosk| kiosk.begun = true);
        }
    }

    fn touch_goods(&mut self, touch: Touch) {
        if self.scale.is_waiting() {
            if touch == Touch::Back {
                self.scale.forget();
            }
            return;
        }
        if self.touch_bagging(touch) {
            return;
        }
        let Some(kiosk) = &self.kiosk else { return };
        match kiosk.page.clone() {
            Page::Scan => self.touch_scan(touch),
            Page::Goods { tab, typed } => self.touch_shelf(touch, tab, typed),
            Page::Bags => self.touch_bags(touch),
            Page::Member { typed } => self.touch_member(touch, typed),
            Page::Phones => self.touch_phones(touch),
            Page::Wait(cause) => self.touch_wait(touch, cause),
        }
    }

    fn touch_scan(&mut self, touch: Touch) {
        let begun = self.kiosk.as_ref().is_some_and(|kiosk| kiosk.begun);
        match touch {
            Touch::Go if !begun => self.turn_page(Page::Scan),
            Touch::Go => self.go_on(),
            Touch::Line(index) => self.take_out(index),
            Touch::Key(0) => self.open_shelf(),
            Touch::Key(1) => self.turn_page(Page::Member { typed: String::new() }),
            Touch::Key(2) if begun && !self.config.kiosk.bags.is_empty() => self.turn_page(Page::Bags),
            Touch::Key(_) if self.is_waiting_for_bagging() => self.hurry_bagging(),
            _ => {}
        }
    }

    fn touch_phones(&mut self, touch: Touch) {
        match touch {
            Touch::Go => {
                self.input(Input::Phone(Box::new(PhoneInput::Look)));
                self.flush();
                self.turn_page(Page::Scan);
            }
            Touch::Back => self.turn_page(Page::Scan),
            _ => {}
        }
    }

    pub(super) fn open_shelf(&mut self) {
        let State::Open(open) = &self.state else { return };
        let Some(kiosk) = &mut self.kiosk else { return };
        let rules = open.settings().rules.kiosk.clone();
        let bags = &self.config.kiosk.bags;
        kiosk.shelf.read(open, |item| {
            bags.contains(&item.sku) || rules.as_ref().is_some_and(|rules| !rules.sells(item))
        });
        self.turn_page(Page::Goods { tab: 0, typed: String::new() });
    }

    /// Takes one piece of a line out, the line where it is the only one. What was scanned last stands first.
    fn take_out(&mut self, index: usize) {
        let Some(till) = self.till() else { return };
        let lines = till.basket().lines();
        let Some(line) = lines.len().checked_sub(index + 1).and_then(|at| lines.get(at)) else { return };
        let number = line.number;
        let pieces = line.quantity.pieces().filter(|pieces| *pieces > 1 && !line.item.weighed);
        let plain = pieces.filter(|_| line.label_amount.is_none());
        self.input(match plain {
            Some(pieces) => Input::SetQuantity { line: number, pieces: pieces - 1 },
            None => Input::Void {
                line: number,
                reason: self.words("顾客不要了", "Customer changed their mind"),
            },
        });
        self.flush();
    }

    fn touch_shelf(&mut self, touch: Touch, tab: usize, typed: String) {
        match touch {
            Touch::Back => self.turn_page(Page::Scan),
            Touch::Tab(tab) => self.turn_page(Page::Goods { tab, typed: String::new() }),
            Touch::Letter(letter) if typed.chars().count() < TYPED_MAX => {
                self.turn_page(Page::Goods { tab, typed: format!("{typed}{letter}") });
            }
            Touch::Erase => {
                let kept = typed.chars().count().saturating_sub(1);
                self.turn_page(Page::Goods { tab, typed: typed.chars().take(kept).collect() });
            }
            Touch::Tile(index) => {
                let State::Open(open) = &self.state else { return };
                let Some(kiosk) = &self.kiosk else { return };
                let item = kiosk.shelf.offered(open, tab, &typed).get(index).cloned();
                if let Some(item) = item {
                    self.choose(item.sku.clone(), None);
                    self.flush();
                    self.turn_page(Page::Scan);
                }
            }
            _ => {}
        }
    }

    fn touch_bags(&mut self, touch: Touch) {
        match touch {
            Touch::Back => self.turn_page(Page::Scan),
            Touch::Go => {
                self.with_kiosk(|kiosk| kiosk.asked.bags = true);
                self.go_on();
            }
            Touch::More(index) => {
                let Some(sku) = self.config.kiosk.bags.get(index).cloned() else { return };
                match self.bag_line(&sku) {
                    Some((line, pieces)) => self.input(Input::SetQuantity { line, pieces: pieces + 1 }),
                    None => self.choose(sku, Some(1)),
                }
                self.flush();
            }
            Touch::Less(index) => {
                let Some(sku) = self.config.kiosk.bags.get(index).cloned() else { return };
                match self.bag_line(&sku) {
                    Some((line, pieces)) if pieces > 1 => {
                        self.input(Input::SetQuantity { line, pieces: pieces - 1 });
                    }
                    Some((line, _)) => {
                        let reason = self.words("顾客不要了", "Customer changed their mind");
                        self.input(Input::Void { line, reason });
                    }
                    None => {}
                }
                self.flush();
            }
            _ => {}
        }
    }

    /// The line of a bag, and how many.
    pub(super) fn bag_line(&self, sku: &str) -> Option<(u32, i64)> {
        let lines = self.till()?.basket().lines();
        let line = lines.iter().find(|line| line.item.sku == sku)?;
        Some((line.number, line.quantity.pieces().unwrap_or(1)))
    }

    fn touch_member(&mut self, touch: Touch, typed: String) {
        let joined = self.till().is_some_and(|till| till.basket().member().is_some());
        match touch {
            Touch::Back => self.turn_page(Page::Scan),
            Touch::Key(0) if joined => {
                self.input(Input::DropMember);
                self.flush();
            }
            Touch::Digit(digit) if typed.chars().count() < TYPED_MAX => {
                self.turn_page(Page::Member { typed: format!("{typed}{digit}") });
            }
            Touch::Erase => {
                let kept = typed.chars().count().saturating_sub(1);
                self.turn_page(Page::Member { typed: typed.chars().take(kept).collect() });
            }
            Touch::Go if typed.is_empty() || joined => {
                self.with_kiosk(|kiosk| kiosk.asked.member = true);
                self.go_on();
            }
            Touch::Go => {
                // A number that was typed is nobody else's to see.
                self.turn_page(Page::Member { typed: String::new() });
                self.input(Input::FindMember(typed));
                self.flush();
            }
            _ => {}
        }
    }

    fn touch_wait(&mut self, touch: Touch, cause: Cause) {
        match (touch, cause) {
            (Touch::Back, Cause::Removal) => {
                self.input(Input::Disapprove);
                self.turn_page(Page::Scan);
            }
            (Touch::Back, _) => self.turn_page(Page::Scan),
            // What may not be bought is put back by anybody.
            (Touch::Key(0), Cause::Age) => {
                let Some(till) = self.till() else { return };
                let lines: Vec<u32> = till.basket().age_open().map(|line| line.number).collect();
                let reason = self.words("顾客放回", "Put back by the customer");
                for line in lines {
                    self.input(Input::Void { line, reason: reason.clone() });
                }
                self.flush();
                self.turn_page(Page::Scan);
            }
            _ => {}
        }
    }

    fn touch_payment(&mut self, touch: Touch) {
        let Some(till) = self.till() else { return };
        let payment = till.payments().iter().find(|payment| payment.belongs == Belongs::Open).cloned();
        match (touch, payment) {
            (Touch::Back | Touch::Key(0), Some(payment)) if payment.is_active() => {
                self.input(Input::GiveUpPayment);
            }
            (Touch::Key(0), Some(payment)) => self.input(Input::AskPayment { number: payment.number }),
            (Touch::Back, None) => {
                if self.till().is_some_and(|till| till.kiosk().is_called(Cause::Cash)) {
                    self.input(Input::Kiosk(KioskInput::CallOff(Cause::Cash)));
                } else {
                    self.input(Input::Back);
                    self.turn_page(Page::Scan);
                }
            }
            (Touch::Key(0), None) => self.input(Input::Kiosk(KioskInput::Call(Cause::Cash))),
            _ => self.play(Sound::Blocked),
        }
        self.flush();
    }

    /// The customer asked for paper, and none comes.
    fn kiosk_paper_is_missing(&self, receipt: Receipt) -> bool {
        let (Receipt::Paper, State::Open(open)) = (receipt, &self.state) else { return false };
        match open.till().desk() {
            Desk::Done(_, _, seq) => paper_is_missing(present::paper(self, open, *seq)),
            Desk::SignedOut | Desk::Locked(_) | Desk::Selling(_) | Desk::Paying(_) | Desk::Saving(..) => {
                false
            }
        }
    }

    fn touch_thanks(&mut self, touch: Touch) {
        let receipt = self.kiosk.as_ref().map(|kiosk| kiosk.receipt).unwrap_or_default();
        let offered = self.till().and_then(|till| till.kiosk().offered());
        match touch {
            Touch::Key(0) if receipt == Receipt::Asked && offered.is_some() => {
                self.with_kiosk(|kiosk| kiosk.receipt = Receipt::Paper);
                self.input(Input::Reprint { document: None });
                self.flush();
                self.with_kiosk(|kiosk| kiosk.notice = None);
            }
            // Back from the receipt's code to the one that lets them leave.
            Touch::Key(0) if receipt == Receipt::Code => {
                self.with_kiosk(|kiosk| kiosk.receipt = Receipt::Leaving);
            }
            Touch::Key(0) if receipt == Receipt::Leaving => {
                self.with_kiosk(|kiosk| kiosk.receipt = Receipt::Code);
            }
            Touch::Key(_) if receipt == Receipt::Asked || self.kiosk_paper_is_missing(receipt) => {
                self.with_kiosk(|kiosk| kiosk.receipt = Receipt::Code);
                if let Some(document) = offered {
                    self.input(Input::WaivePaper { document });
                    self.flush();
                }
            }
            Touch::Go | Touch::Back => self.free_lane(),
            _ => {}
        }
    }
}
