//! Keys of scan-and-go, baskets that were signed for phones, and goods by their codes.

use protocol::head::PublicKey;
use protocol::pull::{self, CodeKey, CodeSigner, PriceScope, ShelfCap};

use super::reference::Kind;
use super::{Reading, StoreError, Writing, signed, values};
use crate::secret::SecretHash;

/// The most keys of lanes that are told at one time; the rest are told a minute later.
const KEYS_AT_A_TIME: u32 = 1_000;

/// A key of scan-and-go as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct ScanGoKeyRow {
    /// The public key, Ed25519.
    pub public_key: [u8; 32],
    /// The seed, 64 hexadecimal digits.
    pub secret: String,
    /// When it was made, milliseconds UTC.
    pub made_ms: i64,
}

impl std::fmt::Debug for ScanGoKeyRow {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScanGoKeyRow").field("made_ms", &self.made_ms).finish_non_exhaustive()
    }
}

/// A basket that was signed for a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneBasketRow {
    /// The store's code.
    pub store: String,
    /// The basket's number.
    pub id: [u8; 12],
    /// The hash of what the phone is known by.
    pub device: SecretHash,
    /// When it was signed, milliseconds UTC.
    pub made_ms: i64,
    /// Until when it holds, milliseconds UTC.
    pub until_ms: i64,
    /// The total that the phone showed, minor units.
    pub total: i64,
    /// How many lines it has.
    pub lines: u64,
}

impl Reading<'_> {
    /// The keys of scan-and-go, the newest first.
    pub fn scan_go_keys(&self) -> Result<Vec<ScanGoKeyRow>, StoreError> {
        self.all(
            "SELECT public_key, secret, made_ms FROM scan_go_key ORDER BY made_ms DESC, public_key",
            values![],
            |row| {
                Ok(ScanGoKeyRow { public_key: row.bytes_32(0)?, secret: row.text(1)?, made_ms: row.int(2)? })
            },
        )
    }

    /// The keys of lanes, as they are enrolled now, that no lane was told of, with their stores.
    pub fn lane_keys_untold(&self) -> Result<Vec<(String, CodeKey)>, StoreError> {
        self.all(
            "SELECT k.store, k.lane, k.epoch, k.public_key, k.registered_at_ms FROM lane_key AS k
             JOIN lane AS l ON l.store = k.store AND l.lane = k.lane AND l.epoch = k.epoch
             WHERE k.lane > 0
             AND NOT EXISTS (SELECT 1 FROM entity AS e WHERE e.store = k.store AND e.kind = 'code_key'
                 AND e.key = 'lane/' || k.lane || '/' || k.epoch)
             ORDER BY k.store, k.lane, k.epoch LIMIT ?1",
            values![KEYS_AT_A_TIME],
            |row| {
                let key = CodeKey {
                    signs: CodeSigner::Exits { lane: row.small(1)?, epoch: row.small(2)? },
                    public_key: PublicKey::from_bytes(row.bytes_32(3)?).to_string(),
                    from_ms: row.int(4)?,
                    until_ms: None,
                    relay: false,
                };
                Ok((row.text(0)?, key))
            },
        )
    }

    /// The keys of scan-and-go that lanes of a store alone are told, or all lanes where none is named, whose names begin
    /// with a text: name and stored JSON.
    pub fn code_keys(&self, store: &str, begin: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.all(
            "SELECT key, body FROM entity WHERE store = ?1 AND kind = 'code_key' AND key > ?2 AND key < ?3
             AND body IS NOT NULL ORDER BY key",
            values![store, begin, &format!("{begin}{}", char::MAX)],
            |row| Ok((row.text(0)?, row.text(1)?)),
        )
    }

    /// How many baskets were signed for a phone after an instant, milliseconds UTC.
    pub fn phone_baskets_of(&self, device: &SecretHash, after_ms: i64) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM phone_basket WHERE device = ?1 AND made_ms > ?2";
        super::unsigned(self.number(sql, values![device.as_bytes(), after_ms])?)
    }

    /// The item code of what is found by a code, as an import wrote it: a GTIN of 14 digits, `plu:` and a number.
    pub fn sku_by_code(&self, code: &str) -> Result<Option<String>, StoreError> {
        self.one(
            "SELECT sku FROM product_code WHERE store = '' AND code = ?1 ORDER BY sku LIMIT 1",
            values![code],
            |row| row.text(0),
        )
    }

    /// What labels of a store may show of an item.
    pub fn shelf_caps_of(&self, store: &str, sku: &str) -> Result<Vec<ShelfCap>, StoreError> {
        let (begin, end) = super::reference::keys_of_sku(sku);
        self.all(
            "SELECT body FROM entity WHERE store = ?1 AND kind = ?2 AND key > ?3 AND key < ?4
             AND body IS NOT NULL ORDER BY key",
            values![store, Kind::ShelfCap.name(), &begin, &end],
            |row| super::reference::stored_json(&row.text(0)?),
        )
    }

    /// The prices of an item that concern a store: its own, those of its groups, the chain's.
    pub fn prices_for(&self, sku: &str, store: &pull::Store) -> Result<Vec<pull::PriceRow>, StoreError> {
        let groups = store.groups.iter().cloned().map(PriceScope::Group);
        let mut found = Vec::new();
        for scope in [PriceScope::Chain, PriceScope::Store(store.code.clone())].into_iter().chain(groups) {
            found.extend(self.prices_of(sku, &scope)?);
        }
        // As many as a lane reads, the newest of them.
        found.sort_by_key(|row| std::cmp::Reverse(row.from_ms));
        Ok(found)
    }
}

impl Writing<'_> {
    /// Keeps a key of scan-and-go.
    pub fn put_scan_go_key(&self, key: &ScanGoKeyRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO scan_go_key (public_key, secret, made_ms) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            values![&key.public_key, &key.secret, key.made_ms],
        )?;
        Ok(())
    }

    /// Notes a basket that is signed for a phone. Of two with one number the first stays.
    pub fn put_phone_basket(&self, basket: &PhoneBasketRow) -> Result<bool, StoreError> {
        let put = self.execute(
            "INSERT INTO phone_basket (store, id, device, made_ms, until_ms, total, lines)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            values![
                &basket.store,
                &basket.id,
                basket.device.as_bytes(),
                basket.made_ms,
                basket.until_ms,
                basket.total,
                signed(basket.lines)?
            ],
        )?;
        Ok(put > 0)
    }

    /// Forgets baskets that were signed before an instant, milliseconds UTC.
    pub fn forget_phone_baskets(&self, before_ms: i64) -> Result<u64, StoreError> {
        self.execute("DELETE FROM phone_basket WHERE made_ms < ?1", values![before_ms])
    }
}
