// Runs the tables of this folder: what each kind compares, alters, settles and writes. Without a database.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FieldChange } from '../../../src/core/change.ts'
import { type KindName, keyOf } from '../../../src/core/object.ts'
import { createRunDigests } from '../../../src/introspector/digests.ts'
import { Variable, type WriteContext } from '../../../src/kinds/facets/stanza.ts'
import { declaredKindOf } from '../../../src/kinds/registry.ts'
import { parseManifest } from '../../../src/manifest/parse.ts'
import { isSameSql, textOf } from './sql.ts'
import type { RoundTrips, Row } from './table.ts'
import { type AnyTable, tables } from './tables.ts'

const digests = createRunDigests()
const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../../schemas/manifest.schema.json'), 'utf8'))

describe.each(Object.entries(tables) as [KindName, AnyTable][])('%s', (_, table) => {
  const rows = [
    ...Object.entries(table.compare).flatMap(([field, all]) => titled(field, all)),
    ...titled('together', table.together ?? []),
  ]

  test.each(rows)('compare: %s', async (_title, [from, to, changes, effect, context]) => {
    const { kind, id, spec } = table
    const [live, wanted] = [
      { ...spec, ...from },
      { ...spec, ...to },
    ]
    const last = context?.last && { ...spec, ...context.last }
    const fields = kind.compare(id, live, wanted, { declared: { ...wanted, ...context?.declared }, last, digests })
    expect(fields.map(changeText)).toEqual([changes].flat())
    if (fields.length === 0) return
    if (effect === 'replace' || effect === 'populate') {
      expect(fields.map((field) => field.effect.how)).toContain(effect)
    } else {
      const sql = textOf([...(kind.unlink?.(id, fields, live) ?? []), ...kind.alter(id, fields, live)])
      // If not, the texts show best what differs.
      if (!(await isSameSql(sql, effect))) expect(sql).toBe(effect)
    }
  })

  test.each(
    Object.entries(table.settle),
  )('settle: %s, if declared, no longer declared or never declared', (field, row) => {
    const [declared, live, standard] = row ?? []
    const settled = (wanted: unknown, last: unknown) =>
      attributeOf(
        table.kind.settle(
          { ...table.spec, [field]: wanted },
          { ...table.spec, [field]: last },
          { ...table.spec, [field]: live },
        ),
        field,
      )
    expect(settled(declared, undefined)).toEqual(declared)
    expect(settled(undefined, declared)).toEqual(standard)
    expect(settled(undefined, undefined)).toEqual(live)
  })

  test.each(table.settleRows ?? [])('settle: %s', (_title, wanted, last, live, settled) => {
    const whole = (part: object | undefined) => part && { ...table.spec, ...part }
    const spec = table.kind.settle(whole(wanted), whole(last), whole(live))
    // As JSON, since the order of columns matters.
    for (const [field, value] of Object.entries(settled))
      expect(JSON.stringify(attributeOf(spec, field))).toBe(JSON.stringify(value))
  })
})

const written = (Object.entries(tables) as [KindName, AnyTable][]).flatMap(([kind, table]) =>
  table.roundTrips ? [[kind, table, table.roundTrips] as const] : [],
)

describe.each(written)('%s in a manifest', (_, table, { definition, unwritten, stanzas, manifest }) => {
  test.each(
    stanzas.map(([stanza, live = {}]) => [Object.keys(stanza).join(', ') || 'nothing', stanza, live] as const),
  )('writes what it declares: %s', async (_title, stanza, live) => {
    const kind = declaredKindOf(table.id)
    const { path } = kind.write(table.id, { ...table.spec, ...live }, context)
    const text = JSON.stringify(placed({ version: 1, name: 'unit', ...manifest }, path, stanza))
    const parsed = await parseManifest('manifest.yaml', Buffer.from(text), undefined)
    const object = kind.declare(parsed.manifest, digests).find(({ id }) => keyOf(id) === keyOf(table.id))
    expect(object?.path).toEqual(path)
    const spec = { ...(object?.spec as object), ...live }
    expect(plain(kind.write(table.id, spec, context).value)).toEqual(stanza)
  })

  test('has every key in one of these stanzas', () => {
    const present = new Set([...stanzas.flatMap(([stanza]) => Object.keys(stanza)), ...Object.keys(unwritten)])
    expect(present).toEqual(new Set(keysOf(definition, present)))
  })
})

/** A definition that lists no keys takes any. */
function keysOf(definition: RoundTrips<unknown>['definition'], present: Iterable<string>): readonly string[] {
  const { properties } = schema.$defs[definition] ?? {}
  return properties ? Object.keys(properties) : [...present]
}

function titled<Spec>(field: string, rows: readonly Row<Spec>[]): readonly (readonly [string, Row<Spec>])[] {
  return rows.map((row) => [row[2].length === 0 ? `${field}: nothing, ${row[3]}` : [row[2]].flat().join(' · '), row])
}

function changeText({ field, from, to }: FieldChange): string {
  return `${field}: ${from ?? 'none'} → ${to ?? 'none'}`
}

const context: WriteContext = { variable: (words) => new Variable(words.join('_').toUpperCase()) }

/** What the file contains: a variable as a reference, and maps without their prototypes. */
function plain(value: unknown): unknown {
  if (value instanceof Variable) return `\${env:${value.name}}`
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}

function placed(around: object, [key, ...rest]: readonly string[], value: object): object {
  if (key === undefined) return { ...around, ...value }
  const inner = (around as Readonly<Record<string, object | undefined>>)[key] ?? {}
  return { ...around, [key]: placed(inner, rest, value) }
}

function attributeOf(spec: unknown, field: string): unknown {
  return (spec as Readonly<Record<string, unknown>>)[field]
}
