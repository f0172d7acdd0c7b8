-- From version 11 to version 12: HQ orders transfers between stores; keys begin with the store or the member.

-- Transfers between stores that HQ ordered, by their number, which is one in the chain.
CREATE TABLE transfer (
    number   TEXT COLLATE "C" PRIMARY KEY,
    sender   TEXT COLLATE "C" NOT NULL,
    receiver TEXT COLLATE "C" NOT NULL,
    state    TEXT COLLATE "C" NOT NULL,
    body     TEXT NOT NULL  -- JSON
);
CREATE INDEX transfer_sender ON transfer (sender, number);
CREATE INDEX transfer_receiver ON transfer (receiver, number);
CREATE INDEX transfer_state ON transfer (state, number);

-- What left and came under a transfer's number.
CREATE INDEX stock_beside_document ON stock_beside (document) WHERE kind = 'transit';

-- Whatever a lane or a member writes is keyed by store or member first, and no constraint crosses them (decision 18).
ALTER TABLE enrolment_code DROP CONSTRAINT enrolment_code_code_hash_key;
CREATE INDEX enrolment_code_hash ON enrolment_code (code_hash);
ALTER TABLE promotion_use DROP CONSTRAINT promotion_use_pkey, ADD PRIMARY KEY (store, lane, promotion, member, day);
DROP INDEX promotion_use_lane;
CREATE INDEX promotion_use_promotion ON promotion_use (promotion, member, day);
ALTER TABLE member_code DROP CONSTRAINT member_code_pkey, ADD PRIMARY KEY (member, code);
DROP INDEX member_code_member;
CREATE INDEX member_code_code ON member_code (code, member);
