import { describe, expect, test } from 'vitest'
import schema from '../../../schemas/manifest.schema.json' with { type: 'json' }
import { Secret } from '../../../src/core/secret.ts'
import { parseManifest } from '../../../src/manifest/parse.ts'
import { problemsOf, read, server, table, view } from './reading.ts'

test('the example of the contract, as far as this release goes', async () => {
  const { manifest, warnings } = await read(`# yaml-language-server: $schema=../../schemas/manifest.schema.json
version: 1
name: shop-mirror                     # owns what it creates; unique in a target database
search_path: [public]

extensions:
  postgres_fdw: {}

servers:
  shop:
    foreign_data_wrapper: postgres_fdw
    options: { host: shop-db.internal, port: 5432, dbname: shop, fetch_size: 10000 }
    user_mappings:
      etl: { user: mirror_reader, password: "\${env:PASSWORD}" }

schemas:
  shop_proxy:
    foreign_tables:
      events:
        server: shop
        options: { schema_name: audit, table_name: events }
        columns:
          id: bigint
          payload: { type: jsonb, not_null: true, options: { column_name: body }, comment: as sent }
          total: { type: "numeric(10,2)", default: "0" }
          label: { type: text, collation: C, generated: "upper(name)" }
        checks:
          sane_id: id > 0
  shop:
    materialized_views:
      orders:
        query: SELECT * FROM shop_proxy.orders
        populate: true
        indexes:
          orders_id_idx: { unique: true, columns: [id] }
          orders_day_idx: { columns: [{ expression: "date_trunc('day', placed_at)", order: desc, nulls: last }], where: total > 0 }
          orders_geom_idx: { method: gist, columns: [{ column: geom, operator_class: gist_geometry_ops_2d }] }
        comment: orders as of the last refresh
`)
  expect(warnings).toEqual([])
  expect(manifest.servers?.shop).toEqual({
    foreign_data_wrapper: 'postgres_fdw',
    options: { host: 'shop-db.internal', port: '5432', dbname: 'shop', fetch_size: '10000' },
    user_mappings: { etl: { user: 'mirror_reader', password: expect.any(Secret) } },
  })
  expect(manifest.schemas?.shop_proxy?.foreign_tables?.events?.columns).toEqual({
    id: 'bigint',
    payload: { type: 'jsonb', not_null: true, options: { column_name: 'body' }, comment: 'as sent' },
    total: { type: 'numeric(10,2)', default: '0' },
    label: { type: 'text', collation: 'C', generated: 'upper(name)' },
  })
  expect(manifest.schemas?.shop?.materialized_views?.orders).toMatchObject({
    populate: true,
    indexes: {
      orders_id_idx: { unique: true, columns: ['id'] },
      orders_day_idx: { columns: [{ order: 'desc', nulls: 'last' }], where: 'total > 0' },
    },
  })
})

describe('what the contract lists and this release does not have', () => {
  const keys: Readonly<Record<string, string>> = {
    refresh: view('query: SELECT 1, refresh: {}'),
  }
  test.each(Object.entries(keys))('%s', async (key, text) => {
    const told = await problemsOf(text)
    expect(told).toContain(`: "${key}" is not supported yet`)
    expect(told.match(/^m\.yaml:/gm)).toHaveLength(1)
  })
})

interface Part {
  readonly $ref?: string
  readonly type?: unknown
  readonly description?: string
  readonly properties?: Readonly<Record<string, Part>>
  readonly additionalProperties?: Part | boolean
  readonly items?: Part
}

/** Every position of the schema that has a name, with a path that leads there; `*` stands for any name. */
function positions(part: Part, path: readonly string[] = []): readonly { path: readonly string[]; part: Part }[] {
  const { $defs }: { readonly $defs: Readonly<Record<string, Part>> } = schema
  const whole = part.$ref ? { ...$defs[part.$ref.replace('#/$defs/', '')], ...part } : part
  const below = [
    ...Object.entries(whole.properties ?? {}),
    ...(typeof whole.additionalProperties === 'object' ? [['*', whole.additionalProperties] as const] : []),
    ...(whole.items ? [['0', whole.items] as const] : []),
  ]
  return [{ path, part: whole }, ...below.flatMap(([key, child]) => positions(child, [...path, key]))]
}

