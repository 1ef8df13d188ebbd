// Patterns of paths in a manifest.

import type { Path } from '../manifest.ts'

/** Keys separated by dots, with `*` for any key or position: `servers.*.options`. */
export type Pattern = string

/** Patterns by their last step, then by the one before it, and so on: most paths match none of the last steps. */
interface Steps {
  readonly before: Map<string, Steps>
  isFirst: boolean
}

/** A test for paths that match one of the patterns. */
export function matcher(patterns: readonly Pattern[]): (path: Path) => boolean {
  const root = emptySteps()
  for (const pattern of patterns) {
    let steps = root
    for (const step of pattern.split('.').reverse()) {
      const known = steps.before.get(step) ?? emptySteps()
      steps.before.set(step, known)
      steps = known
    }
    steps.isFirst = true
  }
  return (path) => matches(root, path, path.length)
}

function matches({ before, isFirst }: Steps, path: Path, length: number): boolean {
  if (length === 0) return isFirst
  const exact = before.get(String(path[length - 1]))
  if (exact && matches(exact, path, length - 1)) return true
  const any = before.get('*')
  return any !== undefined && matches(any, path, length - 1)
}

function emptySteps(): Steps {
  return { before: new Map(), isFirst: false }
}
