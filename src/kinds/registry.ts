import type { KindName, ObjectId } from '../core/object.ts'
import { extension } from './extension.ts'
import { foreignDataWrapper } from './foreign-data-wrapper.ts'
import { foreignTable } from './foreign-table.ts'
import { index } from './index.ts'
import type { AnyKind } from './kind.ts'
import { materializedView } from './materialized-view.ts'
import { schema } from './schema.ts'
import { server } from './server.ts'
import { statistics } from './statistics.ts'
import { type } from './type.ts'
import { userMapping } from './user-mapping.ts'

/** Every kind there is. The type makes a kind without an entry an error. */
const byName: { readonly [K in KindName]: AnyKind } = {
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

/** In the order in which they are made. */
export const kinds: readonly AnyKind[] = Object.values(byName).sort((left, right) => left.rank - right.rank)

export function kindOf(id: ObjectId): AnyKind {
  return byName[id.kind]
}

export function titleOf(id: ObjectId): string {
  return kindOf(id).title(id)
}
