// The type of the spec of each kind, for files that look into objects of certain kinds. Most see specs as data of their kinds.

import type { DbObject, IdOf, KindName } from '../core/object.ts'
import type { RefreshPolicy } from '../core/refresh-policy.ts'
import type { ExtensionSpec } from './extension.ts'
import type { CopySpec } from './facets/copy/copy.ts'
import type { ForeignDataWrapperSpec } from './foreign-data-wrapper.ts'
import type { ForeignTableSpec } from './foreign-table/spec.ts'
import type { IndexSpec } from './index/spec.ts'
import type { ViewSpec } from './materialized-view/plain-view.ts'
import type { ScheduledJobSpec } from './scheduled-job.ts'
import type { SchemaSpec } from './schema.ts'
import type { ServerSpec } from './server.ts'
import type { StatisticsSpec } from './statistics.ts'
import type { TableSpec } from './table/spec.ts'
import type { TypeSpec } from './type/type.ts'
import type { UserMappingSpec } from './user-mapping.ts'

/** The registry proves that these are the specs of the kinds. */
export interface Specs {
  readonly extension: ExtensionSpec
  readonly schema: SchemaSpec
  readonly foreignDataWrapper: ForeignDataWrapperSpec
  readonly type: TypeSpec
  readonly server: ServerSpec
  readonly userMapping: UserMappingSpec
  readonly foreignTable: ForeignTableSpec
  readonly materializedView: CopySpec
  readonly table: TableSpec
  readonly view: ViewSpec
  readonly index: IndexSpec
  readonly statistics: StatisticsSpec
  readonly refreshPolicy: RefreshPolicy
  readonly scheduledJob: ScheduledJobSpec
}

/** The object with the types of its kind, if it is of one of these kinds; undefined for others, or for none. */
export function asKind<Object extends Pick<DbObject, 'id' | 'spec'>, K extends KindName>(
  object: Object | undefined,
  ...kinds: readonly K[]
): (Object & { readonly id: IdOf<K>; readonly spec: Specs[K] }) | undefined {
  const isOfKind = (found: Object): found is Object & { readonly id: IdOf<K>; readonly spec: Specs[K] } =>
    kinds.some((kind) => kind === found.id.kind)
  return object && isOfKind(object) ? object : undefined
}
