// The rules that the JSON Schema cannot express.

import { describe, expect, test } from 'vitest'
import { head, problemsOf, read, server, table, view } from '../reading.ts'

const long = 'x'.repeat(64)
const index = (text: string) => view(`query: SELECT 1, indexes: { i: { ${text} } }`)

describe('a name that PostgreSQL would truncate is refused everywhere', () => {
  const texts: Readonly<Record<string, string>> = {
    'the manifest': `version: 1\nname: ${long}\n`,
    'search path': `${head}search_path: [public, ${long}]\n`,
    extension: `${head}extensions: { ${long}: {} }\n`,
    "an extension's schema": `${head}extensions: { a: { schema: ${long} } }\n`,
    server: `${head}servers: { ${long}: {} }\n`,
    wrapper: server(`foreign_data_wrapper: ${long}`),
    'an option of a server': server(`options: { ${long}: a }`),
    role: server(`user_mappings: { ${long}: {} }`),
    'an option of a mapping': server(`user_mappings: { public: { ${long}: a } }`),
    schema: `${head}schemas: { ${long}: {} }\n`,
    table: `${head}schemas: { p: { foreign_tables: { ${long}: { server: s } } } }\n`,
    "a server's former name": server(`renamed_from: ${long}`),
    "a table's former name": table(`renamed_from: ${long}`),
    "a column's former name": table(`columns: { a: { type: int, renamed_from: ${long} } }`),
    "a view's former name": view(`query: SELECT 1, renamed_from: ${long}`),
    "an index's former name": index(`columns: [a], renamed_from: ${long}`),
    "a table's server": `${head}schemas: { p: { foreign_tables: { t: { server: ${long} } } } }\n`,
    'an option of a table': table(`options: { ${long}: a }`),
    column: table(`columns: { ${long}: int }`),
    'an option of a column': table(`columns: { a: { type: int, options: { ${long}: a } } }`),
    'a table that is inherited from': table(`inherits: [{ schema: a, name: ${long} }]`),
    'a partitioned table': table(`partition_of: { table: ${long}, default: true }`),
    "a column's collation": table(`columns: { a: { type: text, collation: ${long} } }`),
    "the schema of a column's collation": table(
      `columns: { a: { type: text, collation: { schema: ${long}, name: a } } }`,
    ),
    check: table(`checks: { ${long}: a > 0 }`),
    view: `${head}schemas: { p: { materialized_views: { ${long}: { query: SELECT 1 } } } }\n`,
    'a storage parameter': view(`query: SELECT 1, with: { ${long}: a }`),
    index: view(`query: SELECT 1, indexes: { ${long}: { columns: [a] } }`),
    method: index(`method: ${long}, columns: [a]`),
    'a column of an index': index(`columns: [${long}]`),
    'a column of an index, long form': index(`columns: [{ column: ${long} }]`),
    'an operator class': index(`columns: [{ column: a, operator_class: ${long} }]`),
    "an operator class's name": index(`columns: [{ column: a, operator_class: { schema: b, name: ${long} } }]`),
    'a collation of an index': index(`columns: [{ column: a, collation: ${long} }]`),
    'an included column': index(`columns: [a], include: [b, ${long}]`),
  }
  test.each(Object.entries(texts))('%s', async (_what, text) => {
    const lines = text.split('\n')
    const line = lines.findIndex((one) => one.includes(long))
    const column = (lines[line]?.indexOf(long) ?? 0) + 1
    expect(await problemsOf(text)).toContain(
      `m.yaml:${line + 1}:${column}: the name has 64 bytes; PostgreSQL allows 63`,
    )
    expect(await problemsOf(text.replaceAll(long, long.slice(1)))).toBe('')
  })

  test('half a surrogate pair is not a name', async () =>
    expect(await problemsOf(`${head}schemas: { "\\uD800": {} }\n`)).toContain('half a surrogate pair'))
})

