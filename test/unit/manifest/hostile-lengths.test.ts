// Long values that are chosen to take long: whoever edits a manifest must not hold up a pipeline that only validates it.

import { expect, test } from 'vitest'
import { printable } from '../../../src/core/printable.ts'
import { redact } from '../../../src/core/redaction.ts'
import { Secret } from '../../../src/core/secret.ts'
import { containsSecret } from '../../../src/core/secret-options.ts'
import { parseManifest } from '../../../src/manifest/parse.ts'
import { parseSql } from '../../../src/parser/parse-sql.ts'

const times = 100_000
const repeated = [
  ':a',
  '//a:',
  'a.',
  'pass_',
  'a',
  'password="',
  'bearer ',
  '-----BEGIN ',
  '//',
  '@',
  'a=',
  '::',
  ' ',
  '##',
  '/*',
]

/** Generous, since a busy machine runs this: quadratic time takes minutes. */
const limit = { timeout: 30_000 }

test.each(repeated)('%o many times', limit, async (part) => {
  const text = `x${part.repeat(times)}x`
  containsSecret(text)
  printable(text)
  expect(redact(`${text} ${text}`, [new Secret(text)])).toBe('(secret) (secret)')
  await parseSql(`SELECT 1 ${part.repeat(times)}`)
})

test('a file that is referred to many times', async () => {
  const text = Buffer.from(`{ version: 1, name: "${'${file:x}'.repeat(1000)}" }`)
  const references = { env: () => undefined, file: () => 'x'.repeat(1024 * 1024) }
  await expect(parseManifest('m.yaml', text, references)).rejects.toThrow('resolve to more than 64 MB')
})
