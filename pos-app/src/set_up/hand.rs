//! What keys, taps and scans mean at each step.

use std::time::Instant;

use drivers::scanner::wedge::{WedgeKey, WedgeOutcome};
use protocol::enrol::Invitation;
use ui::action::{Button, Key};
use ui::view::{Language, Theme};

use super::device::KEYS_BEFORE_MODELS;
use super::lane_file::{self, Change};
use super::progress::{Progress, Step};
use super::trial::Said;
use super::{ADDRESS_MAX, CODE_MAX, Errand, Field, SetUp, Waiting, words};

impl SetUp {
    pub(super) fn key(&mut self, key: Key, at: Instant) {
        let typed = match key {
            Key::Char(character) => WedgeKey::Char(character),
            Key::Enter => WedgeKey::Enter,
            Key::Escape
            | Key::Backspace
            | Key::Delete
            | Key::Tab
            | Key::Up
            | Key::Down
            | Key::Left
            | Key::Right
            | Key::Home
            | Key::End
            | Key::PageUp
            | Key::PageDown
            | Key::Function(_) => {
                self.wedge.forget();
                return self.command(key);
            }
        };
        match self.wedge.key(typed, at) {
            WedgeOutcome::Typed(character) => self.typed(character),
            WedgeOutcome::Enter => self.go(),
            WedgeOutcome::Scan { text, typed } => {
                for _ in 0..typed {
                    self.untype();
                }
                self.scanned(&text);
            }
        }
    }

    pub(super) fn command(&mut self, key: Key) {
        if key == Key::Function(1) {
            return self.press(Button::Help);
        }
        if self.has_help {
            // Whatever key it is, it is about the help.
            self.has_help = key != Key::Escape;
            return;
        }
        match key {
            Key::Escape => self.back(),
            Key::Backspace => self.untype(),
            Key::Delete => self.clear(),
            Key::Up => self.choose_beside(-1),
            Key::Down => self.choose_beside(1),
            Key::Left => self.device.turn(-1),
            Key::Right => self.device.turn(1),
            Key::Tab => self.other_field(),
            Key::Function(number) => self.function(number),
            Key::Char(_) | Key::Enter | Key::Home | Key::End | Key::PageUp | Key::PageDown => {}
        }
    }

    pub(super) fn press(&mut self, button: Button) {
        if self.has_help && !matches!(button, Button::Language | Button::Theme) {
            // Any of its keys puts it away, and does nothing else.
            self.has_help = false;
            return;
        }
        match button {
            Button::Help => self.has_help = true,
            Button::Digit(character) | Button::Letter(character) => self.typed(character),
            Button::Backspace => self.untype(),
            Button::Clear => self.clear(),
            Button::Enter | Button::Yes => self.go(),
            Button::Back | Button::No => self.back(),
            Button::Row(row) => self.choose(row),
            Button::Field(0) => self.field = Field::Address,
            Button::Field(_) => self.field = Field::Code,
            Button::SheetKey(index) => self.sheet_key(index),
            Button::Language => {
                self.speak(match self.language {
                    Language::Chinese => Language::English,
                    Language::English => Language::Chinese,
                });
                self.keep_later_look();
            }
            Button::Theme => {
                self.theme = match self.theme {
                    Theme::Light => Theme::Dark,
                    Theme::Dark => Theme::Light,
                };
                self.keep_later_look();
            }
            Button::DismissNotice => self.told = None,
            // Nothing of it is on these screens.
            Button::Quantity
            | Button::Void
            | Button::CancelBasket
            | Button::Pay
            | Button::Finish
            | Button::QuickCash(_)
            | Button::Goods(_)
            | Button::Tab(_)
            | Button::PageBefore
            | Button::PageAfter
            | Button::Line(_)
            | Button::Staff(_)
            | Button::Reprint
            | Button::SignOut
            | Button::ScaleZero
            | Button::ScaleTare
            | Button::Menu
            | Button::ChangeLine
            | Button::Seller
            | Button::Member
            | Button::Park
            | Button::GiveBack
            | Button::PriceCheck
            | Button::Why
            | Button::Lock
            | Button::Find
            | Button::TenderKind(_)
            | Button::TakeBack(_)
            | Button::Orders => {}
        }
    }

