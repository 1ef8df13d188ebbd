// Types of a source that cannot be copied, such as row types. A mirror copies their columns as text, where IMPORT FOREIGN
// SCHEMA would fail for the whole table. postgres_fdw reads a value of any type as text.

import { groupBy } from '../../core/data.ts'
import type { Warning } from '../../core/plan.ts'
import { someOf } from '../../core/some-of.ts'
import { ident, qualified, sql, trusted } from '../../core/sql.ts'
import { isDatabaseError, isTransient } from '../../db/database-error.ts'
import type { Session } from '../../db/session.ts'
import { record } from '../../kinds/facets/options.ts'
import type { ForeignTableSpec } from '../../kinds/foreign-table/spec.ts'
import { inSavepoint } from '../imports/prerequisites.ts'
import type { RemoteType } from './remote-types.ts'

/** Why a type is read as text, by its title. */
export type TypesAsText = ReadonlyMap<string, string>

/**
 * Finds the types that cannot be copied and do not exist here, and types that consist of them. Until the transaction is rolled
 * back, a domain takes the place of each, so that tables with such columns can be imported.
 * @param all each type after those that it consists of
 */
export async function standInForTypes(session: Session, all: readonly RemoteType[]): Promise<TypesAsText> {
  const here = await existingTypes(session, all)
  const found = new Map<string, string>()
  for (const type of all) {
    if (here.has(type.title) || type.extension) continue
    const part = type.parts.find((each) => found.has(each))
    if (type.spec && part === undefined) continue
    const reason =
      part === undefined ? `is ${type.sort}, which cannot be copied` : `consists of ${part}, which cannot be copied`
    for (const each of [type, ...(type.multirange ? [type.multirange] : [])])
      if (await createStandIn(session, each)) found.set(each.title, reason)
  }
  return found
}

/** The types that exist here, without row types of relations: the row type of a copy comes and goes with it. */
async function existingTypes(session: Session, all: readonly RemoteType[]): Promise<ReadonlySet<string>> {
  const rows = await session.query<{ title: string }>(
    trusted(`SELECT w.title FROM jsonb_to_recordset($1) AS w(schema name, name name, title text)
               JOIN pg_namespace n ON n.nspname = w.schema JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = w.name
               LEFT JOIN pg_class c ON c.oid = t.typrelid
              WHERE c.relkind IS NULL OR c.relkind = 'c'`),
    [JSON.stringify(all.map(({ schema, name, title }) => ({ schema, name, title })))],
  )
  return new Set(rows.map(({ title }) => title))
}

async function createStandIn(
  session: Session,
  { schema, name }: Pick<RemoteType, 'schema' | 'name'>,
): Promise<boolean> {
  try {
    await inSavepoint(session, () =>
      session.run(
        sql`CREATE SCHEMA IF NOT EXISTS ${ident(schema)}; CREATE DOMAIN ${qualified(schema, name)} AS pg_catalog.text`,
      ),
    )
    return true
  } catch (error) {
    if (!isDatabaseError(error) || isTransient(error)) throw error
    // duplicate_object: the row type of a relation here.
    return error.sqlstate === '42710'
  }
}

export interface WithTypesAsText {
  readonly tables: ReadonlyMap<string, ForeignTableSpec>
  readonly warnings: readonly Warning[]
}

/** Changes the columns of such types to text, or to an array of text. */
export function withTypesAsText(tables: ReadonlyMap<string, ForeignTableSpec>, types: TypesAsText): WithTypesAsText {
  if (types.size === 0) return { tables, warnings: [] }
  const changed: { readonly title: string; readonly column: string }[] = []
  const converted = Array.from(tables, ([table, spec]) => {
    const columns = Object.entries(spec.columns).map(([name, column]) => {
      const title = column.type.replace(/(\[\])+$/, '')
      if (!types.has(title)) return [name, column] as const
      changed.push({ title, column: qualified(table, name) })
      return [name, { ...column, type: `text${column.type.slice(title.length)}` }] as const
    })
    return [table, { ...spec, columns: record(columns) }] as const
  })
  const warnings = Array.from(
    groupBy(changed, ({ title }) => title),
    ([title, columns]): Warning => ({
      code: 'source/type',
      message: `type ${title} of the source ${types.get(title)}, so columns are copied as text: ${someOf(
        columns.map(({ column }) => column),
        5,
      )}. To have the type, create it here.`,
    }),
  )
  return { tables: new Map(converted), warnings }
}
