// Renames that the manifest declares: what becomes of the ledger, of columns, and of queries that use old names.

import { describe, expect, test } from 'vitest'
import {
  queriesUsingOldNames,
  type Renaming,
  rekeyLedger,
  withColumnsRenamed,
} from '../../../../src/planner/renames/renamed-from.ts'
import { copy, entry, ledger, live, recorded, shop, table } from '../../differ/objects.ts'

const [old, orders] = [table('old'), table('orders')]
const renaming: Renaming = {
  objects: new Map([[orders.key, old.id]]),
  rekeyed: new Map([[old.key, orders.id]]),
  refusals: [],
}

test('entries of the ledger get the new keys, and replace an entry of an object that is gone', () => {
  const both = ledger([entry(old, { oid: 1 }), entry(orders, { oid: 2 })])
  expect([...rekeyLedger(both, renaming).entries.values()].map(({ id, oid }) => [id, oid])).toEqual([[orders.id, 1]])
})

test('queries that use old names are problems', async () => {
  const declared = ['s.old', 'old', 's.orders'].map((relation, at) => ({
    ...copy(`c${at}`, [], { query: `SELECT a FROM ${relation}` }),
    path: [],
  }))
  const found = await queriesUsingOldNames(declared, renaming, ['s'])
  expect(found.map(({ key, reason, hint }) => [key, reason, hint])).toEqual(
    ['c0', 'c1'].map((name) => [
      copy(name).key,
      'it reads foreign table s.old, which this manifest renames',
      'Write the new name: foreign table s.orders.',
    ]),
  )
})

describe('columns', () => {
  const columns = (...names: readonly string[]) => {
    const { a } = (orders.spec as { readonly columns: { readonly a: object } }).columns // as in the tables of kinds
    return table('orders', shop, { columns: Object.fromEntries(names.map((name) => [name, a])) })
  }
  const renamed = (exists: ReturnType<typeof columns>, known = recorded(exists)) => {
    const declared = [{ ...columns('new'), path: [], renamedColumns: new Map([['old', 'new']]) }]
    const catalog = { live: new Map([[exists.key, live(exists)]]), occupied: new Map() }
    const result = withColumnsRenamed(catalog, known, declared)
    const spec = result.catalog.live.get(exists.key)?.spec as { readonly columns: object }
    return [Object.keys(spec.columns), result.refusals.map(({ reason }) => reason)]
  }
  test('are shown under their new names', () => {
    expect(renamed(columns('old'))).toEqual([['new'], []])
  })
  test('stay if the rename is done', () => {
    expect(renamed(columns('new'))).toEqual([['new'], []])
  })
  test('are refused if both exist, unless the new one is recorded', () => {
    expect(renamed(columns('old', 'new'), ledger([]))).toEqual([
      ['old', 'new'],
      ['renamed_from: both columns "old" and "new" exist'],
    ])
    expect(renamed(columns('old', 'new'))).toEqual([['old', 'new'], []])
  })
})
