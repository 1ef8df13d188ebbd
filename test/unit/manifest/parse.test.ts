// Parsing a manifest: values, references, secrets, SQL fragments, and the text and place of each error.

import { describe, expect, test } from 'vitest'
import { formatProblem } from '../../../src/core/errors.ts'
import { Secret } from '../../../src/core/secret.ts'
import { parseManifest } from '../../../src/manifest/parse.ts'
import { head, problemsOf, read, server, table, view } from './reading.ts'

test('manifests that are parsed at the same time keep their own errors', async () => {
  const [wrong, right] = await Promise.all([problemsOf(`${head}servrs: {}\n`), problemsOf(head)])
  expect([wrong, right]).toEqual([expect.stringContaining('unknown key "servrs"'), ''])
})

describe('a parsed manifest', () => {
  const options = async (text: string) => (await read(server(`options: ${text}`))).manifest.servers?.s?.options
  test.each([
    ['{ port: 0777 }', { port: '0777' }],
    ['{ a: 1.10 }', { a: '1.10' }],
    ['{ a: 12345678901234567890 }', { a: '12345678901234567890' }],
    [
      '{ a: no, b: on, c: TRUE, d: "null", e: "~", f: .inf, g: 2026-01-01, h: 0x1F }',
      { a: 'no', b: 'on', c: 'TRUE', d: 'null', e: '~', f: '.inf', g: '2026-01-01', h: '0x1F' },
    ],
    ["{ a: '', b: \"x\\n\", c: 'it''s' }", { a: '', b: 'x\n', c: "it's" }],
    [
      "{ a: '${env:HOST}:1', b: '${env:NOPE:-x}', c: '${env:EMPTY:-x}', d: '${env:EMPTY}', e: '$${env:HOST}', f: '${file:secret.txt}' }",
      { a: 'db:1', b: 'x', c: 'x', d: '', e: '${env:HOST}', f: 'from a file' },
    ],
    ["{ a: '${env:YAML}' }", { a: '{ a: b }\n- c' }],
    [
      '{ __proto__: x, constructor: y }',
      Object.fromEntries([
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ]),
    ],
  ])('options %s', async (text, expected) => {
    const read = await options(text)
    expect(Object.entries(read ?? {})).toEqual(Object.entries(expected))
  })

  test('has an empty map for an empty stanza', async () => {
    const { manifest } = await read(`${head}extensions:\n  postgres_fdw:\nschemas:\n  s:\n`)
    expect(manifest.extensions).toEqual({ postgres_fdw: {} })
    expect(manifest.schemas).toEqual({ s: {} })
  })

  test('has booleans', async () => {
    const { manifest } = await read(
      view('query: SELECT 1, populate: false, indexes: { i: { unique: true, columns: [a] } }'),
    )
    expect(manifest.schemas?.p?.materialized_views?.v).toMatchObject({
      populate: false,
      indexes: { i: { unique: true } },
    })
  })

  test('has a Secret for each secret, and a warning, without the secret, for plain text', async () => {
    const parsed = await read(
      server('user_mappings: { public: { user: me, password: hunter2, token: "${env:PASSWORD}" } }'),
    )
    const mapping = parsed.manifest.servers?.s?.user_mappings?.public
    expect(mapping?.user).toBe('me')
    expect(mapping?.password).toBeInstanceOf(Secret)
    expect(parsed.secrets.map((secret) => secret.reveal())).toEqual(['hunter2', 'hunter2'])
    const warnings = parsed.warnings.map(formatProblem).join('\n')
    expect(warnings).toContain('m.yaml:5:52: the manifest contains the secret "password" in plain text')
    expect(warnings).not.toContain('hunter2')
  })

  test('keeps references if they are not resolved', async () => {
    const parsed = await parseManifest('m.yaml', Buffer.from(server('options: { host: "${env:NOPE}" }')), undefined)
    expect(parsed.manifest.servers?.s?.options?.host).toBe('${env:NOPE}')
  })

  test('has the place of the nearest key that exists in the text', async () => {
    const { place } = await read(server('options: { host: x }'))
    expect(place(['servers', 's', 'options', 'host'])).toMatchObject({ line: 5, column: 16 })
    expect(place(['servers', 's', 'options', 'nope'])).toMatchObject({ line: 5 })
  })
})

