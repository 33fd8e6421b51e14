BEGIN TRANSACTION;
CREATE TABLE alert (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL,
        text TEXT NOT NULL);
INSERT INTO "alert" VALUES(1,'2026-01-28T20:00:20+00:00','orders','order rejected','NYSE:KO: SK1-0123456789ab-1 was rejected');
INSERT INTO "alert" VALUES(2,'2026-01-28T20:00:20+00:00','client 1','upstream lost','the gateway has lost Interactive Brokers');
CREATE TABLE alert_end (
        id INTEGER PRIMARY KEY REFERENCES alert (id), at TEXT NOT NULL);
INSERT INTO "alert_end" VALUES(2,'2026-01-28T20:00:20+00:00');
CREATE TABLE chain (
        id INTEGER PRIMARY KEY, of_table TEXT NOT NULL, of_row INTEGER NOT NULL,
        hash TEXT NOT NULL);
INSERT INTO "chain" VALUES(1,'run',1,'414b4b29343f2752c5c098882bce2f43ce95246d2d777bf0d05a7dab290d7a3c');
INSERT INTO "chain" VALUES(2,'snapshot_seen',1,'5204e7e01940e070be566ff4e55507b0c270bd19cdf76f2e13c3366fbdae9ae2');
INSERT INTO "chain" VALUES(3,'position_seen',1,'79c0524cfb627908c6a2aa54dbe96c8740d7b93c0e180a86043ba330de1e4cc0');
INSERT INTO "chain" VALUES(4,'order_seen',1,'d6662c9d2bd92b48e5c1ef656e8fad4fc8e7b29102c6bb6972c88d2c1b2aae5b');
INSERT INTO "chain" VALUES(5,'decision',1,'53dcf909b5c3784cd516c38c74985adce38531a3a9ae04fc9dadc90b7b5a59a5');
INSERT INTO "chain" VALUES(6,'ticket',1,'4c356593a62b4e2ce55da74a4c62ba97dc919adb402e42f6add0492dd9eeb7ef');
INSERT INTO "chain" VALUES(7,'decision',2,'a4b371100ca8bedd3ddd00efb99a67dd21c0edadcc215f2a94f72a6e8fdf9dce');
INSERT INTO "chain" VALUES(8,'decision',3,'640acec85195b606c5037b446a2199f8e5611242502fdcbd1d9b47bdcaeb4215');
INSERT INTO "chain" VALUES(9,'ticket',2,'e2424ed0b866a6607c36d14bb209d66086e5d4c0d9e154825aadebf946bffd1e');
INSERT INTO "chain" VALUES(10,'decision',4,'12ff18ee17b737e0e0f8b024b43ab24d8745bfb5962d44e9a2da523cf856eea5');
INSERT INTO "chain" VALUES(11,'ticket',3,'adc30c6c39e1e6350d3166d3788f0f3d5707ed43dd6da715de3d411c5ea85472');
INSERT INTO "chain" VALUES(12,'run_end',1,'6a976cb23ab659f5cf54022b8474e298d0c93b0895c4fc96aec3d78af27f8797');
INSERT INTO "chain" VALUES(13,'switch',1,'6104dec73960d27fa0b2d0a9b20584564ddb0c22f23901ac7b491977c7994d5d');
INSERT INTO "chain" VALUES(14,'run',2,'f9b4f1ef752a0215f7ebdfde7c9ef4b92568ea9897bbb4119cc6a791606541e0');
INSERT INTO "chain" VALUES(15,'decision',5,'4f33e141f2350d06dcc4003c2c0322a05774a56e383fff222ef752e2102428e6');
INSERT INTO "chain" VALUES(16,'ticket',4,'5f56cf2d00315101905b18d0b2d8e000704c489711ceeccd6a30a19d62d990db');
INSERT INTO "chain" VALUES(17,'event',1,'b94b239c24d646eb3b1b21485dfe1036bd668114a4da5314b10e2c4efdd27bd6');
INSERT INTO "chain" VALUES(18,'run_end',2,'ba3363d6445d8074abb78f9292beba46e37374f933d60d638f188ab85b32c08a');
INSERT INTO "chain" VALUES(19,'alert',1,'de7d64732f20de43f1a7aa4094d7bbd04af271c22999e7cff50e119eaf122b05');
INSERT INTO "chain" VALUES(20,'alert',2,'fa393800cee86bd58abb197973d801fcd03b254b61f2c3767604a7842a6b4ae9');
INSERT INTO "chain" VALUES(21,'alert_end',2,'d51ab0815fc9f21789b9e5ed18e2f033644d9e2189617cd1a9fe971ac1160500');
INSERT INTO "chain" VALUES(22,'switch',2,'9a9a65537081343e6adaacc70578e5a937a04c80df862863a86f74344a25d259');
CREATE TABLE decision (
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES run (run_id), as_of TEXT NOT NULL, account TEXT NOT NULL,
        con_id INTEGER NOT NULL, ticker TEXT NOT NULL, quantity TEXT NOT NULL, average_cost TEXT,
        last_close REAL, ma_type TEXT, ma_length INTEGER, timeframe TEXT, decision TEXT NOT NULL,
        reasons TEXT NOT NULL, bar_start TEXT, bar_end TEXT, session_date TEXT, session_open TEXT,
        session_close TEXT, parts_due INTEGER, parts INTEGER, fetched_at TEXT, close REAL,
        average REAL, bars_used INTEGER, seed_weight REAL, price_basis TEXT);
