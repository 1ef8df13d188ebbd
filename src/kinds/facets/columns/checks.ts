// CHECK constraints of foreign tables and domains. They cannot be altered, only validated.
import type { FieldChange } from '../../../core/change.ts'
import type { Statement } from '../../../core/sql.ts'
import { fragment, ident, join, type Parts, type Sql, sql, trusted } from '../../../core/sql.ts'
import { type Comment, commentChange, newComment } from '../comment.ts'
import type { ObjectName } from '../names.ts'
import { record } from '../options.ts'
import { present, type WrittenMap, withoutBrackets } from '../stanza.ts'

export interface Check {
  readonly expression: string
  /** Not inherited by child tables. */
  readonly noInherit: boolean
  readonly mark?: CheckMark | null
  /** Not in a declaration: the parents that it is inherited from. */
  readonly inheritedFrom?: readonly ObjectName[]
  readonly comment?: Comment
}

/** NOT VALID: existing rows may violate it. NOT ENFORCED: it is never checked. The planner uses neither. */
export type CheckMark = 'NOT VALID' | 'NOT ENFORCED'

export type Checks = Readonly<Record<string, Check>>
type Declared =
  | string
  | {
      readonly expression: string
      readonly no_inherit?: boolean | undefined
      readonly not_valid?: boolean | undefined
      readonly not_enforced?: boolean | undefined
      readonly comment?: string | undefined
    }

export function declaredChecks(checks: Readonly<Record<string, Declared>>): Checks {
  return record(
    Object.entries(checks).map(([name, short]) => {
      const { expression, no_inherit, comment, ...marks } = typeof short === 'string' ? { expression: short } : short
      // A check that is not enforced is not valid either.
      const mark = marks.not_enforced ? 'NOT ENFORCED' : marks.not_valid ? 'NOT VALID' : undefined
      return [name, { expression, noInherit: no_inherit ?? false, comment, ...(mark && { mark }) }]
    }),
  )
}

export function writtenChecks(checks: Checks): WrittenMap {
  return record(
    Object.entries(checks).map(([name, { expression, noInherit, mark, comment }]) => {
      const text = withoutBrackets(expression)
      const marks = { not_valid: mark === 'NOT VALID', not_enforced: mark === 'NOT ENFORCED' }
      const isPlain = !comment && !noInherit && !mark
      return [name, isPlain ? text : present({ expression: text, no_inherit: noInherit, ...marks, comment })]
    }),
  )
}

export function checkClause(name: string, { expression, noInherit, mark }: Check): Sql {
  const marks = [...(noInherit ? [sql` NO INHERIT`] : []), ...(mark ? [sql` ${trusted(mark)}`] : [])]
  return sql`CONSTRAINT ${ident(name)} CHECK (${fragment(expression)})${join(marks, '')}`
}

/** How a plan shows a check. */
export function checkText({ expression, noInherit, mark }: Check): string {
  return `${expression}${noInherit ? ' NO INHERIT' : ''}${mark ? ` ${mark}` : ''}`
}

/** The declared checks as the server shows their expressions, with those from parents. */
export function withExpressions(read: Checks, declared: Checks): Checks {
  return record(
    Object.entries(read).map(([name, { expression, noInherit, mark = null, inheritedFrom = [] }]) => {
      const own = Object.hasOwn(declared, name) ? declared[name] : undefined
      return [name, { ...own, expression, noInherit, mark, inheritedFrom }]
    }),
  )
}

/** Whether the only change is that the check is validated, which is possible in place. */
export function becomesValid(from: Check, to: Check): boolean {
  return from.mark === 'NOT VALID' && checkText(to) === checkText({ ...from, mark: null })
}

/** Why a server of that major version does not support them. */
export function checksNeedNewer(checks: Checks, major: number): string | undefined {
  const isTooNew = major < 18 && Object.values(checks).some(({ mark }) => mark === 'NOT ENFORCED')
  return isTooNew ? 'CHECK constraints that are NOT ENFORCED require PostgreSQL 18 or later' : undefined
}

function commentTarget(table: Sql, name: string): Sql {
  return sql`CONSTRAINT ${ident(name)} ON ${table}`
}

export function newCheckComments(table: Sql, checks: Checks): readonly Statement[] {
  return Object.entries(checks).flatMap(([name, { comment }]) => newComment(commentTarget(table, name), comment))
}

/**
 * A check that differs is dropped and added, which PostgreSQL does in that order within one statement. IF EXISTS, because a
 * column that is dropped earlier in the same statement takes its checks along.
 */
export function checkChanges(table: Sql, from: Checks, to: Checks, declared: Checks): readonly FieldChange[] {
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])]
  return names.flatMap((name): readonly FieldChange[] => {
    const before = Object.hasOwn(from, name) ? from[name] : undefined
    const after = Object.hasOwn(to, name) ? to[name] : undefined
    const field = `check ${name}`
    const [was, is] = [before && checkText(before), after && checkText(after)]
    if (was === is) {
      return commentChange(commentTarget(table, name), `${field} comment`, before?.comment, after?.comment)
    }
    if (before && after && becomesValid(before, after)) {
      const validate: Parts = [sql`VALIDATE CONSTRAINT ${ident(name)}`]
      return [
        { field, from: was, to: is, effect: { how: 'clause', clause: validate } },
        ...commentChange(commentTarget(table, name), `${field} comment`, before.comment, after.comment),
      ]
    }
    const drop: Parts = before ? [sql`DROP CONSTRAINT IF EXISTS ${ident(name)}`] : []
    const add: Parts = after ? [sql`ADD ${checkClause(name, declared[name] ?? after)}`] : []
    const clause = drop.length > 0 && add.length > 0 ? [...drop, sql`, `, ...add] : [...drop, ...add]
    return [
      { field, from: was, to: is, effect: { how: 'clause', clause } },
      ...(after ? commentChange(commentTarget(table, name), `${field} comment`, undefined, after.comment) : []),
    ]
  })
}
