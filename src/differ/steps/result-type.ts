// What readers of a relation notice when its columns change.

import type { Change } from '../../core/change.ts'
import { qualifiedNamesIn } from '../../core/names-in-sql.ts'
import { relationKey } from '../../core/object.ts'
import type { Hazard } from '../../core/plan.ts'
import { kindOf } from '../../kinds/registry.ts'

/**
 * A statement that a reader has prepared fails with `cached plan must not change result type` until it is prepared again, even if
 * only the precision of a number changes, or the type is another one of the same name.
 * @param replacedTypes by `relationKey`: the types, and relations with their row types, that are replaced
 */
export function resultTypeHazards(change: Change, replacedTypes: ReadonlySet<string>): readonly Hazard[] {
  if (change.op !== 'alter' && change.op !== 'replace') return []
  const { columns, renaming } = kindOf(change.to.id)
  if (!columns) return []
  const renamed = renaming?.alteredColumnNames?.(change.from.spec, change.to.spec) ?? new Map()
  const after = columns(change.to.spec)
  const before = new Map(
    Array.from(columns(change.from.spec), ([name, type]) => [renamed.get(name) ?? name, type] as const),
  )
  const isOfReplacedType = (type: string) =>
    change.op === 'replace' &&
    qualifiedNamesIn(type).some(({ schema, name }) => replacedTypes.has(relationKey(schema, name)))
  const named = Array.from(renamed, ([name, now]) => `${name} is renamed to ${now}`)
  const changed = Array.from(before, ([name, type]) => {
    const now = after.get(name)
    if (now === undefined) return `${name} is dropped`
    if (now !== type) return `${name} ${type} → ${now}`
    return isOfReplacedType(type) ? `${name} is of the new ${type}` : []
  }).flat()
  const added = [...after.keys()].filter((name) => !before.has(name)).map((name) => `${name} is added`)
  const common = (some: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>) =>
    [...some.keys()].filter((name) => others.has(name)).join()
  // ALTER keeps the columns in their order.
  const isReordered = change.op === 'replace' && common(before, after) !== common(after, before)
  const notices = [...named, ...changed, ...added, ...(isReordered ? ['their order'] : [])]
  if (notices.length === 0) return []
  // A new column, or another order, only shows through an asterisk.
  const what = named.length + changed.length > 0 ? 'statements' : 'SELECT * statements'
  const detail = `its columns change (${notices.join(', ')}): prepared ${what} on it fail until they are prepared again`
  return [{ name: 'changes-result-type', detail }]
}
