// Finds out whether statements call a user-defined validator. PostgreSQL calls the validator of a foreign-data wrapper for each
// wrapper, server, user mapping and foreign table that is created or altered, even without options.

import { uniqueBy } from '../../core/data.ts'
import { type Sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { isSqlNode, nameParts, parseSql } from '../../parser/parse-sql.ts'
import type { EvaluatedCode, EvaluationContext } from './evaluated-code.ts'
import { asEvaluatedCode, isUserDefined } from './user-functions.ts'

const validator = asEvaluatedCode('$1')

/** By the names of wrappers and servers, their validators. */
export interface Validators {
  readonly wrappers: ReadonlyMap<string, EvaluatedCode>
  readonly servers: ReadonlyMap<string, EvaluatedCode>
  readonly context: EvaluationContext
}

const validatorsQuery: Sql = trusted(`
  SELECT w.fdwname AS wrapper, s.srvname AS server, ${validator} AS validator
    FROM pg_foreign_data_wrapper w JOIN pg_proc p ON p.oid = w.fdwvalidator LEFT JOIN pg_foreign_server s ON s.srvfdw = w.oid
   WHERE ${isUserDefined}`)

/** $1: trusted roles; $2: a name, $3: its schema or NULL. Without a schema it may be in any: this need not be exact. */
const validatorQuery: Sql = trusted(`
  SELECT ${validator} AS validator FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE p.proname = $2 AND n.nspname = coalesce($3, n.nspname) AND ${isUserDefined}`)

/** The session must have a search_path of pg_catalog alone. */
export async function readValidators(session: Session, context: EvaluationContext): Promise<Validators> {
  // A superuser has created the wrapper, and has chosen its validator.
  if (context.isUntrustedOnly) return { wrappers: new Map(), servers: new Map(), context }
  const rows = await session.query<{ wrapper: string; server: string | null; validator: EvaluatedCode }>(
    validatorsQuery,
    [context.trustedRoles],
  )
  return {
    context,
    wrappers: new Map(rows.map(({ wrapper, validator }) => [wrapper, validator])),
    servers: new Map(rows.flatMap(({ server, validator }) => (server === null ? [] : [[server, validator] as const]))),
  }
}

/** The user-defined validators that a statement calls. */
export async function validatorsCalled(
  session: Session,
  { wrappers, servers, context }: Validators,
  statement: string,
): Promise<readonly EvaluatedCode[]> {
  const names = /\bVALIDATOR\b/i.test(statement)
  if (wrappers.size === 0 && !names) return []
  const parsed = await parseSql(statement)
  // A statement with secrets is the text of a DO block.
  const isBlock = 'tree' in parsed && JSON.stringify(parsed.tree).includes('"DoStmt"')
  if (!('tree' in parsed) || isBlock) {
    return [...wrappers, ...servers].flatMap(([name, validator]) => (statement.includes(name) ? [validator] : []))
  }
  const called: EvaluatedCode[] = []
  const open: unknown[] = [parsed.tree]
  while (open.length > 0) {
    const node = open.pop()
    if (Array.isArray(node)) open.push(...node)
    if (!isSqlNode(node)) continue
    const { fdwname, servername, defname, arg } = node
    called.push(...[wrappers.get(String(fdwname)), servers.get(String(servername))].flatMap((each) => each ?? []))
    if (defname === 'validator' && isSqlNode(arg) && isSqlNode(arg.List)) {
      const [name, schema = null] = nameParts(arg.List.items).toReversed()
      const rows = await session.query<{ validator: EvaluatedCode }>(validatorQuery, [
        context.trustedRoles,
        name ?? '',
        schema,
      ])
      const isRun = ({ isTrusted }: EvaluatedCode) => !context.isUntrustedOnly || (schema === null && !isTrusted)
      called.push(...rows.map(({ validator }) => validator).filter(isRun))
    }
    open.push(...Object.values(node))
  }
  return uniqueBy(called, ({ title }) => title)
}