    pub(super) fn speak(&mut self, language: Language) {
        self.language = language;
        self.told = None;
    }

    /// Whether something was pressed that was meant for the step before.
    pub(super) fn is_calm(&self) -> bool {
        self.calm_until.is_none_or(|until| Instant::now() >= until)
    }

    pub(super) fn typed(&mut self, character: char) {
        if self.waiting.is_some() || self.has_help || !character.is_ascii_graphic() {
            return;
        }
        match self.step() {
            Step::Hq => {
                let (text, most) = self.written();
                if text.len() < most {
                    text.push(character);
                }
                self.told = None;
            }
            Step::Printer | Step::Scanner | Step::Scale | Step::BaggingScale | Step::Display => {
                self.let_go();
                self.told = None;
                self.device.write(character);
            }
            // A screen has no address.
            Step::Language | Step::Store | Step::Customer | Step::Goods => {}
        }
    }

    /// What is typed into, and how much it takes.
    pub(super) fn written(&mut self) -> (&mut String, usize) {
        match self.field {
            Field::Address => (&mut self.progress.hq, ADDRESS_MAX),
            Field::Code => (&mut self.code, CODE_MAX),
        }
    }

    pub(super) fn untype(&mut self) {
        if self.waiting.is_some() {
            return;
        }
        if self.step() == Step::Hq {
            self.written().0.pop();
        } else {
            self.device.unwrite();
        }
    }

    pub(super) fn clear(&mut self) {
        if self.waiting.is_some() {
            return;
        }
        if self.step() == Step::Hq {
            self.written().0.clear();
        } else {
            self.device.clear();
        }
    }

    pub(super) fn other_field(&mut self) {
        self.field = match self.field {
            Field::Address => Field::Code,
            Field::Code => Field::Address,
        };
    }

    pub(super) fn choose(&mut self, row: usize) {
        match self.step() {
            Step::Language => self.speak(if row == 0 { Language::Chinese } else { Language::English }),
            Step::Printer
            | Step::Scanner
            | Step::Scale
            | Step::BaggingScale
            | Step::Display
            | Step::Customer => {
                self.let_go();
                self.told = None;
                self.device.choose(row);
            }
            Step::Hq | Step::Store | Step::Goods => {}
        }
    }

    pub(super) fn choose_beside(&mut self, by: isize) {
        match self.step() {
            Step::Language => self.choose(usize::from(by > 0)),
            Step::Hq => self.other_field(),
            Step::Printer
            | Step::Scanner
            | Step::Scale
            | Step::BaggingScale
            | Step::Display
            | Step::Customer => {
                let row = self.device.row().saturating_add_signed(by);
                self.choose(row);
            }
            Step::Store | Step::Goods => {}
        }
    }

    pub(super) fn function(&mut self, number: u8) {
        let shortcut = format!("F{number}");
        let keys = self.keys();
        if let Some(index) = keys.iter().position(|key| key.enabled && key.shortcut == shortcut) {
            self.sheet_key(index);
        }
    }

    /// The n-th key beside the sheet: what may be done with a device stands first, its models after that.
    pub(super) fn sheet_key(&mut self, index: usize) {
        match (self.step(), index) {
            (Step::Language, _) => self.press(Button::Theme),
            (Step::Store, _) if self.agent.identity.is_some() => {
                // A lane of another store or number: with another code.
                self.progress.replaces = self.agent.identity.as_ref().map(ToString::to_string);
                self.code.clear();
                self.open(Step::Hq);
            }
            (
                Step::Printer
                | Step::Scanner
                | Step::Scale
                | Step::BaggingScale
                | Step::Display
                | Step::Customer,
                0,
            ) => self.try_device(),
            (Step::Customer, 1) => {
                // One that was plugged in since.
                self.let_go();
                self.told = None;
                self.find();
            }
            (Step::Printer | Step::Scanner | Step::Scale | Step::BaggingScale | Step::Display, 1) => {
                self.device.has_letters = !self.device.has_letters;
            }
            (
                Step::Printer
                | Step::Scanner
                | Step::Scale
                | Step::BaggingScale
                | Step::Display
                | Step::Customer,
                model,
            ) => {
                self.let_go();
                self.told = None;
                self.device.model = model - KEYS_BEFORE_MODELS;
            }
            (Step::Hq | Step::Store | Step::Goods, _) => {}
        }
    }

