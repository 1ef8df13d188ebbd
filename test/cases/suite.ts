// Runs a share of the cases with vitest: the files cases-N.test.ts have a share each, so that several workers can run them.

import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest'
import type { TestDatabase } from '../servers/databases.ts'
import { hasChosenMajors } from '../servers/pair.ts'
import type { ServerPair } from '../servers/provided.ts'
import { eachMajor } from '../support/majors.ts'
import { caseFixtureFor, prepareServers } from './case-fixture.ts'
import { describeRun, keepServerLog } from './describe-run.ts'
import { caseNames, majorsOf, readCase } from './read-case.ts'
import { newLog, runCase } from './run-case.ts'

const shares = 4

/** Every fourth case, from the first, second, third or fourth on. */
export function testShare(share: 1 | 2 | 3 | 4): void {
  const cases = caseNames()
    .filter((_, at) => at % shares === share - 1)
    .map(readCase)
  const majors = eachMajor().map(({ major }) => major)

  describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
    let source: TestDatabase
    beforeAll(async () => {
      source = await prepareServers(pair)
    })
    afterAll(() => source.drop())

    const ofMajor = cases.filter((testCase) => majorsOf(testCase, majors, hasChosenMajors()).includes(pair.major))
    test.each(ofMajor.map((testCase) => [testCase.name, testCase] as const))('%s', async (_, testCase) => {
      const fixture = await caseFixtureFor(pair, source, testCase)
      const log = newLog()
      onTestFailed(() => {
        console.log(`${describeRun(log)}\nserver log: ${keepServerLog(testCase, fixture) ?? 'kept by the server'}`)
      })
      try {
        for (const { what, expected, found } of await runCase(testCase, fixture, log))
          expect(found, what).toEqual(expected)
      } finally {
        await fixture.cleanUp()
      }
    })
  })
}
