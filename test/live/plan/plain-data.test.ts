// What a plan has in hand is plain data, so that it can be saved: no functions, and no instances but maps, sets and secrets.

import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { createPlan } from '../../../src/planner/create-plan.ts'
import { connectTo } from '../../support/fdwsync.ts'
import { createSource, fixtureFor } from '../../support/fixture.ts'
import { newestMajor } from '../../support/majors.ts'
import { mirroring } from '../../support/manifests.ts'

/** The paths of values that are not plain. */
function notPlain(value: unknown, path = ''): readonly string[] {
  if (typeof value === 'function') return [path]
  if (typeof value !== 'object' || value === null || value instanceof Secret) return []
  if (value instanceof Map || value instanceof Set) return notPlain([...value], path)
  const prototype = Object.getPrototypeOf(value)
  // That of a class has a prototype itself, and keys. A map of names has one without keys: see core/data.ts.
  const isPlain =
    Array.isArray(value) ||
    prototype === null ||
    Object.getPrototypeOf(prototype) === null ||
    Reflect.ownKeys(prototype).length === 0
  if (!isPlain) return [path]
  return Object.entries(value).flatMap(([name, each]) => notPlain(each, `${path}.${name}`))
}

test('the check finds a function and an instance, wherever they are', () => {
  expect(notPlain({ a: [{ b: () => {} }], c: new Map([['d', new Date()]]), e: new Secret('s') })).toEqual([
    '.a.0.b',
    '.c.0.1',
  ])
})

describe.each(newestMajor())('PostgreSQL $name', (pair) => {
  test('the first plan of a mirror', async () => {
    const fixture = await fixtureFor(pair, await createSource(pair))
    const connect = connectTo(fixture.url)
    const session = await connect('plan')
    try {
      const sources = { connect, timeoutMilliseconds: 60_000 }
      const inHand = await createPlan(session, await fixture.manifest(mirroring()), { populate: true, sources })
      expect(inHand.plan.steps.length).toBeGreaterThan(5)
      expect(notPlain(inHand)).toEqual([])
    } finally {
      await session.close()
    }
  })
})