describe('an invalid manifest', () => {
  const cases: readonly (readonly [name: string, text: string, expected: readonly string[]])[] = [
    ['nothing', '', ['m.yaml:1:1: the manifest is empty\n  fdwsync init writes a first one.']],
    ['a star that is not quoted', `${head}search_path: [*]\n`, ['m.yaml:3:15: Alias cannot', 'quote the whole value']],
    ['a list', '- a\n', ['m.yaml:1:1: a manifest must be a map']],
    ['two documents', `${head}---\n${head}`, ['a manifest must be a single YAML document']],
    ['broken YAML', 'version: 1\nname: "a', ['m.yaml:2:']],
    ['an alias and an anchor', 'a: &x 1\nb: *x\n', ['m.yaml:1:7: anchors (&)', 'm.yaml:2:4: aliases (*)']],
    ['a tag', `version: 1\nname: !!binary a\n`, ['m.yaml:2:16: tags (!)']],
    ['a duplicate key', `${head}name: b\n`, ['m.yaml:3:1: duplicate key "name"; the first is on line 2']],
    ['another version', 'version: 2\nname: a\n', ['m.yaml:1:10: "version" must be 1']],
    ['no name', 'version: 1\n', ['missing key "name"']],
    [
      'an unknown key',
      `${head}serverz: {}\n`,
      ['m.yaml:3:1: unknown key "serverz"; did you mean "servers"?', 'Valid keys here: version, name'],
    ],
    [
      'a value that may be text or a map',
      view('query: SELECT 1, refresh: { watermark: { column: a, overlap: [1], deletes: { sofft: x } } }'),
      ['missing key "soft" in "deletes"', 'unknown key "sofft"; did you mean "soft"?', '"overlap" must be text\n'],
    ],
    [
      'a grant that begins with the role',
      `${head}schemas: { s: { grants: { reader: [usage] } } }\n`,
      ['unknown key "reader"', 'A grant begins with its privilege: { usage: [role] }. Valid keys here: usage, create.'],
    ],
    [
      'an unknown key deep inside',
      server('option: { a: b }'),
      ['m.yaml:5:5: unknown key "option"; did you mean "options"?'],
    ],
    ['a list for a map', `${head}servers: []\n`, ['m.yaml:3:10: "servers" must be a map']],
    ['a text for a list', `${head}search_path: x\n`, ['m.yaml:3:14: "search_path" must be a list']],
    [
      'yes for true',
      view('query: SELECT 1, populate: yes'),
      ['"populate" must be true or false, not "yes"', 'Write true.'],
    ],
    ['a key without value', server('options: { host: }'), ['"host" has no value', 'empty text as ""']],
    ['null outside an overlay', server('options: { sslcert: null }'), ['5:25: "sslcert" is null', 'Remove it']],
    ['null in a list', `${head}search_path: [a, null]\n`, ['m.yaml:3:18: entry 2 is null']],
    ['no value in a list', `${head}search_path:\n  - a\n  -\n`, ['entry 2 has no value']],
    ['a quote without an end', view("query: 'SELECT \"ж'"), ['unterminated quoted identifier at or near ""ж…"\n']],
    ['no columns', view('query: SELECT 1, indexes: { i: { columns: [] } }'), ['"columns" must not be empty']],
    [
      'both column and expression',
      view('query: SELECT 1, indexes: { i: { columns: [{ column: a, expression: b }] } }'),
      ['"expression" cannot be combined with "column"'],
    ],
    [
      'neither',
      view('query: SELECT 1, indexes: { i: { columns: [{ order: asc }] } }'),
      ['missing key "column" in entry 1'],
    ],
    [
      'an odd order',
      view('query: SELECT 1, indexes: { i: { columns: [{ column: a, order: up }] } }'),
      ['"order" must be one of asc, desc'],
    ],
    [
      'a privilege twice',
      view('query: SELECT 1, revoked_from_owner: [insert, delete, insert]'),
      ['"revoked_from_owner" must not list anything twice: entries 1 and 3 are the same'],
    ],
    [
      'a value of an enumeration twice',
      `${head}schemas: { s: { types: { t: { enum: [a, b, a] } } } }\n`,
      ['"enum" must not list anything twice: entries 1 and 3 are the same'],
    ],
    ['an empty name', server('options: { "": a }'), ['a name cannot be empty']],
    ['NUL in a name', `${head}schemas: { "a\\0b": {} }\n`, ['cannot contain a NUL character']],
    ['a name of 64 bytes', `${head}schemas: { ${'x'.repeat(62)}é: {} }\n`, ['the name has 64 bytes']],
    [
      'two relations of one name',
      `${head}schemas:\n  p:\n    foreign_tables: { x: { server: s } }\n    materialized_views: { x: { query: SELECT 1 } }\n`,
      ['m.yaml:6:27: schema "p" already has a relation named "x" at m.yaml:5:23'],
    ],
    [
      'an index named like a table',
      `${head}schemas:\n  p:\n    foreign_tables: { x: { server: s } }\n    materialized_views: { v: { query: SELECT 1, indexes: { x: { columns: [a] } } } }\n`,
      ['a relation named "x"'],
    ],
    [
      'a default and a generation',
      table('columns: { a: { type: int, default: "1", generated: "2" } }'),
      ['cannot have both "default" and "generated"'],
    ],
    [
      'a missing variable',
      server('options: { host: "${env:NOPE}", dbname: "${env:NOPE2}" }'),
      ['${env:NOPE}: the variable is not set', '${env:NOPE2}: the variable'],
    ],
    ['a missing file', server('options: { host: "${file:nope}" }'), ['the file does not exist']],
    ['an odd reference', server('options: { host: "${x}" }'), ['unknown reference ${x}']],
    [
      'a password where every role can read it',
      server('options: { password: x }'),
      ['m.yaml:5:16: the option "password" cannot be set here', 'user_mappings'],
    ],
    ['a user on the server', server('options: { user: x }'), ['belongs to a user mapping']],
    [
      'the options of a mapping, as elsewhere',
      server('user_mappings: { etl: { options: { user: x } } }'),
      ['m.yaml:5:29: the options of a user mapping', 'Write them directly: etl: { user: …, password: … }.'],
    ],
    ['a port', server('options: { port: 99999 }'), ['m.yaml:5:22: the option "port" must be a number from 1 to 65535']],
    ['a fetch size', server('options: { fetch_size: many }'), ['"fetch_size" must be a whole number']],
    [
      'a boolean of postgres_fdw',
      server('options: { updatable: maybe }'),
      ['"updatable" must be true, false, on or off'],
    ],
  ]
  test.each(cases)('%s', async (_name, text, expected) => {
    const reported = await problemsOf(text)
    for (const fragment of expected) expect(reported).toContain(fragment)
  })

  test('reports independent problems in the order of the text', async () => {
    const reported = await problemsOf(server('options: { port: 0, fetch_size: x, user: y }'))
    expect(reported.match(/m\.yaml:5:\d+/g)).toEqual(['m.yaml:5:22', 'm.yaml:5:37', 'm.yaml:5:40'])
  })

  test('shows the line, with a caret under the place', async () => {
    const [message, line, caret] = (await problemsOf(`${head}serverz: {}\n`)).split('\n')
    expect([message?.startsWith('m.yaml:3:1:'), line, caret]).toEqual([true, '  serverz: {}', '  ^'])
  })

  test('does not show a secret in the line', async () => {
    for (const line of [
      '{ password: hunter2, x: [] }',
      '{ password: "hunter2", x: [] }',
      "{ x: [], password: 'hunter2' }",
    ]) {
      const reported = await problemsOf(server(`user_mappings: { public: ${line} }`))
      expect(reported).toContain('"x" must be text')
      expect(reported).not.toContain('hunter2')
    }
  })

  test.each([
    ['not UTF-8', Buffer.from([0x6e, 0xff, 0xfe])],
    ['larger than 10 MB', Buffer.alloc(10 * 1024 * 1024 + 1, 0x20)],
    ['nested too deeply', Buffer.from(`a: ${'['.repeat(5000)}`)],
    ['m.yaml:3:3: Flow map in block collection', Buffer.from(`a:\n${'  - { b: 1\n'.repeat(5000)}`)],
    ['m.yaml:2:1: Flow map in block collection', Buffer.from(`a: {\n${'b: { c: 1,\n'.repeat(12_000)}`)],
    ['nested too deeply', Buffer.from(`a: {\n${' b: { c: 1,\n'.repeat(5000)}`)],
    ['nested too deeply', Buffer.from(`a: ${'['.repeat(1_000_000)}`)],
    ['nested too deeply', Buffer.from('- '.repeat(5000))],
    ['nested too deeply', Buffer.from('? '.repeat(5000))],
    ['nested too deeply', Buffer.from('? - '.repeat(500_000))],
    ['nested too deeply', Buffer.from(Array.from({ length: 3000 }, (_, at) => `${' '.repeat(at)}-`).join('\n'))],
    ['nested too deeply', Buffer.from(`a: ${'['.repeat(80)}${']'.repeat(80)}`)],
    ['nested too deeply', Buffer.from(Array.from({ length: 80 }, (_, at) => `${' '.repeat(at)}a:\n`).join(''))],
  ])('%s', async (expected, bytes) => expect(await problemsOf(bytes)).toContain(expected))
})

