// How two lists differ: only the items that are not in both.

/** Shorter lists are shown whole. */
const longList = 5

export interface ListDifference {
  readonly changes: readonly ItemChange[]
  /** How many items are in both lists. */
  readonly unchanged: number
}

/** An item that was replaced, removed (`to` is undefined) or added (`from` is undefined). */
interface ItemChange {
  readonly from: string | undefined
  readonly to: string | undefined
}

const lists: ReadonlySet<string> = new Set([
  'columns',
  'expressions',
  'include',
  'kinds',
  'revoked from owner',
  'values',
])

/** Whether a field's value is a list, with commas between its items. */
export function isListField(field: string): boolean {
  return lists.has(field) || field.startsWith('grant ')
}

/** Undefined if the lists are short, or differ in their order as well. */
export function listDifference(from: string, to: string): ListDifference | undefined {
  const [before, after] = [itemsOf(from), itemsOf(to)]
  if (Math.max(before.length, after.length) < longList) return undefined
  const [known, wanted] = [new Set(before), new Set(after)]
  const keptBefore = before.filter((item) => wanted.has(item))
  const keptAfter = after.filter((item) => known.has(item))
  if (keptBefore.join() !== keptAfter.join()) return undefined
  const added = new Map(after.filter((item) => !known.has(item)).map((item) => [nameOf(item), item]))
  const removed = before.filter((item) => !wanted.has(item))
  const changed = removed.map((item) => {
    const successor = added.get(nameOf(item))
    added.delete(nameOf(item))
    return { from: item, to: successor }
  })
  const changes = [...changed, ...Array.from(added.values(), (item) => ({ from: undefined, to: item }))]
  return changes.length === 0 ? undefined : { changes, unchanged: keptBefore.length }
}

/** Splits at the commas outside of parentheses and quotes. The list itself may be in parentheses. */
function itemsOf(list: string): readonly string[] {
  const inside = /^\((.*)\)$/s.exec(list)?.[1] ?? list
  const items: string[] = []
  let start = 0
  let depth = 0
  let quote = ''
  for (let at = 0; at < inside.length; at++) {
    const character = inside[at] ?? ''
    if (quote !== '') quote = character === quote ? '' : quote
    else if (character === "'" || character === '"') quote = character
    else if (character === '(') depth++
    else if (character === ')') depth--
    else if (depth === 0 && inside.startsWith(', ', at)) {
      items.push(inside.slice(start, at))
      start = at + 2
    }
  }
  return [...items, inside.slice(start)]
}

/** The name of a column or role at the start of an item; a value is its own name. */
function nameOf(item: string): string {
  return /^(?:"(?:[^"]|"")*"|[^\s"']+)(?= )/.exec(item)?.[0] ?? item
}