/** A manifest that has only the given text at a path. */
function manifestWith(path: readonly string[], text: string): string {
  const inner = path.reduceRight(
    (value, key) => (key === '0' ? `[${value}]` : `{ ${key === '*' ? 'x' : key}: ${value} }`),
    text,
  )
  return `version: 1\nname: a\n${inner.slice(2, -2)}\n`
}

describe('the schema and the reader say the same', () => {
  const all = positions(schema as Part).filter(
    ({ path }) => path.length > 0 && !['version', 'name'].includes(path[0] ?? ''),
  )
  const of = (type: string) => all.filter(({ part }) => part.type === type)

  test('everything is described', () =>
    expect(all.filter(({ part }) => !part.description).map(({ path }) => path.join('.'))).toEqual([]))

  test('where a map stands nothing is an empty one', async () => {
    const maps = of('object')
    expect(maps.length).toBeGreaterThan(10)
    for (const { path } of maps)
      expect(await problemsOf(manifestWith(path, '')), path.join('.')).not.toContain('has no value')
  })

  test('elsewhere it is an error, one a place', async () => {
    const others = all.filter(({ part }) => part.type !== 'object')
    expect(others.length).toBeGreaterThan(30)
    for (const { path } of others) {
      const told = await problemsOf(manifestWith(path, path.at(-1) === '0' ? '[]' : ''))
      const places = told.match(/^m\.yaml:\d+:\d+/gm) ?? []
      expect(places.length, path.join('.')).toBeGreaterThan(0)
      expect(new Set(places).size, path.join('.')).toBe(places.length)
    }
  })

  test('truth values are true or false as YAML 1.2 has them, under any directive', async () => {
    const truths = of('boolean')
    expect(truths.length).toBeGreaterThan(10)
    for (const { path } of truths) {
      const key = path.at(-1)
      for (const text of ['yes', '1', 'tRUE', 'null', 'on']) {
        const told = await problemsOf(`%YAML 1.1\n---\n${manifestWith(path, text)}`)
        expect(told).toContain(`${key} is true or false, not "${text}"`)
      }
      expect(await problemsOf(manifestWith(path, '"true"'))).toContain(`"${key}" must be true or false`)
      expect(await problemsOf(manifestWith(path, 'TRUE'))).not.toContain(`${key} is`)
    }
  })

  test.each(['2', '"1"', '1.0', '0x1', 'one', '[]'])('version: %s is another', async (text) =>
    expect(await problemsOf(`version: ${text}\nname: a\n`)).toContain('m.yaml:1:10: "version" must be 1'))
})

test('without references what holds one is not judged, and all else is', async () => {
  const check = async (text: string) => {
    const { checkFragments } = await import('../../../src/manifest/checks/sql-fragments.ts')
    const parsed = await parseManifest('m.yaml', Buffer.from(text), undefined)
    return checkFragments(parsed).then(() => 'fine', String)
  }
  expect(await check(view('query: "${file:orders.sql}"'))).toBe('fine')
  expect(await check(table('columns: { a: "${env:TYPE}" }'))).toBe('fine')
  expect(await check(server('options: { port: "${env:PORT}" }'))).toBe('fine')
  expect(await check(table('columns: { a: int int }'))).toContain('a type and nothing else')
  // With them, `${` is just text, and no way past the grammar.
  expect(await problemsOf(table('columns: { a: "int -- $${" }'))).toBe('')
  expect(await problemsOf(table('columns: { a: "int $${" }'))).toContain('not a type')
  expect((await read(table('columns: { a: "${env:TYPE}" }'))).manifest.schemas?.p?.foreign_tables?.t?.columns?.a).toBe(
    'bigint',
  )
})
