// What PostgreSQL evaluates when it copies a partitioned table and creates a partition of the copy: constant parts of the
// partition key, the bound, and comparisons of bounds.

import { uniqueBy } from '../../core/data.ts'
import { type Sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { nodesIn, oidAt, readNodeTree, type TreeNode, type TreeValue } from '../../parser/node-tree.ts'
import type { EvaluatedCode, EvaluationContext } from './evaluated-code.ts'
import type { EvaluatingTypes } from './evaluating-types.ts'
import { calledByFolding, functionsIn } from './folding.ts'
import { asEvaluatedCode, isUserDefined, userFunctions } from './user-functions.ts'

interface Row {
  /** The expressions in the partition key. */
  readonly key: string | null
  /** The types of the columns in the partition key. */
  readonly keyTypes: readonly number[]
  /** Functions that compare bounds, and casts from the types of literals to those of the key. */
  readonly support: readonly EvaluatedCode[]
  readonly casts: readonly EvaluatedCode[]
}

const code = asEvaluatedCode('$2')

const parentQuery: Sql = trusted(`
  SELECT p.partexprs::text AS key, k.types AS "keyTypes",
         (SELECT coalesce(jsonb_agg(${code}), '[]') FROM unnest(k.classes) WITH ORDINALITY AS key(class, at) JOIN pg_opclass o ON o.oid = class
                 JOIN pg_amproc m ON m.amprocfamily = o.opcfamily AND m.amproclefttype = o.opcintype AND m.amprocrighttype = o.opcintype
                 JOIN pg_proc p ON p.oid = m.amproc WHERE ${isUserDefined}) AS support,
         (SELECT coalesce(jsonb_agg(${code}), '[]') FROM pg_cast x JOIN pg_proc p ON p.oid = x.castfunc
                WHERE x.castsource < 16384 AND (x.casttarget = ANY (k.types) OR x.casttarget IN (SELECT typbasetype FROM pg_type WHERE oid = ANY (k.types)))
                  AND ${isUserDefined}) AS casts
    FROM pg_partitioned_table p
   CROSS JOIN LATERAL (
     SELECT p.partclass::oid[] AS classes,
            ARRAY(SELECT a.atttypid FROM pg_attribute a WHERE a.attrelid = p.partrelid AND a.attnum = ANY (p.partattrs::int2[])) AS types) k
   WHERE p.partrelid = $1 AND p.partstrat <> 'h'`)

/**
 * The code that is run, in words. The session must have a search_path of pg_catalog alone.
 * @param hasBound whether a partition with a bound is created
 */
export async function runForPartition(
  session: Session,
  parent: number,
  types: EvaluatingTypes | undefined,
  hasBound: boolean,
  context: EvaluationContext,
): Promise<readonly EvaluatedCode[]> {
  const [row] = await session.query<Row>(parentQuery, [parent, context.trustedRoles])
  if (!row) return []
  const key = row.key === null ? [] : readNodeTree(row.key)
  const functions = await userFunctions(session, functionsIn(key), context)
  const folded = calledByFolding(key, functions)
  const literals = nodesIn(key).some((node) => types?.oids.has(oidAt(node, 'consttype')))
  const keyTypes = [...row.keyTypes, ...keyExpressions(key).map(typeOf)]
  const checks =
    types && (literals || (hasBound && keyTypes.some((oid) => oid === 0 || types.oids.has(oid)))) ? types.code : []
  return uniqueBy([...folded, ...checks, ...(hasBound ? [...row.support, ...row.casts] : [])], ({ title }) => title)
}

function keyExpressions(key: TreeValue): readonly TreeNode[] {
  return Array.isArray(key)
    ? key.filter((item): item is TreeNode => item !== null && typeof item === 'object' && 'fields' in item)
    : []
}

/** The type of an expression; 0 if its node does not contain it. */
function typeOf(node: TreeNode): number {
  const fields = ['funcresulttype', 'opresulttype', 'resulttype', 'vartype', 'consttype', 'coalescetype', 'casetype']
  return fields.map((field) => oidAt(node, field)).find((oid) => oid > 0) ?? 0
}
