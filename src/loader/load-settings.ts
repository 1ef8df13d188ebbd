// The settings under which data is loaded.

import { join, type Sql, trusted } from '../core/sql.ts'
import { manifestPath } from '../introspector/transaction-settings.ts'

/**
 * The settings of a load. The search_path is the manifest's, so that the functions of a query do not depend on the
 * role that refreshes; PostgreSQL 17 and later restrict it anyway. Everything else is the default of the role and
 * database, as in any REFRESH: a query may depend on the time zone, and the next REFRESH must not produce other
 * values.
 */
export function loadSettings(searchPath: readonly string[]): Sql {
  const defaults = settingsOfRole.map((name) => trusted(`SET LOCAL ${name} TO DEFAULT`))
  return join([manifestPath(searchPath), ...defaults], '; ')
}

/** The settings that a load leaves to the role and database. */
export const settingsOfRole = [
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
  'extra_float_digits',
  'bytea_output',
  'xmloption',
  'array_nulls',
  'lc_monetary',
]
