import type { FieldChange } from '../../core/change.ts'
import { joinParts, type Parts, type Sql, type Statement, sql, statementOf } from '../../core/sql.ts'

/** The statements of a change: one ALTER with all its clauses, then those that stand alone. */
export function alterStatements(
  alter: Sql,
  clauses: readonly Parts[],
  fields: readonly FieldChange[],
): readonly Statement[] {
  const alone = fields.flatMap(({ effect }) => (effect.how === 'statement' ? [effect.statement] : []))
  return clauses.length === 0 ? alone : [statementOf([alter, ...joinParts(clauses, sql`, `)]), ...alone]
}

/** The clauses of those fields that have one. */
export function clausesOf(fields: readonly FieldChange[]): readonly Parts[] {
  return fields.flatMap(({ effect }) => (effect.how === 'clause' && effect.clause.length > 0 ? [effect.clause] : []))
}

/** `OPTIONS (a, b)` of the items of several options, or nothing. */
export function optionsOf(fields: readonly FieldChange[]): readonly Parts[] {
  const items = clausesOf(fields)
  return items.length === 0 ? [] : [[sql`OPTIONS (`, ...joinParts(items, sql`, `), sql`)`]]
}

/** A field that can't be altered. */
export function replacedBy(field: string, from: string | undefined, to: string | undefined): readonly FieldChange[] {
  return from === to ? [] : [{ field, from, to, effect: { how: 'replace' } }]
}
