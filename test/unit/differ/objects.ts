// Objects for the tests of the differ: live, wanted and recorded ones, with the specs of the kinds' own tables, and texts of what
// comes out. All relations are in the schema s, and have a column a.

import type { Change, FieldChange, LiveObject, Replace, WantedObject } from '../../../src/core/change.ts'
import type { Dependent } from '../../../src/core/dependent.ts'
import { type IdOf, type Key, type KindName, keyOf, type ObjectId } from '../../../src/core/object.ts'
import type { Step } from '../../../src/core/plan.ts'
import { trusted } from '../../../src/core/sql.ts'
import { titleOf } from '../../../src/kinds/registry.ts'
import type { Ledger, LedgerEntry } from '../../../src/ledger/read.ts'
import { foreignTableTable } from '../kinds/foreign-table.ts'
import { indexTable } from '../kinds/index-kind.ts'
import { materializedViewTable } from '../kinds/materialized-view.ts'
import { viewTable } from '../kinds/plain-view.ts'
import { schemaTable } from '../kinds/schema.ts'
import { serverTable } from '../kinds/server.ts'
import { userMappingTable } from '../kinds/user-mapping.ts'

export interface Fixture {
  readonly id: ObjectId
  readonly key: Key
  readonly spec: unknown
  readonly needs: readonly Key[]
}

type Spec = Readonly<Record<string, unknown>>

function fixture(id: ObjectId, spec: unknown, needs: readonly Fixture[]): Fixture {
  return { id, key: keyOf(id), spec, needs: needs.map(({ key }) => key) }
}

export const schema = (name: string, spec: Spec = {}): Fixture =>
  fixture({ kind: 'schema', name }, { ...schemaTable.spec, ...spec }, [])

export const server = (name: string, spec: Spec = {}): Fixture =>
  fixture({ kind: 'server', name }, { ...serverTable.spec, ...spec }, [])

export const mapping = (on: Fixture, spec: Spec = {}): Fixture =>
  fixture({ kind: 'userMapping', server: nameOf(on), role: 'app' }, { ...userMappingTable.spec, ...spec }, [on])

export const table = (name: string, on: Fixture = shop, spec: Spec = {}): Fixture =>
  fixture(relation('foreignTable', name), { ...foreignTableTable.spec, server: nameOf(on), ...spec }, [on])

/** A materialized view. */
export const copy = (name: string, reads: readonly Fixture[] = [], spec: Spec = {}): Fixture =>
  fixture(relation('materializedView', name), { ...materializedViewTable.spec, ...spec }, reads)

/** A plain view. */
export const view = (name: string, reads: readonly Fixture[] = []): Fixture =>
  fixture(relation('view', name), viewTable.spec, reads)

export const index = (name: string, on: Fixture, spec: Spec = {}): Fixture =>
  fixture(relation('index', name), { ...indexTable.spec, on: { schema: 's', name: nameOf(on) }, ...spec }, [on])

function relation<Kind extends KindName>(kind: Kind, name: string): IdOf<Kind> & ObjectId {
  return { kind, schema: 's', name } as IdOf<Kind> & ObjectId // for kinds that are in a schema
}

function nameOf({ id }: Fixture): string {
  return 'name' in id ? id.name : ''
}

export const shop = server('shop')

/** The column a of a table or a materialized view, with another type. */
export const retyped = (type: string): Spec => ({ columns: { a: { ...foreignTableTable.spec.columns.a, type } } })
export const retypedCopy = (type: string): Spec => ({
  query: `SELECT a::${type}`,
  columns: materializedViewTable.spec.columns.map((column) => ({ ...column, type })),
})

let lastOid = 0
const oids = new Map<Key, number>()

/** Objects with the same key have the same OID. */
export function live({ id, key, spec, needs }: Fixture, more: Partial<LiveObject> = {}): LiveObject {
  const oid = oids.get(key) ?? ++lastOid
  oids.set(key, oid)
  return { id, spec, needs, oid, catalog: 'pg_class', digest: null, locked: false, ...more }
}

export function wanted({ id, spec, needs }: Fixture): WantedObject {
  return { id, spec, needs, declared: spec, written: spec }
}

