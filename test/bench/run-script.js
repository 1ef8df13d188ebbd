import { readFileSync } from 'node:fs'
import pg from 'pg'

// The floor of an apply: its statements, one after the other, in the one transaction that the script itself has.
const [, , url, file, text = readFileSync(file, 'utf8')] = process.argv
const client = new pg.Client({ connectionString: url })
await client.connect()
await client.query(text.replace(/^\\.*$/gm, ''))
await client.end()
