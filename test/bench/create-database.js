import pg from 'pg'

const [, , url, name] = process.argv
const client = new pg.Client({ connectionString: url })
await client.connect()
await client.query(`CREATE DATABASE ${name} TEMPLATE template0`)
await client.end()
