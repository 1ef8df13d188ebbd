// Which values are secrets, and that no error or warning shows one.

import { describe, expect, test } from 'vitest'
import { formatProblem } from '../../../../src/core/errors.ts'
import { Secret } from '../../../../src/core/secret.ts'
import { isSecretMappingOption } from '../../../../src/core/secret-options.ts'
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
  ])('%s is not a secret', (name) => expect(isSecretMappingOption(name)).toBe(false))
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
    mapping('{ password: a,hunter2 }'),
    mapping('{ password: a, hunter2 }'),
    mapping('{ password: "a",hunter2 }'),
    mapping('{ password: a,\n            hunter2 }'),
    mapping('{ password:hunter2 }'),
    mapping('{ password=hunter2, user: a }'),
    mapping('{ user: a, password:hunter2 }'),
    mapping('password: a # hunter2\n        user: []'),
    server('options: { db_password: a,hunter2 }'),
    server('options: { db_password:hunter2 }'),
    server('options: { host: h, db_password=hunter2 }'),
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
  const secretNames = [
    'password',
    'pass',
    'db_passwd',
    'PWD',
    'Passphrase',
    'client_secret',
    'auth_token',
    'credentials',
  ]
  const moreNames = [
    'pw',
    'pin',
    'userpass',
    'cookie',
    'private_key',
    'api_key',
    'apiKey',
    'x-api-key',
    'aws_secret_access_key',
    'conn_string',
    'connstr',
  ]
  test.each([...secretNames, ...moreNames])('is a secret if it is named %s', async (name) => {
    const secret = { [name]: expect.any(Secret) }
    const options = `options: { "${name}": hunter2 }`
    const text = `
version: 1
name: a
foreign_data_wrappers: { w: { ${options} } }
servers: { s: { foreign_data_wrapper: w, ${options} } }
schemas:
  p:
    imports: [{ server: s, remote_schema: r, tables: { i: { ${options}, columns: { c: { ${options} } } } } }]
    foreign_tables: { t: { server: s, ${options}, columns: { c: { type: text, ${options} } } } }
`
    const { manifest, warnings } = await read(text)
    expect(manifest.foreign_data_wrappers?.w?.options).toEqual(secret)
    expect(manifest.servers?.s?.options).toEqual(secret)
    const [imported] = manifest.schemas?.p?.imports ?? []
    for (const table of [manifest.schemas?.p?.foreign_tables?.t, imported?.tables?.i]) {
      expect(table?.options).toEqual(secret)
      expect(table?.columns?.c).toMatchObject({ options: secret })
    }
    expect(warnings).toHaveLength(6)
    expect(warnings.map(formatProblem).join('\n')).not.toContain('hunter2')
  })

  const values = [
    'https://user:hunter2@api.example.com/v1',
    'redis://:hunter2@cache',
    'user:hunter2@host/db',
    'host=db user=etl password=hunter2',
    'host = db password = hunter2',
    'Server=db;Uid=etl;Pwd=hunter2;',
    '{"user": "etl", "password": "hunter2"}',
    'https://api.example.com/?api_key=hunter2',
    'Authorization: Bearer hunter2hunter2',
    'X-Api-Key: hunter2',
    'https://account.example.com/x?sv=1&sig=hunter2',
    '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----',
  ]
  test.each(values)('is a secret if it looks like one: %j', async (value) => {
    const options = `options: { address: ${JSON.stringify(value)}, x: [] }`
    const reported = await problemsOf(server(`foreign_data_wrapper: w\n    ${options}`))
    expect(reported).not.toContain('hunter2')
    const { manifest } = await read(server(`foreign_data_wrapper: w\n    ${options.replace(', x: []', '')}`))
    expect(manifest.servers?.s?.options).toEqual({ address: expect.any(Secret) })
  })

  const harmless = [
    ['password_required', 'false'],
    ['sslkey', '/etc/ssl/key.pem'],
    ['private_key_path', '/etc/key.pem'],
    ['api_key_id', 'AKIA'],
    ['passfile', '/etc/pgpass'],
    ['use_scram_passthrough', 'true'],
    ['bypass_cache', 'a'],
    ['max_tokens', '5'],
    ['primary_key', 'id'],
    ['host', 'db'],
    ['pinned', 'true'],
    ['significant', 'true'],
    ['endpoint', 'https://api.example.com:8443/v1'],
    ['table_name', 'a:b@c'],
    ['query', "SELECT a::text FROM t WHERE token = 'x'"],
    ['delimiter', ':'],
  ] as const
  test.each(harmless)('is not a secret: %s %j', async (name, value) => {
    const { manifest } = await read(
      server(`foreign_data_wrapper: w\n    options: { ${name}: ${JSON.stringify(value)} }`),
    )
    expect(manifest.servers?.s?.options).toEqual({ [name]: value })
  })

  test('is a secret if secret_options names it, and no error shows it', async () => {
    const options = 'secret_options: [license]\n    options: { license: hunter2, x: y }'
    const { manifest, secrets } = await read(server(`foreign_data_wrapper: w\n    ${options}`))
    expect(manifest.servers?.s?.options).toEqual({ license: expect.any(Secret), x: 'y' })
    expect(secrets).toHaveLength(1)
    for (const wrong of ['x: []', 'x: y: z', 'x: [']) {
      const reported = await problemsOf(server(`foreign_data_wrapper: w\n    ${options.replace('x: y', wrong)}`))
      expect(reported).toMatch(/^m\.yaml/)
      expect(reported).not.toContain('hunter2')
    }
  })

  test('is a secret as a whole if a reference resolves to one', async () => {
    const text = server(
      'foreign_data_wrapper: w\n    options: { url: "https://etl:${env:PASSWORD}@api", host: "${env:HOST}" }',
    )
    const { manifest, warnings, digest } = await read(text)
    expect(manifest.servers?.s?.options).toEqual({ url: expect.any(Secret), host: 'db' })
    expect([warnings, digest]).toEqual([[], expect.any(String)])
    const partly = await read(text.replace('@api', '@${env:HOST}').replace('${env:PASSWORD}', 'hunter2'))
    expect([partly.warnings.length, partly.digest]).toEqual([1, undefined])
  })

  test('is refused where postgres_fdw does not have it, and where an import would put it into a statement', async () => {
    const message = 'the option "password" cannot be set here'
    const cases = [
      server('options: { password: a }'),
      `version: 1\nname: a\nservers: { s: {} }\nschemas: { p: { foreign_tables: { t: { server: s, options: { password: a } } } } }\n`,
      `version: 1\nname: a\nschemas: { p: { imports: [{ server: s, remote_schema: r, options: { password: a } }] } }\n`,
      `version: 1\nname: a\nmirrors: { m: { server: s, remote_schema: r, schema: p, proxy_schema: q, options: { password: a } } }\n`,
    ]
    for (const text of cases) expect(await problemsOf(text)).toContain(message)
  })
})

test('no error shows what a reference in a wrong place resolves to', async () => {
  const table = (text: string) =>
    `version: 1\nname: a\nschemas: { p: { foreign_tables: { t: { server: s, ${text} } } } }\n`
  const texts = [
    server('options: { port: "${env:PASSWORD}" }'),
    server(`options: { fetch_size: "a\${env:PASSWORD}b" }`),
    table('columns: { id: "${env:PASSWORD} ${env:PASSWORD}" }'),
    table('columns: { id: { type: int, default: "${env:PASSWORD} +" } }'),
    table('checks: { c: "a = ${env:PASSWORD} b" }'),
    table(`owner: "${'${env:PASSWORD}'.repeat(12)}"`),
    `version: 1\nname: a\nsearch_path: ["${'${env:PASSWORD}'.repeat(12)}"]\n`,
  ]
  for (const text of texts) {
    const reported = await problemsOf(text)
    expect(reported).toMatch(/^m\.yaml:\d/)
    expect(reported).not.toContain('hunter2')
  }
})
