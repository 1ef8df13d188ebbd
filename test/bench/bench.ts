import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { findBinaries, startThrowawayServer } from '../../src/demo/server/server.ts'
import { benchBuild } from './build.ts'
import { benchImport } from './import.ts'
import { benchMirror } from './mirror.ts'
import { benchPlan } from './plan.ts'
import { benchRefresh } from './refresh.ts'
import { benchScale } from './scale.ts'
import { benchTables } from './tables.ts'
import { benchWait } from './wait.ts'

/**
 * Measures what fdwsync costs, beside what the server itself needs for the same in the same run. README.md lists the subjects and
 * their numbers. Without a subject, all of them are measured but `scale`.
 */
const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, major: { type: 'string' } },
  allowPositionals: true,
})
const [mode, ...numbers] = positionals
const sizes = (standard: readonly number[]) => (numbers.length > 0 ? numbers.map(Number) : standard)
const folder = mkdtempSync(join(tmpdir(), 'fdwsync-bench-'))
const [binaries] = findBinaries(values.major === undefined ? undefined : Number(values.major))
if (!binaries) throw new Error(`no PostgreSQL ${values.major ?? 'server'} was found: run npm ci`)
const server = await startThrowawayServer({
  binaries,
  // With PostgreSQL's default of 128 MB, moving pages in and out of shared buffers would be most of what is measured.
  settings: { max_locks_per_transaction: '2048', log_statement: 'ddl', shared_buffers: '2GB' },
})
const bench = {
  server,
  cli: resolve(import.meta.dirname, '../../dist/fdwsync.js'),
  folder,
  rounds: Number(values.rounds),
}
try {
  process.stdout.write(`PostgreSQL ${binaries.major}, Node ${process.version}, medians of interleaved rounds\n`)
  if (!mode || mode === 'plan') for (const size of sizes([100, 1000, 10_000])) await benchPlan(bench, size)
  if (!mode || mode === 'import') for (const size of sizes([100, 2000])) await benchImport(bench, size)
  if (!mode || mode === 'mirror') for (const size of sizes([150])) await benchMirror(bench, size)
  if (!mode || mode === 'build') await benchBuild(bench)
  if (!mode || mode === 'refresh') for (const rows of sizes([400_000])) await benchRefresh(bench, rows)
  if (!mode || mode === 'tables') for (const rows of sizes([400_000])) await benchTables(bench, rows)
  if (!mode || mode === 'wait') for (const rows of sizes([2_000_000])) await benchWait(bench, rows)
  if (mode === 'scale') {
    const [large = 10_000, ...more] = sizes([10_000, 50_000])
    await benchScale(bench, [...[100, 1000, 2200].filter((size) => size < large), large, ...more], large)
  }
} finally {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
}
