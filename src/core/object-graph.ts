// What reads what, from sources to views: for a diagram.

export interface GraphNode {
  /** Unique in the graph. */
  readonly id: string
  readonly kind: 'server' | 'import' | 'mirror' | 'foreign table' | 'materialized view' | 'table'
  readonly name: string
}

export interface ObjectGraph {
  readonly manifest: string
  readonly nodes: readonly GraphNode[]
  /** From what is read to what reads it. */
  readonly edges: readonly (readonly [from: string, to: string])[]
}