INSERT INTO "decision" VALUES(1,'r1','2026-01-28T20:00:20+00:00','main',265598,'NASDAQ:AAPL','100','90',99.0,'SMA',50,'1H','EXIT','["a reason"]','2026-01-28T19:00:00+00:00','2026-01-28T20:00:00+00:00','2026-01-28','2026-01-28T14:30:00+00:00','2026-01-28T21:00:00+00:00',2,2,'2026-01-28T20:00:05+00:00',99.0,100.0,200,0.0,'TRADES');
INSERT INTO "decision" VALUES(2,'r1','2026-01-28T20:00:20+00:00','main',272093,'NASDAQ:MSFT','100','90',99.0,'SMA',50,'1H','HOLD','["a reason"]','2026-01-28T19:00:00+00:00','2026-01-28T20:00:00+00:00','2026-01-28','2026-01-28T14:30:00+00:00','2026-01-28T21:00:00+00:00',2,2,'2026-01-28T20:00:05+00:00',101.0,100.0,200,0.0,'TRADES');
INSERT INTO "decision" VALUES(3,'r1','2026-01-28T20:00:20+00:00','main',265598,'NASDAQ:AAPL','100','90',99.0,'SMA',50,'1H','EXIT','["a reason"]','2026-01-28T19:00:00+00:00','2026-01-28T20:00:00+00:00','2026-01-28','2026-01-28T14:30:00+00:00','2026-01-28T21:00:00+00:00',2,2,'2026-01-28T20:00:05+00:00',99.0,100.0,200,0.0,'TRADES');
INSERT INTO "decision" VALUES(4,'r1','2026-01-28T20:00:20+00:00','main',265598,'NASDAQ:AAPL','100','90',99.0,'SMA',50,'1H','EXIT','["a reason"]','2026-01-28T19:00:00+00:00','2026-01-28T20:00:00+00:00','2026-01-28','2026-01-28T14:30:00+00:00','2026-01-28T21:00:00+00:00',2,2,'2026-01-28T20:00:05+00:00',99.0,100.0,200,0.0,'TRADES');
INSERT INTO "decision" VALUES(5,'r2','2026-01-28T20:00:20+00:00','main',265598,'NASDAQ:AAPL','100','90',99.0,'SMA',50,'1H','EXIT','["a reason"]','2026-01-28T19:00:00+00:00','2026-01-28T20:00:00+00:00','2026-01-28','2026-01-28T14:30:00+00:00','2026-01-28T21:00:00+00:00',2,2,'2026-01-28T20:00:05+00:00',99.0,100.0,200,0.0,'TRADES');
CREATE TABLE event (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, account TEXT, run_id TEXT,
        text TEXT NOT NULL, details TEXT NOT NULL);
