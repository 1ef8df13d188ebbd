import pg from 'pg'

// The floor: what a person would type to have the copy and its indexes.
const [, , url, query] = process.argv
const client = new pg.Client({ connectionString: url })
await client.connect()
await client.query(`
  CREATE MATERIALIZED VIEW by_hand.orders AS ${query};
  CREATE UNIQUE INDEX orders_id ON by_hand.orders (id);
  CREATE INDEX orders_customer ON by_hand.orders (customer_id, placed_at DESC)`)
await client.end()
