// Runs statements as the owner of a copy, in the way that REFRESH treats the owner of a materialized view: functions of the query
// and triggers of the table have the rights of that role, and cannot return to those of the role that loads.
import { ident, join, literal, type Sql, type Statement, sql, statement, trusted } from '../../core/sql.ts'

const load = trusted('pg_temp.fdwsync_load()')

/** The pieces of a call that runs as the owner. */
export interface OwnerCall {
  /** Creates what it calls, and returns a row with the column `result`. */
  readonly call: Sql
  /** Drops what it called. */
  readonly after: Sql
}

/**
 * SET ROLE alone is not safe, since whatever runs could RESET it. PostgreSQL refuses that within a SECURITY DEFINER function.
 * Deferred triggers run before it returns: at COMMIT they would have the rights of the role that loads.
 * @param body of a PL/pgSQL block that returns jsonb
 */
export function callAsOwner(owner: string, body: Sql): OwnerCall {
  const { before, call, after } = createFunction(owner, trusted('jsonb'), body)
  return { call: join([...before, call], '; '), after }
}

/** @param body of a PL/pgSQL block that returns nothing */
export function asOwner(owner: string, body: Sql): readonly Statement[] {
  const { before, call, after } = createFunction(owner, trusted('void'), body)
  return [...before, call, after].map((each) => statement(each))
}

function createFunction(owner: string, type: Sql, body: Sql) {
  const block = sql`#variable_conflict use_column
${body}`
  return {
    before: [
      sql`SET LOCAL ROLE ${ident(owner)}`,
      sql`CREATE FUNCTION ${load} RETURNS pg_catalog.${type} LANGUAGE plpgsql SECURITY DEFINER AS ${literal(block)}`,
      sql`RESET ROLE`,
    ],
    call: sql`SELECT ${load} AS result`,
    after: sql`DROP FUNCTION ${load}`,
  }
}

/** The end of such a body. */
export const runDeferred = trusted('SET CONSTRAINTS ALL IMMEDIATE;')