INSERT INTO "event" VALUES(1,'2026-01-28T20:00:20+00:00','timing',NULL,'r2','how long its parts took','{"decide": 0.5}');
CREATE TABLE fill (
        id INTEGER PRIMARY KEY, reference TEXT NOT NULL, account TEXT NOT NULL, exec_id TEXT NOT NULL, con_id INTEGER NOT NULL,
        perm_id TEXT NOT NULL, order_id TEXT NOT NULL, client_id TEXT NOT NULL,
        side TEXT NOT NULL, quantity TEXT NOT NULL, price TEXT NOT NULL, at TEXT NOT NULL,
        UNIQUE (account, exec_id));
CREATE TABLE notebook_kept (
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL, at TEXT NOT NULL, path TEXT NOT NULL,
        sha256 TEXT NOT NULL);
CREATE TABLE order_seen (
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES run (run_id), taken_at TEXT NOT NULL, account TEXT NOT NULL,
        con_id INTEGER NOT NULL, order_id TEXT NOT NULL, client_id TEXT NOT NULL,
        perm_id TEXT NOT NULL, reference TEXT NOT NULL, side TEXT NOT NULL,
        order_type TEXT NOT NULL, quantity TEXT NOT NULL, remaining TEXT NOT NULL,
        limit_price TEXT, stop_price TEXT, time_in_force TEXT NOT NULL, status TEXT NOT NULL);
INSERT INTO "order_seen" VALUES(1,'r1','2026-01-28T20:00:20+00:00','main',265598,'7','0','1234','','SELL','STP','100','100',NULL,'80.10','GTC','PreSubmitted');
CREATE TABLE position_seen (
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES run (run_id), taken_at TEXT NOT NULL, account TEXT NOT NULL,
        con_id INTEGER NOT NULL, ticker TEXT NOT NULL, security_type TEXT NOT NULL,
        currency TEXT NOT NULL, quantity TEXT NOT NULL, average_cost TEXT);
INSERT INTO "position_seen" VALUES(1,'r1','2026-01-28T20:00:20+00:00','main',265598,'NASDAQ:AAPL','STK','USD','100','90');
CREATE TABLE quote_seen (
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES run (run_id), con_id INTEGER NOT NULL, ticker TEXT NOT NULL,
        asked_at TEXT NOT NULL, bid TEXT, ask TEXT, last TEXT, trouble TEXT);
CREATE TABLE records_seen (
        id INTEGER PRIMARY KEY, began_at TEXT NOT NULL, taken_at TEXT NOT NULL,
        epoch INTEGER NOT NULL, account TEXT NOT NULL, source TEXT NOT NULL,
        lists TEXT NOT NULL);
CREATE TABLE report_heard (
        id INTEGER PRIMARY KEY, number INTEGER NOT NULL, at TEXT NOT NULL, epoch INTEGER NOT NULL,
        kind TEXT NOT NULL, order_id TEXT NOT NULL, client_id TEXT, perm_id TEXT, reference TEXT,
        con_id INTEGER, status TEXT, filled TEXT, remaining TEXT, code INTEGER,
        text TEXT NOT NULL, meaning TEXT, exec_id TEXT, verbatim TEXT NOT NULL);
CREATE TABLE retelling (
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES run (run_id), con_id INTEGER NOT NULL, ticker TEXT NOT NULL,
        bar_start TEXT NOT NULL, bar_end TEXT NOT NULL, decided_in TEXT NOT NULL,
        decided_at TEXT NOT NULL, decision TEXT NOT NULL, decision_now TEXT NOT NULL,
        close REAL NOT NULL, close_now REAL NOT NULL, average REAL NOT NULL,
        average_now REAL NOT NULL, told_at TEXT NOT NULL);
CREATE TABLE run (
        run_id TEXT PRIMARY KEY NOT NULL, started_at TEXT NOT NULL, as_of TEXT NOT NULL,
        mode TEXT NOT NULL, profile TEXT NOT NULL, account TEXT NOT NULL, gateway TEXT NOT NULL,
        version TEXT NOT NULL);
