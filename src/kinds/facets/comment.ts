// Comments of any object or column.
import type { FieldChange } from '../../core/change.ts'
import { literal, type Sql, type Statement, sql, statement } from '../../core/sql.ts'

/**
 * The comment in a catalog query; empty if there is none. obj_description and col_description return the same, but each query has
 * to plan their bodies, and calls them for each row.
 */
export function commentColumn(catalog: string, oid: string, column = '0'): string {
  return `coalesce((SELECT description FROM pg_description
           WHERE classoid = '${catalog}'::regclass AND objoid = ${oid} AND objsubid = ${column}), '')`
}

/** Empty: no comment, as in PostgreSQL. Undefined: not declared. */
export type Comment = string | undefined

/** `target` follows COMMENT ON: `FOREIGN TABLE s.t`, `COLUMN s.t.c`. */
export function commentStatement(target: Sql, comment: string): Statement {
  return statement(sql`COMMENT ON ${target} IS ${comment === '' ? sql`NULL` : literal(comment)}`)
}

/** The comment of a new object. */
export function newComment(target: Sql, comment: Comment): readonly Statement[] {
  return comment ? [commentStatement(target, comment)] : []
}

/** What a plan shows of a new object's comment. */
export function commentDetails({
  comment,
}: {
  readonly comment?: Comment
}): readonly (readonly [label: string, text: string])[] {
  return comment ? [['comment', comment]] : []
}

export function commentChange(target: Sql, field: string, from: Comment, to: Comment): readonly FieldChange[] {
  if (to === undefined || (from ?? '') === to) return []
  return [
    {
      field,
      from: from || undefined,
      to: to || undefined,
      effect: { how: 'statement', statement: commentStatement(target, to) },
    },
  ]
}
