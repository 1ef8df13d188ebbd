// Statements with secrets: the DO block, and what fits into the startup packet.

import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/core/secret.ts'
import { statementOf, trusted } from '../../../src/core/sql.ts'
import { secretBlock } from '../../../src/db/secrets/block.ts'
import { settingValue, startupSecrets } from '../../../src/db/secrets/startup.ts'

describe('the DO block', () => {
  const secret = new Secret('canary')

  test('refers to the values, but does not contain them', () => {
    const statement = statementOf([
      trusted('ALTER USER MAPPING FOR a SERVER s OPTIONS (ADD password '),
      secret,
      trusted(')'),
    ])
    const block = secretBlock(statement, (_, index) => settingValue(`fdwsync.s${index + 1}`))
    expect(block).toContain('$statement$ALTER USER MAPPING FOR a SERVER s OPTIONS (ADD password %1$L)$statement$')
    expect(block).toContain("pg_catalog.current_setting('fdwsync.s1')")
    expect(block).not.toContain('canary')
  })

  test('quotes with tags that the statement does not contain', () => {
    const statement = statementOf([trusted('$fdwsync$ $statement$ $statement1$'), secret])
    const block = secretBlock(statement, () => settingValue('a.b'))
    expect(block.startsWith('DO $fdwsync1$')).toBe(true)
    expect(block.split('$statement2$')).toHaveLength(3)
  })
})

describe('the startup packet', () => {
  const options = (values: readonly string[], before?: string) =>
    startupSecrets(
      values.map((value) => new Secret(value)),
      before,
      'x',
    )?.options

  test('escapes white space, and puts the secrets after the options of the connection', () => {
    expect(options(['a b\\c\td\ne\vf\fg\r', ''], '-c work_mem=1MB')).toBe(
      '-c work_mem=1MB -c fdwsync.s1_x=a\\ b\\\\c\\\td\\\ne\\\vf\\\fg\\\r -c fdwsync.s2_x=',
    )
  })

  test('cannot carry other characters than ASCII, or too many', () => {
    expect(options(['é'])).toBeUndefined()
    expect(options(['x'.repeat(7400)])).toBeDefined()
    expect(options(['x'.repeat(7500)])).toBeUndefined()
  })
})
