// Secrets are never printed.

import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'

describe('a secret', () => {
  const secret = new Secret('hunter2')
  test.each([
    ['a template', () => `${secret}`],
    ['concatenation', () => `x${String(secret)}`],
    ['JSON', () => JSON.stringify({ secret, list: [secret] })],
    ['inspection', () => inspect({ deep: { secret } }, { depth: 9, showHidden: true })],
    ['its keys', () => JSON.stringify(Object.entries(secret))],
    ['an error', () => new Error(`no ${secret}`).stack ?? ''],
  ])('is not shown by %s', (_where, show) => expect(show()).not.toContain('hunter2'))
})
