// Plain data: canonical JSON, equality, and collections.

/** JSON with sorted keys and without undefined values, so that equal data gives equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(withSortedKeys(value))
}

function withSortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedKeys)
  if (value === null || typeof value !== 'object' || 'toJSON' in value) return value
  const sorted = emptyRecord<unknown>()
  for (const key of Object.keys(value).sort()) sorted[key] = withSortedKeys(partOf(value, key))
  return sorted
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
  return (
    isPartOf(one, other) &&
    Object.keys(other).every((key) => partOf(other, key) === undefined || Object.hasOwn(one, key))
  )
}

/** Whether the other has all parts of the one, with the same data. */
function isPartOf(one: object, other: object): boolean {
  return Object.keys(one).every((key) => {
    const [part, otherPart] = [partOf(one, key), partOf(other, key)]
    return (part === undefined) === (otherPart === undefined) && sameData(part, otherPart)
  })
}

/** Whether a value is a map of plain data: neither null nor a list. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The part of a map or a list under a key of its own. */
export function partOf(value: unknown, key: string | number): unknown {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined
  return (value as Readonly<Record<string | number, unknown>>)[key]
}

/** The value as JSON would have it, without the parts of a map or a list. */
function asJson(value: unknown): unknown {
  if (value === undefined) return null
  const hasOwnJson =
    typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function'
  return hasOwnJson ? JSON.parse(JSON.stringify(value)) : value
}

/** A prototype without keys. Objects without any prototype are slow and large in V8. */
const noKeys: object = Object.freeze(Object.create(null))

/** A map that inherits no keys, so that it can have any key, `__proto__` included. */
export function emptyRecord<Value>(): Record<string, Value> {
  return Object.create(noKeys)
}

/** The parts of a map or a list, mapped; the value itself if they stay as they are. */
export function mapParts(value: unknown, map: (part: unknown, step: string | number) => unknown): unknown {
  if (value === null || typeof value !== 'object') return value
  let changed: Parts | undefined
  for (const key of Object.keys(value)) {
    const step = Array.isArray(value) ? Number(key) : key
    const part = (value as Parts)[step] // of a map or a list, as both have keys
    const mapped = map(part, step)
    if (mapped === part) continue
    changed ??= copyOf(value)
    changed[step] = mapped
  }
  return changed ?? value
}

/** The steps of a list are numbers. */
type Parts = Record<string | number, unknown>

function copyOf(value: object): Parts {
  const empty: object = Array.isArray(value) ? [] : emptyRecord()
  return Object.assign(empty, value) as Parts
}

/** The items with distinct keys: of several with the same key, the first. */
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
    const key = keyOf(item)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

/** From each value to its key. */
export function inverse<From, To>(map: ReadonlyMap<From, To>): ReadonlyMap<To, From> {
  return new Map(Array.from(map, ([from, to]) => [to, from]))
}