export const liveState = (...all: readonly Fixture[]) => new Map(all.map((each) => [each.key, live(each)]))
export const wantedState = (...all: readonly Fixture[]) => new Map(all.map((each) => [each.key, wanted(each)]))

/** As recorded by an apply of exactly these objects. */
export function entry(object: Fixture, more: Partial<LedgerEntry> = {}): LedgerEntry {
  const { id, oid } = live(object)
  return {
    id,
    oid,
    createdByFdwsync: true,
    declared: object.spec,
    hasCanonicalForm: true,
    searchPath: ['public'],
    digest: null,
    dependencyDigest: null,
    source: null,
    outdatedBy: [],
    ...more,
  }
}

export function ledger(entries: readonly LedgerEntry[], more: Partial<Ledger> = {}): Ledger {
  return {
    exists: true,
    unreadable: undefined,
    entries: new Map(entries.map((each) => [keyOf(each.id), each])),
    otherOwners: new Map(),
    protectedByOthers: new Set(),
    ...more,
  }
}

export const recorded = (...all: readonly Fixture[]) => ledger(all.map((each) => entry(each)))

export const create = (to: Fixture): Change => ({ op: 'create', key: to.key, to: wanted(to) })
export const drop = (from: Fixture): Change => ({ op: 'drop', key: from.key, from: live(from) })
export const adopt = (to: Fixture): Change => ({ op: 'adopt', key: to.key, to: wanted(to) })

export const alter = (object: Fixture, fields: readonly FieldChange[], to: Fixture = object): Change => ({
  op: 'alter',
  key: object.key,
  from: live(object),
  to: wanted(to),
  fields,
})

export const replace = (
  object: Fixture,
  how: Replace['how'],
  to: Fixture = object,
  fields: readonly FieldChange[] = [field('x', 'replace')],
): Replace => ({ op: 'replace', key: object.key, from: live(object), to: wanted(to), fields, how })

export function field(
  name: string,
  how: 'clause' | 'replace' | 'populate' | 'rename' = 'clause',
  more: Partial<FieldChange> = {},
): FieldChange {
  const effect = how === 'clause' ? ({ how, clause: [trusted('SET')] } as const) : { how }
  return { field: name, from: 'x', to: 'y', effect, ...more }
}

export function dependent(on: Fixture, own: Fixture | string, more: Partial<Dependent> = {}): Dependent {
  const isKnown = typeof own !== 'string'
  return {
    on: on.key,
    column: null,
    key: isKnown ? own.key : undefined,
    parent: undefined,
    view: undefined,
    description: isKnown ? titleOf(own.id) : own,
    ...more,
  }
}

/** An unmanaged plain view that can be repointed. */
export const dependentView = (on: Fixture, own: Fixture, more: Partial<NonNullable<Dependent['view']>> = {}) =>
  dependent(on, own, { view: { oid: live(own).oid, otherOwner: null, whyNotRepointed: null, ...more } })

/** `replace materialized view s.a, beside: foreign table s.t`. */
export function changeText(change: Change): string {
  switch (change.op) {
    case 'create':
    case 'adopt':
      return `${change.op} ${titleOf(change.to.id)}`
    case 'alter':
      return `alter ${titleOf(change.to.id)}: ${fieldNames(change.fields)}`
    case 'replace': {
      const unmanaged = change.isUnmanaged ? 'unmanaged ' : ''
      return `replace ${unmanaged}${titleOf(change.to.id)}, ${change.how}: ${fieldNames(change.fields)}`
    }
    case 'drop':
      return `drop ${titleOf(change.from.id)}`
    case 'release':
      return `release: ${change.because}`
  }
}

const fieldNames = (fields: readonly FieldChange[]) => fields.map((each) => each.field).join(', ')

/** `build create index s.i < build materializedView s.a`: a step and the ids of those that it waits for. */
export function stepText({ stage, action, title, after }: Step): string {
  return [`${stage} ${action} ${title}`, ...after.map(readableId)].join(' < ')
}

const readableId = (id: string) =>
  id.replace(/\["(\w+)","?(\w+)"?,"(\w+)"\]/, '$2.$3').replace(/\["\w+","(\w+)"\]/, '$1')
