// A graph for Mermaid, which GitHub and GitLab draw in Markdown.

import type { GraphNode, ObjectGraph } from '../../core/object-graph.ts'
import { oneLine } from '../../core/printable.ts'

const shapes: Readonly<Record<GraphNode['kind'], readonly [string, string]>> = {
  server: ['[(', ')]'],
  import: ['[[', ']]'],
  mirror: ['[[', ']]'],
  'foreign table': ['(', ')'],
  'materialized view': ['[', ']'],
  table: ['[', ']'],
}

export function mermaid({ nodes, edges }: ObjectGraph): string {
  const numbers = new Map(nodes.map(({ id }, at) => [id, `n${at + 1}`]))
  const lines = nodes.map(({ id, kind, name }) => {
    const [open, close] = shapes[kind]
    return `  ${numbers.get(id)}${open}"${label(kind)}<br>${label(name)}"${close}`
  })
  const arrows = edges.map(([from, to]) => `  ${numbers.get(from)} --> ${numbers.get(to)}`)
  return `${['flowchart LR', ...lines, ...arrows].join('\n')}\n`
}

/** Mermaid's escape for a character is `#code;`. It is used for everything that could be markup. */
function label(text: string): string {
  return oneLine(text).replace(/[^\p{L}\p{N} ._-]/gu, (character) => `#${character.codePointAt(0)};`)
}
