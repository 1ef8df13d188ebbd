import { isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml'
import type { Problem } from '../core/errors.ts'
import type { Path } from './manifest.ts'
import { matcher } from './pattern.ts'
import { placeAt, type Source, startOf } from './source.ts'

const isBoolean = matcher([
  'schemas.*.foreign_tables.*.columns.*.not_null',
  'schemas.*.materialized_views.*.populate',
  'schemas.*.materialized_views.*.indexes.*.unique',
])

/** Where nothing stands for an empty map: `postgres_fdw:` is as good as `postgres_fdw: {}`. */
const mayBeEmpty = matcher([
  'extensions',
  'extensions.*',
  'servers',
  'servers.*.options',
  'servers.*.user_mappings',
  'servers.*.user_mappings.*',
  'schemas',
  'schemas.*',
  'schemas.*.foreign_tables',
  'schemas.*.foreign_tables.*.columns',
  'schemas.*.foreign_tables.*.options',
  'schemas.*.foreign_tables.*.checks',
  'schemas.*.materialized_views',
  'schemas.*.materialized_views.*.with',
  'schemas.*.materialized_views.*.indexes',
])

/**
 * YAML nodes as plain data. A scalar keeps its source text, since PostgreSQL wants text: `0777`, `1.10` and `no` arrive as
 * written. Only what the contract calls a truth value, and the version, are read as such.
 */
export function toData(source: Source, root: Node): { readonly data: unknown; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  return { data: convert(root, []), problems }

  function convert(node: Node | null, path: Path): unknown {
    if (isMap(node)) {
      const map: Record<string, unknown> = Object.create(null)
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? textOf(key) : ''
        map[name] = convert(value as Node | null, [...path, name])
      }
      return map
    }
    if (isSeq(node)) return node.items.map((item, at) => convert(item as Node | null, [...path, at]))
    return isScalar(node) ? scalar(node, path) : null
  }

  function scalar(node: Scalar, path: Path): unknown {
    const text = textOf(node)
    if (node.type === 'PLAIN' && text === '') return empty(node, path)
    if (path.length === 1 && path[0] === 'version') return Number(text)
    if (!isBoolean(path) || node.type !== 'PLAIN') return text
    if (typeof node.value === 'boolean') return node.value
    problems.push({
      message: `${path.at(-1)} is true or false, not "${text}"`,
      place: placeAt(source, startOf(node) ?? 0),
      hint: /^(yes|on|y)$/i.test(text) ? 'Write true.' : 'Write true or false.',
    })
    return false
  }

  function empty(node: Scalar, path: Path): unknown {
    if (mayBeEmpty(path)) return Object.create(null)
    problems.push({
      message: `${path.at(-1)} has no value`,
      place: placeAt(source, startOf(node) ?? 0),
      hint: 'Give it one, or remove the key. An empty text is written "".',
    })
    return ''
  }
}

/** The text of a scalar as it stands in the source, without quotes. */
export function textOf(node: Scalar): string {
  return node.source ?? (node.value === null ? '' : String(node.value))
}
