import pg from 'pg'
import { catalogQueries } from './catalog-queries.js'

const client = new pg.Client({ connectionString: process.argv[2] })
await client.connect()
await client.query(catalogQueries)
await client.end()
