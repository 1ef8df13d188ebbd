// Applies changes to one manifest and compares which catalog rows are written: those of the changes, no others.

import { expect, test } from 'vitest'
import { connect, createDatabase } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, manifestOf } from '../support/fdwsync.ts'
import { newestMajor } from '../support/majors.ts'
import {
  areOfOtherObjects,
  type Change,
  changedBy,
  changes,
  environment,
  groupsOf,
  isOn,
  prepare,
  text,
} from './changes.ts'
import { catalogRows, touched } from './rows.ts'

function touchedOn(major: number, { touches, from17 = touches, from18 = from17 }: Change): readonly string[] {
  if (major >= 18) return from18
  return major >= 17 ? from17 : touches
}

// In one database, each time on top of the base and back. At most one change of an object is tried at a time.
test.each(newestMajor())('PostgreSQL $name: a change touches what it must and nothing else', {
  timeout: 300_000,
}, async (pair: ServerPair) => {
  const client = await connect(pair.target.url)
  await client.query(text('../cases/roles.sql'))
  await client.end()
  const { url, drop } = await createDatabase(pair.target)
  try {
    await prepare(url)
    const base = await manifestOf(text('base.yaml'), environment)
    await applyTo(base, url)
    const groups = groupsOf(changes.filter(isOn(pair)), areOfOtherObjects)
    for (const [at, group] of groups.entries()) {
      const names = group.map(({ change }) => change).join(', ')
      const before = await catalogRows(url)
      const { report } = await applyTo(await manifestOf(changedBy(group), environment), url)
      const after = await catalogRows(url)
      expect(
        report?.steps.filter(({ outcome }) => outcome.status !== 'applied'),
        names,
      ).toEqual([])
      const expected = group.flatMap((change) => touchedOn(pair.target.major, change))
      expect.soft(touched(before, after), names).toEqual([...new Set(expected)].sort())
      if (group.some(({ noWayBack }) => noWayBack)) {
        expect(at, `${names} comes last`).toBe(groups.length - 1)
        break
      }
      await applyTo(base, url)
      const back = await catalogRows(url)
      expect.soft([...back.keys()].sort(), `${names}, and back`).toEqual([...before.keys()].sort())
    }
  } finally {
    await drop()
  }
})
