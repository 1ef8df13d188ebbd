// What the ledger keeps of secrets: digests that show whether a secret is the recorded one, and nothing else.

import { expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { createRunDigests, slowDigest } from '../../../src/introspector/digests.ts'

const { matchesRecorded } = createRunDigests()

test.each<[what: string, recorded: string, matches: boolean]>([
  ['the same secret', slowDigest(new Secret('hunter2'), 'one'), true],
  ['another secret', slowDigest(new Secret('hunter3'), 'one'), false],
  ['a digest that was cut', slowDigest(new Secret('hunter2'), 'one').slice(0, -2), false],
  ['no digest', '', false],
  ['another scheme', 'md5:00:00', false],
])('%s is told by its digest', (_, recorded, matches) => {
  expect(matchesRecorded(new Secret('hunter2'), recorded)).toBe(matches)
})

test('digests do not reveal that two objects have the same secret', () => {
  expect(slowDigest(new Secret('hunter2'), 'one')).not.toBe(slowDigest(new Secret('hunter2'), 'other'))
})

test('an object keeps the salt of its secret, so that a fleet computes it once', () => {
  expect(slowDigest(new Secret('hunter2'), 'one')).toBe(slowDigest(new Secret('hunter2'), 'one'))
})
