// Plans that need more locks than the server has room for are refused, and the others fit.

import { expect, onTestFinished, test } from 'vitest'
import { findBinaries, startThrowawayServer } from '../../../src/demo/server/server.ts'
import { runSql } from '../../servers/databases.ts'
import { applyTo, manifestOf, planFor } from '../../support/fdwsync.ts'
import { eachMajor } from '../../support/majors.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

/** As little room as a server can be given. */
const settings = {
  max_locks_per_transaction: '10',
  max_connections: '12',
  max_worker_processes: '1',
  max_wal_senders: '0',
  autovacuum_max_workers: '1',
}
/** 10 for each of 12 connections, a worker, one of autovacuum, its launcher. */
const room = 150

function manifest(tables: number, views = 0): string {
  const numbers = (count: number) => Array.from({ length: count }, (_, at) => at)
  const table = (at: number) =>
    `      t${at}: { server: s, columns: { a: { type: int, not_null: true, default: "1" }, b: text } }`
  const view = (at: number) =>
    `      v${at}: { query: "SELECT a, b FROM p.t${at}", populate: false, indexes: { v${at}_a: { columns: [a] } } }`
  return `version: 1
name: locks
extensions: { postgres_fdw: {} }
servers: { s: {} }
schemas:
  p:
    foreign_tables:
${numbers(tables).map(table).join('\n')}
    materialized_views:
${numbers(views).map(view).join('\n')}
`
}

const majors = [...new Set(eachMajor().map(({ target }) => target.major))]
const servers = findBinaries().filter(({ major }) => majors.includes(major))

test.each(servers)('PostgreSQL $major has room for so many locks', async (binaries) => {
  const more = binaries.major >= 18 ? { autovacuum_worker_slots: '1' } : {}
  const server = await startThrowawayServer({ binaries, settings: { ...settings, ...more } })
  onTestFinished(() => server.stop())
  const url = server.url('postgres')

  // It has room for what the plan allows: tables alone, and tables with views and their indexes.
  await runSql(url, 'CREATE DATABASE views')
  for (const [database, text] of [
    [url, manifest(room - 65)],
    [server.url('views'), manifest(14, 14)],
  ] as const) {
    const parsed = await manifestOf(text, {})
    expect(missedOf((await applyTo(parsed, database)).report)).toEqual([])
  }

  const large = await manifestOf(manifest(200), {})
  const { refusals } = await planFor(large, url)
  expect(refusals).toMatchObject([{ reason: expect.stringContaining(`this server can hold ${room}`) }])
  await expect(applyTo(large, url)).rejects.toMatchObject({ exitCode: 4 })

  const [, enough] = /max_locks_per_transaction to (\d+)/.exec(refusals[0]?.hint ?? '') ?? []
  await runSql(url, `ALTER SYSTEM SET max_locks_per_transaction = ${enough}`)
  await server.restart()
  expect(missedOf((await applyTo(large, url)).report)).toEqual([])
  expect(changesOf(await planFor(large, url))).toEqual([])
})
