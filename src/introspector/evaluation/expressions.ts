// Finds user-defined functions that PostgreSQL would call to simplify expressions, from views of the same expressions, which it
// stores as they are.

import { groupBy } from '../../core/data.ts'
import { type Sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { readNodeTree } from '../../parser/node-tree.ts'
import type { EvaluatedCode, EvaluationContext } from './evaluated-code.ts'
import { calledByFolding, functionsIn } from './folding.ts'
import { userFunctions } from './user-functions.ts'

/** $1: a schema. */
const treesQuery: Sql = trusted(`
  SELECT c.relname AS view, r.ev_action::text AS tree
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relname = ANY ($2::text[])`)

/** By view, the functions. The session must have a search_path of pg_catalog alone. */
export async function calledByViews(
  session: Session,
  schema: string,
  views: readonly string[],
  context: EvaluationContext,
): Promise<ReadonlyMap<string, readonly EvaluatedCode[]>> {
  const rows = await session.query<{ view: string; tree: string }>(treesQuery, [schema, views])
  const trees = rows.map(({ view, tree }) => ({ view, tree: readNodeTree(tree) }))
  const functions = await userFunctions(
    session,
    trees.flatMap(({ tree }) => functionsIn(tree)),
    context,
  )
  return new Map(
    Array.from(
      groupBy(trees, ({ view }) => view),
      ([view, own]) => [view, own.flatMap(({ tree }) => calledByFolding(tree, functions))],
    ),
  )
}
