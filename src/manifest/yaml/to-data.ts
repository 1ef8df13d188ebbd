import { isMap, isScalar, isSeq, type Node, type Scalar } from 'yaml'
import type { PathProblem } from '../checks/schema-problems.ts'
import { maps, truthValues } from '../generated/manifest-shapes.ts'
import type { Path } from '../manifest.ts'
import { matcher } from './path-pattern.ts'
import { textOf } from './source-map.ts'

const isTruthValue = matcher(truthValues)
/** Where nothing stands for an empty map: `postgres_fdw:` is as good as `postgres_fdw: {}`. */
const isMapping = matcher(maps)

/**
 * YAML nodes as plain data. A scalar keeps its source text, since PostgreSQL wants text: `0777`, `1.10` and `no` arrive as
 * written. Only what the contract calls a truth value, and the version, are read as such, as YAML 1.2 does.
 */
export function toData(root: Node): { readonly data: unknown; readonly problems: readonly PathProblem[] } {
  const problems: PathProblem[] = []
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
    if (node.type !== 'PLAIN') return text
    if (text === '') return empty(path)
    if (path.length === 1 && path[0] === 'version') return /^\d{1,9}$/.test(text) ? Number(text) : text
    if (!isTruthValue(path)) return text
    if (/^(?:true|True|TRUE|false|False|FALSE)$/.test(text)) return text.toLowerCase() === 'true'
    note(path, {
      code: 'manifest/invalid-value',
      message: `${path.at(-1)} is true or false, not "${text}"`,
      hint: /^(yes|on|y)$/i.test(text) ? 'Write true.' : 'Write true or false.',
    })
    return false
  }

  function empty(path: Path): unknown {
    if (isMapping(path)) return Object.create(null)
    note(path, {
      code: 'manifest/invalid-value',
      message: `${path.at(-1)} has no value`,
      hint: 'Give it one, or remove the key. An empty text is written "".',
    })
    return ''
  }

  function note(path: Path, problem: PathProblem['problem']): void {
    problems.push({ path, atKey: false, problem })
  }
}
