//! The chain that HQ feeds: a few goods, promotions, members and coupons, and
//! what its buyers change during the day.

use domain::barcode::ShopPattern;
use domain::member::{NewMember, Spending};
use hq::store::{Kind, Store, StoreError};
use protocol::ask::PHONE;
use protocol::promotion::PromotionForm;
use protocol::pull::{Category, Coupon, CouponState, Member, Product, StoreRules, phone_hash};

/// How many goods there are.
pub const GOODS: usize = 24;

/// How many members each store has.
pub const MEMBERS: usize = 6;

/// The points that each of them has at first.
pub const POINTS_AT_FIRST: i64 = 300;

/// How points are spent: ten are one yuan, up to half of what is bought.
pub const SPENDING: Spending = Spending { step: 10, points_per_hundred: 10, percent_max: 50 };

/// How many people come without a card and say their telephone number. The first of them are members whom HQ knows: the
/// first member of each store.
pub const PHONES: usize = 8;

/// Digits of the hash in the id of somebody who became a member at a till.
const NEW_ID_DIGITS: usize = 24;

/// How many coupons each store gives out.
pub const COUPONS: usize = 60;

/// The coupon's promotion.
const COUPON: &str = "P-COUPON";

/// A store's code.
pub fn store_code(store: usize) -> String {
    format!("S{:03}", store + 1)
}

/// An item's code.
pub fn sku(item: usize) -> String {
    format!("1{item:05}")
}

