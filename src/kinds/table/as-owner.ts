// Runs statements as the owner of a copy, in the way that REFRESH treats the owner of a materialized view: functions of the query
// and triggers of the table have the rights of that role, and cannot return to those of the role that loads.
import { ident, literal, type Sql, type Statement, sql, statement, trusted } from '../../core/sql.ts'

const load = trusted('pg_temp.fdwsync_load()')

/** A call that runs as the owner, between the statements that create and drop what it calls. */
export interface OwnerCall {
  readonly before: readonly Statement[]
  /** Returns a row with the column `result`. */
  readonly call: Sql
  readonly after: readonly Statement[]
}

/**
 * SET ROLE alone would not do, since whatever runs could RESET it. PostgreSQL refuses that within a function that is SECURITY DEFINER.
 * Deferred triggers run before it returns: at COMMIT they would have the rights of the role that loads.
 * @param body of a PL/pgSQL block that returns jsonb
 */
export function callAsOwner(owner: string, body: Sql): OwnerCall {
  return createFunction(owner, trusted('jsonb'), body)
}

/** @param body of a PL/pgSQL block that returns nothing */
export function asOwner(owner: string, body: Sql): readonly Statement[] {
  const { before, call, after } = createFunction(owner, trusted('void'), body)
  return [...before, statement(call), ...after]
}

function createFunction(owner: string, type: Sql, body: Sql): OwnerCall {
  const block = sql`#variable_conflict use_column
${body}`
  return {
    before: [
      statement(sql`SET LOCAL ROLE ${ident(owner)}`),
      statement(
        sql`CREATE FUNCTION ${load} RETURNS pg_catalog.${type} LANGUAGE plpgsql SECURITY DEFINER AS ${literal(block)}`,
      ),
      statement(sql`RESET ROLE`),
    ],
    call: sql`SELECT ${load} AS result`,
    after: [statement(sql`DROP FUNCTION ${load}`)],
  }
}

/** The end of such a body. */
export const runDeferred = trusted('SET CONSTRAINTS ALL IMMEDIATE;')
