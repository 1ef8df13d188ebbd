// Why a table of a source could not be imported, and which option of the import leaves out what it needs.

import type { DatabaseError } from '../../db/database-error.ts'
import type { ImportRequest } from '../../manifest/manifest.ts'
import { type Reason, reasonOf } from '../reasons.ts'
import { isOn } from './import-options.ts'

export function importFailure(error: DatabaseError, request: Pick<ImportRequest, 'options' | 'mirrored'>): Reason {
  const { reason, hint } = reasonOf(error)
  if (error.sqlstate === '42501')
    return { reason, hint: `Here, grant USAGE on the schema with the types of its columns.` }
  const lacksCollation = error.sqlstate === '42704' && /collation/i.test(error.message)
  if (!lacksCollation || !isOn(request, 'import_collate')) return { reason, hint }
  return {
    reason,
    hint: 'Create what it needs here, or import without collations: options: { import_collate: "false" }.',
  }
}
