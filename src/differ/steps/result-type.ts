// What readers of a relation notice when its columns change.

import type { Change } from '../../core/change.ts'
import type { Hazard } from '../../core/plan.ts'
import { kindOf } from '../../kinds/registry.ts'

/**
 * A statement that a reader has prepared fails with `cached plan must not change result type` until it is prepared again, even if
 * only the precision of a number changes.
 */
export function resultTypeHazards(change: Change): readonly Hazard[] {
  if (change.op !== 'alter' && change.op !== 'replace') return []
  const { columns, renaming } = kindOf(change.to.id)
  if (!columns) return []
  const renamed = renaming?.alteredColumnNames?.(change.from.spec, change.to.spec) ?? new Map()
  const after = columns(change.to.spec)
  const before = new Map(
    Array.from(columns(change.from.spec), ([name, type]) => [renamed.get(name) ?? name, type] as const),
  )
  const named = Array.from(renamed, ([name, now]) => `${name} is renamed to ${now}`)
  const changed = Array.from(before, ([name, type]) => {
    const now = after.get(name)
    if (now === undefined) return `${name} is dropped`
    return now === type ? [] : `${name} ${type} → ${now}`
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
