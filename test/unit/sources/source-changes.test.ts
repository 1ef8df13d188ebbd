// What has changed at a source since the last apply, and what an apply records for the next comparison.

import { describe, expect, test } from 'vitest'
import { idOf, type Key, keyOf } from '../../../src/core/object.ts'
import { createRunDigests } from '../../../src/introspector/digests.ts'
import type { Ledger, SourceRecord } from '../../../src/ledger/read.ts'
import { expandManifest } from '../../../src/manifest/expansion/expand.ts'
import type { TableStanza } from '../../../src/manifest/expansion/imports.ts'
import { unidentified } from '../../../src/manifest/expansion/lock.ts'
import { sourceChanges } from '../../../src/sources/source-changes.ts'
import { sourceRecords } from '../../../src/sources/source-records.ts'
import { head, read } from '../manifest/reading.ts'

type Tables = Readonly<Record<string, TableStanza>>

const importing = (more = '', declared = '') =>
  `${head}schemas: { p: { imports: [{ server: s, remote_schema: r ${more} }] ${declared} } }\n`
const table = (columns: Readonly<Record<string, string>>): TableStanza => ({ server: 's', columns })
const keyOfTable = (name: string) => keyOf({ kind: 'foreignTable', schema: 'p', name })

async function resolved(text: string, tables: Tables) {
  const parsed = await read(text)
  const [request] = parsed.requests
  if (!request) throw new Error('the manifest has no import')
  const imported = new Map(Object.entries(tables))
  return expandManifest(parsed, [
    {
      request,
      tables: imported,
      types: [],
      indexes: new Map(),
      primaryKeys: new Map(),
      ...unidentified,
      isComplete: true,
    },
  ])
}

function ledgerOf(records: ReadonlyMap<Key, SourceRecord>): Ledger {
  const applied = { declared: {}, hasCanonicalForm: false, searchPath: [] }
  const entry = { oid: 1, createdByFdwsync: true, digest: null, dependencyDigest: null, outdatedBy: [], ...applied }
  const entries = Array.from(records, ([key, source]) => {
    const id = idOf(key)
    if (!id) throw new Error(`no id: ${key}`)
    return [key, { ...entry, id, source }] as const
  })
  const none = { otherOwners: new Map(), protectedByOthers: new Set<Key>() }
  return { exists: true, unreadable: undefined, entries: new Map(entries), ...none }
}

const emptyLedger = ledgerOf(new Map())
const before: Tables = { orders: table({ id: 'integer' }), old: table({ id: 'integer' }) }
const after: Tables = { orders: table({ id: 'bigint' }), added: table({ id: 'integer' }) }

async function changesBetween(first: string, then: Tables, second: string, now: Tables) {
  const ledger = ledgerOf(sourceRecords(await resolved(first, then), emptyLedger))
  const { altered, added, removed } = sourceChanges(await resolved(second, now), ledger, createRunDigests())
  return { altered: [...altered.keys()], added: [...added], removed: [...removed] }
}

const none = { altered: [], added: [], removed: [] }

describe('sourceChanges', () => {
  const retyped: Tables = { ...before, orders: table({ id: 'bigint' }) }
  const { old, orders } = { old: { old: table({ id: 'integer' }) }, orders: { orders: table({ id: 'integer' }) } }
  const declaring = importing('', ', foreign_tables: { orders: { server: s } }')

  test.each<[string, manifest: string, Tables, nextManifest: string, Tables, object]>([
    ['nothing has changed', importing(), before, importing(), before, none],
    [
      'tables were altered, added and dropped at the source',
      importing(),
      before,
      importing(),
      after,
      { altered: [keyOfTable('orders')], added: [keyOfTable('added')], removed: [keyOfTable('old')] },
    ],
    ['the manifest excludes a table', importing(), before, importing(', except: [old]'), orders, none],
    ['the manifest requests another table', importing(', limit_to: [old]'), old, importing(), retyped, none],
    [
      'the import has other options that change only attributes of columns',
      importing(),
      { ...before, same: table({ id: 'integer' }) },
      importing(', options: { import_default: "true" }'),
      { ...after, same: { server: 's', columns: { id: { type: 'integer', default: '1' } } } },
      { altered: [keyOfTable('orders')], added: [keyOfTable('added')], removed: [keyOfTable('old')] },
    ],
    [
      'the import has other options',
      importing(),
      before,
      importing(', options: { import_enum_as_text: "true" }'),
      after,
      none,
    ],
    ['the manifest declares the table', importing(), before, declaring, retyped, none],
  ])('%s', async (_, manifest, then, nextManifest, now, expected) => {
    expect(await changesBetween(manifest, then, nextManifest, now)).toEqual(expected)
  })

  test('a first import is no change of the source', async () => {
    const changes = sourceChanges(await resolved(importing(), before), emptyLedger, createRunDigests())
    expect([changes.altered.size, changes.added.size, changes.removed.size]).toEqual([0, 0, 0])
  })
})

describe('sourceRecords', () => {
  test('the response is recorded as the source gave it, without what the manifest declares about it', async () => {
    const text = importing(', tables: { orders: { comment: all of them } }')
    const records = sourceRecords(await resolved(text, before), emptyLedger)
    expect([...records.keys()]).toEqual([keyOfTable('orders'), keyOfTable('old')])
    expect(records.get(keyOfTable('orders'))).toMatchObject({
      request: { server: 's', remoteSchema: 'r', limitTo: null, except: [] },
      response: table({ id: 'integer' }),
    })
  })

  test('a declared table has no record', async () => {
    const text = importing('', ', foreign_tables: { orders: { server: s } }')
    expect([...sourceRecords(await resolved(text, before), emptyLedger).keys()]).toEqual([keyOfTable('old')])
  })

  test('if the source was not asked, the records are kept', async () => {
    const records = sourceRecords(await resolved(importing(), before), emptyLedger)
    const parsed = await read(importing())
    expect(sourceRecords(expandManifest(parsed, []), ledgerOf(records))).toEqual(records)
  })
})
