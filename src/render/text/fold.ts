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
  { verbose }: Pick<RenderOptions, 'verbose'>,
): readonly Entry<Item>[] {
  if (verbose || items.length <= maxListed) return items.map((item) => [item])
  const groups = groupBy(items, (item) => likenessOf(item) ?? item)
  const folded = new Map<Item, Entry<Item>>()
  const following = new Set<Item>()
  for (const [, [first, ...rest]] of groups) {
    if (first === undefined || rest.length < maxListed) continue
    folded.set(first, [first, ...rest])
    for (const each of rest) following.add(each)
  }
  return items.filter((item) => !following.has(item)).map((item) => folded.get(item) ?? [item])
}
