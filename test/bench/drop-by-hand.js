import pg from 'pg'

const client = new pg.Client({ connectionString: process.argv[2] })
await client.connect()
await client.query('DROP MATERIALIZED VIEW by_hand.orders')
await client.end()
