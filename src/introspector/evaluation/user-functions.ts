// Finds out which functions are user-defined, and what they could call.

import { type Sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { isSqlNode, nameParts, parseSql } from '../../parser/parse-sql.ts'
import { isTrustedRole, ownerOf } from '../trust.ts'
import type { EvaluationContext } from './evaluated-code.ts'
import type { UserFunction } from './folding.ts'

/**
 * Whether the function `p` is user-defined: neither PostgreSQL's own, nor compiled code of an extension, which only a superuser
 * can install.
 */
export const isUserDefined = `(p.oid >= 16384 AND NOT (
  p.prolang IN (SELECT oid FROM pg_language WHERE lanname IN ('internal', 'c'))
  AND EXISTS (SELECT FROM pg_depend x WHERE x.classid = 'pg_proc'::regclass AND x.objid = p.oid AND x.deptype = 'e')))`

/** Whether running the function `p` cannot do harm: functions that are truly immutable have no side effects. */
export const isHarmless = `(p.provolatile = 'i' AND NOT ${isUserDefined})`

interface Row {
  readonly oid: number
  readonly title: string
  readonly owner: string
  readonly isTrusted: boolean
  readonly isImmutable: boolean
  readonly isInlined: boolean
  readonly parameters: number
  readonly defaults: readonly number[]
  readonly tree: readonly number[]
  readonly body: string
}

const calledIn = (tree: string) =>
  `ARRAY(SELECT m[1]::oid FROM regexp_matches(${tree}::text, ':(?:op)?funcid (\\d+)', 'g') m)`

const owner = ownerOf('pg_proc', 'p.oid', 'p.proowner')

/** The function `p`, as EvaluatedCode. */
export function asEvaluatedCode(trustedRoles: string): string {
  return `jsonb_build_object('title', p.oid::regprocedure::text, 'owner', pg_get_userbyid(${owner}),
                             'isTrusted', ${isTrustedRole(owner, trustedRoles)})`
}

/** $1: OIDs; $2: trusted roles. */
const functionsQuery: Sql = trusted(`
  SELECT p.oid, p.oid::regprocedure::text AS title, pg_get_userbyid(${owner}) AS owner, ${isTrustedRole(owner, '$2')} AS "isTrusted", p.provolatile = 'i' AS "isImmutable", l.lanname = 'sql' AS "isInlined",
         p.pronargs::int AS parameters, ${calledIn('p.proargdefaults')} AS defaults, ${calledIn('p.prosqlbody')} AS tree,
         CASE WHEN l.lanname = 'sql' THEN p.prosrc ELSE '' END AS body
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
   WHERE p.oid = ANY ($1::oid[]) AND ${isUserDefined}`)

/** $1: OIDs of functions; $2 to $4: names of functions, operators and of types that something is cast to. Null: nothing is. */
const anyUserDefinedQuery: Sql = trusted(`
  SELECT EXISTS (SELECT FROM pg_proc p WHERE (p.oid = ANY ($1::oid[]) OR p.proname = ANY ($2::text[])) AND ${isUserDefined})
      OR EXISTS (SELECT FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode WHERE o.oprname = ANY ($3::text[]) AND ${isUserDefined})
      OR EXISTS (SELECT FROM pg_cast k JOIN pg_proc p ON p.oid = k.castfunc JOIN pg_type t ON t.oid = k.casttarget
                  WHERE (k.castcontext = 'i' AND $4::text[] IS NOT NULL OR t.typname = ANY ($4::text[])) AND ${isUserDefined}) AS found`)

/** The user-defined ones among some functions. The session must have a search_path of pg_catalog alone. */
export async function userFunctions(
  session: Session,
  oids: readonly number[],
  { trustedRoles }: EvaluationContext,
): Promise<ReadonlyMap<number, UserFunction>> {
  const candidates = [...new Set(oids)].filter((oid) => oid >= 16384)
  if (candidates.length === 0) return new Map()
  const rows = await session.query<Row>(functionsQuery, [candidates, trustedRoles])
  const functions = new Map<number, UserFunction>()
  for (const { oid, defaults, tree, body, ...row } of rows) {
    functions.set(oid, {
      ...row,
      bodyCalls: row.isInlined && (await bodyCalls(session, tree, body)),
      defaultsCall: await anyUserDefined(session, { oids: defaults }),
    })
  }
  return functions
}

async function bodyCalls(session: Session, tree: readonly number[], body: string): Promise<boolean> {
  if (body === '') return anyUserDefined(session, { oids: tree })
  const parsed = await parseSql(body)
  if ('message' in parsed) return true
  const functions: string[] = []
  const operators: string[] = []
  const types: string[] = []
  const open: unknown[] = [parsed.tree]
  while (open.length > 0) {
    const node = open.pop()
    if (Array.isArray(node)) open.push(...node)
    if (!isSqlNode(node)) continue
    functions.push(...nameParts(node.funcname).slice(-1))
    if (node.typemod !== undefined) types.push(...nameParts(node.names).slice(-1))
    if (isSqlNode(node.A_Expr)) operators.push(...nameParts(node.A_Expr.name).slice(-1))
    open.push(...Object.values(node))
  }
  return anyUserDefined(session, { functions, operators, types })
}

async function anyUserDefined(
  session: Session,
  used: {
    readonly oids?: readonly number[]
    readonly functions?: readonly string[]
    readonly operators?: readonly string[]
    readonly types?: readonly string[]
  },
): Promise<boolean> {
  const { oids = [], functions = [], operators = [], types = null } = used
  if (oids.length === 0 && types === null) return false
  const [row] = await session.query<{ found: boolean }>(anyUserDefinedQuery, [oids, functions, operators, types])
  return row?.found ?? true
}
