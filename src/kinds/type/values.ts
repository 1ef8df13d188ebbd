// The values of an enumeration.
import type { FieldChange } from '../../core/change.ts'
import { join, literal, type Sql, type Statement, sql, statement } from '../../core/sql.ts'

/** In parentheses, so that a single value does not look like a string. */
export function valuesText(values: readonly string[]): string {
  return values.length === 0 ? '' : `(${values.map(literal).join(', ')})`
}

/** PostgreSQL can add values anywhere, and rename them, but neither remove nor move them. */
export function valueChanges(name: Sql, from: readonly string[], to: readonly string[]): readonly FieldChange[] {
  if (JSON.stringify(from) === JSON.stringify(to)) return []
  const kept = to.filter((value) => from.includes(value))
  const change = { field: 'values', from: valuesText(from) || undefined, to: valuesText(to) || undefined }
  const renamed = renamedValue(from, to)
  if (renamed)
    return [{ ...change, effect: { how: 'statement', statement: renameValue(name, renamed.from, renamed.to) } }]
  if (JSON.stringify(kept) !== JSON.stringify(from)) return [{ ...change, effect: { how: 'replace' } }]
  const additions = to.flatMap((value, at) => {
    if (from.includes(value)) return []
    const before = to[at - 1]
    const place = before === undefined ? sql` BEFORE ${literal(from[0] ?? '')}` : sql` AFTER ${literal(before)}`
    return [sql`ALTER TYPE ${name} ADD VALUE ${literal(value)}${from.length === 0 ? sql`` : place}`]
  })
  return [
    { ...change, effect: { how: 'statement', statement: statement(join(additions, ';\n')), committedFirst: true } },
  ]
}

/** Gives the renamed value its former name, if one was renamed. */
export function renamedBack(name: Sql, wanted: readonly string[], live: readonly string[]): readonly Statement[] {
  const renamed = renamedValue(live, wanted)
  return renamed ? [renameValue(name, renamed.to, renamed.from)] : []
}

function renameValue(name: Sql, from: string, to: string): Statement {
  return statement(sql`ALTER TYPE ${name} RENAME VALUE ${literal(from)} TO ${literal(to)}`)
}

/** The value that has another name, if that is all that differs. */
function renamedValue(
  from: readonly string[],
  to: readonly string[],
): { readonly from: string; readonly to: string } | undefined {
  if (from.length !== to.length) return undefined
  const differing = from.flatMap((before, at) => (before === to[at] ? [] : [{ from: before, to: to[at] ?? '' }]))
  const [renamed] = differing
  return differing.length === 1 && renamed && !from.includes(renamed.to) ? renamed : undefined
}
