// SQL by its meaning: two texts are the same if PostgreSQL parses them to the same tree.
import type { Statement } from '../../../src/core/sql.ts'
import { parseSql } from '../../../src/parser/parse-sql.ts'

/** The text of statements, with a constant for each secret. */
export function textOf(statements: readonly Statement[]): string {
  const texts = statements.map(({ sql, secrets }) =>
    secrets.length === 0 ? sql : sql.replace(/%\d+\$L/g, "'(secret)'").replaceAll('%%', '%'),
  )
  return texts.join(';\n')
}

export async function isSameSql(left: string, right: string): Promise<boolean> {
  if (left === right) return true
  if (left === '' || right === '') return false
  return (await treeOf(left)) === (await treeOf(right))
}

async function treeOf(text: string): Promise<string> {
  const parsed = await parseSql(text)
  if (!('tree' in parsed)) throw new Error(`${parsed.message}: ${text}`)
  const places = ['location', 'stmt_location', 'stmt_len']
  return JSON.stringify(parsed.tree.stmts, (key, value) => (places.includes(key) ? undefined : value))
}
