//! What the customer's display shows of what the cashier's screen shows. Amounts arrive formatted; nothing is computed.

use drivers::display::{Figure, Lamp, Picture};
use ui::view::{Language, Screen, View};

/// The picture for the pole; dark while nobody is served.
pub fn picture(view: &View) -> Picture {
    let words = |chinese: &'static str, english: &'static str| match view.language {
        Language::Chinese => chinese,
        Language::English => english,
    };
    match &view.screen {
        Screen::Closed(_) | Screen::SignIn(_) | Screen::Labels(_) | Screen::SetUp(_) => Picture::default(),
        Screen::Sell(sell) => match sell.lines.last() {
            None => Picture { upper: words("欢迎光临", "Welcome").to_owned(), ..Picture::default() },
            Some(line) => Picture {
                upper: Picture::pair(&line.name, &line.net),
                lower: Picture::pair(words("合计", "Total"), &sell.total),
                figure: figure(Lamp::Total, &sell.total),
            },
        },
        Screen::Pay(pay) => Picture {
            upper: Picture::pair(
                if pay.refund { words("退款", "Refund") } else { words("应付", "To pay") },
                &pay.due,
            ),
            lower: if pay.tendered.is_empty() {
                String::new()
            } else {
                Picture::pair(words("收款", "Received"), &pay.tendered)
            },
            figure: figure(Lamp::Total, &pay.due),
        },
        Screen::Done(done) => Picture {
            upper: Picture::pair(words("收款", "Received"), &done.tendered),
            lower: Picture::pair(&done.great_label, &done.change),
            figure: figure(Lamp::Change, &done.change),
        },
    }
}

/// A picture to try a display with: both rows to their ends, and a figure.
pub fn sample() -> Picture {
    Picture {
        upper: Picture::pair("柜台 Guitai", "1234.50"),
        lower: "01234567890123456789".to_owned(),
        figure: figure(Lamp::Total, "1234.50"),
    }
}

/// A number as a figure: screens have a sign of their own for minus, and separate thousands.
fn figure(lamp: Lamp, text: &str) -> Option<Figure> {
    let plain: String = text
        .chars()
        .filter(|character| *character != ',')
        .map(|character| if character == '−' { '-' } else { character })
        .collect();
    (!plain.is_empty()).then_some(Figure { lamp, text: plain })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ui::view::{Bar, Done, Line, Pay, Sell, Theme};

    fn shown(screen: Screen) -> Picture {
        picture(&View {
            language: Language::Chinese,
            theme: Theme::Light,
            bar: Bar::default(),
            screen,
            sheet: None,
            notice: None,
        })
    }

    #[test]
    fn the_customer_sees_the_last_line_the_total_and_the_change() {
        let line = Line {
            number: "1".to_owned(),
            name: "农夫山泉饮用天然水1.5L".to_owned(),
            detail: String::new(),
            promotion: String::new(),
            quantity: "2".to_owned(),
            unit_price: "3.50".to_owned(),
            net: "7.00".to_owned(),
            age_open: false,
            returned: false,
        };
        let sell = Sell { lines: vec![line], total: "1,007.00".to_owned(), ..Sell::default() };
        let picture = shown(Screen::Sell(sell));
        assert_eq!(picture.upper, "农夫山泉饮用天  7.00");
        assert_eq!(picture.lower, "合计        1,007.00");
        let figure = picture.figure.expect("a figure");
        assert_eq!((figure.lamp, figure.text.as_str()), (Lamp::Total, "1007.00"));
        let pay = Pay { due: "7.00".to_owned(), ..Pay::default() };
        assert_eq!(shown(Screen::Pay(pay)).upper, "应付            7.00");
        let done = Done {
            great_label: "找零".to_owned(),
            tendered: "10.00".to_owned(),
            change: "3.00".to_owned(),
            ..Done::default()
        };
        let picture = shown(Screen::Done(done));
        assert_eq!(picture.lower, "找零            3.00");
        assert_eq!(picture.figure.map(|figure| figure.lamp), Some(Lamp::Change));
        assert_eq!(shown(Screen::Sell(Sell::default())).upper, "欢迎光临");
    }
}