describe('a fragment of SQL is exactly one', () => {
  const type = (text: string) => problemsOf(table(`columns: { a: ${JSON.stringify(text)} }`))
  const expression = (text: string) => problemsOf(table(`checks: { k: ${JSON.stringify(text)} }`))
  const query = (text: string) => problemsOf(view(`query: ${JSON.stringify(text)}`))

  test.each([
    'bigint',
    'numeric(10, 2)',
    'text[]',
    'timestamp(3) with time zone',
    'bit varying(3)',
    'double precision',
    'interval day to second',
    'pg_catalog.int4',
    '"Odd Type"',
    'public."T x"[][]',
    'character varying(10)',
    'time without time zone',
    'int -- a comment',
  ])('type %s', async (text) => expect(await type(text)).toBe(''))
  test.each([
    'int) , (select 1',
    'int; drop table x',
    'int[] , b int',
    'setof int',
    'int collate "C"',
    'int not null',
    'int default 1',
    'select 1',
    '/* open',
    '(int)',
    "int'",
    'int + 1',
    '1',
    'int options (a)',
    ' ',
  ])('type, unlike %s', async (text) => expect(await type(text)).not.toBe(''))

  test.each([
    '1',
    "'x'::text",
    'a > 0 and b',
    'upper(a) collate "C"',
    '(select 1)',
    'a in (1, 2)',
    'a -- comment',
    'case when a then b end',
    'row(1, 2)',
  ])('expression %s', async (text) => expect(await expression(text)).toBe(''))
  test.each([
    'a) + (b',
    '1) union select (2',
    'a, b',
    '1; select 2',
    '1 as x',
    '1 from t',
    '/* open',
    'select 1',
    '1 where true',
    'a)',
    '(a',
    "'",
    '',
  ])('expression, unlike %s', async (text) => expect(await expression(text)).not.toBe(''))

  test.each([
    'SELECT 1',
    'SELECT 1;',
    'WITH x AS (SELECT 1) SELECT * FROM x',
    'VALUES (1)',
    'TABLE t',
    '(SELECT 1) UNION SELECT 2',
    'SELECT 1 -- x',
    "SELECT ';'",
  ])('query %s', async (text) => expect(await query(text)).toBe(''))
  test.each([
    'SELECT 1; SELECT 2',
    'SELECT 1; -- x',
    'SELECT 1 INTO t',
    'DELETE FROM t',
    'SELECT 1 WITH DATA',
    'CREATE TABLE x ()',
    '',
  ])('query, unlike %s', async (text) => expect(await query(text)).not.toBe(''))

  test.each([
    ['int NOT NULL', '{ type: int, not_null: true }.'],
    ['int null', '{ type: int, not_null: false }.'],
    ['"numeric(12, 2) DEFAULT 0 NOT NULL"', "{ type: 'numeric(12, 2)', default: …, not_null: true }."],
    ['{ type: text COLLATE "C" }', '{ type: text, collation: … }.'],
    [`'"ж" OPTIONS (a ''b'', c ''d'') COLLATE "C"'`, `{ type: '"ж"', options: { … }, collation: … }.`],
    ['int generated by default as identity', '{ type: int, identity: by_default }.'],
    ['int generated always as (a + 1) stored', '{ type: int, generated: … }.'],
    ['int check (c > 0) check (c > 1)', '{ type: int }. Checks are declared beside the columns, as checks.'],
    ['int primary key', '{ type: int }. A foreign table has no primary key'],
  ])('a column that is written as in SQL: %s', async (column, hint) =>
    expect(await problemsOf(table(`columns: { c: ${column} }`))).toContain(`Write ${hint}`))
  test.each([
    'int not nul',
    'int, d int not null',
    'int); SELECT (1',
    '${env:TYPE} NOT NULL',
  ])('no hint for a column that is nothing in SQL either, or has a reference: %s', async (column) =>
    expect(await problemsOf(table(`columns: { c: '${column}' }`))).not.toContain('Write {'))

  test.each([
    ['plain', view('query: SELECT a FROM WHERE b'), 'm.yaml:6:33'],
    ['quoted', view('query: "SELECT é FROM WHERE b"'), 'm.yaml:6:34'],
    [
      'literal block',
      `${head}schemas:\n  p:\n    materialized_views:\n      v:\n        query: |\n          SELECT é,\n            FROM WHERE b\n`,
      'm.yaml:9:13',
    ],
  ])('the place inside a %s scalar', async (_style, text, place) =>
    expect(await problemsOf(text)).toContain(`${place}: invalid query`))
})

test('a manifest with random edits is either valid or gives an FdwsyncError', async () => {
  const good =
    view('query: SELECT 1, with: { fillfactor: 70 }, indexes: { i: { columns: [a, { expression: "b + 1" }] } }') +
    'servers: { s: { options: { host: "${env:HOST}" }, user_mappings: { public: { password: x } } } }\n'
  const bits = [
    '{',
    '}',
    '[',
    ']',
    ':',
    '- ',
    '\n',
    '  ',
    '"',
    "'",
    '&a ',
    '*a',
    '!t ',
    '#',
    '|',
    '\t',
    '\0',
    '${',
    '?',
    '%',
    '\u2028',
    '~',
  ]
  let seed = 42
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed % below
  }
  let invalid = 0
  for (let round = 0; round < 400; round++) {
    const at = random(good.length)
    const text = good.slice(0, at) + bits[random(bits.length)] + good.slice(at + random(3))
    if ((await problemsOf(text)) !== '') invalid++
  }
  expect(invalid).toBeGreaterThan(100)
})
