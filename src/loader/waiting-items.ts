// The items of a graph that have not been run yet, and which of them are ready, in the given order. The cost of an item's end grows
// with the items that wait for it, and not with the size of the graph. Pure.

export interface WaitingItems<Item> {
  /** The items that could run, in order, without those whose servers are full. */
  ready(isFull: (servers: readonly string[]) => boolean): Iterable<Item>
  /** Takes an item that is ready. */
  take(item: Item): void
  /** Returns an item that was taken to those that wait. */
  putBack(item: Item): void
  /** Items that waited only for this one become ready. */
  markApplied(item: Item): void
  /** Removes all items that depend on this one, directly or indirectly, and returns them. */
  removeDependents(item: Item): readonly Item[]
  /** Removes all waiting items, and returns them. */
  removeAll(): readonly Item[]
  count(): number
}

export interface ItemFacts<Item> {
  id(item: Item): string
  /** The ids of the items that must have been applied before. Ids that no item has do not count. */
  after(item: Item): readonly string[]
  /** The sources that the item reads. */
  servers(item: Item): readonly string[]
}

interface Node<Item> {
  readonly item: Item
  /** The position in the order. */
  readonly at: number
  /** How many items it waits for. */
  missing: number
  readonly dependents: Node<Item>[]
  readonly group: Group<Item>
}

/** The ready items that read the same servers, in order: if one cannot have its connections, none can. */
interface Group<Item> {
  readonly servers: readonly string[]
  readonly ready: Node<Item>[]
}

export function waitingItems<Item>(items: readonly Item[], facts: ItemFacts<Item>): WaitingItems<Item> {
  const groups = new Map<string, Group<Item>>()
  const nodes = linkedNodes(items, facts, groups)
  const waiting = new Set(nodes.values())

  function nodeOf(item: Item): Node<Item> {
    const node = nodes.get(facts.id(item))
    if (!node) throw new Error('an item is none of the graph')
    return node
  }

  return {
    *ready(isFull) {
      const open = [...groups.values()].filter(({ servers, ready }) => ready.length > 0 && !isFull(servers))
      yield* inOrder(open.map(({ ready }) => ready))
    },
    take(item) {
      const node = nodeOf(item)
      waiting.delete(node)
      removeFrom(node.group.ready, node)
    },
    putBack(item) {
      const node = nodeOf(item)
      waiting.add(node)
      insertInto(node.group.ready, node)
    },
    markApplied(item) {
      for (const node of nodeOf(item).dependents)
        if (--node.missing === 0 && waiting.has(node)) insertInto(node.group.ready, node)
    },
    removeDependents(item) {
      const removed = new Set<Node<Item>>()
      const found = [...nodeOf(item).dependents]
      for (const node of found) {
        if (!waiting.delete(node)) continue
        removed.add(node)
        found.push(...node.dependents)
      }
      return inItemOrder(removed)
    },
    removeAll() {
      const removed = inItemOrder(waiting)
      waiting.clear()
      for (const { ready } of groups.values()) ready.length = 0
      return removed
    },
    count: () => waiting.size,
  }
}

/** The nodes by id, each linked to its dependents. Adds the groups, with the nodes that are ready. */
function linkedNodes<Item>(
  items: readonly Item[],
  facts: ItemFacts<Item>,
  groups: Map<string, Group<Item>>,
): ReadonlyMap<string, Node<Item>> {
  const nodes = new Map(
    items.map((item, at): [string, Node<Item>] => [
      facts.id(item),
      { item, at, missing: 0, dependents: [], group: groupOf(groups, facts.servers(item)) },
    ]),
  )
  for (const node of nodes.values()) {
    for (const id of facts.after(node.item)) {
      const before = nodes.get(id)
      if (!before) continue
      before.dependents.push(node)
      node.missing++
    }
    if (node.missing === 0) node.group.ready.push(node)
  }
  return nodes
}

function groupOf<Item>(groups: Map<string, Group<Item>>, servers: readonly string[]): Group<Item> {
  const key = JSON.stringify(servers.toSorted())
  const group = groups.get(key) ?? { servers, ready: [] }
  groups.set(key, group)
  return group
}

function* inOrder<Item>(lists: readonly (readonly Node<Item>[])[]): Iterable<Item> {
  const cursors = lists.map((list) => ({ list, at: 0 }))
  for (;;) {
    let first: (typeof cursors)[number] | undefined
    for (const cursor of cursors)
      if (placeAt(cursor) < (first ? placeAt(first) : Number.POSITIVE_INFINITY)) first = cursor
    const node = first?.list[first.at]
    if (!first || !node) return
    first.at++
    yield node.item
  }
}

function placeAt<Item>({ list, at }: { readonly list: readonly Node<Item>[]; readonly at: number }): number {
  return list[at]?.at ?? Number.POSITIVE_INFINITY
}

function inItemOrder<Item>(nodes: ReadonlySet<Node<Item>>): readonly Item[] {
  return [...nodes].sort((left, right) => left.at - right.at).map(({ item }) => item)
}

function insertInto<Item>(list: Node<Item>[], node: Node<Item>): void {
  list.splice(indexIn(list, node), 0, node)
}

function removeFrom<Item>(list: Node<Item>[], node: Node<Item>): void {
  const index = indexIn(list, node)
  if (list[index] === node) list.splice(index, 1)
}

/** The position of the node in the list, or the one where it belongs. */
function indexIn<Item>(list: readonly Node<Item>[], { at }: Node<Item>): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((list[middle]?.at ?? at) < at) low = middle + 1
    else high = middle
  }
  return low
}