/// An item's barcode, an EAN-13.
pub fn gtin(item: usize) -> String {
    let digits = format!("6901028{item:05}");
    let sum: u32 = digits
        .bytes()
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// Whether an item is sold by weight.
pub fn is_weighed(item: usize) -> bool {
    item % 8 == 7
}

/// What an item costs at first, fen.
fn first_price(item: usize) -> i64 {
    150 + 137 * item as i64 % 2_900
}

/// A member's id.
pub fn member(store: usize, member: usize) -> String {
    format!("M{:04}{:02}", store + 1, member)
}

/// A telephone number.
pub fn phone(person: usize) -> String {
    format!("1380000{person:04}")
}

/// Whoever has it, as they become a member at a till.
pub fn new_member(person: usize) -> NewMember {
    let hash = phone_hash(&phone(person));
    NewMember {
        id: format!("n{}", &hash[..NEW_ID_DIGITS]),
        phone_hash: hash,
        shown: format!("尾号{person:04}"),
        card: String::new(),
    }
}

/// All ids that a person's documents may stand under, the first that of HQ: by person, for as many stores.
pub fn persons(stores: usize) -> Vec<Vec<String>> {
    let mut persons: Vec<Vec<String>> = (0..stores)
        .flat_map(|store| (0..MEMBERS).map(move |place| (store, place)))
        .map(|(store, place)| {
            let new = (place == 0 && store < PHONES).then(|| new_member(store).id);
            std::iter::once(member(store, place)).chain(new).collect()
        })
        .collect();
    persons.extend((stores..PHONES).map(|person| vec![new_member(person).id]));
    persons
}

/// A coupon's number.
pub fn coupon(store: usize, number: usize) -> String {
    let pattern = ShopPattern::parse_with_kind("coupon C X6..24").expect("a pattern");
    pattern.issue(&format!("SIM{:03}{number:04}", store + 1)).expect("a body of capitals and digits")
}

fn product(item: usize, price: i64) -> Product {
    Product {
        sku: sku(item),
        name_zh: format!("商品{item}"),
        name_en: format!("Item {item}"),
        spec: String::new(),
        origin: String::new(),
        grade: String::new(),
        category: if item.is_multiple_of(3) { "drinks".into() } else { "food".into() },
        weighed: is_weighed(item),
        price,
        tax_rate: if item.is_multiple_of(3) { 1_300 } else { 900 },
        codes: if is_weighed(item) { Vec::new() } else { vec![gtin(item)] },
        plu: String::new(),
        initials: String::new(),
        age_restricted: item == 5,
        no_promotion: item == 6,
        no_points: false,
        pin: 0,
        units: Vec::new(),
        kit: Vec::new(),
        open_price: None,
        department: String::new(),
        tax_class: String::new(),
        gift: false,
        membership: false,
    }
}

fn promotions() -> Vec<PromotionForm> {
    let forms = [
        format!(
            r#"{{"id":"P-SECOND","layer":"item","type":"nth_unit","n":2,"pay_pct":50,"skus":["{}","{}"]}}"#,
            sku(1),
            sku(2)
        ),
        r#"{"id":"P-ORDER","layer":"order","type":"threshold_off","min":6000,"off":500,"repeat":true,"max_repeat":3}"#.to_owned(),
        format!(r#"{{"id":"{COUPON}","layer":"coupon","type":"threshold_off","min":2000,"off":300}}"#),
    ];
    forms.iter().map(|form| serde_json::from_str(form).expect("a promotion")).collect()
}

fn json(body: &impl serde::Serialize) -> String {
    serde_json::to_string(body).expect("plain data serialises")
}

/// Tells HQ everything.
pub fn found(store: &Store, stores: usize) -> Result<(), StoreError> {
    store.write(|writing| {
        for number in 0..stores {
            let code = store_code(number);
            writing.put_entity(Kind::Store, &code, &json(&the_store(&code)))?;
            for member in 0..MEMBERS {
                let id = self::member(number, member);
                let tier = if member % 2 == 0 { "gold" } else { "plain" };
                let body =
                    Member { id: id.clone(), shown: "王**".into(), tier: tier.into(), ..Member::default() };
                writing.put_of_store(Kind::Member, &code, &id, &json(&body))?;
                let hash = phone_hash(&phone(number));
                let hash = if member == 0 && number < PHONES { hash.as_str() } else { "" };
                let row = serde_json::json!({
                    "id": id, "shown": body.shown, "tier": tier, "store": code, "phone_hash": hash,
                    "points": POINTS_AT_FIRST,
                });
                writing.put_member(&id, &row.to_string())?;
                if !hash.is_empty() {
                    writing.add_member_code(&format!("{PHONE}{hash}"), &id)?;
                }
            }
            for coupon in 0..COUPONS {
                let number = self::coupon(number, coupon);
                let body = Coupon {
                    code: number.clone(),
                    promotion: COUPON.into(),
                    state: CouponState::Issued,
                    from_ms: None,
                    until_ms: None,
                    owner: None,
                    group: String::new(),
                    together_max: 1,
                };
                writing.put_of_store(Kind::Coupon, &code, &number, &json(&body))?;
            }
        }
        for (position, id) in (1..).zip(["drinks", "food"]) {
            let body = Category { id: id.into(), name_zh: id.into(), name_en: id.into(), position };
            writing.put_entity(Kind::Category, id, &json(&body))?;
        }
        for item in 0..GOODS {
            writing.put_entity(Kind::Product, &sku(item), &json(&product(item, first_price(item))))?;
        }
        for form in promotions() {
            writing.put_entity(Kind::PromotionRule, &form.id, &json(&form))?;
        }
        Ok(())
    })
}

fn the_store(code: &str) -> protocol::pull::Store {
    protocol::pull::Store {
        code: code.to_owned(),
        name_zh: "模拟店".into(),
        name_en: "Simulated".into(),
        currency: "CNY".into(),
        currency_symbol: "¥".into(),
        currency_exponent: 2,
        receipt_header: Vec::new(),
        receipt_footer: Vec::new(),
        cash_rounding: 10,
        scale_patterns: Vec::new(),
        groups: Vec::new(),
        code_patterns: Vec::new(),
        rules: StoreRules::default(),
        place: None,
        receipts_at: None,
    }
}

/// Gives an item another price.
pub fn set_price(store: &Store, item: usize, price: i64) -> Result<(), StoreError> {
    store.write(|writing| {
        writing.put_entity(Kind::Product, &sku(item), &json(&product(item, price))).map(drop)
    })
}
