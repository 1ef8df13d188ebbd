/**
 * The items in an order in which everything comes after what it needs. Ties keep the order given. What is needed but not
 * among the items is ignored. A cycle, which no set of objects in a database has, is cut where it is met.
 */
export function topologicalOrder<Item, Id>(
  items: Iterable<Item>,
  idOf: (item: Item) => Id,
  needsOf: (item: Item) => Iterable<Id>,
): readonly Item[] {
  const byId = new Map<Id, Item>()
  for (const item of items) byId.set(idOf(item), item)
  const ordered: Item[] = []
  const visited = new Set<Id>()
  const visit = (id: Id): void => {
    const item = byId.get(id)
    if (item === undefined || visited.has(id)) return
    visited.add(id)
    for (const need of needsOf(item)) visit(need)
    ordered.push(item)
  }
  for (const id of byId.keys()) visit(id)
  return ordered
}
