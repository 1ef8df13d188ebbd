// Plain data: canonical JSON, equality, and collections.

/** JSON with sorted keys and without undefined values, so that equal data gives equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  )
}

/** Whether two values are equal as JSON, whatever the order of their keys. */
export function sameData(left: unknown, right: unknown): boolean {
  const [one, other] = [asJson(left), asJson(right)]
  if (one === other) return true
  if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') return false
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false
    return one.every((item, at) => sameData(item, other[at]))
  }
  const leftEntries = definedEntries(one)
  const rightEntries = new Map(definedEntries(other))
  return (
    leftEntries.length === rightEntries.size &&
    leftEntries.every(([key, item]) => rightEntries.has(key) && sameData(item, rightEntries.get(key)))
  )
}

function asJson(value: unknown): unknown {
  const hasOwnJson =
    typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function'
  return (hasOwnJson ? JSON.parse(JSON.stringify(value)) : value) ?? null
}

function definedEntries(value: object): readonly (readonly [string, unknown])[] {
  return Object.entries(value).filter(([, item]) => item !== undefined)
}

/** A prototype without keys. V8 makes objects without any prototype slow, and large. */
const noKeys: object = Object.freeze(Object.create(null))

/** A map that inherits no keys, so that it can have any key, `__proto__` included. */
export function emptyRecord<Value>(): Record<string, Value> {
  return Object.create(noKeys)
}

/** The items of which each has another key: of those with the same one the first. */
export function uniqueBy<Item>(items: Iterable<Item>, keyOf: (item: Item) => unknown): readonly Item[] {
  return Array.from(groupBy(items, keyOf).values(), ([first]) => first as Item) // no group is empty
}

/** Groups items by a key, in the order in which the keys first occur. `Map.groupBy` needs Node 21. */
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