INSERT INTO "run" VALUES('r1','2026-01-28T20:00:20+00:00','2026-01-28T20:00:00+00:00','dry run','demo','main','simulated','0.1.0');
INSERT INTO "run" VALUES('r2','2026-01-28T20:00:20+00:00','2026-01-28T20:00:00+00:00','LIVE','demo','main','simulated','0.1.0');
CREATE TABLE run_end (
        run_id TEXT PRIMARY KEY NOT NULL REFERENCES run (run_id), finished_at TEXT NOT NULL,
        outcome TEXT NOT NULL);
INSERT INTO "run_end" VALUES('r1','2026-01-28T20:00:20+00:00','decided');
INSERT INTO "run_end" VALUES('r2','2026-01-28T20:00:20+00:00','decided');
CREATE TABLE snapshot_seen (
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES run (run_id), taken_at TEXT NOT NULL, account TEXT NOT NULL,
        positions INTEGER NOT NULL, open_orders INTEGER NOT NULL);
INSERT INTO "snapshot_seen" VALUES(1,'r1','2026-01-28T20:00:20+00:00','main',1,1);
CREATE TABLE standing_seen (
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES run (run_id), epoch INTEGER NOT NULL, is_ready INTEGER NOT NULL,
        reason TEXT NOT NULL, since TEXT NOT NULL);
CREATE TABLE switch (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, what TEXT NOT NULL, "by" TEXT NOT NULL,
        details TEXT NOT NULL);
INSERT INTO "switch" VALUES(1,'2026-01-28T20:00:20+00:00','arm','jo','{"account": "main", "max_notional": "50000"}');
INSERT INTO "switch" VALUES(2,'2026-01-28T20:00:21+00:00','halt','sellkit','{"reason": "a try"}');
CREATE TABLE ticket (
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES run (run_id), ticket_id TEXT NOT NULL, attempt INTEGER NOT NULL,
        reference TEXT NOT NULL, account TEXT NOT NULL, con_id INTEGER NOT NULL,
        ticker TEXT NOT NULL, side TEXT NOT NULL, quantity TEXT NOT NULL, fraction TEXT NOT NULL,
        "order" TEXT NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('prepared', 'withheld', 'deferred')),
        reasons TEXT NOT NULL, deferred_until TEXT);
INSERT INTO "ticket" VALUES(1,'r1','458cc03b1d34',1,'SK1-458cc03b1d34-1','main',265598,'NASDAQ:AAPL','SELL','100','0','{"contract": {"conId": 265598, "symbol": "AAPL", "secType": "STK", "currency": "USD", "exchange": "SMART", "primaryExchange": "NASDAQ"}, "order": {"action": "SELL", "totalQuantity": "100", "orderType": "MKT", "tif": "DAY", "account": "main", "orderRef": "SK1-458cc03b1d34-1", "outsideRth": false, "transmit": true}}','prepared','[]',NULL);
INSERT INTO "ticket" VALUES(2,'r1','458cc03b1d34',1,'SK1-458cc03b1d34-1','main',265598,'NASDAQ:AAPL','SELL','100','0','{"contract": {"conId": 265598, "symbol": "AAPL", "secType": "STK", "currency": "USD", "exchange": "SMART", "primaryExchange": "NASDAQ"}, "order": {"action": "SELL", "totalQuantity": "100", "orderType": "MKT", "tif": "DAY", "account": "main", "orderRef": "SK1-458cc03b1d34-1", "outsideRth": false, "transmit": true}}','withheld','["too many", "too late"]',NULL);
INSERT INTO "ticket" VALUES(3,'r1','458cc03b1d34',1,'SK1-458cc03b1d34-1','main',265598,'NASDAQ:AAPL','SELL','100','0','{"contract": {"conId": 265598, "symbol": "AAPL", "secType": "STK", "currency": "USD", "exchange": "SMART", "primaryExchange": "NASDAQ"}, "order": {"action": "SELL", "totalQuantity": "100", "orderType": "MKT", "tif": "DAY", "account": "main", "orderRef": "SK1-458cc03b1d34-1", "outsideRth": false, "transmit": true}}','deferred','["the session is closed; to be decided afresh at the next open, 2026-01-29T14:30:00+00:00"]','2026-01-29T14:30:00+00:00');
INSERT INTO "ticket" VALUES(4,'r2','458cc03b1d34',1,'SK1-458cc03b1d34-1','main',265598,'NASDAQ:AAPL','SELL','100','0','{"contract": {"conId": 265598, "symbol": "AAPL", "secType": "STK", "currency": "USD", "exchange": "SMART", "primaryExchange": "NASDAQ"}, "order": {"action": "SELL", "totalQuantity": "100", "orderType": "MKT", "tif": "DAY", "account": "main", "orderRef": "SK1-458cc03b1d34-1", "outsideRth": false, "transmit": true}}','prepared','[]',NULL);
CREATE TABLE ticket_cancel (
        id INTEGER PRIMARY KEY, reference TEXT NOT NULL, at TEXT NOT NULL, outcome TEXT NOT NULL, account TEXT NOT NULL,
        con_id INTEGER NOT NULL, order_id TEXT NOT NULL, client_id TEXT NOT NULL,
        perm_id TEXT NOT NULL, order_reference TEXT NOT NULL, side TEXT NOT NULL,
        order_type TEXT NOT NULL, quantity TEXT NOT NULL, remaining TEXT NOT NULL,
        limit_price TEXT, stop_price TEXT, time_in_force TEXT NOT NULL, status TEXT NOT NULL);
