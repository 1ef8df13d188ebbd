// Foreign tables that PostgreSQL certainly accepts, and shows in a known form, so that they need not be tried out.
import { mapParts } from '../../core/data.ts'
import { trusted } from '../../core/sql.ts'
import type { Column } from '../facets/columns/columns.ts'
import { isShownAsWritten } from '../facets/columns/shown-as-written.ts'
import type { Certain } from '../probing.ts'
import { hasParents, parentsIn } from './parents.ts'
import type { ForeignTableSpec } from './spec.ts'

export const certainTables: Certain<ForeignTableSpec> = {
  formOf: (spec) =>
    isPlain(spec) ? { basis: { kind: 'server', name: spec.server }, shown: withShownDefaults(spec) } : undefined,
  // This validator accepts any value of the options below. An event trigger could refuse anything, and in another encoding some
  // characters cannot be converted.
  basesQuery: trusted(`
    SELECT s.srvname AS name
      FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw JOIN pg_proc p ON p.oid = w.fdwvalidator
     WHERE s.srvname = ANY ($1::text[]) AND p.prosrc = 'postgres_fdw_validator' AND p.probin = '$libdir/postgres_fdw'
       AND getdatabaseencoding() = 'UTF8' AND NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtenabled <> 'D')`),
}

const tableOptions: ReadonlySet<string> = new Set(['schema_name', 'table_name'])
const columnOptions: ReadonlySet<string> = new Set(['column_name'])

function isPlain({ columns, checks, options, ...parents }: ForeignTableSpec): boolean {
  const all = Object.entries(columns)
  return (
    !hasParents(parentsIn(parents)) &&
    Object.keys(checks).length === 0 &&
    all.length <= mostColumns &&
    areFree(options, tableOptions) &&
    all.every(([name, column]) => !systemColumns.has(name) && isPlainColumn(column))
  )
}

const mostColumns = 1600
const systemColumns: ReadonlySet<string> = new Set(['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid'])

function isPlainColumn({ type, options, ...column }: Column): boolean {
  const isBare =
    (column.default === null || shownDefault(type, column.default) !== undefined) &&
    !column.generated &&
    !column.identity &&
    !column.collation &&
    !column.notNullMark &&
    typeof column.statistics !== 'number' &&
    !column.storage &&
    Object.keys(column.attributes ?? {}).length === 0
  return isBare && isShownAsWritten(type) && areFree(options, columnOptions)
}

function areFree(options: ForeignTableSpec['options'], free: ReadonlySet<string>): boolean {
  return Object.entries(options).every(([name, value]) => free.has(name) && typeof value === 'string')
}

/** Without quotes and backslashes in it, PostgreSQL shows a text as it is written, with its type. */
function shownDefault(type: string, expression: string): string | undefined {
  return type === 'text' && /^'[^'\\]*'$/.test(expression) ? `${expression}::text` : undefined
}

function withShownDefaults(spec: ForeignTableSpec): ForeignTableSpec {
  const columns = mapParts(spec.columns, (part) => {
    const column = part as Column // the parts of columns
    const shown = column.default === null ? undefined : shownDefault(column.type, column.default)
    return shown === undefined ? column : { ...column, default: shown }
  })
  return columns === spec.columns ? spec : { ...spec, columns: columns as ForeignTableSpec['columns'] } // of the same parts
}
