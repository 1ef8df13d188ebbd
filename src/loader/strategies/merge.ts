// Reads all that the query of a table returns, and writes only the rows that differ. Readers wait for nothing, and a refresh
// writes no more than what has changed.

import { relationKey } from '../../core/object.ts'
import { ident, join, literal, qualified, type Sql, sql, statement, trusted } from '../../core/sql.ts'
import { markLoaded, sourceViewOf } from '../../kinds/facets/copy/source-view.ts'
import { asOwner, runDeferred } from '../../kinds/table/as-owner.ts'
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
      const statements = [...asOwner(table.owner, mergeBlock(copy, table)), analyze(copy), markLoaded(copy.id)]
      try {
        const probes = sourcesOf.get(relationKey(copy.id.schema, copy.id.name)) ?? []
        await sources.load(session, pid, probes, async () => {
          for (const each of statements) await session.execute(each)
        })
      } catch (error) {
        // A lost connection or an interruption is not this copy's failure.
        throw session.isLost() || signal.aborted ? error : new MemberFailure(copy.key, error)
      }
    }
  },
}

function analyze({ id }: Copy) {
  return statement(sql`ANALYZE ${qualified(id.schema, id.name)}`)
}

/** What the query returned. The name is looked up in pg_temp alone. */
const fresh = trusted('pg_temp.fdwsync_fresh')

function mergeBlock({ id, title }: Copy, facts: TableFacts): Sql {
  const view = sourceViewOf(id)
  const statements = [
    sql`CREATE TEMPORARY TABLE fdwsync_fresh AS SELECT * FROM ${qualified(view.schema, view.name)}`,
    requireUniqueKey(title, facts.key),
    ...changes(qualified(id.schema, id.name), facts),
    sql`DROP TABLE ${fresh}`,
  ]
  return sql`DECLARE fdwsync_key text; BEGIN ${join(statements, ';\n')}; ${runDeferred} END`
}

/** Raises an error that names a key which occurs twice, or has a null. */
function requireUniqueKey(title: string, key: readonly string[]): Sql {
  const columns = join(key.map(ident), ', ')
  const isNull = join(
    key.map((name) => sql`${ident(name)} IS NULL`),
    ' OR ',
  )
  // RAISE replaces each % of its format.
  const message = literal(`${title.replaceAll('%', '%%')}: its query returns the key % more than once, or with a null`)
  const hint = literal('Nothing was written. Change the query, or the primary key of the table.')
  return sql`SELECT pg_catalog.row_to_json(k)::pg_catalog.text INTO fdwsync_key
      FROM (SELECT ${columns} FROM ${fresh} GROUP BY ${columns}
            HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1 OR ${isNull} LIMIT 1) AS k;
    IF FOUND THEN RAISE EXCEPTION ${message}, fdwsync_key USING ERRCODE = 'unique_violation', HINT = ${hint}; END IF`
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
  const names = join(columns.map(ident), ', ')
  const others = columns.filter((name) => !key.includes(name)).map(ident)
  // Without the cast, PostgreSQL would look for such an operator for each pair of columns.
  const rowOf = (alias: Sql) => {
    const values = others.map((name) => sql`${alias}.${name}`)
    return sql`CAST(ROW(${join(values, ', ')}) AS pg_catalog.record)`
  }
  const assignments = others.map((name) => sql`${name} = f.${name}`)
  const update = sql`UPDATE ONLY ${table} AS t SET ${join(assignments, ', ')} FROM ${fresh} AS f
    WHERE ${isSame} AND ${rowOf(sql`t`)} OPERATOR(pg_catalog.*<>) ${rowOf(sql`f`)}`
  return [
    sql`DELETE FROM ONLY ${table} AS t WHERE NOT EXISTS (SELECT FROM ${fresh} AS f WHERE ${isSame})`,
    ...(others.length > 0 ? [update] : []),
    sql`INSERT INTO ${table} (${names}) SELECT ${names} FROM ${fresh} AS f
         WHERE NOT EXISTS (SELECT FROM ONLY ${table} AS t WHERE ${isSame})`,
  ]
}
