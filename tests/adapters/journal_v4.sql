BEGIN TRANSACTION;
CREATE TABLE alert (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL,
        text TEXT NOT NULL);
INSERT INTO "alert" VALUES(1,'2026-01-28T20:00:20+00:00','client 1','upstream lost','the gateway has lost Interactive Brokers');
CREATE TABLE alert_end (
        id INTEGER PRIMARY KEY REFERENCES alert (id), at TEXT NOT NULL);
INSERT INTO "alert_end" VALUES(1,'2026-01-28T20:00:20+00:00');
CREATE TABLE decision (
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES run (run_id), as_of TEXT NOT NULL, account TEXT NOT NULL,
        con_id INTEGER NOT NULL, ticker TEXT NOT NULL, quantity TEXT NOT NULL, average_cost TEXT,
        last_close REAL, ma_type TEXT, ma_length INTEGER, timeframe TEXT, decision TEXT NOT NULL,
        reasons TEXT NOT NULL, bar_start TEXT, bar_end TEXT, session_date TEXT, session_open TEXT,
        session_close TEXT, parts_due INTEGER, parts INTEGER, fetched_at TEXT, close REAL,
        average REAL, bars_used INTEGER, seed_weight REAL, price_basis TEXT);
INSERT INTO "decision" VALUES(1,'r1','2026-01-28T20:00:20+00:00','main',265598,'NASDAQ:AAPL','100','90',99.0,'SMA',50,'1H','EXIT','["a reason"]','2026-01-28T19:00:00+00:00','2026-01-28T20:00:00+00:00','2026-01-28','2026-01-28T14:30:00+00:00','2026-01-28T21:00:00+00:00',2,2,'2026-01-28T20:00:05+00:00',99.0,100.0,200,0.0,'TRADES');
INSERT INTO "decision" VALUES(2,'r1','2026-01-28T20:00:20+00:00','main',272093,'NASDAQ:MSFT','100','90',99.0,'SMA',50,'1H','HOLD','["a reason"]','2026-01-28T19:00:00+00:00','2026-01-28T20:00:00+00:00','2026-01-28','2026-01-28T14:30:00+00:00','2026-01-28T21:00:00+00:00',2,2,'2026-01-28T20:00:05+00:00',101.0,100.0,200,0.0,'TRADES');
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
INSERT INTO "quote_seen" VALUES(1,'r1',265598,'NASDAQ:AAPL','2026-01-28T20:00:20+00:00','98.99','99.01','99',NULL);
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
INSERT INTO "run" VALUES('r2','2026-01-28T20:00:20+00:00','2026-01-28T20:00:00+00:00','dry run','demo','main','simulated','0.1.0');
CREATE TABLE run_end (
        run_id TEXT PRIMARY KEY NOT NULL REFERENCES run (run_id), finished_at TEXT NOT NULL,
        outcome TEXT NOT NULL);
INSERT INTO "run_end" VALUES('r1','2026-01-28T20:00:20+00:00','decided');
CREATE TABLE snapshot_seen (
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES run (run_id), taken_at TEXT NOT NULL, account TEXT NOT NULL,
        positions INTEGER NOT NULL, open_orders INTEGER NOT NULL);
INSERT INTO "snapshot_seen" VALUES(1,'r1','2026-01-28T20:00:20+00:00','main',1,1);
CREATE TABLE standing_seen (
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES run (run_id), epoch INTEGER NOT NULL, is_ready INTEGER NOT NULL,
        reason TEXT NOT NULL, since TEXT NOT NULL);
INSERT INTO "standing_seen" VALUES(1,'r1',1,1,'','2026-01-28T20:00:20+00:00');
CREATE TABLE ticket (
        id INTEGER PRIMARY KEY, run_id TEXT NOT NULL REFERENCES run (run_id), ticket_id TEXT NOT NULL, attempt INTEGER NOT NULL,
        reference TEXT NOT NULL, account TEXT NOT NULL, con_id INTEGER NOT NULL,
        ticker TEXT NOT NULL, side TEXT NOT NULL, quantity TEXT NOT NULL, fraction TEXT NOT NULL,
        "order" TEXT NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('prepared', 'withheld', 'deferred')),
        reasons TEXT NOT NULL, deferred_until TEXT);
INSERT INTO "ticket" VALUES(1,'r1','458cc03b1d34',1,'SK1-458cc03b1d34-1','main',265598,'NASDAQ:AAPL','SELL','100','0','{"contract": {"conId": 265598, "symbol": "AAPL", "secType": "STK", "currency": "USD", "exchange": "SMART", "primaryExchange": "NASDAQ"}, "order": {"action": "SELL", "totalQuantity": "100", "orderType": "MKT", "tif": "DAY", "account": "main", "orderRef": "SK1-458cc03b1d34-1", "outsideRth": false, "transmit": true}}','prepared','[]',NULL);
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
CREATE INDEX decision_of_bar ON decision (bar_end);
PRAGMA user_version = 4;
COMMIT;
