// Which relations of a source a mirror copies, and what a plan reports of the others.

import { expect, test } from 'vitest'
import type { MirroredRelations } from '../../../../src/manifest/manifest.ts'
import { chooseRelations, leftOutWarnings } from '../../../../src/sources/imports/choose-relations.ts'
import type { RemoteRelation } from '../../../../src/sources/remote-catalog.ts'

const relation = (name: string, relkind: RemoteRelation['relkind'], more: Partial<RemoteRelation> = {}) => ({
  ...{ name, relkind, isPartition: false, extension: null },
  ...more,
})

const source: readonly RemoteRelation[] = [
  relation('days', 'p'),
  relation('days_1', 'p', { isPartition: true }),
  relation('days_1_a', 'r', { isPartition: true }),
  relation('orders', 'r'),
  relation('remote', 'f'),
  relation('spatial_ref_sys', 'r', { extension: 'postgis' }),
  relation('totals', 'm'),
  relation('v1', 'v'),
  relation('v2', 'v'),
]

const standard: MirroredRelations = { kinds: ['tables'], isDefault: true, partitions: 'parent', named: [] }
const all = { limitTo: undefined, except: [] }

test.each<[string, Partial<MirroredRelations>, readonly string[], readonly string[]]>([
  ['tables alone by default', {}, ['days', 'orders'], ['remote', 'spatial_ref_sys', 'totals', 'v1', 'v2']],
  [
    'views too',
    { kinds: ['tables', 'views'] },
    ['days', 'orders', 'v1', 'v2'],
    ['remote', 'spatial_ref_sys', 'totals'],
  ],
  [
    'views alone',
    { kinds: ['views', 'materialized_views', 'foreign_tables'] },
    ['remote', 'totals', 'v1', 'v2'],
    ['days', 'orders', 'spatial_ref_sys'],
  ],
  [
    'each partition',
    { partitions: 'each' },
    ['days_1_a', 'orders'],
    ['remote', 'spatial_ref_sys', 'totals', 'v1', 'v2'],
  ],
  [
    'what is named, of whatever kind',
    { named: ['spatial_ref_sys', 'v1', 'days_1'] },
    ['days', 'days_1', 'orders', 'spatial_ref_sys', 'v1'],
    ['remote', 'totals', 'v2'],
  ],
])('%s', (_, given, names, leftOut) => {
  const chosen = chooseRelations(source, all, { ...standard, ...given })
  expect(chosen.names).toEqual(names)
  expect(chosen.leftOut.map(({ name }) => name)).toEqual(leftOut)
})

test('what is excluded is not left out', () => {
  const chosen = chooseRelations(source, { limitTo: undefined, except: ['v1', 'spatial_ref_sys', 'orders'] }, standard)
  expect(chosen.names).toEqual(['days'])
  expect(chosen.leftOut.map(({ name }) => name)).toEqual(['remote', 'totals', 'v2'])
})

test('limit_to is all that is copied', () => {
  expect(chooseRelations(source, { limitTo: ['v1'], except: [] }, standard)).toEqual({ names: ['v1'], leftOut: [] })
})

test('one line lists what is left out, and how to have it', () => {
  const many = Array.from({ length: 7 }, (_, at) => relation(`v${at}`, 'v'))
  const leftOut = [...many, relation('geometry_columns', 'v', { extension: 'postgis' })]
  const [warning, ...others] = leftOutWarnings({ path: ['mirrors', 'shop'] }, leftOut, standard)
  expect(others).toEqual([])
  expect(warning?.message).toBe(
    'mirror shop leaves out 7 views (v0, v1, v2, v3, v4 and 2 more), 1 view of extension postgis (geometry_columns). To copy them, list their kinds: relations: [tables, views], or name them below "tables"; to leave them out without a warning, use except.',
  )
})

test('nothing is reported of kinds that the manifest does not list on purpose', () => {
  const path = ['mirrors', 'shop']
  expect(leftOutWarnings({ path }, [relation('v', 'v')], { ...standard, isDefault: false })).toEqual([])
})