test.each([
  ['schemas: { pg_x: {} }', '3:12: the schema "pg_x" is reserved for PostgreSQL'],
  ['schemas: { information_schema: {} }', '3:12: the schema "information_schema" is reserved for PostgreSQL'],
  ['schemas: { fdwsync_source: {} }', '3:12: the schema "fdwsync_source" is reserved for fdwsync'],
  ...[
    'proxy_schema: pg_x, schema: a',
    'proxy_schema: a, schema: pg_x',
    'proxy_schema: a, schema: b, types: copy, types_schema: pg_x',
  ].map((schemas) => [
    `servers: { s: {} }\nmirrors: { m: { server: s, remote_schema: pg_x, ${schemas} } }`,
    ': the schema "pg_x" is reserved for PostgreSQL',
  ]),
])('a schema that no one can declare: %s', async (text, expected) => {
  const reported = await problemsOf(`${head}${text}\n`)
  expect(reported.match(/reserved/g)).toHaveLength(1)
  expect(reported).toContain(expected)
})

test.each([
  ['"a\\0b"', 'NUL'],
  ['"${env:NUL}"', 'NUL'],
  ['"\\uDC00"', 'half a surrogate pair'],
])('a text that PostgreSQL cannot store: %s', async (text, expected) => {
  const reported = await problemsOf(server(`comment: ${text}`))
  expect(reported).toContain('m.yaml:5:14: ')
  expect(reported).toContain(expected)
})

describe('keys are compared as text', () => {
  test.each([
    ['{ 1: int, "1": text }', 'duplicate key "1"'],
    ["{ a: int, 'a': text }", 'duplicate key "a"'],
    ['{ __proto__: int, __proto__: text }', 'duplicate key "__proto__"'],
  ])('%s', async (columns, expected) => expect(await problemsOf(table(`columns: ${columns}`))).toContain(expected))

  test('equal numbers are different names', async () => {
    const { manifest } = await read(table('columns: { 777: int, 0777: int, 1: int, 1.0: int, true: int, True: int }'))
    expect(Object.keys(manifest.schemas?.p?.foreign_tables?.t?.columns ?? {})).toEqual(
      expect.arrayContaining(['777', '0777', '1', '1.0', 'true', 'True']),
    )
  })
})

describe('an odd name is valid', () => {
  test.each([
    '__proto__',
    'constructor',
    'toString',
    '<<',
    'a.b',
    '"',
    '/~1',
    '🎉',
    'null ',
    'a\nb',
  ])('a table %j', async (name) => {
    const quoted = JSON.stringify(name)
    const text = (type: string) =>
      `${head}schemas: { p: { foreign_tables: { ${quoted}: { server: s, columns: { ${quoted}: ${type} } } } } }\n`
    const { manifest, place } = await read(text('int'))
    expect(Object.keys(manifest.schemas?.p?.foreign_tables ?? {})).toEqual([name])
    expect(place(['schemas', 'p', 'foreign_tables', name])).toMatchObject({ line: 3, column: 35 })
    expect(await problemsOf(text('{ typ: int }'))).toContain('unknown key "typ"')
    expect(({} as { server?: string }).server).toBeUndefined()
  })
})

describe('options of postgres_fdw', () => {
  const invalid: readonly (readonly [name: string, value: string])[] = [
    ['port', '0'],
    ['port', '65536'],
    ['port', '5432x'],
    ['port', '"1,99999"'],
    ['fetch_size', '0'],
    ['fetch_size', '""'],
    ['batch_size', '-1'],
    ['batch_size', '3000000000'],
    ['updatable', '1'],
    ['truncatable', 'yes'],
    ['keep_connections', '""'],
  ]
  test.each(invalid)('%s: %s', async (name, value) => {
    const expected = `the option "${name}" must be `
    expect(await problemsOf(server(`options: { ${name}: ${value} }`))).toContain(expected)
    expect(await problemsOf(server(`foreign_data_wrapper: other\n    options: { ${name}: ${value} }`))).toBe('')
  })
  // PostgreSQL 14 and 18 accept all of these.
  test.each([
    ['port', '5432'],
    ['port', '"5432,,5433"'],
    ['fetch_size', '0x10'],
    ['fetch_size', '1e2'],
    ['fetch_size', '0777'],
    ['batch_size', '" 5 "'],
    ['updatable', 'ON'],
    ['parallel_commit', 'False'],
    ['unheard_of', 'x'],
  ])('%s: %s is valid', async (name, value) =>
    expect(await problemsOf(server(`options: { ${name}: ${value} }`))).toBe(''))

  test('of a table are checked if its server is known to use postgres_fdw', async () => {
    const text = (servers: string) => `${table('options: { fetch_size: 0, port: 0 }')}${servers}`
    const reported = await problemsOf(text('servers: { s: {} }\n'))
    expect(reported).toContain('m.yaml:6:46: the option "fetch_size" must be a whole number above 0')
    expect(reported).not.toContain('the option "port"')
    expect(await problemsOf(text('servers: { s: { foreign_data_wrapper: x } }\n'))).toBe('')
    expect(await problemsOf(text(''))).toBe('')
  })
})

