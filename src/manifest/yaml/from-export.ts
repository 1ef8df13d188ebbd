// Converts an exported stanza to what the parser would read from its YAML.

import { emptyRecord } from '../../core/data.ts'
import { truthValues } from '../generated/manifest-shapes.ts'
import type { Path } from '../manifest.ts'
import { matcher } from './path-pattern.ts'

const isTruthValue = matcher(truthValues)

/** Scalars become text, as in {@link toData}; only booleans of the contract stay booleans. */
export function normalizeExported(value: unknown, path: Path): unknown {
  if (Array.isArray(value)) return value.map((item, at) => normalizeExported(item, [...path, at]))
  if (value === null || typeof value !== 'object') return isTruthValue(path) ? value : String(value)
  const map = emptyRecord<unknown>()
  for (const [key, part] of Object.entries(value)) map[key] = normalizeExported(part, [...path, key])
  return map
}
