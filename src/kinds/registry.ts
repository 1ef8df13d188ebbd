import type { KindName, ObjectId } from '../core/object.ts'
import { extension } from './extension.ts'
import { foreignDataWrapper } from './foreign-data-wrapper.ts'
import { foreignTable } from './foreign-table/foreign-table.ts'
import { index } from './index/index-kind.ts'
import type { AnyDeclaredKind, AnyKind } from './kind.ts'
import { materializedView } from './materialized-view/materialized-view.ts'
import { view } from './materialized-view/plain-view.ts'
import { schema } from './schema.ts'
import { server } from './server.ts'
import { statistics } from './statistics.ts'
import { type } from './type/type.ts'
import { userMapping } from './user-mapping.ts'

/** The kinds that manifests declare. The types make a kind without an entry an error. */
const declared: { readonly [K in Exclude<KindName, 'view'>]: AnyDeclaredKind } = {
  schema,
  extension,
  foreignDataWrapper,
  type,
  server,
  userMapping,
  foreignTable,
  materializedView,
  index,
  statistics,
}

/** Plain views are people's: they only follow what they read. */
const byName: { readonly [K in KindName]: AnyKind } = { ...declared, view }

/** What a manifest declares, in the order in which it is made. */
export const declaredKinds: readonly AnyDeclaredKind[] = Object.values(declared).sort(
  (left, right) => left.rank - right.rank,
)

/** Whatever is read from the catalogs. */
export const kinds: readonly AnyKind[] = Object.values(byName)

/** @throws Error for the kind that no manifest declares */
export function declaredKindOf(id: ObjectId): AnyDeclaredKind {
  if (id.kind === 'view') throw new Error(`${titleOf(id)} is no object of a manifest`)
  return declared[id.kind]
}

export function kindOf(id: ObjectId): AnyKind {
  return byName[id.kind]
}

export function titleOf(id: ObjectId): string {
  return kindOf(id).title(id)
}
