import type { Change } from '../core/change.ts'
import type { Hazard } from '../core/plan.ts'
import { kindOf } from '../kinds/registry.ts'

/**
 * What readers notice of a relation whose columns change: a statement that they have prepared fails on every execution with
 * `cached plan must not change result type` until they prepare it again, be it only another precision of a number.
 */
export function resultTypeHazards(change: Change): readonly Hazard[] {
  if (change.op !== 'alter' && change.op !== 'replace') return []
  const { columns } = kindOf(change.to.id)
  if (!columns) return []
  const [before, after] = [columns(change.from.spec), columns(change.to.spec)]
  const changed = Array.from(before, ([name, type]) => {
    const now = after.get(name)
    if (now === undefined) return `${name} goes`
    return now === type ? [] : `${name} ${type} → ${now}`
  }).flat()
  const added = [...after.keys()].filter((name) => !before.has(name)).map((name) => `${name} is new`)
  if (changed.length + added.length === 0) return []
  // A column that is new is no part of what was prepared but by an asterisk.
  const what = changed.length > 0 ? 'statements' : 'SELECT *'
  const detail = `its columns change (${[...changed, ...added].join(', ')}): ${what} that readers have prepared on it fail until they prepare again`
  return [{ name: 'changes-result-type', detail }]
}
