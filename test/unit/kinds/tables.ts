// The tables of this folder, by kind.
import type { KindName } from '../../../src/core/object.ts'
import { extensionTable } from './extension.ts'
import { foreignDataWrapperTable } from './foreign-data-wrapper.ts'
import { foreignTableTable } from './foreign-table.ts'
import { indexTable } from './index-kind.ts'
import { materializedViewTable } from './materialized-view.ts'
import { viewTable } from './plain-view.ts'
import { refreshPolicyTable } from './refresh-policy.ts'
import { scheduledJobTable } from './scheduled-job.ts'
import { schemaTable } from './schema.ts'
import { serverTable } from './server.ts'
import { statisticsTable } from './statistics.ts'
import type { KindTable } from './table.ts'
import { tableTable } from './table-kind.ts'
import { typeTable } from './type.ts'
import { userMappingTable } from './user-mapping.ts'

/** Specs differ from kind to kind, and the tests do not look into them. */
export type AnyTable = KindTable<Readonly<Record<string, unknown>>>

export const tables: { readonly [K in KindName]: unknown } = {
  schema: schemaTable,
  extension: extensionTable,
  foreignDataWrapper: foreignDataWrapperTable,
  type: typeTable,
  server: serverTable,
  userMapping: userMappingTable,
  foreignTable: foreignTableTable,
  materializedView: materializedViewTable,
  table: tableTable,
  view: viewTable,
  index: indexTable,
  statistics: statisticsTable,
  refreshPolicy: refreshPolicyTable,
  scheduledJob: scheduledJobTable,
}
