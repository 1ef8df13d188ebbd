import pg from 'pg'

// So many orders in a database of their own, and a foreign table over them.
const [, , sourceUrl, targetUrl, rows] = process.argv
const source = new pg.Client({ connectionString: sourceUrl })
await source.connect()
await source.query(`
  CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, total numeric(10,2) NOT NULL, placed_at timestamptz NOT NULL, note text);
  INSERT INTO orders SELECT i, i % 50000, i % 1000 * 1.5, now() - i * interval '1 second', 'order number ' || i FROM generate_series(1, ${Number(rows)}) i;
  ANALYZE orders`)
await source.end()
const target = new pg.Client({ connectionString: targetUrl })
await target.connect()
await target.query('CREATE SCHEMA by_hand')
await target.end()
