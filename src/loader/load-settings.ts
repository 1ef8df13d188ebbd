// The settings under which data is loaded.

import { join, type Sql, trusted } from '../core/sql.ts'
import { manifestPath, settingsOfRole } from '../introspector/transaction-settings.ts'

/**
 * The settings of a load. The search_path is the manifest's, so that the functions of a query do not depend on the role that
 * refreshes; PostgreSQL 17 and later restrict it anyway. What a query can depend on, such as the time zone, is the default of the
 * role and database, as in any REFRESH: the next one must not produce other values. Settings that only decide how values of the
 * source are read stay pinned: otherwise NULL in an array could become a text.
 */
export function loadSettings(searchPath: readonly string[]): Sql {
  const defaults = settingsOfRole.map((name) => trusted(`SET LOCAL ${name} TO DEFAULT`))
  return join([manifestPath(searchPath), ...defaults], '; ')
}
