/** From schema version n to n + 1. What was released is never changed: the next one is added. */
export const migrations: readonly string[] = [
  `
  -- A hidden response is not found any more, but others that continue it need its items.
  CREATE TABLE responses (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    credential TEXT NOT NULL,
    context TEXT NOT NULL,
    lane TEXT NOT NULL,
    previous INTEGER REFERENCES responses (n),
    ended_at INTEGER NOT NULL,
    hidden INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL,
    -- Of its items alone, which are all that a conversation takes from it.
    item_bytes INTEGER NOT NULL,
    -- Items before those of its input, where its predecessor went away while it was made.
    earlier TEXT,
    input TEXT NOT NULL,
    output TEXT NOT NULL,
    response TEXT NOT NULL
  ) STRICT;
  CREATE INDEX responses_by_time ON responses (ended_at) WHERE hidden = 0;
  CREATE INDEX responses_by_previous ON responses (previous) WHERE previous IS NOT NULL;

  -- Counted as they come and go: summing up at every write would cost more than the write.
  CREATE TABLE totals (entries INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
  INSERT INTO totals VALUES (0, 0);
  CREATE TRIGGER responses_added AFTER INSERT ON responses BEGIN
    UPDATE totals SET entries = entries + 1, bytes = bytes + NEW.bytes;
  END;
  CREATE TRIGGER responses_hidden AFTER UPDATE OF hidden ON responses BEGIN
    UPDATE totals SET entries = entries + OLD.hidden - NEW.hidden;
  END;
  CREATE TRIGGER responses_removed AFTER DELETE ON responses BEGIN
    UPDATE totals SET entries = entries - 1 + OLD.hidden, bytes = bytes - OLD.bytes;
  END;
  `,
]
