// Which values are secrets, and that no error or warning shows one.

import { describe, expect, test } from 'vitest'
import { formatProblem } from '../../../../src/core/errors.ts'
import { Secret } from '../../../../src/core/secret.ts'
import { isSecretOption } from '../../../../src/core/secret-options.ts'
import { mapping, problemsOf, read, server } from '../reading.ts'

describe('an option of a user mapping', () => {
  test.each([
    'user',
    'username',
    'user_name',
    'remote_user',
    'password_required',
    'sslcert',
    'sslkey',
  ])('%s is not a secret', (name) => expect(isSecretOption(name)).toBe(false))
  test.each(['password', 'Password', 'api_key', 'constructor', '__proto__', 'USER'])('%s is a secret', async (name) => {
    const { manifest } = await read(mapping(`${name}: hunter2`))
    expect(Object.entries(manifest.servers?.s?.user_mappings?.etl ?? {})).toEqual([[name, expect.any(Secret)]])
  })
})

describe('a secret in plain text gives a warning', () => {
  test.each([
    ['hunter2', 1],
    ['"${env:NOPE:-hunter2}"', 1],
    ['"hunter$${2}"', 1],
    ['"${env:PASSWORD}"', 0],
    ['"Bearer ${env:PASSWORD}"', 0],
    ['"${env:NOPE:-}"', 0],
    ['"${file:secret.txt}"', 0],
    ['""', 0],
  ])('password: %s', async (value, count) => {
    const { warnings } = await read(mapping(`password: ${value}`))
    expect(warnings).toHaveLength(count)
    expect(warnings.map(formatProblem).join('\n')).not.toContain('hunter2')
  })
})

// Each is invalid in another way, and its error quotes the line with the secret.
describe('no error shows a secret', () => {
  const texts: readonly string[] = [
    mapping('{ api_key: hunter2, x: [] }'),
    mapping('{ user: [], a-b: hunter2 }'),
    mapping('password:\n          - hunter2'),
    mapping('password: { a: hunter2 }'),
    mapping('password: "a, ${env:NOPE} hunter2"'),
    mapping('password: ${env:NOPE}, hunter2'),
    mapping('password: a${hunter2}b'),
    mapping('password: "${env:NOPE}${env:NOPE:-hunter2}"'),
    mapping('password: "\\0hunter2"'),
    mapping('password: hunter2: x'),
    mapping('password: "x" hunter2'),
    mapping('password: "a\\hunter2"'),
    mapping("password: 'a' 'hunter2'"),
    mapping('password: *hunter2'),
    mapping('password: !hunter2 x'),
    mapping('password: &hunter2 x'),
    mapping('password: |hunter2\n          x'),
    mapping('password: @hunter2'),
    mapping('password: [hunter2'),
    mapping('password: "hunter2'),
    mapping('password: |\n          a\n          hunter2\n       bad'),
    mapping('password: |\n          hunter2: a\n       bad'),
    mapping('password: a\n          b: hunter2'),
    server('user_mappings: { etl: hunter2 }'),
    server('user_mappings: hunter2: x'),
    server('user_mappings: { etl: { api_key: "hunter2" } }: x'),
    server('user_mappings:\n      my role: { api_key: hunter2, a: b: c }'),
    server('user_mapping: { etl: { password: hunter2 } }'),
    server('options: { password: hunter2 }'),
    server('options: { db_password: "a, hunter2", port: 0 }'),
  ]
  test.each(texts.map((text) => [text]))('%j', async (text) => {
    const reported = await problemsOf(text)
    expect(reported).toMatch(/^m\.yaml:\d+:\d+: /)
    expect(reported.replace('"${env:NOPE:-', '')).not.toContain('hunter2')
  })

  test('but everything else is shown', async () => {
    expect(await problemsOf(mapping('{ user: etl_reader, password: "${env:NOPE}" }'))).toContain(
      '{ user: etl_reader, password: "${env:NOPE}" }',
    )
    expect(await problemsOf(server('options: { port: 0, token_table: [] }'))).toContain('token_table: []')
    const column = 'schemas: { p: { foreign_tables: { t: { server: s, columns: { password: int int } } } } }'
    expect(await problemsOf(`version: 1\nname: a\n${column}\n`)).toContain('password: int int')
  })
})

describe('an option that every role can read', () => {
  test.each([
    'password',
    'pass',
    'db_passwd',
    'Passphrase',
    'client_secret',
    'auth_token',
    'credentials',
    'private_key',
  ])('is refused if it is named %s', async (name) => {
    const expected = `the option "${name}" cannot be set here, where every role can read it`
    expect(await problemsOf(server(`foreign_data_wrapper: x\n    options: { ${name}: a }`))).toContain(expected)
    const table = `schemas: { p: { foreign_tables: { t: { server: s, options: { ${name}: a } } } } }`
    expect(await problemsOf(`version: 1\nname: a\n${table}\n`)).toContain(expected)
  })
  test.each([
    'passfile',
    'use_scram_passthrough',
    'bypass_cache',
    'host',
  ])('is accepted if it is named %s', async (name) =>
    expect(await problemsOf(server(`foreign_data_wrapper: x\n    options: { ${name}: a }`))).toBe(''))
})
