// What a case plans, carried out by psql: after the script of the plan there is nothing left to do but to record it.

import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withScript } from '../../src/applier/replacement-scripts.ts'
import { FdwsyncError } from '../../src/core/errors.ts'
import type { Plan } from '../../src/core/plan.ts'
import type { ParsedManifest } from '../../src/manifest/manifest.ts'
import { createPlan } from '../../src/planner/create-plan.ts'
import { partsOf, renderScript } from '../../src/render/sql/script.ts'
import { nameSecrets } from '../../src/render/sql/secret-variables.ts'
import { type CaseFixture, caseFixtureFor, prepareServers } from '../cases/case-fixture.ts'
import { caseNames, majorsOf, readCase } from '../cases/read-case.ts'
import type { TestDatabase } from '../servers/databases.ts'
import { hasChosenMajors } from '../servers/pair.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, connectTo, manifestOf } from '../support/fdwsync.ts'
import { eachMajor } from '../support/majors.ts'

const hasPsql = spawnSync('psql', ['--version']).status === 0

/** Why a plan has no script. */
const noScript = /a script cannot replace .* in a plan that renames/

describe.skipIf(!hasPsql).each(eachMajor())('PostgreSQL $name', { concurrent: true }, (pair: ServerPair) => {
  let source: TestDatabase
  beforeAll(async () => {
    source = await prepareServers(pair)
  })
  afterAll(() => source.drop())

  const majors = eachMajor().map(({ major }) => major)
  const cases = caseNames()
    .map(readCase)
    .filter((testCase) => majorsOf(testCase, majors, hasChosenMajors()).includes(pair.major))
    .filter(({ expected }) => expected.error === undefined && expected.plan.length > 0)
  test.each(cases.map((testCase) => [testCase.name, testCase] as const))('%s', async (_, testCase) => {
    const { first, between, manifest, expected } = testCase
    const fixture = await caseFixtureFor(pair, source, testCase)
    try {
      if (first !== undefined) {
        await applyTo(await manifestOf(first, fixture.env), fixture.url, { allow: expected.allow })
        await fixture.sql(between)
      }
      const parsed = await manifestOf(manifest, fixture.env)
      const script = await scriptOf(parsed, fixture, expected.takeOver)
      if (script === undefined) return
      const { text, variables } = script
      const { status, stderr } = spawnSync('psql', ['-X', '-q', '-f', '-', ...variables, fixture.url], {
        input: text,
        encoding: 'utf8',
      })
      expect([status, stderr.replace(/^.*(?:NOTICE|WARNING): .*\n/gm, '')], text).toEqual([0, ''])
      const ofCatalog = expected.catalog.filter(({ query }) => !query.includes('fdwsync.'))
      for (const { query, rows } of ofCatalog) expect(await fixture.sql(query), query).toEqual(rows)
      const second = await planned(parsed, fixture, expected.takeOver)
      const left = second.changes.filter(
        ({ change: { op, key } }) => op !== 'adopt' && op !== 'release' && !key.startsWith('["refreshPolicy"'),
      )
      expect(left.map(({ change, title }) => `${change.op} ${title}`)).toEqual([])
    } finally {
      await fixture.cleanUp()
    }
  })
})

async function planned(parsed: ParsedManifest, { url }: CaseFixture, takeOver: boolean): Promise<Plan> {
  const connect = connectTo(url)
  const session = await connect('plan')
  try {
    const sources = { connect, timeoutMilliseconds: 60_000 }
    const inHand = await createPlan(session, parsed, { populate: true, sources, trySources: false, takeOver })
    return await withScript(session, inHand.plan, inHand)
  } finally {
    await session.close()
  }
}

/** The script of a plan, and its variables as arguments of psql. Undefined if there is none for it. */
async function scriptOf(
  parsed: ParsedManifest,
  fixture: CaseFixture,
  takeOver: boolean,
): Promise<{ readonly text: string; readonly variables: readonly string[] } | undefined> {
  try {
    const plan = await planned(parsed, fixture, takeOver)
    return { text: renderScript(plan), variables: variablesOf(plan) }
  } catch (error) {
    if (!(error instanceof FdwsyncError) || !noScript.test(error.message)) throw error
    return undefined
  }
}

function variablesOf(plan: Plan): readonly string[] {
  const parts = plan.steps.flatMap((step) => partsOf(plan, step))
  const { nameOf } = nameSecrets(parts)
  return parts.flatMap((part) =>
    part.statements
      .filter(({ secrets }) => secrets.length > 0)
      .flatMap(({ sql, secrets }) =>
        Array.from(sql.matchAll(/([a-z_][a-z0-9_]*|"(?:[^"]|"")*") %(\d+)\$L/g), ([, option = '', number]) => [
          '-v',
          `${nameOf(part, option)}=${secrets[Number(number) - 1]?.reveal()}`,
        ]).flat(),
      ),
  )
}