describe('a partition bound', () => {
  const problems = (bound: string) =>
    problemsOf(table(`partition_of: { table: a, for_values: ${JSON.stringify(bound)} }`))
  test.each([
    "FROM ('2024-01-01') TO (MAXVALUE)",
    "IN ('a', NULL)",
    'WITH (MODULUS 4, REMAINDER 0)',
    "FROM (date '2024-01-01', MINVALUE, -1.5) TO ('2025-01-01'::date, MAXVALUE, 2) -- a year",
    "IN ('1'::int, '{1,2}'::int[], 'x'::pg_catalog.varchar(3), interval '1' day, B'01', true, CAST('a' AS text))",
  ])('%s', async (bound) => expect(await problems(bound)).toBe(''))
  test.each([
    '',
    'a > 1',
    'IN (1) SERVER other',
    'IN (1); DROP TABLE x',
    'IN (1) SERVER s; CREATE FOREIGN TABLE z ()',
    'IN (1) PARTITION BY LIST (a)',
    'IN (1), ADD COLUMN b int',
    'IN (1);',
  ])('not %s', async (bound) => expect(await problems(bound)).toContain('partition bound'))

  test.each([
    ["IN ('a', nextval('part.s')::text)", 'nextval('],
    ["FROM (now() - interval '1 day') TO (MAXVALUE)", 'now('],
    ["FROM (1) TO ('é'::shop.mood)", "'é'::shop"],
    ["IN ('é', 1 + 1)", '1 + 1'],
    ["IN ('ok'::mood)", "'ok'::mood"],
    ["IN ('(1)'::pg_catalog.int4%TYPE)", "'(1)'"],
    ['IN (CURRENT_DATE)', 'CURRENT_DATE'],
    ['IN (ARRAY[1])', 'ARRAY'],
    ['IN (ROW(1))', 'ROW'],
    ["IN ('a' || 'b')", "'a' ||"],
    ["IN (coalesce('a'))", 'coalesce'],
    ['IN (CASE WHEN true THEN 1 END)', 'CASE'],
    ['IN (user)', 'user'],
    ['IN ((SELECT 1))', '(SELECT'],
    ['IN (-1::int)', '-1::int'],
    ['IN (MINVALUE)', 'MINVALUE'],
    ['FROM (minvalue.*) TO (1)', 'minvalue.*'],
    ["IN ('a' COLLATE german)", "'a' COLLATE"],
    ["IN (text(f('x')))", 'text('],
  ])('nothing but constants: %s', async (bound, where) => {
    const manifest = table(`partition_of: { table: a, for_values: ${JSON.stringify(bound)} }`)
    const problem = await problemsOf(manifest)
    expect(problem).toContain('a partition bound can only contain literals')
    const [, line, column] = /^m\.yaml:(\d+):(\d+): /.exec(problem) ?? []
    const rest = manifest.split('\n')[Number(line) - 1]?.slice(Number(column) - 1) ?? ''
    expect(rest.slice(0, where.length), 'the place').toBe(where)
  })

  test('a search_path in which pg_catalog is not the first: a type without a schema may be another one', async () => {
    const manifest = (type: string) =>
      `search_path: [public, pg_catalog]\n${table(`partition_of: { table: a, for_values: "IN ('1'::${type})" }`)}`
    expect(await problemsOf(manifest('date'))).toContain('a partition bound can only contain literals')
    expect(await problemsOf(manifest('pg_catalog.date'))).toBe('')
    expect(await problemsOf(manifest('int'))).toBe('')
  })
})

