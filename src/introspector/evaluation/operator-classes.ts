// Finds out whether statements create an index whose operator class has a user-defined function that PostgreSQL calls at once:
// the one that decides whether equal values have equal images.

import { type Sql, trusted } from '../../core/sql.ts'
import type { Session } from '../../db/session.ts'
import { isSqlNode, nameParts, parseSql } from '../../parser/parse-sql.ts'
import type { EvaluatedCode } from './evaluated-code.ts'
import { isUserDefined } from './user-functions.ts'

export interface ImageClass {
  readonly name: string
  readonly isDefault: boolean
  readonly code: EvaluatedCode
}

const classesQuery: Sql = trusted(`
  SELECT o.opcname AS name, o.opcdefault AS "isDefault",
         jsonb_build_object('title', p.oid::regprocedure::text, 'owner', pg_get_userbyid(p.proowner), 'isTrusted', true) AS code
    FROM pg_opclass o JOIN pg_am a ON a.oid = o.opcmethod AND a.amname = 'btree'
    JOIN pg_amproc m ON m.amprocfamily = o.opcfamily AND m.amproclefttype = o.opcintype AND m.amprocnum = 4
    JOIN pg_proc p ON p.oid = m.amproc
   WHERE ${isUserDefined}`)

/** The session must have a search_path of pg_catalog alone. */
export function readImageClasses(session: Session): Promise<readonly ImageClass[]> {
  return session.query<ImageClass>(classesQuery)
}

/** A default class counts for every index, since the types of its columns are not in the statement. */
export async function imageFunctionsCalled(
  classes: readonly ImageClass[],
  statement: string,
): Promise<readonly EvaluatedCode[]> {
  if (classes.length === 0) return []
  const parsed = await parseSql(statement)
  if ('message' in parsed) return []
  const open: unknown[] = [parsed.tree]
  const names = new Set<string | undefined>()
  let isIndex = false
  while (open.length > 0) {
    const node = open.pop()
    if (Array.isArray(node)) open.push(...node)
    if (!isSqlNode(node)) continue
    if (isSqlNode(node.IndexStmt)) isIndex = true
    names.add(nameParts(node.opclass).at(-1))
    open.push(...Object.values(node))
  }
  return classes.filter(({ name, isDefault }) => isIndex && (isDefault || names.has(name))).map(({ code }) => code)
}
