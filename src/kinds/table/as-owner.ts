// Runs statements as the owner of a table, in the way that REFRESH treats the owner of a materialized view: functions of the query
// and triggers of the table have the rights of that role, and cannot return to those of the role that loads.
import { ident, literal, type Sql, type Statement, sql, statement, trusted } from '../../core/sql.ts'

const load = trusted('pg_temp.fdwsync_load()')

/**
 * SET ROLE alone would not do, since whatever runs could RESET it. PostgreSQL refuses that within a function that is SECURITY DEFINER.
 * Deferred triggers run before it returns: at COMMIT they would have the rights of the role that loads.
 * @param body of a PL/pgSQL block
 */
export function asOwner(owner: string, body: Sql): readonly Statement[] {
  const block = sql`#variable_conflict use_column
${body}`
  return [
    statement(sql`SET LOCAL ROLE ${ident(owner)}`),
    statement(sql`CREATE FUNCTION ${load} RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS ${literal(block)}`),
    statement(sql`RESET ROLE`),
    statement(sql`SELECT ${load}`),
    statement(sql`DROP FUNCTION ${load}`),
  ]
}

/** The end of such a body. */
export const runDeferred = trusted('SET CONSTRAINTS ALL IMMEDIATE;')
