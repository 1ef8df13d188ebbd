// Finds out whether statements call a user-defined validator. PostgreSQL calls the validator of a foreign-data wrapper for each
// wrapper, server, user mapping and foreign table that is created or altered, even without options.

import { type Sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { isSqlNode, nameParts, parseSql } from '../../parser/parse-sql.ts'
import { isUserDefined } from './user-functions.ts'

/** By the names of wrappers and servers, their validators. */
export interface Validators {
  readonly wrappers: ReadonlyMap<string, string>
  readonly servers: ReadonlyMap<string, string>
}

const validatorsQuery: Sql = trusted(`
  SELECT w.fdwname AS wrapper, s.srvname AS server, p.oid::regprocedure::text AS validator
    FROM pg_foreign_data_wrapper w JOIN pg_proc p ON p.oid = w.fdwvalidator LEFT JOIN pg_foreign_server s ON s.srvfdw = w.oid
   WHERE ${isUserDefined}`)

/** $1: a name, $2: its schema or NULL. Without a schema it may be in any: this need not be exact. */
const validatorQuery: Sql = trusted(`
  SELECT p.oid::regprocedure::text AS validator FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE p.proname = $1 AND n.nspname = coalesce($2, n.nspname) AND ${isUserDefined}`)

/** The session must have a search_path of pg_catalog alone. */
export async function readValidators(session: Session): Promise<Validators> {
  const rows = await session.query<{ wrapper: string; server: string | null; validator: string }>(validatorsQuery)
  return {
    wrappers: new Map(rows.map(({ wrapper, validator }) => [wrapper, validator])),
    servers: new Map(rows.flatMap(({ server, validator }) => (server === null ? [] : [[server, validator] as const]))),
  }
}

/** The user-defined validators that a statement calls. */
export async function validatorsCalled(
  session: Session,
  { wrappers, servers }: Validators,
  statement: string,
): Promise<readonly string[]> {
  const names = /\bVALIDATOR\b/i.test(statement)
  if (wrappers.size === 0 && !names) return []
  const parsed = await parseSql(statement)
  // A statement with secrets is the text of a DO block.
  const isBlock = 'tree' in parsed && JSON.stringify(parsed.tree).includes('"DoStmt"')
  if (!('tree' in parsed) || isBlock) {
    return [...wrappers, ...servers].flatMap(([name, validator]) => (statement.includes(name) ? [validator] : []))
  }
  const called: string[] = []
  const open: unknown[] = [parsed.tree]
  while (open.length > 0) {
    const node = open.pop()
    if (Array.isArray(node)) open.push(...node)
    if (!isSqlNode(node)) continue
    const { fdwname, servername, defname, arg } = node
    called.push(...[wrappers.get(String(fdwname)), servers.get(String(servername))].flatMap((each) => each ?? []))
    if (defname === 'validator' && isSqlNode(arg) && isSqlNode(arg.List)) {
      const [name, schema = null] = nameParts(arg.List.items).toReversed()
      const rows = await session.query<{ validator: string }>(validatorQuery, [name ?? '', schema])
      called.push(...rows.map(({ validator }) => validator))
    }
    open.push(...Object.values(node))
  }
  return [...new Set(called)]
}
