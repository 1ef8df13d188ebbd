// How the changes of fields become statements: one ALTER with all clauses, and the statements of their own.
import type { FieldChange } from '../../core/change.ts'
import { joinParts, type Parts, type Sql, type Statement, sql, statementOf } from '../../core/sql.ts'

/** One ALTER with all clauses, then the statements that are not part of it. */
export function alterStatements(
  alter: Sql,
  clauses: readonly Parts[],
  fields: readonly FieldChange[],
): readonly Statement[] {
  const separate = fields.flatMap(({ effect }) => (effect.how === 'statement' ? [effect.statement] : []))
  return clauses.length === 0 ? separate : [statementOf([alter, ...joinParts(clauses, sql`, `)]), ...separate]
}

/** The same for servers and wrappers, whose ALTER takes its clauses without commas, and one OPTIONS for all options. */
export function alterWithoutCommas(alter: Sql, fields: readonly FieldChange[]): readonly Statement[] {
  const isOption = ({ field }: FieldChange) => field.startsWith('option ')
  const clauses = [...clausesOf(fields.filter((field) => !isOption(field))), ...optionsOf(fields.filter(isOption))]
  return alterStatements(alter, clauses.length === 0 ? [] : [joinParts(clauses, sql` `)], fields)
}

/** The clauses of the fields that are changed by one. */
export function clausesOf(fields: readonly FieldChange[]): readonly Parts[] {
  return fields.flatMap(({ effect }) => (effect.how === 'clause' && effect.clause.length > 0 ? [effect.clause] : []))
}

/** One `OPTIONS (a, b)` for all options, or nothing. */
function optionsOf(fields: readonly FieldChange[]): readonly Parts[] {
  const items = clausesOf(fields)
  return items.length === 0 ? [] : [[sql`OPTIONS (`, ...joinParts(items, sql`, `), sql`)`]]
}

/** A field that cannot be altered. */
export function replacedBy(field: string, from: string | undefined, to: string | undefined): readonly FieldChange[] {
  return from === to ? [] : [{ field, from, to, effect: { how: 'replace' } }]
}
