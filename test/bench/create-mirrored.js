import pg from 'pg'

// A source to mirror: so many tables, each with a hundred rows, a primary key and three indexes.
const client = new pg.Client({ connectionString: process.argv[2] })
await client.connect()
await client.query(`
  DO $$ BEGIN
    FOR i IN 1..${Number(process.argv[3])} LOOP
      EXECUTE format('CREATE TABLE table_%s (id bigint PRIMARY KEY, customer_id bigint, name text NOT NULL, total numeric(10,2),
                        placed_at timestamptz, payload jsonb, tags text[], label text)', i);
      EXECUTE format('CREATE INDEX table_%s_day ON table_%s (customer_id, placed_at DESC)', i, i);
      EXECUTE format('CREATE INDEX table_%s_name ON table_%s (lower(name))', i, i);
      EXECUTE format('CREATE INDEX table_%s_open ON table_%s (placed_at) WHERE total > 10', i, i);
      EXECUTE format('INSERT INTO table_%s SELECT n, n %% 7, ''name '' || n, n, now(), ''{}'', ''{}'', NULL FROM generate_series(1, 100) n', i);
    END LOOP;
  END $$`)
await client.query('VACUUM ANALYZE')
await client.end()
