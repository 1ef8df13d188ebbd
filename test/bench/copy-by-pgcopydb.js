import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

// The peer for tables: copies all rows of a database into tables that exist.
const [, , source = '', target = '', folder = ''] = process.argv
const databases = ['--source', source, '--target', target]
const options = ['--dir', join(folder, 'pgcopydb'), '--table-jobs', '1', '--restart']
execFileSync('pgcopydb', ['copy', 'table-data', ...databases, ...options], { stdio: 'ignore' })
