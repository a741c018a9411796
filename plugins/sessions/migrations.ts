/** From schema version n to n + 1. What was released is never changed: the next one is added. */
export const migrations: readonly string[] = [
  `
  -- What was said. A reset begins another one; the old one stays.
  CREATE TABLE transcripts (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    session TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    messages INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    context_tokens INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX transcripts_by_session ON transcripts (session);

  -- Only ever added to. The checksum is that of the body's UTF-8.
  CREATE TABLE messages (
    transcript INTEGER NOT NULL REFERENCES transcripts (n) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL,
    crc INTEGER NOT NULL,
    UNIQUE (transcript, seq)
  ) STRICT;

  CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    agent TEXT NOT NULL,
    transcript INTEGER NOT NULL UNIQUE REFERENCES transcripts (n),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    label TEXT UNIQUE,
    spawned_by TEXT,
    settings TEXT NOT NULL DEFAULT '{}',
    origin TEXT,
    status TEXT,
    started_at INTEGER,
    ended_at INTEGER,
    aborted INTEGER NOT NULL DEFAULT 0,
    provider TEXT,
    model TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_by_time ON sessions (updated_at);
  CREATE INDEX sessions_by_agent ON sessions (agent, updated_at);

  -- Runs by the idempotency key of whoever asked. One without a key is only here while it runs.
  CREATE TABLE runs (
    n INTEGER PRIMARY KEY,
    key TEXT UNIQUE,
    run_id TEXT NOT NULL,
    session TEXT NOT NULL,
    transcript TEXT NOT NULL,
    status TEXT NOT NULL,
    accepted_at INTEGER NOT NULL,
    ended_at INTEGER,
    result TEXT,
    error TEXT
  ) STRICT;
  CREATE INDEX runs_running ON runs (session) WHERE status = 'running';
  `,
]
