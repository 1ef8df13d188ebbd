/** JSON with sorted keys and without what is undefined, so that equal data gives equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  )
}

/** Whether two values are the same as data, whatever the order of their keys. */
export function sameData(left: unknown, right: unknown): boolean {
  return canonicalJson(left ?? null) === canonicalJson(right ?? null)
}

/** Items by a key, in the order in which each key first came. (`Map.groupBy` came with Node 21.) */
export function groupBy<Item, GroupKey>(
  items: Iterable<Item>,
  keyOf: (item: Item) => GroupKey,
): ReadonlyMap<GroupKey, readonly Item[]> {
  const groups = new Map<GroupKey, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group) group.push(item)
    else groups.set(keyOf(item), [item])
  }
  return groups
}