CREATE TABLE ticket_claim (
        id INTEGER PRIMARY KEY, reference TEXT NOT NULL UNIQUE, ticket_id TEXT NOT NULL, attempt INTEGER NOT NULL, at TEXT NOT NULL,
        order_id TEXT NOT NULL, client_id TEXT NOT NULL, epoch INTEGER NOT NULL,
        quantity TEXT NOT NULL, position_before TEXT NOT NULL, notional TEXT,
        "order" TEXT NOT NULL, before TEXT NOT NULL, UNIQUE (ticket_id, attempt));
CREATE TABLE ticket_intent (
        id INTEGER PRIMARY KEY, reference TEXT NOT NULL, run_id TEXT NOT NULL REFERENCES run (run_id), ticket_id TEXT NOT NULL,
        attempt INTEGER NOT NULL, account TEXT NOT NULL, con_id INTEGER NOT NULL,
        ticker TEXT NOT NULL, side TEXT NOT NULL, quantity TEXT NOT NULL,
        position_before TEXT NOT NULL, notional TEXT, bar_end TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE ticket_round (
        id INTEGER PRIMARY KEY, reference TEXT NOT NULL, at TEXT NOT NULL, epoch INTEGER NOT NULL, doubt TEXT NOT NULL);
CREATE TABLE ticket_step (
        id INTEGER PRIMARY KEY, reference TEXT NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL, cause TEXT NOT NULL, perm_id TEXT,
        details TEXT NOT NULL);
CREATE TRIGGER run_no_update BEFORE UPDATE ON run BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER run_no_delete BEFORE DELETE ON run BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER run_no_replace BEFORE INSERT ON run WHEN EXISTS (SELECT 1 FROM run WHERE run_id = NEW.run_id) BEGIN SELECT RAISE (ABORT, 'the journal holds this run already'); END;
CREATE TRIGGER run_end_no_update BEFORE UPDATE ON run_end BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER run_end_no_delete BEFORE DELETE ON run_end BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER run_end_no_replace BEFORE INSERT ON run_end WHEN EXISTS (SELECT 1 FROM run_end WHERE run_id = NEW.run_id) BEGIN SELECT RAISE (ABORT, 'the journal holds this run_end already'); END;
CREATE INDEX snapshot_seen_of_run ON snapshot_seen (run_id);
CREATE TRIGGER snapshot_seen_no_update BEFORE UPDATE ON snapshot_seen BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER snapshot_seen_no_delete BEFORE DELETE ON snapshot_seen BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER snapshot_seen_no_replace BEFORE INSERT ON snapshot_seen WHEN EXISTS (SELECT 1 FROM snapshot_seen WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this snapshot_seen already'); END;
CREATE INDEX position_seen_of_run ON position_seen (run_id);
CREATE TRIGGER position_seen_no_update BEFORE UPDATE ON position_seen BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER position_seen_no_delete BEFORE DELETE ON position_seen BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER position_seen_no_replace BEFORE INSERT ON position_seen WHEN EXISTS (SELECT 1 FROM position_seen WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this position_seen already'); END;
CREATE INDEX order_seen_of_run ON order_seen (run_id);
CREATE TRIGGER order_seen_no_update BEFORE UPDATE ON order_seen BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER order_seen_no_delete BEFORE DELETE ON order_seen BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER order_seen_no_replace BEFORE INSERT ON order_seen WHEN EXISTS (SELECT 1 FROM order_seen WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this order_seen already'); END;
CREATE INDEX decision_of_run ON decision (run_id);
CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER decision_no_replace BEFORE INSERT ON decision WHEN EXISTS (SELECT 1 FROM decision WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this decision already'); END;
CREATE INDEX ticket_of_run ON ticket (run_id);
CREATE TRIGGER ticket_no_update BEFORE UPDATE ON ticket BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER ticket_no_delete BEFORE DELETE ON ticket BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER ticket_no_replace BEFORE INSERT ON ticket WHEN EXISTS (SELECT 1 FROM ticket WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this ticket already'); END;
CREATE TRIGGER alert_no_update BEFORE UPDATE ON alert BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER alert_no_delete BEFORE DELETE ON alert BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER alert_no_replace BEFORE INSERT ON alert WHEN EXISTS (SELECT 1 FROM alert WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this alert already'); END;
CREATE TRIGGER alert_end_no_update BEFORE UPDATE ON alert_end BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER alert_end_no_delete BEFORE DELETE ON alert_end BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER alert_end_no_replace BEFORE INSERT ON alert_end WHEN EXISTS (SELECT 1 FROM alert_end WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this alert_end already'); END;
CREATE INDEX standing_seen_of_run ON standing_seen (run_id);
CREATE TRIGGER standing_seen_no_update BEFORE UPDATE ON standing_seen BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER standing_seen_no_delete BEFORE DELETE ON standing_seen BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER standing_seen_no_replace BEFORE INSERT ON standing_seen WHEN EXISTS (SELECT 1 FROM standing_seen WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this standing_seen already'); END;
CREATE INDEX retelling_of_run ON retelling (run_id);
CREATE TRIGGER retelling_no_update BEFORE UPDATE ON retelling BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER retelling_no_delete BEFORE DELETE ON retelling BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER retelling_no_replace BEFORE INSERT ON retelling WHEN EXISTS (SELECT 1 FROM retelling WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this retelling already'); END;
CREATE INDEX quote_seen_of_run ON quote_seen (run_id);
CREATE TRIGGER quote_seen_no_update BEFORE UPDATE ON quote_seen BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER quote_seen_no_delete BEFORE DELETE ON quote_seen BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER quote_seen_no_replace BEFORE INSERT ON quote_seen WHEN EXISTS (SELECT 1 FROM quote_seen WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this quote_seen already'); END;
CREATE TRIGGER switch_no_update BEFORE UPDATE ON switch BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER switch_no_delete BEFORE DELETE ON switch BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER switch_no_replace BEFORE INSERT ON switch WHEN EXISTS (SELECT 1 FROM switch WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this switch already'); END;
CREATE TRIGGER chain_no_update BEFORE UPDATE ON chain BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER chain_no_delete BEFORE DELETE ON chain BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER chain_no_replace BEFORE INSERT ON chain WHEN EXISTS (SELECT 1 FROM chain WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this chain already'); END;
CREATE TRIGGER ticket_intent_no_update BEFORE UPDATE ON ticket_intent BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER ticket_intent_no_delete BEFORE DELETE ON ticket_intent BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER ticket_intent_no_replace BEFORE INSERT ON ticket_intent WHEN EXISTS (SELECT 1 FROM ticket_intent WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this ticket_intent already'); END;
CREATE TRIGGER ticket_step_no_update BEFORE UPDATE ON ticket_step BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER ticket_step_no_delete BEFORE DELETE ON ticket_step BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER ticket_step_no_replace BEFORE INSERT ON ticket_step WHEN EXISTS (SELECT 1 FROM ticket_step WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this ticket_step already'); END;
CREATE TRIGGER ticket_claim_no_update BEFORE UPDATE ON ticket_claim BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER ticket_claim_no_delete BEFORE DELETE ON ticket_claim BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER ticket_claim_no_replace BEFORE INSERT ON ticket_claim WHEN EXISTS (SELECT 1 FROM ticket_claim WHERE (id = NEW.id) OR (reference = NEW.reference) OR (ticket_id = NEW.ticket_id AND attempt = NEW.attempt)) BEGIN SELECT RAISE (ABORT, 'the journal holds this ticket_claim already'); END;
CREATE TRIGGER ticket_cancel_no_update BEFORE UPDATE ON ticket_cancel BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER ticket_cancel_no_delete BEFORE DELETE ON ticket_cancel BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER ticket_cancel_no_replace BEFORE INSERT ON ticket_cancel WHEN EXISTS (SELECT 1 FROM ticket_cancel WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this ticket_cancel already'); END;
CREATE TRIGGER ticket_round_no_update BEFORE UPDATE ON ticket_round BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER ticket_round_no_delete BEFORE DELETE ON ticket_round BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER ticket_round_no_replace BEFORE INSERT ON ticket_round WHEN EXISTS (SELECT 1 FROM ticket_round WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this ticket_round already'); END;
CREATE TRIGGER fill_no_update BEFORE UPDATE ON fill BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER fill_no_delete BEFORE DELETE ON fill BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER fill_no_replace BEFORE INSERT ON fill WHEN EXISTS (SELECT 1 FROM fill WHERE (id = NEW.id) OR (account = NEW.account AND exec_id = NEW.exec_id)) BEGIN SELECT RAISE (ABORT, 'the journal holds this fill already'); END;
CREATE TRIGGER report_heard_no_update BEFORE UPDATE ON report_heard BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER report_heard_no_delete BEFORE DELETE ON report_heard BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER report_heard_no_replace BEFORE INSERT ON report_heard WHEN EXISTS (SELECT 1 FROM report_heard WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this report_heard already'); END;
CREATE TRIGGER records_seen_no_update BEFORE UPDATE ON records_seen BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER records_seen_no_delete BEFORE DELETE ON records_seen BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER records_seen_no_replace BEFORE INSERT ON records_seen WHEN EXISTS (SELECT 1 FROM records_seen WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this records_seen already'); END;
CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER event_no_replace BEFORE INSERT ON event WHEN EXISTS (SELECT 1 FROM event WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this event already'); END;
CREATE TRIGGER notebook_kept_no_update BEFORE UPDATE ON notebook_kept BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER notebook_kept_no_delete BEFORE DELETE ON notebook_kept BEGIN SELECT RAISE (ABORT, 'the journal is append only'); END;
CREATE TRIGGER notebook_kept_no_replace BEFORE INSERT ON notebook_kept WHEN EXISTS (SELECT 1 FROM notebook_kept WHERE id = NEW.id) BEGIN SELECT RAISE (ABORT, 'the journal holds this notebook_kept already'); END;
CREATE INDEX decision_of_bar ON decision (bar_end);
CREATE INDEX ticket_intent_of_position ON ticket_intent (account, con_id);
CREATE INDEX ticket_intent_of_ticket ON ticket_intent (reference);
CREATE INDEX ticket_step_of_ticket ON ticket_step (reference);
CREATE INDEX ticket_cancel_of_ticket ON ticket_cancel (reference);
CREATE INDEX ticket_round_of_ticket ON ticket_round (reference);
CREATE INDEX fill_of_ticket ON fill (reference);
CREATE INDEX fill_of_order ON fill (perm_id);
CREATE INDEX report_of_ticket ON report_heard (reference);
CREATE INDEX event_of_kind ON event (kind);
CREATE UNIQUE INDEX chained ON chain (of_table, of_row);
PRAGMA user_version = 5;
COMMIT;
