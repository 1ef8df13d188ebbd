// Checks which functions the expressions of a source use here: the server chooses those of operators, casts and overloaded names.

import { type Sql, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { describeCode } from '../introspector/evaluation/evaluated-code.ts'
import { readEvaluatingTypes } from '../introspector/evaluation/evaluating-types.ts'
import { functionsIn } from '../introspector/evaluation/folding.ts'
import { isHarmless } from '../introspector/evaluation/user-functions.ts'
import { nodesIn, oidAt, readNodeTree } from '../parser/node-tree.ts'

/** An expression in the catalog. */
interface StoredExpression {
  /** The relation or type in the schema. */
  readonly object: string
  /** The column or constraint; empty if there is only one expression of the sort. */
  readonly part: string
  readonly tree: string
}

/** $1: a schema, $2: an object in it, or NULL for all. */
const expressionsQuery: Sql = trusted(`
  SELECT object, part, tree FROM (
  SELECT c.relname AS object, a.attname AS part, d.adbin::text AS tree
    FROM pg_class c JOIN pg_attrdef d ON d.adrelid = c.oid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum
   WHERE c.relnamespace = $1::regnamespace
  UNION ALL
  SELECT c.relname, '', tree::text
    FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid CROSS JOIN LATERAL (VALUES (i.indexprs), (i.indpred)) AS stored(tree)
   WHERE c.relnamespace = $1::regnamespace AND tree IS NOT NULL
  UNION ALL
  SELECT t.typname, k.conname, k.conbin::text FROM pg_type t JOIN pg_constraint k ON k.contypid = t.oid
   WHERE t.typnamespace = $1::regnamespace AND k.contype = 'c'
  UNION ALL
  SELECT t.typname, '', t.typdefaultbin::text FROM pg_type t WHERE t.typnamespace = $1::regnamespace AND t.typdefaultbin IS NOT NULL
  ) stored WHERE object = coalesce($2, object)`)

const foreignQuery: Sql = trusted(`
  SELECT p.oid, p.oid::regprocedure::text AS title FROM pg_proc p WHERE p.oid = ANY ($1::oid[]) AND NOT ${isHarmless}`)

/** Why an expression is not taken over after all. */
interface ForeignExpression extends Pick<StoredExpression, 'object' | 'part'> {
  readonly reason: string
}

/** The expressions in a schema that are not immutable and built-in throughout. Runs under `readingPath`. */
export async function foreignExpressions(
  session: Session,
  schema: string,
  object: string | null = null,
): Promise<readonly ForeignExpression[]> {
  const stored = await session.query<StoredExpression>(expressionsQuery, [schema, object])
  if (stored.length === 0) return []
  const trees = stored.map(({ tree, ...each }) => ({ ...each, tree: readNodeTree(tree) }))
  const functions = [...new Set(trees.flatMap(({ tree }) => functionsIn(tree)))]
  const rows = await session.query<{ oid: number; title: string }>(foreignQuery, [functions])
  const titles = new Map(rows.map(({ oid, title }) => [oid, title]))
  const types = await readEvaluatingTypes(session, { trustedRoles: [] })
  return trees.flatMap(({ object, part, tree }) => {
    const called = functionsIn(tree).find((oid) => titles.has(oid))
    if (called !== undefined) {
      const reason = `it calls ${titles.get(called)}, which is not immutable and built-in`
      return [{ object, part, reason }]
    }
    const runsChecks = nodesIn(tree).some(
      (node) => node.type === 'COERCETODOMAIN' && types?.oids.has(oidAt(node, 'resulttype')),
    )
    return types && runsChecks ? [{ object, part, reason: `it runs ${describeCode(types.code)}` }] : []
  })
}
