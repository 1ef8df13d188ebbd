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
  const change = { field: 'values', from: valuesText(from) || undefined, to: valuesText(to) || undefined }
  const renamed = renamedValue(from, to)
  const present = renamed ? from.map((value) => (value === renamed.from ? renamed.to : value)) : from
  const kept = to.filter((value) => present.includes(value))
  if (JSON.stringify(kept) !== JSON.stringify(present)) return [{ ...change, effect: { how: 'replace' } }]
  const additions = addedValues(name, from, to, renamed)
  const renaming = renamed && statement(renameValue(name, renamed.from, renamed.to))
  if (additions.length === 0) return renaming ? [{ ...change, effect: { how: 'statement', statement: renaming } }] : []
  const adding = statement(join(additions, ';\n'))
  return [
    { ...change, effect: { how: 'statement', statement: adding, committedFirst: true } },
    ...(renamed && renaming
      ? [
          {
            field: `value ${renamed.from}`,
            ...renamed,
            effect: { how: 'statement', statement: renaming, notBefore: 'define' },
          } as const,
        ]
      : []),
  ]
}

/** Values are added before one is renamed. */
function addedValues(
  name: Sql,
  from: readonly string[],
  to: readonly string[],
  renamed: RenamedValue | undefined,
): readonly Sql[] {
  const present = to.map((value) => (value === renamed?.to ? renamed.from : value))
  return present.flatMap((value, at) => {
    if (from.includes(value)) return []
    const before = present[at - 1]
    const place = before === undefined ? sql` BEFORE ${literal(from[0] ?? '')}` : sql` AFTER ${literal(before)}`
    return [sql`ALTER TYPE ${name} ADD VALUE ${literal(value)}${from.length === 0 ? sql`` : place}`]
  })
}

/** Gives the renamed value its former name, if one was renamed. */
export function renamedBack(name: Sql, wanted: readonly string[], live: readonly string[]): readonly Statement[] {
  const renamed = renamedValue(live, wanted)
  return renamed ? [statement(renameValue(name, renamed.to, renamed.from))] : []
}

function renameValue(name: Sql, from: string, to: string): Sql {
  return sql`ALTER TYPE ${name} RENAME VALUE ${literal(from)} TO ${literal(to)}`
}

interface RenamedValue {
  readonly from: string
  readonly to: string
}

/** The value that was renamed: one value is gone, and a single new one is between its former neighbours. */
function renamedValue(from: readonly string[], to: readonly string[]): RenamedValue | undefined {
  const [gone, ...others] = from.filter((value) => !to.includes(value))
  if (gone === undefined || others.length > 0) return undefined
  const at = from.indexOf(gone)
  const [before, after] = [from[at - 1], from[at + 1]]
  const start = before === undefined ? 0 : to.indexOf(before) + 1
  const end = after === undefined ? to.length : to.indexOf(after)
  const [name, ...more] = to.slice(start, end).filter((value) => !from.includes(value))
  return name !== undefined && more.length === 0 ? { from: gone, to: name } : undefined
}
