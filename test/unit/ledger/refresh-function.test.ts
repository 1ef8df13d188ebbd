// The function fdwsync.refresh() of a ledger is replaced only by a migration, and what the jobs of pg_cron call it with.

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createRunDigests } from '../../../src/introspector/digests.ts'
import { type ScheduledJobSpec, scheduledJob } from '../../../src/kinds/scheduled-job.ts'
import { body } from '../../../src/ledger/refresh-function/body.ts'
import { read } from '../manifest/reading.ts'

// If it differs, add a migration that replaces the function, and the digest of the body before to those that are known.
test('the body is that of version 29 of the ledger', () => {
  expect(createHash('md5').update(body).digest('hex')).toBe('196deaede5729c31f68f65bd0fba9134')
})

test('the body is ASCII: a database may have an encoding without other characters', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters of ASCII
  expect(body.match(/[^\x00-\x7f]+/g)).toBeNull()
})

test('a job sets the shortest timeout of the group', async () => {
  const { manifest } = await read(`version: 1
name: a
schemas:
  s:
    materialized_views:
      a: { query: SELECT 1, refresh: { schedule: "@daily", timeout: 1h, group: g } }
      b: { query: SELECT 1, refresh: { timeout: 90s, group: g } }
      c: { query: SELECT 1, refresh: { schedule: "@daily" } }
    tables:
      d: { query: SELECT 1 AS id, primary_key: [id], refresh: { schedule: "@daily", timeout: 30d } }
`)
  const jobs = scheduledJob.declare(manifest, createRunDigests())
  expect(jobs.map(({ spec }) => (spec as ScheduledJobSpec).command)).toEqual([
    "SET statement_timeout = '90s'; SELECT fdwsync.refresh('s.a')",
    "SELECT fdwsync.refresh('s.c')",
    "SET statement_timeout = '2147483647ms'; SELECT fdwsync.refresh('s.d')",
  ])
})
