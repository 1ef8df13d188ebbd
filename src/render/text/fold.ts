// Folds entries of a plan that are alike: many of them become one, in the place of the first.

import { groupBy } from '../../core/data.ts'
import type { RenderOptions } from '../format.ts'
import { maxListed } from './objects.ts'

/** One entry, or several that are alike. */
export type Entry<Item> = readonly [Item, ...Item[]]

/**
 * Few entries stay apart, and so do those without a `likeness`.
 * @param likenessOf the same for entries that may be folded into one
 */
export function foldAlike<Item>(
  items: readonly Item[],
  likenessOf: (item: Item) => string | undefined,
  { verbose }: RenderOptions,
): readonly Entry<Item>[] {
  if (verbose || items.length <= maxListed) return items.map((item) => [item])
  const groups = groupBy(items, (item) => likenessOf(item) ?? item)
  const groupOf = new Map([...groups.values()].flatMap((group) => group.map((item) => [item, group] as const)))
  return items.flatMap((item): readonly Entry<Item>[] => {
    const group = groupOf.get(item) ?? []
    if (group.length <= maxListed) return [[item]]
    const [first, ...others] = group
    return first === item ? [[item, ...others]] : []
  })
}
