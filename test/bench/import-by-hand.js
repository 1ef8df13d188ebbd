import pg from 'pg'
import { catalogQueries } from './catalog-queries.js'

// The floor of an import that changes nothing: the server reads the source's tables, and somebody reads those and the live ones.
const client = new pg.Client({ connectionString: process.argv[2] })
await client.connect()
await client.query(`BEGIN; CREATE SCHEMA by_hand; IMPORT FOREIGN SCHEMA public FROM SERVER source INTO by_hand`)
await client.query(catalogQueries)
await client.query('ROLLBACK')
await client.end()
