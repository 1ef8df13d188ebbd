import pg from 'pg'

const [, , url, name, template = 'template0'] = process.argv
const client = new pg.Client({ connectionString: url })
await client.connect()
await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`)
await client.end()
