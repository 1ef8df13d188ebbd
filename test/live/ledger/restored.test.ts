// A database that was dumped and restored, with its ledger: all OIDs are others, and nothing else differs.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { caseFixtureFor, prepareServers } from '../../cases/case-fixture.ts'
import { readCase } from '../../cases/read-case.ts'
import { findDump } from '../../oracle/dump.ts'
import { createDatabase, type TestDatabase } from '../../servers/databases.ts'
import type { ServerPair } from '../../servers/provided.ts'
import { applyTo, manifestOf, planFor } from '../../support/fdwsync.ts'
import { eachMajor } from '../../support/majors.ts'
import { changesOf, missedOf } from '../../support/outcomes.ts'

const run = promisify(execFile)

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let shared: TestDatabase
  beforeAll(async () => {
    shared = await prepareServers(pair)
  })
  afterAll(() => shared.drop())

  // Cases with other objects than these were tried by hand, and dumps of 14 restored on 18.
  test('a plan only records the objects again', async ({ skip }) => {
    const dump = await findDump(pair.major)
    if (dump === undefined) return skip(`no pg_dump for PostgreSQL ${pair.major} is installed`)
    const testCase = readCase('everything-from-nothing')
    const fixture = await caseFixtureFor(pair, shared, testCase)
    const parsed = await manifestOf(testCase.manifest, fixture.env)
    expect(missedOf((await applyTo(parsed, fixture.url)).report)).toEqual([])
    const restored = await createDatabase(pair.target)
    const script = 'set -o pipefail; "$0" -d "$1" | psql -q -v ON_ERROR_STOP=1 -d "$2"'
    await run('bash', ['-c', script, dump, fixture.url, restored.url])
    const plan = await planFor(parsed, restored.url)
    expect(plan.changes.length).toBeGreaterThan(5)
    expect(changesOf(plan).filter((change) => !change.startsWith('adopt '))).toEqual([])
    expect([plan.undetermined, plan.refusals]).toEqual([[], []])
    await applyTo(parsed, restored.url)
    expect(changesOf(await planFor(parsed, restored.url))).toEqual([])
    await restored.drop()
    await fixture.cleanUp()
  })
})
