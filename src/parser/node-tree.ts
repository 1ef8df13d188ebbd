// Reads pg_node_tree, the form in which PostgreSQL's catalogs store expressions and queries.

/** A node, such as FUNCEXPR with its `funcid` and `args`. */
export interface TreeNode {
  /** The name in capitals and without a final EXPR, which PostgreSQL 16 added to some names. */
  readonly type: string
  readonly fields: ReadonlyMap<string, TreeValue>
}

/** A list, a node, or anything else as text. Null for `<>`, and for a constant, whose bytes are left out. */
export type TreeValue = string | null | TreeNode | readonly TreeValue[]

/** @throws Error if the text is not a tree */
export function readNodeTree(text: string): TreeValue {
  const tokens = text.match(/[(){}]|(?:\\.|[^\s(){}\\])+/gs) ?? []
  const [value, next] = valueAt(tokens, 0)
  if (next !== tokens.length) throw unreadable(tokens[next])
  return value
}

type Read<Value> = readonly [value: Value, next: number]

function valueAt(tokens: readonly string[], at: number): Read<TreeValue> {
  const token = tokens[at]
  if (token === '{') return nodeAt(tokens, at + 1)
  if (token === '(') return listAt(tokens, at + 1)
  if (token === undefined || token === '}' || token === ')') throw unreadable(token)
  // The bytes of a constant: 4 [ 1 0 0 0 ]
  if (tokens[at + 1] === '[') return [null, tokens.indexOf(']', at) + 1]
  return [token === '<>' ? null : token.replace(/\\(.)/gs, '$1'), at + 1]
}

function listAt(tokens: readonly string[], start: number): Read<readonly TreeValue[]> {
  const items: TreeValue[] = []
  let at = start
  while (tokens[at] !== ')') {
    const [item, next] = valueAt(tokens, at)
    items.push(item)
    at = next
  }
  return [items, at + 1]
}

/** Each field has exactly one value. So a name that begins with a colon is never taken for a field. */
function nodeAt(tokens: readonly string[], start: number): Read<TreeNode> {
  const type = tokens[start] ?? ''
  const fields = new Map<string, TreeValue>()
  let at = start + 1
  while (tokens[at] !== '}') {
    const field = tokens[at]
    if (!field?.startsWith(':')) throw unreadable(field)
    const [value, next] = valueAt(tokens, at + 1)
    fields.set(field.slice(1), value)
    at = next
  }
  return [{ type: type.replace(/EXPR$/, ''), fields }, at + 1]
}

function unreadable(token: string | undefined): Error {
  return new Error(`a stored expression cannot be read at ${token ?? 'its end'}`)
}

/** All nodes in a tree, the tree itself included. */
export function nodesIn(tree: TreeValue): readonly TreeNode[] {
  const nodes: TreeNode[] = []
  const open: TreeValue[] = [tree]
  while (open.length > 0) {
    const value = open.pop()
    if (value === null || value === undefined || typeof value === 'string') continue
    if (isNode(value)) {
      nodes.push(value)
      open.push(...value.fields.values())
    } else open.push(...value)
  }
  return nodes
}

function isNode(value: TreeNode | readonly TreeValue[]): value is TreeNode {
  return 'fields' in value
}

/** The nodes in a field of a node: its value, or the items of its list. */
export function nodesAt({ fields }: TreeNode, field: string): readonly TreeNode[] {
  const value = fields.get(field)
  const values: readonly TreeValue[] = Array.isArray(value) ? value : [value ?? null]
  return values.filter((each): each is TreeNode => each !== null && typeof each === 'object' && 'fields' in each)
}

/** An OID in a field of a node; 0 if it has none. */
export function oidAt({ fields }: TreeNode, field: string): number {
  return Number(fields.get(field) ?? 0)
}
