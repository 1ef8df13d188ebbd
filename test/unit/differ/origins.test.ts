// The origin of each field of each kind, by the rows that the kinds' own tests compare: no database, and the canonical forms are given.
import { describe, expect, test } from 'vitest'
import type { FieldChange, LiveObject, WantedObject } from '../../../src/core/change.ts'
import { keyOf } from '../../../src/core/object.ts'
import { fieldOrigins, type OriginInput } from '../../../src/differ/origins.ts'
import { createRunDigests } from '../../../src/introspector/digests.ts'
import type { Row } from '../kinds/table.ts'
import { type AnyTable, tables } from '../kinds/tables.ts'

const digests = createRunDigests()

type Spec = Readonly<Record<string, unknown>>

interface Situation {
  readonly last: Spec
  readonly live: Spec
  readonly wanted: Spec
  /** What would be declared if the source had not changed. */
  readonly asAtSource?: Spec
}

/** `column a type: manifest and drift`, one per field of the change. */
function originsIn({ kind, id }: AnyTable, situation: Situation, more: Partial<OriginInput> = {}): readonly string[] {
  const { last, live, wanted, asAtSource } = situation
  const recorded = {
    id,
    oid: 1,
    createdByFdwsync: true,
    declared: last,
    hasCanonicalForm: true,
    searchPath: ['public'],
    digest: null,
    dependencyDigest: null,
    source: null,
    outdatedBy: [],
  }
  const object: WantedObject = { id, spec: wanted, needs: [], declared: wanted, written: wanted }
  const found: LiveObject = { id, spec: live, needs: [], oid: 1, catalog: kind.catalog, digest: null, locked: false }
  const originsOf = fieldOrigins({
    entry: recorded,
    canonical: last,
    wanted: object,
    live: found,
    searchPath: ['public'],
    digests,
    altered: new Map(asAtSource ? [[keyOf(id), asAtSource]] : []),
    hasChangedNeeds: false,
    ...more,
  })
  const fields = kind.compare(id, live, wanted, { declared: wanted, last: undefined, digests })
  const text = (field: FieldChange) => {
    const origins = originsOf(field)
    return `${field.field}: ${typeof origins === 'string' ? origins : origins.join(' and ') || 'unknown'}`
  }
  return fields.filter(({ effect }) => effect.how !== 'populate').map(text)
}

function ends(origins: readonly string[]): readonly string[] {
  return [...new Set(origins.map((origin) => origin.replace(/^.*: /, '')))]
}

/** Rows without a context, whose wanted spec is one that an object can have. */
function rowsOf({
  kind,
  id,
  compare,
  together = [],
  spec,
}: AnyTable): readonly (readonly [title: string, from: Spec, to: Spec])[] {
  const rows: readonly Row<Spec>[] = [...Object.values(compare).flat(), ...together]
  return rows.flatMap(([before, after, changes, effect, context]) => {
    const [from, to] = [
      { ...spec, ...before },
      { ...spec, ...after },
    ]
    const isLive = kind.compare(id, to, to, { declared: to, last: undefined, digests }).length === 0
    const isSkipped = changes.length === 0 || effect === 'populate' || context || !isLive
    if (isSkipped || JSON.stringify(changes).includes('(secret)')) return []
    return [[[changes].flat().join(' · '), from, to] as const]
  })
}

describe.each(Object.entries(tables) as [string, AnyTable][])('%s', (_, table) => {
  test.each(rowsOf(table))('%s', (_title, from, to) => {
    expect(ends(originsIn(table, { last: from, live: from, wanted: to })), 'in the manifest').toEqual(['manifest'])
    expect(ends(originsIn(table, { last: to, live: from, wanted: to })), 'in the database').toEqual(['drift'])
    if (!imported.has(table.kind.kind)) return
    const atSource = originsIn(table, { last: from, live: from, wanted: to, asAtSource: from })
    expect(ends(atSource), 'at the source').toEqual(['source'])
  })
})

const imported = new Set<string>(['foreignTable', 'index', 'type'])

const third = (table: AnyTable, last: Spec, live: Spec, wanted: Spec, asAtSource?: Spec) =>
  originsIn(table, {
    last: { ...table.spec, ...last },
    live: { ...table.spec, ...live },
    wanted: { ...table.spec, ...wanted },
    ...(asAtSource ? { asAtSource: { ...table.spec, ...asAtSource } } : {}),
  })

describe('several origins', () => {
  const { server, materializedView, index } = tables as Record<string, AnyTable>

  test.each([
    ['a value that is a third one in the database', server, { version: '1' }, { version: '2' }, { version: '3' }],
    ['a query', materializedView, { query: 'SELECT 1' }, { query: 'SELECT 2' }, { query: 'SELECT 3' }],
    ['the method of an index', index, { method: 'hash' }, { method: 'gist' }, { method: 'gin' }],
  ] as const)('%s', (_title, table, last, live, wanted) => {
    if (!table) throw new Error('no such table')
    expect(ends(third(table, last, live, wanted))).toEqual(['manifest and drift'])
    expect(ends(third(table, last, live, wanted, last))).toEqual(['source and drift'])
    expect(ends(third(table, last, last, wanted, live))).toEqual(['manifest and source'])
    expect(ends(third(table, last, { ...last, comment: 'x' }, { ...wanted, comment: '' }))).toEqual(
      expect.arrayContaining(['manifest']),
    )
  })
})
