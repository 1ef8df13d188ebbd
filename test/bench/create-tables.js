import pg from 'pg'

// So many tables to import, each with a primary key and an index.
const client = new pg.Client({ connectionString: process.argv[2] })
await client.connect()
await client.query(`
  CREATE PROCEDURE make(wanted int) LANGUAGE plpgsql AS $$
  BEGIN
    FOR i IN 1..wanted LOOP
      EXECUTE format('CREATE TABLE table_%s (id bigint PRIMARY KEY, customer_id bigint, name text NOT NULL, total numeric(10,2),
                        placed_at timestamptz, payload jsonb, tags text[], label text)', i);
      EXECUTE format('CREATE INDEX table_%s_day ON table_%s (customer_id, placed_at DESC)', i, i);
      -- Locks are a finite table.
      IF i % 500 = 0 THEN COMMIT; END IF;
    END LOOP;
  END $$`)
await client.query(`CALL make(${Number(process.argv[3])})`)
await client.query('DROP PROCEDURE make')
await client.query('VACUUM ANALYZE')
await client.end()
