// Decides which expressions of a source are taken over: those that consist of immutable functions and operators of PostgreSQL and
// its extensions. A source is not trusted with code. This file decides by names, before anything is created; stored-expressions.ts
// checks the result.

import { type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { isHarmless, isUserDefined } from '../introspector/evaluation/user-functions.ts'
import { isSqlNode, nameParts, parseSql, type SqlNode, statementsOf } from '../parser/parse-sql.ts'

/** An expression of a source. */
interface Candidate {
  /** The parse tree; undefined if it cannot be parsed. */
  readonly tree: unknown
  /** Whether PostgreSQL computes constant parts of the expression when it stores it. */
  readonly isSimplified: boolean
}

/** Why each expression is not taken over; undefined if it is. Runs under `readingPath`. */
export async function rejections(
  session: Session,
  candidates: readonly Candidate[],
): Promise<readonly (string | undefined)[]> {
  const uses = candidates.map(({ tree }) => (tree === undefined ? undefined : usesIn(tree)))
  const all = uses.flatMap((each) => each ?? [])
  const known = await readBuiltIns(
    session,
    all.flatMap(({ functions }) => functions),
    all.flatMap(({ operators }) => operators),
  )
  return candidates.map(({ isSimplified }, at) => {
    const own = uses[at]
    return own ? rejection(own, known, isSimplified) : 'fdwsync cannot parse it'
  })
}

/** The names that an expression uses, each with its schema if it is written with one. */
interface ExpressionUses {
  readonly functions: readonly Name[]
  readonly operators: readonly Name[]
  /** Parts of an unusual sort, by which an expression is rejected. */
  readonly others: readonly string[]
  readonly hasConstants: boolean
}

/** The parse tree of a text; undefined if that is not one expression. */
export async function parseExpression(text: string): Promise<unknown> {
  const parsed = await parseSql(`SELECT (${text}\n)`)
  if ('message' in parsed) return undefined
  const [statement, ...more] = statementsOf(parsed.tree)
  const select = statement?.SelectStmt
  if (more.length > 0 || !isSqlNode(select) || !Array.isArray(select.targetList)) return undefined
  const [target, ...others] = select.targetList as readonly SqlNode[]
  const isPlain = Object.keys(select).every((key) => ['targetList', 'limitOption', 'op'].includes(key))
  const value = isSqlNode(target?.ResTarget) ? target.ResTarget.val : undefined
  return isPlain && others.length === 0 ? value : undefined
}

function usesIn(tree: unknown): ExpressionUses {
  const uses = { functions: [] as string[][], operators: [] as string[][], others: [] as string[], hasConstants: false }
  const open: unknown[] = [tree]
  while (open.length > 0) {
    const node = open.pop()
    if (Array.isArray(node)) open.push(...node)
    if (!isSqlNode(node)) continue
    for (const [type, child] of Object.entries(node)) {
      if (/^[A-Z]/.test(type) && !expectedNodes.has(type)) uses.others.push(type)
      if (type === 'A_Const') uses.hasConstants = true
      else if (type === 'funcname') uses.functions.push([...nameParts(child)])
      else if (type === 'A_Expr' && isSqlNode(child)) uses.operators.push(...operatorsOf(child))
      open.push(child)
    }
  }
  return uses
}

const expectedNodes: ReadonlySet<string> = new Set([
  'A_ArrayExpr',
  'A_Const',
  'A_Expr',
  'A_Indices',
  'A_Indirection',
  'BoolExpr',
  'BooleanTest',
  'CaseExpr',
  'CaseWhen',
  'CoalesceExpr',
  'CollateClause',
  'ColumnRef',
  'FuncCall',
  'Integer',
  'List',
  'MinMaxExpr',
  'NullTest',
  'RowExpr',
  'String',
  'TypeCast',
  'TypeName',
])

/** In the tree, BETWEEN has its keywords as its name. */
function operatorsOf({ kind, name }: SqlNode): string[][] {
  return String(kind).includes('BETWEEN') ? [['>='], ['<=']] : [[...nameParts(name)]]
}

interface BuiltIns {
  /** Whether a user-defined function implements a cast, which PostgreSQL may apply to constants. */
  readonly hasUserCasts: boolean
  readonly functions: ReadonlySet<string>
  readonly operators: ReadonlySet<string>
}

/**
 * $1 and $2: the names of functions and of operators, each with its schema. Finds the names of which one is immutable and none is
 * user-defined. Compiled functions of extensions count as PostgreSQL's own.
 */
const builtInsQuery: Sql = trusted(`
  SELECT 'functions' AS what, n.nspname AS schema, p.proname AS name
    FROM jsonb_to_recordset($1) AS w(schema text, name text) JOIN pg_namespace n ON n.nspname = w.schema
    JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = w.name AND p.prokind = 'f'
   GROUP BY n.nspname, p.proname HAVING bool_or(${isHarmless}) AND NOT bool_or(${isUserDefined})
  UNION
  SELECT 'operators', n.nspname, o.oprname
    FROM jsonb_to_recordset($2) AS w(schema text, name text) JOIN pg_namespace n ON n.nspname = w.schema
    JOIN pg_operator o ON o.oprnamespace = n.oid AND o.oprname = w.name JOIN pg_proc p ON p.oid = o.oprcode
   GROUP BY n.nspname, o.oprname HAVING bool_or(${isHarmless}) AND NOT bool_or(${isUserDefined})
  UNION
  SELECT 'casts', '', '' WHERE EXISTS (
    SELECT FROM pg_cast k JOIN pg_proc p ON p.oid = k.castfunc WHERE ${isUserDefined}
       -- PostgreSQL creates this one with each range.
       AND NOT EXISTS (SELECT FROM pg_range r WHERE r.rngtypid = k.castsource AND r.rngmultitypid = k.casttarget))`)

type Name = readonly string[]

async function readBuiltIns(
  session: Session,
  functions: readonly Name[],
  operators: readonly Name[],
): Promise<BuiltIns> {
  const names = (all: readonly Name[]) =>
    JSON.stringify(all.map(withSchema).map(([schema, name]) => ({ schema, name })))
  const rows = await session.query<{ what: string; schema: string; name: string }>(builtInsQuery, [
    names(functions),
    names(operators),
  ])
  const found = (what: string) =>
    new Set(rows.flatMap((row) => (row.what === what ? [JSON.stringify([row.schema, row.name])] : [])))
  return { functions: found('functions'), operators: found('operators'), hasUserCasts: found('casts').size > 0 }
}

/** The source shows names in pg_catalog without their schema. */
function withSchema(name: Name): readonly [schema: string, name: string] {
  return [name.length > 1 ? name.slice(0, -1).join('.') : 'pg_catalog', name.at(-1) ?? '']
}

function rejection(
  { functions, operators, others, hasConstants }: ExpressionUses,
  known: BuiltIns,
  isSimplified: boolean,
): string | undefined {
  const isKnown = (name: Name, names: ReadonlySet<string>) => names.has(JSON.stringify(withSchema(name)))
  const called = functions.find((name) => !isKnown(name, known.functions))
  if (called) return `it calls ${called.join('.')}(), which is not immutable and built-in`
  const used = operators.find((name) => !isKnown(name, known.operators))
  if (used) return `it uses the operator ${used.join('.')}, which is not immutable and built-in`
  const [other] = others
  if (other !== undefined) return `it contains ${other}, which is not immutable`
  const mayCast = isSimplified && hasConstants && known.hasUserCasts
  return mayCast ? 'PostgreSQL may apply a user-defined cast to its constants' : undefined
}
