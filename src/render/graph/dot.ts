// A graph in the language of Graphviz.

import type { GraphNode, ObjectGraph } from '../../core/object-graph.ts'
import { oneLine } from '../../core/printable.ts'

const shapes: Readonly<Record<GraphNode['kind'], string>> = {
  server: 'cylinder',
  import: 'folder',
  mirror: 'folder',
  'foreign table': 'ellipse',
  'materialized view': 'box',
  table: 'box',
}

export function dot({ manifest, nodes, edges }: ObjectGraph): string {
  const numbers = new Map(nodes.map(({ id }, at) => [id, `n${at + 1}`]))
  const lines = nodes.map(
    ({ id, kind, name }) => `  ${numbers.get(id)} [shape=${shapes[kind]}, label="${kind}\\n${escaped(name)}"];`,
  )
  const arrows = edges.map(([from, to]) => `  ${numbers.get(from)} -> ${numbers.get(to)};`)
  return `${[`digraph "${escaped(manifest)}" {`, '  rankdir=LR;', ...lines, ...arrows, '}'].join('\n')}\n`
}

function escaped(text: string): string {
  return oneLine(text).replace(/["\\]/g, '\\$&')
}