test('a table cannot have the storage parameter by which fdwsync recognizes it', async () => {
  const text = `${head}schemas: { p: { tables: { t: { query: SELECT 1, with: { user_catalog_table: true } } } } }\n`
  expect(await problemsOf(text)).toContain('fdwsync itself sets "user_catalog_table"')
})

describe('columns that a declaration of a table names, and its query does not return', () => {
  const declared = (text: string) => `${head}schemas: { p: { tables: { t: { ${text} } } } }\n`
  test.each([
    ['query: "SELECT id AS a, t.b FROM t", primary_key: [id]', 'the query returns no column "id"'],
    ['query: SELECT id FROM t, primary_key: { columns: [id], include: [ib] }', '"ib"; did you mean "id"?'],
    ['query: SELECT id FROM t, columns: [key], not_null: [id]', 'the query returns no column "id"'],
    [
      'query: SELECT id FROM t UNION SELECT at FROM t, primary_key: [id], refresh: { watermark: { column: at } }',
      'the query returns no column "at"',
    ],
    // What the text does not show is left to a plan.
    ['query: "SELECT *, 1 AS b FROM t", primary_key: [c]', ''],
    ['query: SELECT max(id) FROM t, primary_key: [max]', ''],
    ['query: VALUES (1), primary_key: [column1]', ''],
    ['query: "WITH x AS (SELECT 1) SELECT t.id FROM t", primary_key: [id]', ''],
  ])('%s', async (text, reported) => {
    const problems = await problemsOf(declared(text))
    if (reported === '') expect(problems).toBe('')
    else expect(problems).toContain(reported)
  })
})

test('parents that contradict each other', async () => {
  expect(await problemsOf(table('inherits: [a, a]'))).toContain('this table is already in the list')
  expect(await problemsOf(table('inherits: [a], partition_of: { table: b, default: true }'))).toContain(
    'a partition cannot also inherit from other tables',
  )
  for (const bound of ['', ', default: false', ', default: true, for_values: IN (1)']) {
    expect(await problemsOf(table(`partition_of: { table: b${bound} }`))).toContain(
      'a partition needs either for_values or default: true',
    )
  }
})

describe('renamed_from', () => {
  const relations = (text: string) => `${head}schemas:\n  p:\n${text}`
  const cases: Readonly<Record<string, readonly [text: string, reported: string]>> = {
    'its own name': [server('renamed_from: s'), 'm.yaml:5:19: renamed_from is the current name'],
    'a name that is declared': [
      `${head}servers:\n  a: {}\n  b: { renamed_from: a }\n`,
      'm.yaml:5:22: renamed_from: "a" is still declared at m.yaml:4:3',
    ],
    'a name that another relation of the schema has': [
      relations(
        `    foreign_tables:\n      a: { server: s }\n    materialized_views:\n      b: { query: SELECT 1, renamed_from: a }\n`,
      ),
      'renamed_from: "a" is still declared at m.yaml:6:7',
    ],
    'the same name twice': [
      relations(
        `    materialized_views:\n      a: { query: SELECT 1, renamed_from: c }\n      b: { query: SELECT 1, renamed_from: c }\n`,
      ),
      'renamed_from: "c" is already renamed at m.yaml:6:7',
    ],
    'a column that is declared': [
      table('columns: { a: int, b: { type: int, renamed_from: a } }'),
      'renamed_from: "a" is still declared',
    ],
  }
  test.each(Object.entries(cases))('%s', async (_, [text, reported]) =>
    expect(await problemsOf(text)).toContain(reported))

  test('may be the name of an object in another namespace', async () => {
    const text = `${head}servers:\n  a: {}\n${relations(
      `    foreign_tables:\n      b: { server: a, renamed_from: a, columns: { a: int, c: { type: int, renamed_from: b } } }\n`,
    ).slice(head.length)}`
    expect(await problemsOf(text)).toBe('')
  })
})
