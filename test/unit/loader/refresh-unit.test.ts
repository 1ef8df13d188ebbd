// What is expected of the transaction of several copies.

import { expect, test } from 'vitest'
import { type ChosenCopy, lastMillisecondsOf } from '../../../src/loader/refresh-unit.ts'

const chosen = (lastMilliseconds: Readonly<Record<string, number>>) =>
  ({ choice: { strategy: 'merge' }, copy: { facts: { lastMilliseconds } } }) as unknown as ChosenCopy // all that is read

test('copies of a group were recorded with the time of their common transaction, so it counts once', () => {
  expect(lastMillisecondsOf([chosen({ merge: 3000 }), chosen({ merge: 3000, swap: 9000 })])).toBe(3000)
  expect(lastMillisecondsOf([chosen({ merge: 3000 }), chosen({ swap: 9000 })])).toBeUndefined()
})
