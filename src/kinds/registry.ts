// The list of kinds, and the way from an id to its kind.
import { kindTitle } from '../core/kind-change.ts'
import type { DbObject, IdOf, Key, KindName, ObjectId } from '../core/object.ts'
import { extension } from './extension.ts'
import { foreignDataWrapper } from './foreign-data-wrapper.ts'
import { foreignTable } from './foreign-table/foreign-table.ts'
import { index } from './index/index-kind.ts'
import type { AnyDeclaredKind, AnyKind, DeclaredKind, KindOf } from './kind.ts'
import { materializedView } from './materialized-view/materialized-view.ts'
import { view } from './materialized-view/plain-view.ts'
import { refreshPolicy } from './refresh-policy.ts'
import { scheduledJob } from './scheduled-job.ts'
import { schema } from './schema.ts'
import { server } from './server.ts'
import type { Specs } from './specs.ts'
import { statistics } from './statistics.ts'
import { table } from './table/table.ts'
import { type } from './type/type.ts'
import { userMapping } from './user-mapping.ts'

/** The kinds that manifests declare. A kind without an entry is a type error. */
const declared: { readonly [K in Exclude<KindName, 'view'>]: DeclaredKind<K, Specs[K]> } = {
  schema,
  extension,
  foreignDataWrapper,
  type,
  server,
  userMapping,
  foreignTable,
  materializedView,
  table,
  index,
  statistics,
  refreshPolicy,
  scheduledJob,
}

/** No manifest declares a plain view: it is only kept working when what it reads is replaced. */
const byName: { readonly [K in KindName]: KindOf<IdOf<K>, Specs[K]> } = { ...declared, view }

/** The kinds that a manifest declares, in the order in which they are created. */
export const declaredKinds: readonly AnyDeclaredKind[] = Object.values(declared).sort(
  (left, right) => left.rank - right.rank,
)

/** Their names. */
export const kindNames: readonly KindName[] = declaredKinds.map(({ kind }) => kind)

/** All kinds that are read from the catalogs. */
export const kinds: readonly AnyKind[] = Object.values(byName)

/** @throws Error for the kind that no manifest declares */
export function declaredKindOf(id: ObjectId): AnyDeclaredKind {
  if (id.kind === 'view') throw new Error(`${titleOf(id)} cannot be declared in a manifest`)
  return declared[id.kind]
}

export function kindOf(id: ObjectId): AnyKind {
  return byName[id.kind]
}

/** What it lives and dies with: the materialized view of an index, for example. */
export function parentOf({ id, spec }: Pick<DbObject, 'id' | 'spec'>): Key | undefined {
  return kindOf(id).child?.parentOf(spec, id)
}

export function titleOf(id: ObjectId): string {
  return kindOf(id).title(id)
}

/** `proxy.orders` of `foreign table proxy.orders`. */
export function titleWithoutKind(id: ObjectId): string {
  return titleOf(id).slice(kindTitle(id).length + 1)
}

/** Whether the object itself is a row of the ledger, so that it is unknown if the ledger cannot be read. */
export function isInLedger(id: ObjectId): boolean {
  return kindOf(id).catalog.startsWith('fdwsync.')
}
