import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import pg from 'pg'

// The peer for tables: copies all rows of a database into tables that exist, and are empty.
const [, , source = '', target = '', folder = ''] = process.argv
const client = new pg.Client({ connectionString: target })
await client.connect()
await client.query('TRUNCATE orders')
const databases = ['--source', source, '--target', target]
const options = ['--dir', join(folder, 'pgcopydb'), '--table-jobs', '1', '--restart']
execFileSync('pgcopydb', ['copy', 'table-data', ...databases, ...options], { stdio: 'ignore' })
// Its exit code is 0 even if it has failed.
const { rows } = await client.query('SELECT FROM orders LIMIT 1')
if (rows.length === 0) throw new Error('pgcopydb copied nothing')
await client.end()
