// Renamed columns of a foreign table, and expressions that differ only by such names.
import { ident, type Sql, type Statement, sql, statement } from '../../../core/sql.ts'
import type { Access } from '../access.ts'
import { grantsUnder } from '../access.ts'
import { record } from '../options.ts'
import type { Checks } from './checks.ts'
import type { Columns } from './columns.ts'

interface Table extends Access {
  readonly columns: Columns
  readonly checks: Checks
  readonly liveColumns?: readonly string[]
}

/** Expressions as PostgreSQL shows them while the columns have their live names; keyed by the new names. */
export interface TextsAsLive {
  readonly generated: Readonly<Record<string, string | null>>
  readonly checks: Readonly<Record<string, string>>
}

/** The former names of columns that a manifest declares: new names by old ones. */
export function declaredColumnRenames(columns: Readonly<Record<string, string | { readonly renamed_from?: string }>>): {
  readonly renamedColumns?: ReadonlyMap<string, string>
} {
  const renamed = Object.entries(columns).flatMap(([name, column]) =>
    typeof column === 'string' || column.renamed_from === undefined ? [] : [[column.renamed_from, name] as const],
  )
  return renamed.length === 0 ? {} : { renamedColumns: new Map(renamed) }
}

export function renameTableColumns(table: Sql, renamed: ReadonlyMap<string, string>): readonly Statement[] {
  return Array.from(renamed, ([from, to]) =>
    statement(sql`ALTER FOREIGN TABLE ${table} RENAME COLUMN ${ident(from)} TO ${ident(to)}`),
  )
}

export function inheritedColumns({ columns }: Table): ReadonlySet<string> {
  return new Set(
    Object.entries(columns).flatMap(([name, { inheritedFrom = [] }]) => (inheritedFrom.length > 0 ? [name] : [])),
  )
}

/** A table with its columns under other names. Its expressions keep their text: see {@link withTextsAsLive}. */
export function underColumnNames<Spec extends Table>(spec: Spec, renamed: ReadonlyMap<string, string>): Spec {
  const nameOf = (name: string) => renamed.get(name) ?? name
  return {
    ...spec,
    columns: record(Object.entries(spec.columns).map(([name, column]) => [nameOf(name), column])),
    ...(spec.liveColumns && { liveColumns: spec.liveColumns.map(nameOf) }),
    grants: grantsUnder(spec.grants, renamed),
  }
}

/** @param asLive the same table while its columns had their live names; the order of the columns is the same */
export function textsAsLive(read: Table, asLive: Table): TextsAsLive {
  const columns = Object.values(asLive.columns)
  return {
    generated: record(Object.keys(read.columns).map((name, at) => [name, columns[at]?.generated ?? null])),
    checks: record(Object.entries(asLive.checks).map(([name, { expression }]) => [name, expression])),
  }
}

/** The live table with the expressions as PostgreSQL shows them once columns are renamed, where nothing else differs. */
export function withTextsAsLive<Spec extends Table>(live: Spec, wanted: Table, texts: TextsAsLive | undefined): Spec {
  if (!texts) return live
  return {
    ...live,
    columns: record(
      Object.entries(live.columns).map(([name, column]) => {
        const isSame = column.generated !== null && texts.generated[name] === column.generated
        return [name, isSame ? { ...column, generated: wanted.columns[name]?.generated ?? column.generated } : column]
      }),
    ),
    checks: record(
      Object.entries(live.checks).map(([name, check]) => {
        const isSame = texts.checks[name] === check.expression
        return [name, isSame ? { ...check, expression: wanted.checks[name]?.expression ?? check.expression } : check]
      }),
    ),
  }
}
