import type { FieldChange } from '../../core/change.ts'
import type { Statement } from '../../core/sql.ts'
import { fragment, ident, type Parts, type Sql, sql } from '../../core/sql.ts'
import { type Comment, commentChange, newComment } from './comment.ts'
import { record } from './options.ts'
import { present, type WrittenMap, withoutBrackets } from './written.ts'

export interface Check {
  readonly expression: string
  readonly comment?: Comment
}

type Checks = Readonly<Record<string, Check>>

export function declaredChecks(
  checks: Readonly<Record<string, string | { readonly expression: string; readonly comment?: string }>>,
): Checks {
  return record(
    Object.entries(checks).map(([name, check]) => [
      name,
      typeof check === 'string' ? { expression: check } : { expression: check.expression, comment: check.comment },
    ]),
  )
}

/** What the catalog query puts behind the expression of a check that is not a plain one. */
const marks = /(?: NO INHERIT| NOT ENFORCED| NOT VALID)+$/

/** What a manifest can't say of the checks. */
export function checkNotes(checks: Checks): readonly string[] {
  return Object.entries(checks).flatMap(([name, { expression }]) => {
    const [mark] = marks.exec(expression) ?? []
    return mark === undefined ? [] : [`the check ${ident(name)} is${mark}; this release makes plain ones only`]
  })
}

export function writtenChecks(checks: Checks): WrittenMap {
  return record(
    Object.entries(checks).map(([name, { expression, comment }]) => {
      const text = withoutBrackets(expression.replace(marks, ''))
      return [name, comment ? present({ expression: text, comment }) : text]
    }),
  )
}

export function checkClause(name: string, expression: string): Sql {
  return sql`CONSTRAINT ${ident(name)} CHECK (${fragment(expression)})`
}

function commentTarget(table: Sql, name: string): Sql {
  return sql`CONSTRAINT ${ident(name)} ON ${table}`
}

export function newCheckComments(table: Sql, checks: Checks): readonly Statement[] {
  return Object.entries(checks).flatMap(([name, { comment }]) => newComment(commentTarget(table, name), comment))
}

/**
 * A check has no ALTER: it is dropped and added again, which PostgreSQL does in that order within one statement. A column
 * that is dropped before it in the same statement has taken it along.
 */
export function checkChanges(table: Sql, from: Checks, to: Checks, declared: Checks): readonly FieldChange[] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])]
  return names.flatMap((name): readonly FieldChange[] => {
    const before = Object.hasOwn(from, name) ? from[name] : undefined
    const after = Object.hasOwn(to, name) ? to[name] : undefined
    const field = `check ${name}`
    if (before?.expression === after?.expression) {
      return commentChange(commentTarget(table, name), `${field} comment`, before?.comment, after?.comment)
    }
    const drop: Parts = before ? [sql`DROP CONSTRAINT IF EXISTS ${ident(name)}`] : []
    const add: Parts = after ? [sql`ADD ${checkClause(name, declared[name]?.expression ?? after.expression)}`] : []
    const clause = drop.length > 0 && add.length > 0 ? [...drop, sql`, `, ...add] : [...drop, ...add]
    return [
      { field, from: before?.expression, to: after?.expression, effect: { how: 'clause', clause } },
      ...(after ? commentChange(commentTarget(table, name), `${field} comment`, undefined, after.comment) : []),
    ]
  })
}
