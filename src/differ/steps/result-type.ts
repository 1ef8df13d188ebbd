import type { Change } from '../../core/change.ts'
import type { Hazard } from '../../core/plan.ts'
import { kindOf } from '../../kinds/registry.ts'

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
  const kept = (some: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>) =>
    [...some.keys()].filter((name) => others.has(name)).join()
  // What is altered keeps its columns where they are.
  const isMoved = change.op === 'replace' && kept(before, after) !== kept(after, before)
  const moved = isMoved ? ['their order'] : []
  const notices = [...changed, ...added, ...moved]
  if (notices.length === 0) return []
  // Only an asterisk takes in a column that is new, and the order.
  const what = changed.length > 0 ? 'statements' : 'SELECT *'
  const detail = `its columns change (${notices.join(', ')}): ${what} that readers have prepared on it fail until they prepare again`
  return [{ name: 'changes-result-type', detail }]
}
