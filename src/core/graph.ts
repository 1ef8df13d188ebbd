// Orders objects by what they need, and finds out which belong together.

/**
 * Sorts the items so that each comes after what it needs; ties keep the given order. Needs that are not among the items
 * are ignored. A cycle is cut where it is met: objects of a database cannot form one.
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
  // The path from an item down to what is being visited, kept here because recursion would overflow on a long chain.
  const path: { readonly item: Item; readonly needs: Iterator<Id> }[] = []
  const visit = (id: Id): void => {
    const item = byId.get(id)
    if (item === undefined || visited.has(id)) return
    visited.add(id)
    path.push({ item, needs: needsOf(item)[Symbol.iterator]() })
  }
  for (const id of byId.keys()) {
    visit(id)
    for (let last = path.at(-1); last; last = path.at(-1)) {
      const need = last.needs.next()
      if (!need.done) {
        visit(need.value)
      } else {
        ordered.push(last.item)
        path.pop()
      }
    }
  }
  return ordered
}

/** Union-find: items are in one set once they have been united, also through others. */
export function disjointSets<Item>() {
  const parents = new Map<Item, Item>()
  const find = (item: Item): Item => {
    let root = item
    for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root)) root = parent
    // Path compression: without it, long chains take quadratic time.
    for (let each = item; each !== root; ) {
      const parent = parents.get(each) ?? root
      parents.set(each, root)
      each = parent
    }
    return root
  }
  const unite = ([first, ...rest]: readonly Item[]): void => {
    if (first === undefined) return
    for (const each of rest) {
      const [one, other] = [find(first), find(each)]
      if (one !== other) parents.set(one, other)
    }
  }
  return { find, unite }
}
