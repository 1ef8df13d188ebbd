// Reads all that the query of a table returns, and writes only the rows that differ. Readers wait for nothing, and a refresh
// writes no more than what has changed.

import { FdwsyncError } from '../../core/errors.ts'
import { relationKey } from '../../core/object.ts'
import { ident, join, qualified, type Sql, sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { sourceViewOf } from '../../kinds/facets/source-view.ts'
import { MemberFailure } from '../failure.ts'
import type { Copy, Strategy, TableFacts } from './strategy.ts'

export const merge: Strategy = {
  name: 'merge',
  obstacle({ table }) {
    if (table === undefined) return 'it is a materialized view'
    return table.key.length > 0 ? undefined : 'it has no primary key'
  },
  async run({ session, pid, sources, sourcesOf, signal }, copies) {
    for (const copy of copies) {
      const { table } = copy.facts
      if (!table) throw new Error(`${copy.title} is no table`)
      try {
        const probes = sourcesOf.get(relationKey(copy.id.schema, copy.id.name)) ?? []
        await sources.load(session, pid, probes, () => mergeTable(session, copy, table))
      } catch (error) {
        // A lost connection or an interruption is not this copy's failure.
        throw session.isLost() || signal.aborted ? error : new MemberFailure(copy.key, error)
      }
    }
  },
}

/** What the query returned. The name is looked up in pg_temp alone. */
const fresh = trusted('pg_temp.fdwsync_fresh')

/** As the owner of the table, like REFRESH of a materialized view: functions of the query run with the rights of that role. */
async function mergeTable(session: Session, { id, title }: Copy, facts: TableFacts): Promise<void> {
  const table = qualified(id.schema, id.name)
  const view = sourceViewOf(id)
  await session.run(
    sql`SET LOCAL ROLE ${ident(facts.owner)};
        CREATE TEMPORARY TABLE fdwsync_fresh ON COMMIT DROP AS SELECT * FROM ${qualified(view.schema, view.name)}`,
  )
  await requireUniqueKey(session, title, facts.key)
  await session.run(join(changes(table, facts), ';\n'))
  await session.run(
    sql`DROP TABLE ${fresh}; ANALYZE ${table}; RESET ROLE; COMMENT ON VIEW ${qualified(view.schema, view.name)} IS NULL`,
  )
}

/** @throws FdwsyncError naming a key that occurs twice, or a null in it */
async function requireUniqueKey(session: Session, title: string, key: readonly string[]): Promise<void> {
  const columns = join(key.map(ident), ', ')
  const [twice] = await session.query<{ key: string; times: string }>(
    sql`SELECT pg_catalog.row_to_json(k)::pg_catalog.text AS key, times FROM (
          SELECT ${columns}, pg_catalog.count(*) AS times FROM ${fresh} GROUP BY ${columns}
          HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1 OR ${join(
            key.map((name) => sql`${ident(name)} IS NULL`),
            ' OR ',
          )} LIMIT 1) AS k`,
  )
  if (!twice) return
  throw new FdwsyncError({
    code: 'source/not-unique',
    message: `${title}: its query returns the key ${twice.key} more than once, or with a null`,
    hint: 'Nothing was written. Change the query, or the primary key of the table.',
  })
}

/**
 * Rows that are gone, changed and new. `*<>` compares the stored bytes of rows, so it works for types without equality, and sees
 * every difference that a reader could see.
 */
function changes(table: Sql, { key, columns }: TableFacts): readonly Sql[] {
  const isSame = join(
    key.map((name) => sql`f.${ident(name)} = t.${ident(name)}`),
    ' AND ',
  )
  const names = columns.map(ident)
  const others = columns.filter((name) => !key.includes(name)).map(ident)
  // Without the cast, PostgreSQL would look for such an operator for each pair of columns.
  const rowOf = (alias: Sql) => {
    const values = others.map((name) => sql`${alias}.${name}`)
    return sql`CAST(ROW(${join(values, ', ')}) AS pg_catalog.record)`
  }
  const update = sql`UPDATE ONLY ${table} AS t SET ${join(
    others.map((name) => sql`${name} = f.${name}`),
    ', ',
  )} FROM ${fresh} AS f WHERE ${isSame} AND ${rowOf(sql`t`)} OPERATOR(pg_catalog.*<>) ${rowOf(sql`f`)}`
  return [
    sql`DELETE FROM ONLY ${table} AS t WHERE NOT EXISTS (SELECT FROM ${fresh} AS f WHERE ${isSame})`,
    ...(others.length > 0 ? [update] : []),
    sql`INSERT INTO ${table} (${join(names, ', ')}) SELECT ${join(names, ', ')} FROM ${fresh} AS f
         WHERE NOT EXISTS (SELECT FROM ONLY ${table} AS t WHERE ${isSame})`,
  ]
}
