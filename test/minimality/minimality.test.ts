// Applies one change after the other to one manifest and compares which catalog rows are written: those of the change, no others.

import { expect, test } from 'vitest'
import { connect, createDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, manifestOf } from '../support/fdwsync.ts'
import { eachMajor, isNewest } from '../support/majors.ts'
import { changedBy, changes, prepare, text } from './changes.ts'
import { catalogRows, touched } from './rows.ts'

/** The rows of columns, constraints and statistics differ between majors, those of other catalogs do not. */
function dependsOnVersion(row: string): boolean {
  return /^((added|removed|replaced) )?(column|constraint|default|inheritance|statistics) /.test(row)
}

// One after the other in one database, each on top of the base and back.
test.each(eachMajor())('PostgreSQL $name: a change touches what it must and nothing else', {
  timeout: 300_000,
}, async (pair: ServerPair) => {
  const client = await connect(pair.target.url)
  await client.query(text('../cases/roles.sql'))
  await client.end()
  const { url, drop } = await createDatabase(pair.target)
  try {
    await prepare(url)
    const base = await manifestOf(text('base.yaml'), {})
    await applyTo(base, url)
    const known = changes.filter(
      ({ from = 0, touches }) => pair.target.major >= from && (isNewest(pair) || touches.some(dependsOnVersion)),
    )
    for (const [at, change] of known.entries()) {
      const before = await catalogRows(url)
      const { report } = await applyTo(await manifestOf(changedBy([change]), {}), url)
      const after = await catalogRows(url)
      expect(
        report?.steps.filter(({ outcome }) => outcome.status !== 'applied'),
        change.change,
      ).toEqual([])
      const expected = pair.target.major >= 18 ? (change.from18 ?? change.touches) : change.touches
      expect.soft(touched(before, after), change.change).toEqual(expected.toSorted())
      if (change.noWayBack) {
        expect(at, `${change.change} comes last`).toBe(known.length - 1)
        break
      }
      await applyTo(base, url)
      const back = await catalogRows(url)
      expect.soft([...back.keys()].sort(), `${change.change}, and back`).toEqual([...before.keys()].sort())
    }
  } finally {
    await drop()
  }
})
