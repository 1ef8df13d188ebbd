// The JSON Schema of manifests and the parser agree, for every key of the schema.

import { describe, expect, test } from 'vitest'
import schema from '../../../schemas/manifest.schema.json' with { type: 'json' }
import { Secret } from '../../../src/core/secret.ts'
import { parseManifest } from '../../../src/manifest/parse.ts'
import { problemsOf, read, server, table, view } from './reading.ts'

test('the example of the contract is valid', async () => {
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

interface Part {
  readonly $ref?: string
  readonly type?: unknown
  readonly description?: string
  readonly properties?: Readonly<Record<string, Part>>
  readonly additionalProperties?: Part | boolean
  readonly items?: Part
}

/** Every position of the schema, with its path; `*` is any name. */
function positions(part: Part, path: readonly string[] = []): readonly { path: readonly string[]; part: Part }[] {
  const { $defs }: { readonly $defs: Readonly<Record<string, Part>> } = schema
  const resolved = part.$ref ? { ...$defs[part.$ref.replace('#/$defs/', '')], ...part } : part
  const below = [
    ...Object.entries(resolved.properties ?? {}),
    ...(typeof resolved.additionalProperties === 'object' ? [['*', resolved.additionalProperties] as const] : []),
    ...(resolved.items ? [['0', resolved.items] as const] : []),
  ]
  return [{ path, part: resolved }, ...below.flatMap(([key, child]) => positions(child, [...path, key]))]
}

/** A manifest that has only the given text at a path. */
function manifestWith(path: readonly string[], text: string): string {
  const inner = path.reduceRight(
    (value, key) => (key === '0' ? `[${value}]` : `{ ${key === '*' ? 'x' : key}: ${value} }`),
    text,
  )
  return `version: 1\nname: a\n${inner.slice(2, -2)}\n`
}

describe('the schema and the parser', () => {
  const all = positions(schema as Part).filter(
    ({ path }) => path.length > 0 && !['version', 'name'].includes(path[0] ?? ''),
  )
  const of = (type: string) => all.filter(({ part }) => part.type === type)

  test('describe every key', () =>
    expect(all.filter(({ part }) => !part.description).map(({ path }) => path.join('.'))).toEqual([]))

  test('accept a missing value as an empty map', async () => {
    const maps = of('object')
    expect(maps.length).toBeGreaterThan(10)
    for (const { path } of maps)
      expect(await problemsOf(manifestWith(path, '')), path.join('.')).not.toContain('has no value')
  })

  test('refuse any other missing value, once for each place', async () => {
    const scalars = all.filter(({ part }) => part.type !== 'object')
    expect(scalars.length).toBeGreaterThan(30)
    for (const { path } of scalars) {
      const reported = await problemsOf(manifestWith(path, path.at(-1) === '0' ? '[]' : ''))
      const places = reported.match(/^m\.yaml:\d+:\d+/gm) ?? []
      expect(places.length, path.join('.')).toBeGreaterThan(0)
      expect(new Set(places).size, path.join('.')).toBe(places.length)
    }
  })

  test('accept booleans of YAML 1.2 only, under any directive', async () => {
    const booleans = all.filter(({ part }) => part.$ref === '#/$defs/truth_value')
    expect(booleans.length).toBeGreaterThan(10)
    for (const { path } of booleans) {
      const key = path.at(-1)
      for (const text of ['yes', '1', 'tRUE', 'null', 'on']) {
        const reported = await problemsOf(`%YAML 1.1\n---\n${manifestWith(path, text)}`)
        expect(reported).toContain(`"${key}" must be true or false, not "${text}"`)
      }
      expect(await problemsOf(manifestWith(path, '"true"'))).toContain(`"${key}" must be true or false`)
      expect(await problemsOf(manifestWith(path, 'TRUE'))).not.toContain(`"${key}" must be`)
    }
  })

  test.each(['2', '"1"', '1.0', '0x1', 'one', '[]'])('refuse version: %s', async (text) =>
    expect(await problemsOf(`version: ${text}\nname: a\n`)).toContain('m.yaml:1:10: "version" must be 1'))
})

test('values with unresolved references are not checked, and all scalars are', async () => {
  const check = async (text: string) => {
    const { checkFragments } = await import('../../../src/manifest/checks/sql-fragments.ts')
    const parsed = await parseManifest('m.yaml', Buffer.from(text), undefined)
    return checkFragments(parsed).then(() => 'fine', String)
  }
  expect(await check(view('query: "${file:orders.sql}"'))).toBe('fine')
  expect(await check(table('columns: { a: "${env:TYPE}" }'))).toBe('fine')
  expect(await check(server('options: { port: "${env:PORT}" }'))).toBe('fine')
  expect(await check(table('columns: { a: int int }'))).toContain('expected exactly one type')
  // With references resolved, `${` is just text, and does not bypass the check.
  expect(await problemsOf(table('columns: { a: "int -- $${" }'))).toBe('')
  expect(await problemsOf(table('columns: { a: "int $${" }'))).toContain('invalid type')
  expect((await read(table('columns: { a: "${env:TYPE}" }'))).manifest.schemas?.p?.foreign_tables?.t?.columns?.a).toBe(
    'bigint',
  )
})
