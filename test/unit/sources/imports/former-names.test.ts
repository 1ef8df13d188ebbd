// Which tables and columns of a source are found to be renamed.

import { expect, test } from 'vitest'
import { type Key, keyOf } from '../../../../src/core/object.ts'
import type { Ledger, LedgerEntry } from '../../../../src/ledger/read.ts'
import type { TableIdentity } from '../../../../src/manifest/expansion/imports.ts'
import type { ImportRequest } from '../../../../src/manifest/manifest.ts'
import { formerNames } from '../../../../src/sources/imports/former-names.ts'
import { recordedRequest } from '../../../../src/sources/source-records.ts'

const importRequest: ImportRequest = {
  path: ['mirrors', 'm'],
  server: 'shop',
  remoteSchema: 'public',
  schema: 'proxy',
  limitTo: undefined,
  except: [],
  listedExceptions: 0,
  options: {},
  tables: {},
  withIndexes: false,
  withKeys: false,
  copiesTypes: false,
  typesSchema: undefined,
  mirrored: undefined,
}

type Tables = Readonly<Record<string, readonly [oid: number, columns: Readonly<Record<string, number>>]>>

function identities(tables: Tables): ReadonlyMap<string, TableIdentity> {
  return new Map(Object.entries(tables).map(([name, [oid, columns]]) => [name, { oid, columns }]))
}

function ledgerOf(tables: Tables): Ledger {
  const request = recordedRequest(importRequest)
  const entries = Array.from(identities(tables), ([name, identity]): [Key, LedgerEntry] => {
    const id = { kind: 'foreignTable', schema: importRequest.schema, name } as const
    return [keyOf(id), { id, source: { request, response: {}, identity } } as unknown as LedgerEntry] // only these are read
  })
  return { entries: new Map(entries) } as unknown as Ledger // only these are read
}

const rows: Readonly<Record<string, readonly [before: Tables, now: Tables, found: object]>> = {
  'nothing is renamed': [{ a: [1, { x: 1 }] }, { a: [1, { x: 1, y: 2 }] }, {}],
  'a table': [{ a: [1, { x: 1 }] }, { b: [1, { x: 1 }] }, { b: { table: 'a', columns: {} } }],
  'a column': [{ a: [1, { x: 1 }] }, { a: [1, { y: 1 }] }, { a: { table: undefined, columns: { y: 'x' } } }],
  'a table and a column': [{ a: [1, { x: 1 }] }, { b: [1, { y: 1 }] }, { b: { table: 'a', columns: { y: 'x' } } }],
  'a table that was recreated with another column': [{ a: [1, { x: 1 }] }, { a: [2, { y: 1 }] }, {}],
  'a column that was dropped and another added': [{ a: [1, { x: 1 }] }, { a: [1, { y: 2 }] }, {}],
  'tables that swap their names': [{ a: [1, { x: 1 }], b: [2, { x: 1 }] }, { a: [2, { x: 1 }], b: [1, { x: 1 }] }, {}],
  'a table that makes way for another': [{ a: [1, { x: 1 }] }, { a: [2, { x: 1 }], b: [1, { x: 1 }] }, {}],
  'columns that swap their names': [{ a: [1, { x: 1, y: 2 }] }, { a: [1, { y: 1, x: 2 }] }, {}],
  'a column that takes the name of one that goes': [{ a: [1, { x: 1, y: 2 }] }, { a: [1, { y: 1 }] }, {}],
}

test.each(Object.entries(rows))('%s', (_, [before, now, found]) => {
  expect(Object.fromEntries(formerNames(ledgerOf(before), importRequest, identities(now)))).toEqual(found)
})