    /// What Enter and the big key do.
    pub(super) fn go(&mut self) {
        if std::mem::take(&mut self.has_help) {
            return;
        }
        if !self.is_calm() || self.waiting.is_some() {
            return;
        }
        match self.step() {
            Step::Language => {
                let next = if self.agent.identity.is_some() { Step::Store } else { Step::Hq };
                if self.keep(&self.look()) {
                    self.open(next);
                }
            }
            Step::Hq => self.ask_what_it_is(),
            Step::Store if self.invited.is_some() => self.exchange(),
            Step::Store => self.open(Step::Printer),
            Step::Printer
            | Step::Scanner
            | Step::Scale
            | Step::BaggingScale
            | Step::Display
            | Step::Customer => {
                self.device.has_letters = false;
                match self.denied() {
                    Some(told) => self.told = Some(told),
                    None => {
                        let changes: Vec<Change> = self.device.change(&self.config).into_iter().collect();
                        if self.keep(&changes) {
                            self.open(self.step().next(self.mode));
                        }
                    }
                }
            }
            Step::Goods if self.goods.is_some() => match Progress::remove(&self.paths.data) {
                Ok(()) => self.errands.push(Errand::Done),
                Err(error) => self.told = Some(words::disk(&error.to_string())),
            },
            Step::Goods => {}
        }
    }

    /// Keeps what was chosen in the lane's file; whether it is there, which is told where not.
    fn keep(&mut self, changes: &[Change]) -> bool {
        match lane_file::change(&self.paths, changes) {
            Ok(config) => {
                self.config = config;
                true
            }
            Err(error) => {
                self.told = Some(words::disk(&crate::lane::words(&error)));
                false
            }
        }
    }

    /// Language and colours, as the lane's file has them.
    fn look(&self) -> [Change; 2] {
        let language = match self.language {
            Language::Chinese => "zh",
            Language::English => "en",
        };
        let theme = match self.theme {
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        [("language", language), ("theme", theme)]
            .map(|(name, value)| Change::Word { name, value: value.to_owned() })
    }

    /// Keeps language and colours that are changed after the step that asks for them.
    fn keep_later_look(&mut self) {
        if self.step() != Step::Language {
            let _ = self.keep(&self.look());
        }
    }

    /// What Escape and the tall key do: first what was typed goes, then the step.
    pub(super) fn back(&mut self) {
        if self.waiting == Some(Waiting::Exchange) {
            return;
        }
        if self.waiting.take().is_some() {
            // Nothing is spent by looking; its answer is nobody's any more.
            self.question += 1;
            return;
        }
        if self.device.has_letters {
            self.device.has_letters = false;
            return;
        }
        let before = match self.step() {
            Step::Printer => Step::Store,
            Step::Store if self.agent.identity.is_some() && self.progress.replaces.is_none() => {
                Step::Language
            }
            // Not this one: another code.
            Step::Store => {
                self.invited = None;
                self.code.clear();
                Step::Hq
            }
            Step::Hq if self.progress.replaces.is_some() => {
                self.progress.replaces = None;
                Step::Store
            }
            other => other.before(self.mode),
        };
        self.open(before);
    }

    /// A code that a scanner read through the keyboard.
    pub(super) fn scanned(&mut self, text: &str) {
        self.has_help = false;
        match (self.step(), Invitation::parse(text)) {
            (Step::Language | Step::Hq, Some(invitation)) if self.waiting.is_none() => {
                if self.step() == Step::Language && !self.keep(&self.look()) {
                    return;
                }
                self.open(Step::Hq);
                self.progress.hq = invitation.hq;
                self.code = invitation.code;
                self.ask_what_it_is();
            }
            (Step::Hq, None) if self.waiting.is_none() => {
                self.code = text.chars().filter(char::is_ascii_graphic).take(CODE_MAX).collect();
                self.field = Field::Code;
            }
            (Step::Scanner, _) => self.hear_device(Said::Scanned(text.to_owned())),
            (
                Step::Language
                | Step::Hq
                | Step::Store
                | Step::Printer
                | Step::Scale
                | Step::BaggingScale
                | Step::Display
                | Step::Customer
                | Step::Goods,
                _,
            ) => {}
        }
    }
}
